"""A fence that is killed on its way: the next run ends well, and the database is open on one side or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE
from tests.lifecycle.pods import Pods, keeping
from tests.lifecycle.side import places, sums
from tests.lifecycle.test_killed_jobs import EARLY, LATE, VERSIONS, kill_everywhere

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", VERSIONS, indirect=True)]
_ASKED = {"STANDBY": "no", "WAIT_SECONDS": "10"}


@pytest.fixture
def reset(pods: Pods) -> Iterator[Callable[[], None]]:
    """Put the tenant back to where it was, its database open; it ends so, too."""
    with keeping(pods) as put_back:

        def all_of_it() -> None:
            if pods.server.ask(f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'") == "1":  # noqa: S608
                opened = (
                    f"ALTER DATABASE {DATABASE} CONNECTION LIMIT -1; COMMENT ON DATABASE {DATABASE} IS NULL"
                )
                pods.server.ask(opened)
            put_back()

        yield all_of_it
        all_of_it()


@pytest.mark.whole("the way there and back is tried on two servers")
@pytest.mark.parametrize(
    ("action", "ends"),
    [("close", "costack: fenced m1|0"), ("again", "|-1"), ("open", "costack: used m1|-1")],
)
def test_a_killed_fence_is_closed_or_open_and_ends_as_asked(
    pods: Pods, reset: Callable[[], None], action: str, ends: str
) -> None:
    before = sums(pods.server)

    def run(what: str) -> None:
        done = pods.run(script("database_fence.sh"), **places(pods), **_ASKED, ACTION=what)
        assert done.returncode == 0, done.stderr

    def prepare() -> None:
        reset()
        if action != "close":
            run("close")

    def judge() -> None:
        said = "coalesce(shobj_description(oid, 'pg_database'), '') || '|' || datconnlimit"
        found = pods.server.ask(f"SELECT {said} FROM pg_database WHERE datname = '{DATABASE}'")  # noqa: S608
        assert found == ends
        pods.server.ask(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT -1")
        assert sums(pods.server) == before

    environment = places(pods) | _ASKED | {"ACTION": action}
    kill_everywhere(pods, script("database_fence.sh"), environment, prepare, judge, EARLY, LATE)
