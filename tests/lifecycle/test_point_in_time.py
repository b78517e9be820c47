"""A tenant goes back to a second: exactly what was committed until then is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, ROLE
from tests.lifecycle.past import archive_all, archiving, as_it_was, back_up, kept
from tests.lifecycle.pods import TENANT, Pods, running_pods
from tests.lifecycle.side import KEPT, SIDE, Done, act, forget_side, make, places, state
from tests.lifecycle.test_killed_jobs import EARLY, EVERYWHERE, LATE, kill_everywhere
from tests.lifecycle.writer import writing
from tests.postgres import NEWEST_SOLD, Server, running_server

pytestmark = pytest.mark.postgres
MOMENT = "2026-11-29T01:17:00Z"
MISSING = "ab/ab" + "0" * 38
_NAMES_A_FILE = f"INSERT INTO ir_attachment (name, store_fname) VALUES ('gone', '{MISSING}')"  # noqa: S608 - ours


@dataclass
class Estate:
    """A tenant at work, and its server as it was."""

    pods: Pods
    past: Server
    before: frozenset[str]
    """What was committed until that moment."""
    after: frozenset[str]
    """What was committed since."""


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    """A server whose log is kept, a tenant that writes, and the server as it was in the middle of that."""
    with (
        kept() as (folder, archive),
        running_server(NEWEST_SOLD, like_rds=True, settings=archiving(archive)) as server,
        running_pods(server) as pods,
    ):
        back_up(server, folder / "data")
        with writing(server, "a record") as people:
            people.wait_for(20)
            server.ask(_NAMES_A_FILE, **TENANT)
            people.wait_for(5)
            before = frozenset(people.committed)
            moment = server.ask("SELECT clock_timestamp()")
            people.wait_for(20)
        where = f"key LIKE 'a record %' AND pg_xact_commit_timestamp(xmin) <= '{moment}'"
        told = server.ask(f"SELECT key FROM no_id WHERE {where}", **TENANT)  # noqa: S608 - made here
        then = frozenset(told.splitlines())
        assert before <= then
        assert frozenset(people.committed) - then
        server.ask("DELETE FROM ir_attachment WHERE name = 'gone'", **TENANT)
        archive_all(server)
        with as_it_was(folder / "data", archive, NEWEST_SOLD, moment) as past:
            # What the tenant's password is today, that server does not know.
            past.ask(f"ALTER ROLE {ROLE} PASSWORD 'the one of then'")
            yield Estate(pods, past, then, frozenset(people.committed) - then)


@pytest.fixture
def restoring(estate: Estate) -> Iterator[Estate]:
    """The same, put back to where nothing is beside the tenant's database."""
    forget_side(estate.pods.server)
    yield estate
    forget_side(estate.pods.server)


def open_past(estate: Estate, **more: str) -> Done:
    """The job that lets the tenant's role into its server as it was."""
    server = {"PGHOST": estate.past.host, "MOMENT": MOMENT}
    return estate.pods.run(script("restored_server.sh"), **places(estate.pods) | server | more)


def copying(estate: Estate) -> dict[str, str]:
    """What the container gets that copies."""
    return {
        "SIDE_DATABASE": SIDE,
        "MARK": "m1",
        "MOMENT": MOMENT,
        "SOURCE_HOST": estate.past.host,
        "RESTORED": str(estate.pods.folder / "restored"),
        "FETCHED": "",
    }


def fill(estate: Estate, version: str = "18.0") -> Done:
    """The containers of the job that copies: how the last one that ran ended."""
    pods = estate.pods
    pods.empty_volumes()
    (pods.folder / "listed").mkdir(exist_ok=True)
    own = copying(estate)
    files = {"FILES": str(pods.folder / "odoo"), "DATABASE": DATABASE, "RESTORED": own["RESTORED"]}
    steps = (
        ("side_database_fill.sh", own),
        ("restored_files.sh", {**files, "MOMENT": MOMENT}),
        ("side_database_ready.sh", {**own, "VERSION": version}),
    )
    said, printed = "", ""
    for name, more in steps:
        done = pods.run(script(name), **more)
        said, printed = said + done.stderr, printed + done.stdout
        if done.returncode:
            break
    return Done(done.args, done.returncode, printed, said)


def keys(server: Server, database: str) -> frozenset[str]:
    """The records of the writer in a database."""
    found = server.ask("SELECT key FROM no_id", **{**TENANT, "database": database}).splitlines()
    return frozenset(each for each in found if each.startswith("a record "))


