"""A database is closed here and opened there with all that was committed: two real PostgreSQL servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import TENANT, Pods, running_pods
from tests.lifecycle.side import Done
from tests.lifecycle.writer import writing, written
from tests.postgres import LEADING, Server, following_server, running_server

pytestmark = pytest.mark.postgres


@dataclass
class Regions:
    """A tenant's server, and one in another region that follows it."""

    here: Pods
    there: Pods

    def fence(self, action: str, *, there: bool = False, mark: str = "m1", **more: str) -> Done:
        pods = self.there if there else self.here
        (pods.folder / "password").write_text(PASSWORD, encoding="utf-8")
        asked = {
            "PGHOST": pods.server.host,
            "MASTER_SECRET_ARN": "arn:master",
            "TENANT_ROLE": ROLE,
            "TENANT_DATABASE": DATABASE,
            "MARK": mark,
            "ACTION": action,
            "WAIT_SECONDS": "15",
        }
        return pods.run(script("database_fence.sh"), **asked | more)


def says(server: Server) -> str:
    said = "shobj_description(oid, 'pg_database') || '|' || datconnlimit"
    return server.ask(f"SELECT {said} FROM pg_database WHERE datname = '{DATABASE}'")  # noqa: S608


def works(server: Server) -> bool:
    return server.try_to_ask("SELECT 1", **TENANT).returncode == 0


@pytest.fixture
def regions() -> Iterator[Regions]:
    with ExitStack() as stack:
        here = stack.enter_context(running_server(like_rds=True, settings=LEADING))
        pods = stack.enter_context(running_pods(here))
        follower = stack.enter_context(following_server(here))
        yield Regions(pods, replace(pods, server=follower))


def test_what_was_committed_before_the_fence_is_there_after_the_promotion(regions: Regions) -> None:
    here, there = regions.here.server, regions.there.server
    here.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: used of a move'")
    with writing(here, "through it all") as people:
        people.wait_for(5)
        early = regions.fence("open", there=True, WAIT_SECONDS="1")
        assert "still follows another server" in early.stderr
        closed = regions.fence("close")
        assert closed.returncode == 0, closed.stderr
        people.wait_for_refusal()
        people.stop()
    assert says(here) == "costack: handed m1 costack: used of a move|0"
    assert not works(here)
    there.ask("SELECT pg_promote()")
    # A Job that is made anew later, when nobody follows any more, does not wait for anybody.
    again = regions.fence("close", WAIT_SECONDS="1")
    assert (again.returncode, "handed over, before" in again.stdout) == (0, True)
    # Whoever comes back to the old side is refused, and nobody is let in on the new one before it is opened.
    assert not works(here)
    assert not works(there)
    opened = regions.fence("open", there=True)
    assert "with everything that was committed" in opened.stdout
    assert "is open already" in regions.fence("open", there=True).stdout
    assert works(there)
    assert not works(here)
    assert set(people.committed) <= written(there)
    assert len(people.committed) >= 5


def test_one_that_lacks_the_fence_is_not_opened(regions: Regions) -> None:
    regions.there.server.ask("SELECT pg_promote()")
    refused = regions.fence("open", there=True)
    assert refused.returncode == 1
    assert "may lack what was committed last" in refused.stderr
    lost = regions.fence("open", there=True, REGION_LOST="yes")
    assert "as it was when its region was lost" in lost.stdout
    assert works(regions.there.server)
    late = regions.fence("close", STANDBY="no")
    assert late.returncode == 0, late.stderr
    assert not works(regions.here.server)


@pytest.mark.whole("what is refused, with two servers of its own; the way there is tried")
def test_a_standby_that_does_not_get_everything_ends_the_fence_and_the_way_back_is_open(
    regions: Regions,
) -> None:
    # Where commits are flushed late, nothing that was committed may be left out of what is waited for.
    for late in ("ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()"):
        regions.here.server.ask(late)
    regions.there.server.ask("SELECT pg_wal_replay_pause()")
    regions.here.server.ask("INSERT INTO no_id VALUES ('late')", **TENANT)
    stuck = regions.fence("close", WAIT_SECONDS="2")
    assert stuck.returncode == 1
    assert "has not got everything" in stuck.stderr
    assert "nothing was promoted" in stuck.stderr
    other = regions.fence("close", mark="m2")
    assert "there is no database in use to close" in other.stderr
    assert "is open again" in regions.fence("again").stdout
    assert "was not closed by this failover" in regions.fence("again").stdout
    assert works(regions.here.server)
