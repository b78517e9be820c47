"""A client works in another region, on one stack with two clusters: the tests stand in this order.

Objects go to two real API servers and data to two real PostgreSQL servers, one of which follows the other. A
test does what pods would do, and what AWS does when a replica is promoted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.project import STACK, Project, running_project
from tests.engine.test_created import second_network
from tests.engine.test_life import OWN, Life
from tests.engine.test_priced import OTHERS
from tests.lifecycle.pods import BUCKET, Pods, equip, running_pods
from tests.lifecycle.writer import writing, written
from tests.localcloud.cluster import Cluster, running_cluster
from tests.localcloud.operator import install
from tests.postgres import LEADING, OWNER, Server, following_server, give, running_server

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.postgres,
    pytest.mark.whole("tests/lifecycle runs the jobs, tests/components what is declared in which region"),
]
CLIENT, TO = "acme", "eu-west-1"


@dataclass
class Regions:
    """The stack with its two clusters, and the servers behind the addresses of the local cloud."""

    project: Project
    clusters: dict[str, Cluster]
    pods: Pods
    follower: Server
    kubeconfig: Path
    committed: list[str] = field(default_factory=list)

    @property
    def life(self) -> Life:
        """What is in the first region."""
        return Life(self.project, self.clusters["here"], self.pods, self.pods.server)

    def step(self, *options: str, command: str = "failover", code: int = 0) -> str:
        """Take the client a step further, deploy it, and say what the command said."""
        said = self.project.costack(command, CLIENT, "--stack", STACK, *options).stdout
        self.life.up(code=code)
        return said

    def replicas(self, where: str) -> list[int]:
        """How many pods each Deployment of the client asks for in a cluster."""
        listed = self.clusters[where].client.get("/apis/apps/v1/deployments").json()["items"]
        return sorted(
            each["spec"]["replicas"] for each in listed if each["metadata"]["name"].startswith(CLIENT)
        )

    def perform(self, where: str, job: str) -> str:
        """Do what the client's Job of that name says in a cluster."""
        listed = self.clusters[where].client.get("/apis/batch/v1/jobs").json()["items"]
        (spec,) = (
            each["spec"]["template"]["spec"]
            for each in listed
            if each["metadata"]["labels"]["app.kubernetes.io/component"] == job
        )
        pods = self.pods if where == "here" else replace(self.pods, server=self.follower)
        equip(pods)  # its odoo.conf names the server of that region
        (self.pods.folder / "password").write_text(OWN["password"], encoding="utf-8")
        said = ""
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            given = {each["name"]: self._here(each["name"], each["value"]) for each in container["env"]}
            done = pods.run(container["command"][-1], **given)
            assert done.returncode == 0, done.stderr
            said += done.stdout
        return said

    def _here(self, variable: str, value: str) -> str:
        if variable == "BUCKET":
            return BUCKET
        if variable in {"FETCHED", "RESTORED"}:
            return str(self.pods.folder / value.strip("/"))
        for name, server in (
            (f"local-{CLIENT}-postgresql-standby", self.follower),
            (f"local-{CLIENT}-postgresql", self.pods.server),
        ):
            if value.startswith(f"{name}."):
                return server.host
        return value

    def standby(self) -> dict[str, Any]:
        """The server in the second region, as RDS has it."""
        (found,) = self.project.clients().get("rds", TO).describe_db_instances()["DBInstances"]
        return dict(found)


