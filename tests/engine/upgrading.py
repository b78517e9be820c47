"""A stack whose instances of RDS have real PostgreSQL servers behind them, which are upgraded when RDS is.

Objects go to a real API server; no pod runs here, so a test does what the pod of a Job would do.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from localcloud.aws import clock
from tests.components.tenant.test_stack import HOLDS_DATA
from tests.engine.project import STACK, Project, Said
from tests.engine.promises import said
from tests.engine.test_life import OWN
from tests.engine.test_priced import OTHERS
from tests.lifecycle.odoo import DATABASE, checksums
from tests.lifecycle.pods import Pods, equip, running_pods
from tests.lifecycle.test_server_upgrade import MARKS, answers, prepare
from tests.localcloud.cluster import Cluster
from tests.postgres import LEADING, OWNER, Server, give, lay_out, make_master, scratch, served, upgrade
from tests.torture.kills import recovered
from tests.torture.worlds import Worlds
from tiers.facts.names import CHECK_UPGRADE, GATHER_STATISTICS
from tiers.vocabulary import PLATFORM

MINORS: Final = {"16": "16.15", "17": "17.11", "18": "18.6"}
"""The servers of the toolchain; the loopback's RDS offers the same."""
_PATIENCE_SECONDS: Final = 60
_STANDBY: Final = "-standby"


@dataclass
class Instance:
    """The real server behind an instance; it has the version that RDS says, since it was last asked."""

    name: str
    folder: Path
    server: Server
    running: ExitStack
    pods: Pods | None = None

    def follow(self, version: str) -> bool:
        """Be upgraded by pg_upgrade where RDS runs another major version; whether it was."""
        old, new = self.server.major, int(version.partition(".")[0])
        if old == new:
            return False
        self.running.close()
        upgrade(self.folder, old, new)
        self.start(new)
        return True

    def start(self, major: int) -> None:
        """Serve the data, and let the pods know where."""
        self.server = self.running.enter_context(
            served(major, self.folder, settings=LEADING, ending=signal.SIGINT)
        )
        if self.pods is not None:
            self.pods = Pods(self.server, self.pods.folder)
            equip(self.pods)

    def content(self) -> tuple[str, dict[str, str]]:
        """Who may do what there, and all rows of the tenant."""
        return self.server.ask(MARKS), checksums(lambda sql: self.server.ask(sql, **OWN))


@contextmanager
def running_instance(name: str, major: int) -> Iterator[Instance]:
    """A server of *major* with an Odoo-shaped database of some years, and the pods beside it."""
    with scratch() as folder, ExitStack() as stack, ExitStack() as running:
        lay_out(major, folder)
        server = running.enter_context(served(major, folder, settings=LEADING, ending=signal.SIGINT))
        make_master(server, like_rds=True)
        pods = stack.enter_context(running_pods(server))
        prepare(pods)
        (pods.folder / "odoo" / ".costack-owner").write_text(OWNER, encoding="utf-8")
        give(pods.folder)
        # `running` begins anew with each version, so it is closed here whatever it holds by then.
        made = Instance(name, folder, server, running, pods)
        yield made


