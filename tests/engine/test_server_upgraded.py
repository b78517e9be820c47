"""A client's own server with a standby becomes 17, then 18, on one stack: the tests stand in this order.

Real servers are behind both instances. Every stage is the command, what a preview says of it, and an update,
killed where AWS works and begun again; pg_upgrade does what RDS does when the loopback's RDS has taken the
version. Updates with a Job are killed in test_shared_server_upgraded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
import yaml

from tests.engine.project import STACK
from tests.engine.test_created import second_network
from tests.engine.test_life import CLIENT
from tests.engine.upgrading import MINORS, Upgrading, arrives, only, rows, running_instance
from tests.lifecycle.odoo import DATABASE
from tests.lifecycle.test_server_upgrade import KNOWN, WITHOUT
from tests.lifecycle.writer import writing, written
from tests.localcloud.cluster import Cluster
from tests.postgres import Server, following_server
from tests.torture.worlds import worlds

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.postgres,
    pytest.mark.whole("tests/lifecycle runs both jobs, tests/components what each stage declares"),
]
NAME, TO = f"local-{CLIENT}-postgresql", "eu-west-1"


@dataclass
class Own(Upgrading):
    """The client's server, and the one in the second region that follows it."""

    following: ExitStack = field(default_factory=ExitStack)
    follower: Server | None = None

    def follow(self) -> None:
        """The standby is what the second region's RDS has: a replica of the real server, or none."""
        there = [each for each in self.rds(TO).values() if each.get("ReadReplicaSourceDBInstanceIdentifier")]
        self.following.close()
        self.follower = None
        if there:
            assert there[0]["EngineVersion"].partition(".")[0] == str(self.instance.server.major)
            self.follower = self.following.enter_context(following_server(self.instance.server))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Own]:
    """The client on PostgreSQL 16, with a standby."""
    with ExitStack() as stack:
        instance = stack.enter_context(running_instance(NAME, 16))
        made_worlds = stack.enter_context(worlds(tmp_path_factory.mktemp("own") / "project", by_users=True))
        following = stack.enter_context(ExitStack())
        made = Own(made_worlds, cluster, instance, CLIENT, following=following)
        only(made.project, CLIENT, "borealis")
        _sell(made)
        made.project.apply_to(cluster.kubeconfig)
        made.begin()
        made.follow()
        yield made
        instance.running.close()


def _sell(made: Own) -> None:
    folder = made.project.folder / "portfolios" / STACK
    file = folder / "tenants" / f"{CLIENT}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["tier"] = "cross-region-backup"
    document["options"] |= {"dr_region": TO, "warm_standby": True, "database_engine_version": "16"}
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    platform = folder / "platform.yaml"
    named = {"dr_networks": {TO: second_network(made.project)}}
    platform.write_text(f"{platform.read_text('utf-8')}{yaml.safe_dump(named)}", encoding="utf-8")


def test_it_begins_with_the_version_of_its_file(own: Own) -> None:
    assert own.version() == MINORS["16"]
    assert own.groups() == {"postgres16"}
    assert own.follower
    assert own.rds(TO)[f"{NAME}-standby"]["EngineVersion"] == MINORS["16"]
    with writing(own.instance.server, "on 16") as people:
        people.wait_for(5)
    assert set(people.committed) <= written(own.instance.server)


KILLED = (
    pytest.param("16", "17", True, id="16-17, killed while AWS works"),
    pytest.param("17", "18", False, id="17-18"),
)


@pytest.mark.parametrize(("old", "new", "killed"), KILLED)
def test_it_is_upgraded_and_keeps_everything(own: Own, old: str, new: str, *, killed: bool) -> None:
    kept, before = own.instance.content(), rows(own.instance.server)

    def step(*options: str, operation: str = "") -> str:
        interrupted = killed and operation
        return own.step(*options, deploys=(lambda: own.killed_at(operation)) if interrupted else own.update)

    own.offer(new)
    step("--to", new)
    assert f"can be upgraded from PostgreSQL {MINORS[old]} to {MINORS[new]}" in own.perform()
    own.skips("check", "upgrade", "its standby is still there")

    assert "removes the standby" in step("--next", operation="DeleteDBInstance")
    assert own.rds(TO) == {}
    own.follow()
    assert own.follower is None

    with writing(own.instance.server, f"until {new}") as people:
        people.wait_for(3)
        assert "during that update" in step("--next", "--now", operation="ModifyDBInstance")
        assert f"postgres{new}" in own.groups()
        own.instance.running.close()  # as RDS: nobody is answered
        people.wait_for_refusal()
    own.instance.start(int(old))
    assert own.version() == MINORS[new]
    assert own.instance.server.major == int(new)
    assert set(people.committed) <= written(own.instance.server)
    assert rows(own.instance.server) >= before + len(people.committed)
    marks, sums = own.instance.content()
    assert marks == kept[0]
    assert {name for name in sums if sums[name] != kept[1][name]} <= {"no_id"}
    assert "finish with --next" in own.ask("--back", code=5).stderr
    if killed:  # what goes on after that deletes the parameter group of before, else the next stage does
        own.at_rest()

    assert "gathers statistics" in step("--next")
    assert own.groups() == {f"postgres{new}"}
    own.perform()
    assert own.instance.server.ask(WITHOUT, database=DATABASE) == "0"
    assert int(own.instance.server.ask(KNOWN, database=DATABASE)) > 5

    assert "makes the standby" in step("--next", operation="CreateDBInstanceReadReplica")
    (standby,) = own.rds(TO).values()
    assert standby["EngineVersion"] == MINORS[new]
    own.follow()
    assert own.follower
    with writing(own.instance.server, f"on {new}") as people:
        people.wait_for(3)
    arrives(own.follower, rows(own.instance.server))
    assert own.jobs() == set()
    own.at_rest()
