"""A database beside the tenant's own takes its place and gives it back, on real PostgreSQL."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, ROLE
from tests.lifecycle.pods import TENANT, Pods, keeping
from tests.lifecycle.side import (
    KEPT,
    SIDE,
    act,
    fill_from_backup,
    fill_live,
    forget_side,
    make,
    places,
    state,
    sums,
)
from tests.lifecycle.writer import writing
from tests.postgres import chosen_versions

pytestmark = pytest.mark.postgres
_LATER = "9999-12-31T00:00:00Z"


@pytest.fixture
def restoring(pods: Pods, backup: str) -> Iterator[Pods]:
    """The tenant with one backup, put back afterwards."""
    assert backup
    with keeping(pods):
        try:
            yield pods
        finally:
            forget_side(pods.server)


@pytest.mark.whole("a rarer case than those that are tried here")
@chosen_versions
def test_a_backup_of_another_major_version_of_odoo_is_never_ready(restoring: Pods, backup: str) -> None:
    """People still work: pods of the one would not start on the database of the other."""
    assert make(restoring).returncode == 0
    done = fill_from_backup(restoring, _LATER, version="19.0")
    assert done.returncode == 1
    assert f"the backup of {backup} is of Odoo 18.0.1.3, and this tenant runs Odoo 19.0, which" in done.stderr
    assert state(restoring.server)[SIDE] == "costack: side m1 filling"
    assert act(restoring, "switch").returncode == 1
    assert act(restoring, "drop-side").returncode == 0


@chosen_versions
def test_a_backup_takes_the_place_of_what_is_in_use_and_gives_it_back(restoring: Pods, backup: str) -> None:
    before = sums(restoring.server)
    restoring.server.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: used of a move'")
    with writing(restoring.server, "while it is prepared") as people:
        people.wait_for(2)
        made = make(restoring)
        assert made.returncode == 0, made.stderr
        assert state(restoring.server)[SIDE] == "costack: side m1 filling"
        filled = fill_from_backup(restoring, _LATER)
        assert filled.returncode == 0, filled.stderr
        people.wait_for(2)
        assert people.refused == []
    assert state(restoring.server)[SIDE] == f"costack: side m1 ready {backup}"
    assert sums(restoring.server, SIDE) == before
    worked = sums(restoring.server)
    assert worked != before

    switched = act(restoring, "switch")
    assert switched.returncode == 0, switched.stderr
    assert state(restoring.server) == {
        DATABASE: f"costack: used m1 {backup}",
        KEPT: "costack: kept m1 costack: used of a move",
    }
    assert sums(restoring.server) == before
    assert restoring.server.ask("SHOW statement_timeout", **TENANT) == "15min"
    assert act(restoring, "switch").returncode == 0  # once more

    back = act(restoring, "back")
    assert back.returncode == 0, back.stderr
    assert state(restoring.server) == {DATABASE: "costack: used of a move", SIDE: "costack: left m1"}
    assert sums(restoring.server) == worked
    assert act(restoring, "back").returncode == 0
    # A file that was put back to `switch` lets no pod start on this one.
    late = act(restoring, "switch")
    assert late.returncode != 0
    assert "there is no side database that was filled and checked" in late.stderr
    assert act(restoring, "drop-side").returncode == 0
    assert act(restoring, "drop-side").returncode == 0
    assert state(restoring.server) == {DATABASE: "costack: used of a move"}


@pytest.mark.whole("the way back of any other database is tried above")
@chosen_versions
def test_a_database_that_a_failover_closed_is_closed_again_on_the_way_back(restoring: Pods) -> None:
    """A way home that is given up half-way: people go on in the other region, and nobody comes in here."""
    server = restoring.server
    assert make(restoring).returncode == 0
    assert fill_live(restoring).returncode == 0
    server.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: handed f1'")
    server.ask(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT 0")
    try:
        assert act(restoring, "switch").returncode == 0
        assert state(server)[KEPT] == "costack: kept m1 costack: handed f1"
        assert act(restoring, "back").returncode == 0
        assert state(server) == {DATABASE: "costack: handed f1", SIDE: "costack: left m1"}
        assert "too many connections" in server.try_to_ask("SELECT 1", **TENANT).stderr
        assert act(restoring, "drop-side").returncode == 0
        assert state(server) == {DATABASE: "costack: handed f1"}
    finally:
        server.ask(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT -1")


@chosen_versions
def test_what_is_confirmed_is_dropped_and_nothing_before(restoring: Pods) -> None:
    assert make(restoring).returncode == 0
    early = act(restoring, "switch")
    assert early.returncode == 1
    assert "no side database that was filled and checked" in early.stderr
    filled = fill_live(restoring)
    assert filled.returncode == 0, filled.stderr
    assert json.loads(filled.stdout)["result"] == "ok"
    assert sums(restoring.server, SIDE) == sums(restoring.server)
    refused = act(restoring, "drop-kept")
    assert (refused.returncode, refused.stdout) == (0, f"{KEPT} is gone already\n")
    assert act(restoring, "switch", mark="another").returncode == 1
    assert act(restoring, "switch").returncode == 0
    there = state(restoring.server)
    other = act(restoring, "drop-kept", mark="another")
    assert (other.returncode, "nothing was dropped" in other.stderr) == (1, True)
    assert act(restoring, "drop-side", mark="another").stdout == f"{SIDE} is gone already\n"
    assert state(restoring.server) == there
    assert "nothing was dropped" in act(restoring, "drop-side").stderr
    assert act(restoring, "drop-kept").returncode == 0
    assert set(state(restoring.server)) == {DATABASE}
    late = act(restoring, "back")
    assert (late.returncode, "is gone" in late.stderr) == (1, True)


@chosen_versions
def test_a_filled_one_is_emptied_and_filled_anew(restoring: Pods, backup: str) -> None:
    """Schemas, functions, large objects: whatever a killed run had brought."""
    assert make(restoring).returncode == 0
    assert fill_live(restoring).returncode == 0
    restoring.server.ask(
        "CREATE SCHEMA mine; CREATE TABLE mine.late (id integer)", **{**TENANT, "database": SIDE}
    )
    again = fill_from_backup(restoring, _LATER)
    assert again.returncode == 0, again.stderr
    assert state(restoring.server)[SIDE] == f"costack: side m1 ready {backup}"
    assert (
        restoring.server.ask(
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'mine'", **{**TENANT, "database": SIDE}
        )
        == "0"
    )
    assert act(restoring, "switch").returncode == 0  # the master may still rename it


@pytest.mark.whole("tests/components/tenant/test_restore looks at the role's rights")
@chosen_versions
def test_who_reads_the_backup_of_another_tenant_writes_nothing_there(restoring: Pods) -> None:
    assert make(restoring).returncode == 0
    calls = restoring.bucket / "calls"
    before = len(calls.read_text(encoding="utf-8").splitlines())
    done = fill_from_backup(restoring, _LATER, KEEP_RESULT="no")
    assert done.returncode == 0, done.stderr
    asked = calls.read_text(encoding="utf-8").splitlines()[before:]
    assert any(each.startswith("s3 cp s3://backups/dumps/acme/") for each in asked)
    assert not [each for each in asked if each.startswith(("s3 cp - ", "s3 sync", "s3 rm"))]
    # Of a refresh it leaves what it found with the tenant that is refreshed, and nothing else.
    done = fill_from_backup(restoring, _LATER, RESULTS="acme/refresh-tests")
    assert done.returncode == 0, done.stderr
    written = [
        each.split()[3] for each in calls.read_text(encoding="utf-8").splitlines() if "s3 cp - " in each
    ]
    (result,) = (each for each in written if "refresh-tests" in each)
    assert result.startswith("s3://backups/manifests/acme/refresh-tests/")
    shutil.rmtree(restoring.bucket / "manifests" / "acme" / "refresh-tests")


@chosen_versions
def test_a_live_refresh_takes_the_backup_that_was_made_for_it(restoring: Pods, backup: str) -> None:
    """Whatever clocks say, and however often a killed pod began that backup again."""
    mark, other = (
        "refresh of acme-staging, 2026-11-29T01:15:00Z",
        "refresh of acme-test, 2026-11-29T01:15:00Z",
    )
    for asked_for in (mark, mark, other):
        time.sleep(1)  # backups are called by the second in which they begin
        done = restoring.run(script("backup.sh"), ASKED_FOR=asked_for)
        assert done.returncode == 0, done.stderr
    made = [each for each in restoring.manifests() if each > backup]
    said = [json.loads((restoring.bucket / f"manifests/acme/{each}.json").read_bytes()) for each in made]
    assert [each["asked_for"] for each in said] == [mark, mark, other]
    for asked_for, expected in ((mark, made[1]), ("refresh of nobody", "")):
        restoring.empty_volumes()
        fetched = restoring.folder / "fetched"
        done = restoring.run(script("restore_test_fetch.sh"), FETCHED=str(fetched), ASKED_FOR=asked_for)
        assert done.returncode == 0, done.stderr
        assert (fetched / "backup").read_text(encoding="utf-8") == expected
        assert (fetched / "dump").exists() is bool(expected)


@pytest.mark.whole("a rarer case than those that are tried here")
@chosen_versions
def test_a_time_before_the_first_backup_has_none_and_fills_nothing(restoring: Pods) -> None:
    assert make(restoring).returncode == 0
    done = fill_from_backup(restoring, "2001-01-01T00:00:00Z")
    assert done.returncode == 1
    (check,) = json.loads(done.stdout)["checks"]
    assert check["expected"] == "a complete backup of 2001-01-01T00:00:00Z or before"
    assert state(restoring.server)[SIDE] == "costack: side m1 filling"


@pytest.mark.sample(1)
@chosen_versions
@pytest.mark.parametrize(
    ("sql", "why"),
    [
        (f"CREATE DATABASE {KEPT} OWNER {ROLE}", "is still there"),
        (
            f"CREATE DATABASE {SIDE} OWNER {ROLE}; COMMENT ON DATABASE {SIDE} IS 'costack: left m0'",
            "no side database that may go",
        ),
        (
            f"CREATE DATABASE {SIDE} TEMPLATE {DATABASE} OWNER {ROLE}",
            "no side database that may go",
        ),
        (f"CREATE DATABASE {SIDE}", "belongs to role postgres"),
    ],
)
def test_what_nobody_knows_is_not_touched(restoring: Pods, sql: str, why: str) -> None:
    for each in sql.split("; "):
        restoring.server.ask(each)
    before = state(restoring.server)
    done = make(restoring)
    assert done.returncode == 1
    assert why in done.stderr
    assert state(restoring.server) == before
    # An update that failed so can be left behind where there is nothing to drop.
    assert act(restoring, "drop-side").returncode == (0 if SIDE not in before else 1)
    assert state(restoring.server) == before


@pytest.mark.whole("test_side_killed ends the same Job there")
@chosen_versions
def test_one_that_could_not_say_yet_what_it_is_is_made_anew_or_dropped(restoring: Pods) -> None:
    restoring.server.ask(f"CREATE DATABASE {SIDE} OWNER {ROLE}")
    assert make(restoring).returncode == 0
    restoring.server.ask(f"COMMENT ON DATABASE {SIDE} IS NULL")
    dropped = act(restoring, "drop-side")
    assert dropped.returncode == 0, dropped.stderr
    assert set(state(restoring.server)) == {DATABASE}


@chosen_versions
def test_somebody_who_comes_back_is_asked_to_go_and_who_stays_stops_the_switch(restoring: Pods) -> None:
    assert make(restoring).returncode == 0
    assert fill_live(restoring).returncode == 0
    with writing(restoring.server, "still here") as people:
        people.wait_for(2)
        switched = act(restoring, "switch")
    assert switched.returncode == 0, switched.stderr
    # What was committed until then is in the one that is kept.
    kept = set(restoring.server.ask("SELECT key FROM no_id", database=KEPT).splitlines())
    used = set(restoring.server.ask("SELECT key FROM no_id", database=DATABASE).splitlines())
    assert set(people.committed) <= kept | used
    assert kept.isdisjoint(used) or used <= kept


@chosen_versions
def test_another_owner_gets_nothing(restoring: Pods) -> None:
    assert make(restoring).returncode == 0
    assert fill_live(restoring).returncode == 0
    text = script("side_database_switch.sh")
    for wrong in ({"TENANT_ROLE": "t_other"}, {"OWNER": "local/other/acme", "ACTION": "drop-side"}):
        done = restoring.run(text, **{**places(restoring), "ACTION": "switch", **wrong})
        assert done.returncode == 1
    assert set(state(restoring.server)) == {DATABASE, SIDE}