@dataclass
class Upgrading:
    """A stack and the server that is upgraded on it; `whose` is what the command names."""

    worlds: Worlds
    cluster: Cluster
    instance: Instance
    whose: str
    data: set[tuple[str, str]] = field(default_factory=set)

    @property
    def project(self) -> Project:
        """The project of the stack."""
        return self.worlds.project

    def begin(self) -> None:
        """Deploy what the files say, with the versions of PostgreSQL that the toolchain has."""
        # What a killed update has made is taken over, as the official provider does.
        self.project.configure({"kubernetes:upsertExistingObjects": "true"})
        for major, version in MINORS.items():
            clock.release(self.project.clients(), "postgres", version)
            assert version.startswith(f"{major}.")
        self.project.up("--suppress-outputs")
        self.data = self.held()

    def held(self) -> set[tuple[str, str]]:
        """Everything of the stack that holds data: its URN, and what AWS knows it by; no standby."""
        return {
            (each.urn, str(each.outputs.get("resourceId") or each.outputs.get("arn")))
            for each in self.project.registered()
            if each.type in HOLDS_DATA and _STANDBY not in each.urn
        }

    def rds(self, region: str = "us-east-1") -> dict[str, dict[str, Any]]:
        """The instances that RDS lists in a region."""
        found = self.project.clients().get("rds", region).describe_db_instances()["DBInstances"]
        return {each["DBInstanceIdentifier"]: each for each in found}

    def groups(self) -> set[str]:
        """The families of the server's parameter groups that are there."""
        found = self.project.clients().get("rds").describe_db_parameter_groups()["DBParameterGroups"]
        return {
            each["DBParameterGroupFamily"]
            for each in found
            if each["DBParameterGroupName"].startswith(f"{self.instance.name}-parameters")
        }

    def version(self) -> str:
        """The version that RDS says; the real server has it after this, too."""
        running = str(self.rds()[self.instance.name]["EngineVersion"])
        self.instance.follow(running)
        return running

    def ask(self, *options: str, code: int = 0) -> Said:
        """`costack upgrade-database`."""
        return self.project.costack("upgrade-database", self.whose, "--stack", STACK, *options, code=code)

    def step(self, *options: str, deploys: Callable[[], object] | None = None) -> str:
        """Take a step and deploy it: what the preview said it costs, the statement says afterwards."""
        words = self.ask(*options).stdout
        promised = said(self.project, "--stack", STACK, "--accept", "unpriced")
        (deploys or self.update)()
        assert self.held() == self.data
        self.is_kept(promised)
        return words

    def update(self) -> None:
        """An update in which nothing is replaced but Jobs."""
        for each in self.project.update():
            kind = each["type"]
            if "replace" in each["op"]:
                assert kind == "kubernetes:batch/v1:Job", each["urn"]
            assert each["op"] != "delete" or kind not in HOLDS_DATA or _STANDBY in each["urn"], each["urn"]

    def is_kept(self, promised: dict[str, Any]) -> None:
        """Every figure of the statement is that of the preview, and nothing is left over."""
        text = self.project.costack("allocate", "--stack", STACK, "-o", "json").stdout
        stated = json.loads(text)
        assert {each["tenant"]: each["total"] for each in stated["tenants"]} == {
            each["tenant"]: each["cost"]["after"] for each in promised["tenants"]
        }
        assert stated["totals"]["charged"] == promised["bill"]["after"]
        assert Decimal(stated["totals"]["difference"]) == 0

    def at_rest(self) -> None:
        """Nothing is left to do."""
        self.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)

    def killed_at(self, operation: str) -> None:
        """An update that is killed when AWS has done *operation* and no state knows it; the next one."""
        users = self.project.started_as_by_users(only_killers=True)
        with users, self.project.saving_every_step(), self.worlds.faults(f"kill={operation},after"):
            self.project.up("--suppress-outputs", code=-signal.SIGKILL)
        recovered(self.project)
        self.update()

    def killed_when_asked(self) -> None:
        """An update that is killed when RDS has taken the new version, and the one that goes on."""
        self.killed_at("ModifyDBInstance")

    def skips(self, stage: str, to: str, why: str) -> None:
        """A stage that is not the next one is refused, and nothing is changed."""
        file = self.file()
        before = file.read_text(encoding="utf-8")
        assert before.count(f"stage: {stage}") == 1
        file.write_text(before.replace(f"stage: {stage}", f"stage: {to}"), encoding="utf-8")
        assert why in " ".join(self.project.up(code=1).text.split())
        file.write_text(before, encoding="utf-8")

    def file(self) -> Path:
        """The file that the stages are written into."""
        folder = self.project.folder / "portfolios" / STACK
        return folder / ("platform.yaml" if self.whose == PLATFORM else f"tenants/{self.whose}.yaml")

    def killed_with_its_job(self) -> None:
        """An update that is killed when its Job is there, and the one that goes on."""
        before = self.jobs()
        with self.project.saving_every_step():
            process = self.project.begin("up", "--yes", "--skip-preview", "--stack", STACK)
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while self.jobs() == before:
                assert process.poll() is None, process.communicate()[0][-2000:]
                assert time.monotonic() < deadline, "its Job never came"
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=_PATIENCE_SECONDS)
        recovered(self.project)
        self.update()

    def jobs(self) -> set[str]:
        """The Jobs of upgrades that are in the cluster, by uid."""
        return {each["metadata"]["uid"] for each in self._upgrade_jobs()}

    def perform(self, code: int = 0) -> str:
        """Do what the pod of the only Job of an upgrade would do; what it said."""
        (job,) = self._upgrade_jobs()
        (container,) = job["spec"]["template"]["spec"]["containers"]
        given = {each["name"]: self._here(each["value"]) for each in container["env"]}
        assert self.instance.pods
        done = self.instance.pods.run(container["command"][-1], **given)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def offer(self, *majors: str) -> None:
        """What AWS says that it upgrades this server to; the last one is asked for by its major version."""
        assert self.instance.pods
        versions = tuple(MINORS[each] for each in majors)
        answers(self.instance.pods, versions, versions[-1])

    def _upgrade_jobs(self) -> list[dict[str, Any]]:
        listed = self.cluster.client.get("/apis/batch/v1/jobs").json()["items"]
        names = {CHECK_UPGRADE, GATHER_STATISTICS}
        return [each for each in listed if each["metadata"]["labels"]["app.kubernetes.io/component"] in names]

    def _here(self, value: str) -> str:
        return self.instance.server.host if value.startswith(f"{self.instance.name}.") else value


def only(project: Project, *tenants: str) -> None:
    """Take all other tenants out of the portfolio."""
    for other in {*OTHERS, "acme"} - set(tenants):
        (project.folder / "portfolios" / STACK / "tenants" / f"{other}.yaml").unlink(missing_ok=True)


def rows(server: Server) -> int:
    """How many rows writers have left."""
    return int(server.ask("SELECT count(*) FROM no_id", database=DATABASE))


def arrives(follower: Server, wanted: int) -> None:
    """Until a standby has so many rows."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while rows(follower) != wanted:
        assert time.monotonic() < deadline, "the standby does not follow"
        time.sleep(0.05)