def test_exactly_what_was_committed_until_then_is_there(restoring: Estate) -> None:
    pods, server = restoring.pods, restoring.pods.server
    refused = restoring.past.try_to_ask("SELECT 1", **TENANT)
    assert "password authentication failed" in refused.stderr
    opened = open_past(restoring)
    assert opened.returncode == 0, opened.stderr
    assert make(pods).returncode == 0
    with writing(server, "while it is copied") as people:
        people.wait_for(2)
        filled = fill(restoring)
        assert filled.returncode == 0, filled.stderr
        people.wait_for(2)
        assert people.refused == []
    assert state(server)[SIDE] == f"costack: side m1 ready {MOMENT}"
    assert keys(server, SIDE) == restoring.before
    assert restoring.after <= keys(server, DATABASE)
    result = json.loads(filled.stdout.splitlines()[1])
    assert (result["point_in_time"], result["result"]) == (MOMENT, "ok")
    assert (result["files"]["nowhere"], result["files"]["missing"]) == (1, [MISSING])
    assert "neither in the tenant's directory nor in the copy in backups" in filled.stderr

    switched = act(pods, "switch")
    assert switched.returncode == 0, switched.stderr
    assert keys(server, DATABASE) == restoring.before
    assert restoring.after <= keys(server, KEPT)
    assert act(pods, "back").returncode == 0
    assert restoring.after <= keys(server, DATABASE)
    assert act(pods, "drop-side").returncode == 0


@pytest.mark.whole("test_side_database has it of a backup")
def test_another_version_of_odoo_is_never_ready(restoring: Estate) -> None:
    assert open_past(restoring).returncode == 0
    assert make(restoring.pods).returncode == 0
    done = fill(restoring, version="19.0")
    assert done.returncode == 1
    assert f"the database of {MOMENT} is of Odoo 18.0.1.3, and this tenant runs Odoo 19.0" in done.stderr
    assert act(restoring.pods, "switch").returncode == 1


def test_a_server_of_before_the_database_and_another_owners_are_not_opened(restoring: Estate) -> None:
    none = open_past(restoring, TENANT_DATABASE="odoo_later")
    assert none.returncode == 1
    assert f"there was no database odoo_later at {MOMENT}" in none.stderr
    other = open_past(restoring, OWNER="local/other/acme")
    assert other.returncode == 1
    assert "nothing was changed" in other.stderr


@pytest.mark.parametrize("said", ["copying m1", "copy m1 0f", "left m1", "fenced f1 used m1", "handed f1"])
def test_a_database_that_nobody_worked_with_then_is_not_opened(restoring: Estate, said: str) -> None:
    """Before a move had ended, and while it was failed over, the data was on another server."""
    restoring.past.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: {said}'")
    try:
        done = open_past(restoring)
    finally:
        restoring.past.ask(f"COMMENT ON DATABASE {DATABASE} IS NULL")
    assert done.returncode == 1
    assert f"nobody worked with database {DATABASE} on this server at {MOMENT}" in done.stderr


@pytest.mark.whole("the switch is killed in test_side_killed; make torture kills every job")
def test_a_killed_copy_is_made_anew(restoring: Estate) -> None:
    pods, server = restoring.pods, restoring.pods.server

    def prepare() -> None:
        forget_side(server)
        pods.empty_volumes()
        assert open_past(restoring).returncode == 0
        assert make(pods).returncode == 0

    def judge() -> None:
        assert keys(server, SIDE) == restoring.before
        assert state(server)[SIDE] == "costack: side m1 filling"  # two containers follow

    points = (EARLY, LATE, 0.95)
    kill_everywhere(pods, script("side_database_fill.sh"), copying(restoring), prepare, judge, *points)


@pytest.mark.skipif(not EVERYWHERE, reason="make torture kills every job")
def test_a_killed_opening_is_done_again(restoring: Estate) -> None:
    def prepare() -> None:
        restoring.past.ask(f"ALTER ROLE {ROLE} PASSWORD 'the one of then'")

    def judge() -> None:
        assert restoring.past.ask("SELECT 1", **TENANT) == "1"

    environment = places(restoring.pods) | {"PGHOST": restoring.past.host, "MOMENT": MOMENT}
    kill_everywhere(restoring.pods, script("restored_server.sh"), environment, prepare, judge)