@contextmanager
def running_regions(make: pytest.TempPathFactory) -> Iterator[Regions]:
    """A client with a standby, and a cluster in each of two regions."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server(like_rds=True, settings=LEADING))
        pods = stack.enter_context(running_pods(server))
        follower = stack.enter_context(following_server(server))
        project = stack.enter_context(running_project(make.mktemp("failed-over") / "project"))
        clusters = {
            name: stack.enter_context(running_cluster(make.mktemp(name))) for name in ("here", "there")
        }
        for cluster in clusters.values():
            install(cluster)
        kubeconfig = both(clusters, make.mktemp("kubeconfig"))
        made = Regions(project, clusters, pods, follower, kubeconfig)
        for other in OTHERS:
            made.life.file(other).unlink(missing_ok=True)
        made.life.write(CLIENT, _with_a_standby)
        _name_the_cluster(project)
        (pods.folder / "odoo" / ".costack-owner").write_text(OWNER, encoding="utf-8")
        give(pods.folder)
        project.apply_to(kubeconfig)
        yield made


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    with running_regions(tmp_path_factory) as made:
        yield made


def _with_a_standby(text: str) -> str:
    document = yaml.safe_load(text)
    document["tier"] = "cross-region-backup"
    document["options"] |= {"dr_region": TO, "warm_standby": True}
    return yaml.safe_dump(document, sort_keys=False)


def _name_the_cluster(project: Project) -> None:
    file = project.folder / "portfolios" / "local" / "platform.yaml"
    cluster = {
        "name": "odoo-standby",
        "context": "there",
        "version": "1.35",
        "subnet_cidrs": ["10.50.0.0/24", "10.50.1.0/24"],
        "node_class": "m7g.large",
        "ingress": {"namespace": "ingress", "class_name": "traefik", "target": "standby.example.net"},
    }
    named = {"dr_networks": {TO: {**second_network(project), "cluster": cluster}}}
    file.write_text(f"{file.read_text('utf-8')}{yaml.safe_dump(named)}", encoding="utf-8")


def both(clusters: dict[str, Cluster], folder: Path) -> Path:
    """A kubeconfig with a context for each cluster; that of the first is the current one."""
    whole: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "here"}
    for name, cluster in clusters.items():
        one = json.loads(cluster.kubeconfig.read_text(encoding="utf-8"))
        for section in ("clusters", "users"):
            whole.setdefault(section, []).append({**one[section][0], "name": name})
        whole.setdefault("contexts", []).append({"name": name, "context": {"cluster": name, "user": name}})
    path = folder / "kubeconfig"
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def test_everything_is_there_before_it_is_needed_but_pods(regions: Regions) -> None:
    regions.life.up()
    assert min(regions.replicas("here")) >= 1
    assert regions.replicas("there") == [0, 0]
    assert regions.standby()["ReadReplicaSourceDBInstanceIdentifier"].endswith(f"local-{CLIENT}-postgresql")
    assert "local-acme-postgresql-standby." in configuration(regions, "there")
    assert regions.clusters["here"].client.get("/api/v1/namespaces/odoo-acme").is_success
    efs = regions.project.clients().get("efs", TO)
    (replica,) = efs.describe_file_systems()["FileSystems"]
    assert len(efs.describe_mount_targets(FileSystemId=replica["FileSystemId"])["MountTargets"]) == 2
    said = regions.project.costack("allocate", "--stack", STACK, "--period", "2026-11").stdout
    assert said.rstrip().endswith("difference 0")
    regions.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def test_a_skipped_stage_changes_nothing(regions: Regions) -> None:
    section = f"failover: {{number: 1, to: {TO}, stage: start}}\n"
    regions.life.write(CLIENT, lambda text: text + section)
    assert "which is not the next step" in regions.life.up(code=1).text
    regions.life.write(CLIENT, lambda text: text.replace(section, ""))


def test_nothing_committed_is_lost_on_the_way_there(regions: Regions) -> None:
    with writing(regions.pods.server, "until it is closed") as people:
        people.wait_for(5)
        assert "closes its database and waits until the standby" in regions.step("--to", TO)
        assert regions.replicas("here") == [0, 0]
        assert "the standby has everything" in regions.perform("here", "fence-database")
        people.wait_for_refusal()
    regions.committed = people.committed
    assert "promotes the standby in eu-west-1" in regions.step("--next")
    assert not regions.standby().get("ReadReplicaSourceDBInstanceIdentifier")
    assert regions.standby()["BackupRetentionPeriod"] == 35
    regions.follower.ask("SELECT pg_promote()")
    assert "everything that was committed" in regions.perform("there", "open-database")
    assert set(regions.committed) <= written(regions.follower)
    assert regions.project.clients().get("efs", "us-east-1").describe_file_systems()


def test_people_work_there_and_only_there(regions: Regions) -> None:
    assert "starts acme in eu-west-1" in regions.step("--next")
    assert regions.replicas("here") == [0, 0]
    assert min(regions.replicas("there")) >= 1
    with writing(regions.follower, "there") as people:
        people.wait_for(3)
    late = regions.pods.server.try_to_ask("INSERT INTO no_id VALUES ('late')", **OWN).stderr
    assert "too many connections for database" in late
    regions.step("--next")
    assert (
        "stays there until `costack failback acme`"
        in regions.project.costack("failover", CLIENT, "--stack", STACK, "--next", code=5).stderr
    )
    regions.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    said = regions.project.costack("allocate", "--stack", STACK, "--period", "2026-11").stdout
    assert said.rstrip().endswith("difference 0")
    kept = {
        each["DBInstanceIdentifier"]
        for each in regions.project.clients().get("rds", "us-east-1").describe_db_instances()["DBInstances"]
    }
    assert f"local-{CLIENT}-postgresql" in kept


def test_it_comes_home_with_everything_that_was_committed(regions: Regions) -> None:
    with writing(regions.follower, "until it goes home") as people:
        people.wait_for(5)
    regions.committed += people.committed
    assert "stops acme in eu-west-1, backs it up there" in regions.step(command="failback")
    assert regions.replicas("here") == regions.replicas("there") == [0, 0]
    regions.perform("there", "final-backup")
    assert "is closed" in regions.perform("there", "fence-database")
    refused = regions.follower.try_to_ask("INSERT INTO no_id VALUES ('late')", **OWN).stderr
    assert "too many connections for database" in refused
    regions.step("--next", command="failback")
    regions.pods.empty_volumes()
    regions.perform("here", "make-side-database")
    regions.perform("here", "fill-side-database")
    lost = [each for each in regions.pods.filestore.rglob("*") if each.is_file()]
    for file in lost:
        file.unlink()
    regions.step("--next", command="failback")
    regions.perform("here", "switch-side-database")
    regions.perform("here", "restore-filestore")
    assert all(file.exists() for file in lost if "checklist" not in file.parts)
    assert set(regions.committed) <= written(regions.pods.server)
    assert regions.replicas("here") == [0, 0]


def test_people_work_at_home_and_another_standby_follows(regions: Regions) -> None:
    assert "starts acme in us-east-1" in regions.step("--next", command="failback")
    assert min(regions.replicas("here")) >= 1
    assert regions.replicas("there") == [0, 0]
    with writing(regions.pods.server, "at home") as people:
        people.wait_for(2)
    regions.step("--next", command="failback")
    regions.perform("here", "drop-side-database")
    said = regions.step("--next", command="failback")
    assert "removes the promoted server with a final snapshot" in said
    text = regions.life.file(CLIENT).read_text(encoding="utf-8")
    assert "failovers: 1" in text
    assert "failover:" not in text
    follower = regions.standby()
    assert follower["DBInstanceIdentifier"] == f"local-{CLIENT}-postgresql-standby-2"
    assert follower["ReadReplicaSourceDBInstanceIdentifier"].endswith(f"local-{CLIENT}-postgresql")
    (kept,) = regions.project.clients().get("rds", TO).describe_db_snapshots()["DBSnapshots"]
    assert kept["DBSnapshotIdentifier"].startswith(f"local-{CLIENT}-postgresql-standby-final-")
    regions.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def configuration(regions: Regions, where: str) -> str:
    """The client's odoo.conf, as its pods would read it in a cluster."""
    listed = regions.clusters[where].client.get("/api/v1/secrets").json()["items"]
    (conf,) = [each["data"]["odoo.conf"] for each in listed if "odoo.conf" in each.get("data", {})]
    return base64.b64decode(conf).decode()
