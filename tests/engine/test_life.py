"""A sandbox and a client from their first day to their last on one stack: the tests stand in this order.

Objects go to a real API server and data to real PostgreSQL servers; no pod runs here, so the test does what
the pods of a Job would do: its own command with its own variables.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.actions.decommission import purge
from cli.console.exit_codes import Exit
from lifecycle import evidence
from lifecycle.decommission.outcomes import STEPS
from lifecycle.purge.plan import read_purge_plan
from tests.engine.holdings import holdings
from tests.engine.project import STACK, Project, Said, running_project
from tests.engine.promises import Promise, is_the_largest, promise
from tests.engine.test_created import second_network
from tests.engine.test_priced import OTHERS
from tests.kubernetes import autoscale, run_at_night, use_either
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE, checksums
from tests.lifecycle.pods import BUCKET, Pods, running_pods
from tests.localcloud.cluster import Cluster
from tests.postgres import Server, running_server
from tests.torture.kills import DUMP_SHA256, make_a_restore_test, make_the_last_dump

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.postgres, pytest.mark.either]

SANDBOX, CLIENT = "borealis-migration", "acme"
WEB = "odoo-acme/acme-web"
TARGET = "cross-region-backup"
SHARED, OWN_SERVER = "shared-namespace", "dedicated-db"
SCHEDULE = "  schedule:\n    awake: Mon-Fri 07:00-19:00\n    timezone: Europe/Brussels\n"
OWN = {"database": DATABASE, "user": ROLE, "password": PASSWORD}


@dataclass
class Life:
    """The stack, and where its pods would run; `there` is the server the client's data moves to."""

    project: Project
    cluster: Cluster
    pods: Pods
    there: Server
    sums: dict[str, str] = field(default_factory=dict)
    promised: Promise | None = None

    def file(self, tenant: str) -> Path:
        """The tenant's file."""
        return self.project.folder / "portfolios" / "local" / "tenants" / f"{tenant}.yaml"

    def write(self, tenant: str, change: Callable[[str], str]) -> None:
        """Change a tenant's file as a pull request would."""
        file = self.file(tenant)
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    def up(self, *arguments: str, code: int = 0) -> Said:
        """`pulumi up`."""
        return self.project.up("--suppress-outputs", *arguments, code=code)

    def replicas(self, tenant: str) -> list[int]:
        """How many pods each Deployment of a tenant asks for."""
        listed = self.cluster.client.get("/apis/apps/v1/deployments").json()["items"]
        mine = [each for each in listed if each["metadata"]["labels"].get("cost/tenant") == tenant]
        return [int(each["spec"]["replicas"]) for each in mine]

    def jobs(self, tenant: str) -> dict[str, Any]:
        """The Jobs of a tenant, by what they are for."""
        listed = self.cluster.client.get("/apis/batch/v1/jobs").json()["items"]
        labels = [(each["metadata"]["labels"], each) for each in listed]
        return {
            label["app.kubernetes.io/component"]: each
            for label, each in labels
            if label.get("cost/tenant") == tenant
        }

    def perform(self, job: str) -> None:
        """Do what the client's Job of that name says."""
        spec = self.jobs(CLIENT)[job]["spec"]["template"]["spec"]
        (self.pods.folder / "password").write_text(PASSWORD, encoding="utf-8")
        self.pods.empty_volumes()
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            given = {each["name"]: self._here(each["name"], each["value"]) for each in container["env"]}
            done = self.pods.run(container["command"][-1], **given)
            assert done.returncode == 0, done.stderr

    def _here(self, variable: str, value: str) -> str:
        if variable == "BUCKET":
            return BUCKET
        if variable in {"FETCHED", "RESTORED"}:
            return str(self.pods.folder / value.strip("/"))
        for name, server in (("local-acme-postgresql", self.there), ("local-postgresql", self.pods.server)):
            if value.startswith(f"{name}."):
                return server.host
        return value

    def move_on(self, *options: str) -> None:
        """Take the client a step further and deploy it."""
        self.project.costack("move", CLIENT, "--stack", STACK, *options)
        self.up()

    def kept(self, tenant: str) -> dict[str, set[str]]:
        """What the account holds that bears a tenant's name."""
        found = {
            kind: {each for each in names if tenant in each}
            for kind, names in holdings(self.project.clients()).items()
        }
        return {kind: names for kind, names in found.items() if names}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Life]:
    """Nothing but a protected platform, and the files of one sandbox, one client and a neighbour."""
    with ExitStack() as stack:
        here, there = stack.enter_context(running_server()), stack.enter_context(running_server())
        pods = stack.enter_context(running_pods(here))
        folder = tmp_path_factory.mktemp("life") / "project"
        project = stack.enter_context(running_project(folder))
        made = Life(project, cluster, pods, there)
        for other in set(OTHERS) - {SANDBOX, "borealis"}:
            made.file(other).unlink()
        made.write(SANDBOX, lambda text: text.replace("  users: 2\n", f"  users: 2\n{SCHEDULE}"))
        platform = folder / "portfolios" / "local" / "platform.yaml"
        text = platform.read_text(encoding="utf-8")
        platform.write_text(text.replace("deletion_protection: false", "deletion_protection: true"), "utf-8")
        use_either(project)
        project.apply_to(cluster.kubeconfig)
        yield made


