"""The server that tenants share becomes 17, then 18, in its window: the tests stand in this order.

A real server is behind it. Every stage is the command, what a preview says of it, and an update that is
killed and goes on. A tenant with a server of its own keeps the version that it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engine.listing import pass_the_window
from tests.engine.project import STACK
from tests.engine.upgrading import MINORS, Upgrading, only, rows, running_instance
from tests.lifecycle.odoo import DATABASE
from tests.lifecycle.test_server_upgrade import BAD, KNOWN, WITHOUT
from tests.lifecycle.writer import writing, written
from tests.localcloud.cluster import Cluster
from tests.torture.kills import replace_in
from tests.torture.worlds import worlds
from tiers.vocabulary import PLATFORM

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.postgres,
    pytest.mark.whole("tests/lifecycle runs both jobs, tests/components what each stage declares"),
]
NAME, OTHER = "local-postgresql", "local-cobalt-postgresql"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Upgrading]:
    """Two tenants on a shared server of PostgreSQL 16, and one with a server of its own."""
    with ExitStack() as stack:
        instance = stack.enter_context(running_instance(NAME, 16))
        folder = tmp_path_factory.mktemp("shared") / "project"
        made = Upgrading(stack.enter_context(worlds(folder, by_users=True)), cluster, instance, PLATFORM)
        only(made.project, "acme", "borealis", "cobalt")
        replace_in(made.file(), 'engine_version: "17"', 'engine_version: "16"')
        made.project.apply_to(cluster.kubeconfig)
        made.begin()
        yield made
        instance.running.close()


def test_what_else_goes_on_with_its_data_waits(shared: Upgrading) -> None:
    assert shared.version() == MINORS["16"]
    shared.offer("17")
    spoil, mend, why = BAD["reg-type"]
    shared.instance.server.ask(spoil, database=DATABASE)
    assert "changes nothing of it" in shared.step("--to", "17")
    assert why in shared.perform(code=1)
    shared.instance.server.ask(mend, database=DATABASE)
    restore = ("restore", "acme", "--at", "2026-11-29T01:15:00Z")
    for code, command in ((5, restore), (2, ("move", "acme", "--to", "dedicated-db"))):
        refused = shared.project.costack(*command, "--stack", STACK, code=code).stderr
        assert "the server that tenants share is at stage check of its upgrade to PostgreSQL 17" in refused
    assert "restore:" not in (shared.file().parent / "tenants" / "acme.yaml").read_text(encoding="utf-8")
    assert "taken back" in shared.step("--back")
    shared.at_rest()


KILLED = (
    pytest.param("16", "17", False, id="16-17"),
    pytest.param("17", "18", True, id="17-18, killed at each stage"),
)


@pytest.mark.parametrize(("old", "new", "killed"), KILLED)
def test_it_is_upgraded_in_its_window_and_keeps_everything(
    shared: Upgrading, old: str, new: str, *, killed: bool
) -> None:
    kept, before = shared.instance.content(), rows(shared.instance.server)
    shared.offer(new)
    with_job = shared.killed_with_its_job if killed else shared.update
    asked = shared.killed_when_asked if killed else shared.update
    shared.step("--to", new, deploys=with_job)
    assert f"can be upgraded from PostgreSQL {MINORS[old]} to {MINORS[new]}" in shared.perform()

    assert "in its maintenance window" in shared.step("--next", deploys=asked)
    waiting = shared.rds()[NAME]
    assert (waiting["EngineVersion"], waiting["PendingModifiedValues"]["EngineVersion"]) == (
        MINORS[old],
        MINORS[new],
    )
    assert shared.groups() == {f"postgres{old}", f"postgres{new}"}
    shared.skips("upgrade", "statistics", f"runs PostgreSQL {old} as far as the stack knows")
    with writing(shared.instance.server, f"until {new}") as people:
        people.wait_for(3)  # they work until the window
        shared.instance.running.close()
        people.wait_for_refusal()
    shared.instance.start(int(old))
    pass_the_window(shared.project)
    assert shared.version() == MINORS[new]
    assert shared.instance.server.major == int(new)
    assert set(people.committed) <= written(shared.instance.server)
    assert rows(shared.instance.server) >= before + len(people.committed)
    assert shared.instance.content()[0] == kept[0]
    sums = shared.instance.content()[1]
    assert {name for name in sums if sums[name] != kept[1][name]} <= {"no_id"}
    shared.project.refresh("--yes", "--skip-preview")
    # The group of before is no longer asked for: the update after the window deletes it.
    assert "gathers statistics" in shared.step("--next", deploys=with_job)
    assert shared.groups() == {f"postgres{new}"}
    shared.perform()
    assert shared.instance.server.ask(WITHOUT, database=DATABASE) == "0"
    assert int(shared.instance.server.ask(KNOWN, database=DATABASE)) > 5

    assert "finished" in shared.step("--next")
    text = shared.file().read_text(encoding="utf-8")
    assert f'engine_version: "{new}"' in text
    assert 'tenants_engine_version: "16"' in text
    assert shared.rds()[OTHER]["EngineVersion"] == MINORS["16"]
    assert shared.jobs() == set()
    shared.at_rest()