def test_they_are_provisioned_and_used(life: Life) -> None:
    life.up()
    assert min(life.replicas(CLIENT)) >= 1
    life.sums = checksums(lambda sql: life.pods.server.ask(sql, **OWN))
    assert len(life.sums) > 10
    said = life.project.costack("allocate", "--stack", STACK, "--period", "2026-11").stdout
    assert said.rstrip().endswith("difference 0")


@pytest.mark.whole(
    "a move: tests/components/tenant/test_move declares it, tests/lifecycle/test_database_move carries it out"
)
def test_what_they_get_is_made_beside_what_they_have(life: Life) -> None:
    before = life.file(CLIENT).read_text(encoding="utf-8")
    life.write(CLIENT, lambda text: text.replace(f"tier: {SHARED}", f"tier: {OWN_SERVER}"))
    assert f"changing tier {SHARED} to {OWN_SERVER} alone leaves its" in life.up(code=1).text
    life.write(CLIENT, lambda _: before)
    # The sandbox's data stays where it is: it gets a namespace of its own, and its clocks with it.
    life.write(SANDBOX, lambda text: text.replace(f"tier: {SHARED}", f"tier: {OWN_SERVER}"))
    life.promised = promise(life.project, CLIENT, SHARED, TARGET)
    life.move_on("--to", TARGET)
    assert holdings(life.project.clients())["database"] == {"local-postgresql", f"local-{CLIENT}-postgresql"}
    assert min(life.replicas(CLIENT) + life.replicas(SANDBOX)) >= 1
    assert "local-postgresql." in configuration(life)


@pytest.mark.whole("goes on from the step before")
def test_the_copy_is_made_while_nobody_works(life: Life) -> None:
    life.move_on("--next")
    assert set(life.replicas(CLIENT)) == {0}
    assert life.replicas(SANDBOX) == [1]
    for job in ("copy-database", "copy-filestore"):
        life.perform(job)
    assert checksums(lambda sql: life.there.ask(sql, **OWN)) == life.sums
    copied = {path.name for path in (life.pods.folder / "target").rglob("*") if path.is_file()}
    assert copied >= {path.name for path in life.pods.filestore.rglob("*") if path.is_file()}


@pytest.mark.whole("goes on from the step before")
def test_work_goes_on_with_the_copy_and_the_origin_is_kept(life: Life) -> None:
    life.move_on("--next")
    life.perform("hand-over-database")
    assert min(life.replicas(CLIENT)) >= 1
    assert "local-acme-postgresql." in configuration(life)
    life.there.ask("INSERT INTO no_id VALUES ('since the switch')", **OWN)
    closed = life.pods.server.try_to_ask("INSERT INTO no_id VALUES ('late')", **OWN).stderr
    assert "too many connections for database" in closed


@pytest.mark.whole("goes on from the step before")
def test_what_is_left_is_given_up_and_the_move_is_over(life: Life) -> None:
    life.move_on("--next")
    life.perform("drop-left-database")
    assert life.pods.server.ask(f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'") == "0"  # noqa: S608
    life.move_on("--next")
    assert not life.jobs(CLIENT).keys() & {"copy-database", "hand-over-database", "drop-left-database"}
    assert life.there.ask("SELECT key FROM no_id", **OWN) == "since the switch"
    assert life.promised
    life.promised.is_kept()
    is_the_largest(life.project, f"local-{CLIENT}-postgresql")
    assert (
        "is not moving; it is on cross-region-backup"
        in life.project.costack("move", CLIENT, "--stack", STACK).stdout
    )


def configuration(life: Life) -> str:
    """The client's odoo.conf, as its pods would read it."""
    (conf,) = [
        each["data"]["odoo.conf"]
        for each in life.cluster.client.get("/api/v1/secrets").json()["items"]
        if each["metadata"]["name"].startswith(f"{CLIENT}-odoo") and "odoo.conf" in each["data"]
    ]
    return base64.b64decode(conf).decode()


def planned(life: Life, tenant: str, *options: str) -> tuple[str, dict[str, Any]]:
    """The plan of an end as a file, and what it says."""
    folder = life.project.folder
    name = f"{tenant}-{len(list(folder.glob('*.plan.json')))}.plan.json"
    life.project.costack("decommission", tenant, "--stack", STACK, "--out", name, *options)
    plan: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return name, plan


def applied(life: Life, name: str, plan: dict[str, Any], *options: str, code: int = 0) -> Said:
    phrase = f"decommission {plan['tenant']} of {STACK}: {len(plan['targets'])} resources"
    act = ("decommission", "--stack", STACK, "--apply", name, "--phrase", phrase)
    return life.project.costack(*act, *options, code=code)


def test_a_sandbox_that_is_not_due_is_refused(life: Life) -> None:
    before = life.kept(SANDBOX)
    asked = ("decommission", SANDBOX, "--stack", STACK, "--out", "too-early.json")
    said = life.project.costack(*asked, code=Exit.POLICY)
    assert "to end it earlier, add --early REASON" in said.stderr
    assert not (life.project.folder / "too-early.json").exists()
    assert life.kept(SANDBOX) == before != {}


def test_a_sandbox_ends_and_nothing_bills_for_it(life: Life) -> None:
    name, plan = planned(life, SANDBOX, "--early", "the move was called off", "--no-final-dump")
    said = applied(life, name, plan)
    assert "final backup: no dump: this offer has none" in said.stderr
    assert "nothing is billed for it any longer\nthe bill falls by " in said.stdout
    assert life.kept(SANDBOX) == {}
    assert tagged(life, SANDBOX) == set()
    record = life.project.folder / name.replace(".json", ".evidence.jsonl")
    assert [line["step"] for line in evidence.read(record)] == list(STEPS)


@pytest.mark.whole("tests/lifecycle/decommission/test_steps goes on with the same command")
def test_a_sandbox_that_ended_ends_once(life: Life) -> None:
    (path,) = life.project.folder.glob(f"{SANDBOX}-*.plan.json")
    again = applied(life, path.name, json.loads(path.read_text(encoding="utf-8")))
    assert "nothing is billed for it any longer" in again.stdout
    record = path.with_name(path.name.replace(".json", ".evidence.jsonl"))
    assert len(evidence.read(record)) == len(STEPS)


def test_running_production_is_refused(life: Life) -> None:
    said = life.project.costack("decommission", CLIENT, "--stack", STACK, code=Exit.POLICY)
    assert "write lifecycle_stage: decommissioning into its file" in said.stderr


@pytest.mark.whole("tests/lifecycle/decommission proves each step; the sandbox above ends on the engine")
def test_production_ends_and_only_what_the_ledger_names_is_left(life: Life, tmp_path: Path) -> None:
    platform = life.project.folder / "portfolios" / "local" / "platform.yaml"
    waiting = yaml.safe_dump({"dr_networks": {"eu-west-1": second_network(life.project)}})
    platform.write_text(f"{platform.read_text('utf-8')}{waiting}", "utf-8")
    bought = ("  dr_region: eu-west-1", "  dr_region: eu-west-1\n  warm_standby: true")
    life.write(CLIENT, lambda text: f"{text.replace(*bought)}lifecycle_stage: decommissioning\n")
    autoscale(life.cluster, WEB, 4)
    run_at_night(life.cluster, "odoo-acme/acme-backup")
    life.up()
    assert set(life.replicas(CLIENT)) == {0}
    abroad = life.project.clients().get("rds", "eu-west-1")
    (standby,) = abroad.describe_db_instances()["DBInstances"]
    assert standby["DBInstanceIdentifier"] == f"local-{CLIENT}-postgresql-standby"
    name, plan = planned(life, CLIENT)
    unproven = applied(life, name, plan, code=Exit.POLICY)
    assert f"no restore of {CLIENT} was ever tried" in unproven.stderr
    make_a_restore_test(life.project, CLIENT)
    tried = tmp_path / "restores.jsonl"
    evidence.append(tried, {"at": "2026-11-25T00:00:00Z", "tenant": CLIENT, "step": "restore-test"})
    options = ("--restore-evidence", str(tried))
    assert "was ever tried" in applied(life, name, plan, *options, code=Exit.POLICY).stderr
    assert f"{CLIENT}-final-backup" in applied(life, name, plan, code=Exit.ERROR).stderr
    make_the_last_dump(life.project, CLIENT)
    said = applied(life, name, plan)
    assert f"still billed: database snapshot local-{CLIENT}-postgresql-final-" in said.stdout
    assert abroad.describe_db_instances()["DBInstances"] == []
    assert abroad.describe_db_snapshots()["DBSnapshots"] == []
    assert "nothing else is billed for it" in said.stdout
    record = evidence.read(life.project.folder / name.replace(".json", ".evidence.jsonl"))
    (saved,) = [line["inputs"] for line in record if line["step"] == "save"]
    assert saved["sha256"] == DUMP_SHA256
    left = {each.name for each in life.project.registered()}
    assert "borealis-web" in left
    assert not any(each.startswith((f"{CLIENT}-", f"local-{CLIENT}-")) for each in left)
    ledger = [line for line in said.stdout.splitlines() if "still billed:" in line]
    for arn in tagged(life, CLIENT):
        assert any(arn.rpartition(":")[2].rpartition("/")[2] in line for line in ledger), arn


@pytest.mark.whole("tests/lifecycle/purge proves it on the loopback cloud")
def test_what_production_left_is_purged_on_its_day_and_its_neighbour_keeps_all(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in life.project._turned().items():
        monkeypatch.setenv(name, value)
    (record,) = life.project.folder.glob(f"{CLIENT}-*.plan.evidence.jsonl")
    left = life.project.folder / "left"
    left.mkdir()
    shutil.copy(record, left / f"{CLIENT}.evidence.jsonl")
    shutil.copy(record.with_name(record.name.replace(".evidence.jsonl", ".json")), left / f"{CLIENT}.json")
    kept = evidence.read(record)[-1]["inputs"]["kept"]
    due = max(datetime.fromisoformat(each["until"]) for each in kept)
    said: dict[str, Any] = {"portfolio": None, "cwd": life.project.folder, "out": left}
    neighbours = holdings(life.project.clients())
    mine = life.kept(CLIENT)
    purge.plan_due(purge.Request(evidence=(left,), **said), lambda: due)
    (path,) = left.glob("purge.*.json")
    plan = read_purge_plan(path)
    planned_ids = {each.line.id for each in plan.goes}
    assert {each["id"] for each in kept} <= planned_ids | {each.id for each in plan.gone}
    kinds = {str(each.line.what) for each in plan.goes}
    assert {"database snapshot", "bucket", "backup vault", "key"} <= kinds
    purge.apply_plan(
        purge.Request(evidence=(left,), apply=path, phrase=plan.phrase, **said),
        lambda: due + timedelta(hours=1),
    )
    assert tagged(life, CLIENT) == set()
    assert life.kept(CLIENT).keys() <= {"simulated"}
    there = holdings(life.project.clients())
    for kind in neighbours.keys() - {"enabled key", "simulated"}:
        assert there[kind] == neighbours[kind] - mine.get(kind, set()), kind
    life.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def tagged(life: Life, tenant: str) -> set[str]:
    """ARNs that the tagging API finds for a tenant in both regions, without keys that wait for their end."""
    found: set[str] = set()
    for region in ("us-east-1", "eu-west-1"):
        tags = [{"Key": "cost/tenant", "Values": [tenant]}]
        pages = (
            life.project.clients()
            .get("resourcegroupstaggingapi", region)
            .get_paginator("get_resources")
            .paginate(TagFilters=tags)
        )
        found |= {each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]}
    return {arn for arn in found if ":kms:" not in arn}
