"""A tenant's database from one real PostgreSQL server to another and back: nothing is lost or run over."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from components.scripts import script
from tests.lifecycle.hostile import answered, connect
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE, checksums
from tests.lifecycle.pods import TENANT, Pods, forget, keeping, move_places, said
from tests.lifecycle.writer import writing, written
from tests.postgres import MAJORS, Server, chosen_versions, programs, running_server

pytestmark = pytest.mark.postgres

_OTHER = {16: 17, 17: 18, 18: 17}
# When a writer begins after the hand-over has: each attempt that fails is followed by one with 0.2 s more.
# `make torture` tries every delay on every pair of versions, and everything else on every pair, too: `make
# test` tries one of each.
_EVERY = [(major, delay) for major in MAJORS for delay in (0.0, 0.15, 0.4)]
DELAYS = _EVERY if os.environ.get("COSTACK_EVERY_KILL") else [(18, 0.0)]
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def other(server: Server) -> Iterator[Server]:
    """Another server: the tenant's own to be, or the shared one it comes from; a version newer, or older."""
    with running_server(_OTHER[server.major]) as running:
        yield running


@pytest.fixture
def moving(pods: Pods, other: Server) -> Iterator[Pods]:
    """The tenant as it is, with nothing of it on the other server; its database is made anew afterwards."""
    with keeping(pods):
        try:
            yield pods
        finally:
            forget(other)
            other.ask(f"DROP ROLE IF EXISTS {ROLE}")


def copy(pods: Pods, source: Server, target: Server, move: str = "m1", wait: int = 5) -> Done:
    """Run the job of stage migrate."""
    (pods.folder / "password").write_text(PASSWORD, encoding="utf-8")
    return pods.run(script("database_copy.sh"), **move_places(source, target, move), WAIT_SECONDS=str(wait))


def cut_over(pods: Pods, source: Server, target: Server, move: str = "m1") -> Done:
    """Run the job of stage switch."""
    return pods.run(script("database_hand_over.sh"), **move_places(source, target, move))


def start_cut_over(pods: Pods, source: Server, target: Server, move: str) -> subprocess.Popen[str]:
    """The same, and come back while it runs."""
    return pods.start(script("database_hand_over.sh"), **move_places(source, target, move))


def drop(pods: Pods, server: Server) -> Done:
    """Run the job of stage contract."""
    return pods.run(script("database_drop.sh"), **move_places(server, server, "m1"), ONLY_LEFT="yes")


def sums(server: Server) -> dict[str, str]:
    return checksums(lambda sql: server.ask(sql, **TENANT))


@pytest.mark.sample(1)
def test_a_copy_is_complete_and_is_cut_over_to(moving: Pods, other: Server) -> None:
    before = sums(moving.server)
    done = copy(moving, moving.server, other)
    assert done.returncode == 0, done.stderr
    message: dict[str, Any] = json.loads(done.stdout)
    assert (message["result"], message["rows"], message["tables"]) == ("ok", 3076, 14)
    assert sums(other) == before
    assert said(other).startswith("costack: copy m1 ")
    assert said(moving.server) == ""
    indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname IN ('public', 'website')"
    assert other.ask(indexes, **TENANT) == moving.server.ask(indexes, **TENANT)
    assert other.ask("SHOW statement_timeout", **TENANT) == "15min"

    over = cut_over(moving, moving.server, other)
    assert over.returncode == 0, over.stderr
    assert (said(moving.server), said(other)) == ("costack: left m1", "costack: used m1")
    refused = moving.server.try_to_ask(
        "BEGIN READ WRITE; INSERT INTO no_id VALUES ('late'); COMMIT", **TENANT
    )
    assert "too many connections for database" in refused.stderr
    other.ask("INSERT INTO no_id VALUES ('after')", **TENANT)
    assert cut_over(moving, moving.server, other).returncode == 0


@pytest.mark.whole("test_killed_jobs runs steps again after a death")
@chosen_versions
def test_running_a_step_again_changes_nothing(moving: Pods, other: Server) -> None:
    assert copy(moving, moving.server, other).returncode == 0
    oid = exists().replace("count(*)", "oid")
    before = other.ask(oid)
    again = copy(moving, moving.server, other)
    assert again.returncode == 0
    assert "copied and checked already" in again.stdout
    assert other.ask(oid) == before


@pytest.mark.whole("the way back is the same script with its sides exchanged")
@chosen_versions
def test_the_way_back_takes_the_newest_data_along(moving: Pods, other: Server) -> None:
    assert copy(moving, moving.server, other).returncode == 0
    assert cut_over(moving, moving.server, other).returncode == 0
    other.ask("INSERT INTO no_id VALUES ('since the switch')", **TENANT)
    back = copy(moving, other, moving.server, move="m2")
    assert back.returncode == 0, back.stderr
    assert cut_over(moving, other, moving.server, move="m2").returncode == 0
    assert moving.server.ask("SELECT key FROM no_id", **TENANT) == "since the switch"
    moving.server.ask("INSERT INTO no_id VALUES ('at home again')", **TENANT)
    assert (said(other), said(moving.server)) == ("costack: left m2", "costack: used m2")


@chosen_versions
def test_old_data_is_never_copied_over_new(moving: Pods, other: Server) -> None:
    assert copy(moving, moving.server, other).returncode == 0
    assert cut_over(moving, moving.server, other).returncode == 0
    other.ask("INSERT INTO no_id VALUES ('new')", **TENANT)
    for move in ("m1", "m2"):
        done = copy(moving, moving.server, other, move=move)
        assert done.returncode == 1
        assert "is not in use any longer" in done.stderr
    assert other.ask("SELECT key FROM no_id", **TENANT) == "new"


@pytest.mark.whole("old data is never copied over new: tried here")
@chosen_versions
def test_a_database_in_use_is_not_copied_over(moving: Pods, other: Server) -> None:
    (moving.folder / "password").write_text(PASSWORD, encoding="utf-8")
    setup = move_places(other, other, "m1")
    assert moving.run(script("database_setup.sh"), **setup).returncode == 0
    other.ask("CREATE TABLE mine (id integer); INSERT INTO mine VALUES (1)", **TENANT)
    done = copy(moving, moving.server, other)
    assert done.returncode == 1
    assert "holds 1 tables and is in use: nothing was copied over it" in done.stderr
    assert other.ask("SELECT id FROM mine", **TENANT) == "1"


@pytest.mark.whole("a copy that finds the database in use is refused here, too")
@chosen_versions
def test_a_copy_waits_for_who_works_and_gives_up(moving: Pods, other: Server) -> None:
    with subprocess.Popen(
        ["psql", "--no-psqlrc"],
        env=moving.server.connection(ROLE, PASSWORD, DATABASE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as open_one:
        assert open_one.stdin
        assert open_one.stdout
        open_one.stdin.write("SELECT 'here';\n")
        open_one.stdin.flush()
        open_one.stdout.readline()
        done = copy(moving, moving.server, other, wait=1)
        open_one.stdin.close()
    assert done.returncode == 1
    assert "1 connections to odoo_acme are open after 1 s" in done.stderr
    assert said(other) == ""


@pytest.mark.whole("who writes on during the hand-over is tried here")
@chosen_versions
def test_what_was_written_after_the_copy_stops_the_cut_over(moving: Pods, other: Server) -> None:
    assert copy(moving, moving.server, other).returncode == 0
    moving.server.ask("INSERT INTO no_id VALUES ('late')", **TENANT)
    done = cut_over(moving, moving.server, other)
    assert done.returncode == 1
    assert "has changed since it was copied" in done.stderr
    assert said(moving.server) == ""
    again = copy(moving, moving.server, other, move="m2")
    assert again.returncode == 0, again.stderr
    assert cut_over(moving, moving.server, other, move="m2").returncode == 0
    assert other.ask("SELECT key FROM no_id", **TENANT) == "late"


@pytest.mark.whole("what is written after a copy stops it by the same comparison")
@chosen_versions
def test_who_writes_on_during_the_copy_stops_the_move_and_loses_nothing(moving: Pods, other: Server) -> None:
    with writing(moving.server, "during the copy") as writer:
        writer.wait_for(5)
        done = copy(moving, moving.server, other, wait=1)
        assert done.returncode == 1
        assert "1 connections to odoo_acme are open after 1 s" in done.stderr
        assert cut_over(moving, moving.server, other).returncode != 0  # nothing is there to hand over to
        assert (said(moving.server), said(other)) == ("", "")
        writer.wait_for(5)
        assert writer.refused == []
    assert written(moving.server) == set(writer.committed)


@pytest.mark.parametrize(
    ("server", "delay"),
    DELAYS,
    indirect=["server"],
    ids=[f"postgresql-{major}-{delay}" for major, delay in DELAYS],
)
def test_who_writes_on_during_the_hand_over_loses_nothing_that_was_committed(
    moving: Pods, other: Server, delay: float
) -> None:
    """Whoever is first, the writer or the closing: no row is only on the side that is not in use."""
    kept: set[str] = set()
    for attempt in range(1, 6):
        move = f"m{attempt}"
        assert copy(moving, moving.server, other, move=move).returncode == 0
        handing = start_cut_over(moving, moving.server, other, move)
        time.sleep(delay + 0.2 * (attempt - 1))
        with writing(moving.server, f"old {attempt}") as old:
            _, why = handing.communicate(timeout=120)
            if handing.returncode:
                old.wait_for(3)
            else:
                old.wait_for_refusal()
        kept |= set(old.committed)
        assert kept <= written(moving.server)
        if handing.returncode == 0:
            break
        assert "has changed since it was copied" in why
        assert said(moving.server) == ""
    assert handing.returncode == 0
    assert written(moving.server) == written(other) == kept
    with writing(moving.server, "too late") as late, writing(other, "new") as new:
        new.wait_for(5)
        late.wait_for_refusal()
    assert late.committed == []
    assert all("too many connections for database" in each for each in late.refused)
    assert written(moving.server) == kept
    assert written(other) == kept | set(new.committed)


@pytest.mark.whole("who writes on during the hand-over is tried here")
@chosen_versions
def test_what_was_not_committed_when_the_database_closed_is_on_neither_side(
    moving: Pods, other: Server
) -> None:
    """Odoo's request fails, as it does when a connection breaks: it is told so, and it is not half there."""
    assert copy(moving, moving.server, other).returncode == 0
    begun = (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; INSERT INTO no_id VALUES ('open'); SELECT 'here'"
    )
    with ExitStack() as stack:
        open_one = connect(moving.server, TENANT, stack)
        assert answered(open_one, begun) == "here"
        over = cut_over(moving, moving.server, other)
        assert over.returncode == 0, over.stderr
        stdout, stderr = open_one.communicate("COMMIT;\nSELECT 'committed';\n", timeout=30)
    assert "committed" not in stdout
    assert "terminating connection due to administrator command" in stderr
    assert written(moving.server) == written(other) == set()


@pytest.mark.sample(1)
@chosen_versions
@pytest.mark.parametrize("stage", ["nothing", "another move", "half a copy"])
def test_only_a_checked_copy_is_cut_over_to(moving: Pods, other: Server, stage: str) -> None:
    (moving.folder / "password").write_text(PASSWORD, encoding="utf-8")
    if stage == "another move":
        assert copy(moving, moving.server, other, move="m0").returncode == 0
    else:
        assert moving.run(script("database_setup.sh"), **move_places(other, other, "m1")).returncode == 0
    if stage == "half a copy":
        other.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: copying m1'", **TENANT)
    done = cut_over(moving, moving.server, other)
    assert done.returncode == 1
    assert "is no checked copy of this move" in done.stderr
    assert said(moving.server) == ""


@pytest.mark.whole("that no unchecked copy is used is proven here with less")
@chosen_versions
def test_a_copy_that_lacks_something_is_not_used_and_is_made_anew(moving: Pods, other: Server) -> None:
    lossy = moving.folder / "tools" / "pg_restore"
    lossy.write_text(
        f'#!/bin/bash\n{programs(moving.clients) / "pg_restore"} "$@"\n'  # noqa: S608 - made here
        'echo "DELETE FROM public.res_groups WHERE id = 7;"\n'
        "echo \"SELECT setval('public.ir_sequence_017', 5);\"\n",
        encoding="utf-8",
    )
    lossy.chmod(0o755)
    try:
        done = copy(moving, moving.server, other)
    finally:
        lossy.unlink()
    assert done.returncode == 1
    assert "the copy of odoo_acme differs as shown" in done.stderr
    assert '"table" : "public.res_groups", "rows" : 20' in done.stderr
    assert "ir_sequence_017" in done.stderr
    assert said(other) == "costack: copying m1"
    assert cut_over(moving, moving.server, other).returncode == 1
    assert copy(moving, moving.server, other).returncode == 0
    assert sums(other) == sums(moving.server)


@pytest.mark.whole("test_owner asks whose a database is before any is dropped")
@chosen_versions
def test_only_what_was_left_is_dropped(moving: Pods, other: Server) -> None:
    assert copy(moving, moving.server, other).returncode == 0
    refused = drop(moving, moving.server)
    assert refused.returncode == 1
    assert "is in use (it says 'nothing'): it was not dropped" in refused.stderr
    assert cut_over(moving, moving.server, other).returncode == 0
    in_use = drop(moving, other)
    assert in_use.returncode == 1
    assert "is in use (it says 'costack: used m1')" in in_use.stderr
    assert copy(moving, other, moving.server, move="m2").returncode == 0
    assert cut_over(moving, other, moving.server, move="m2").returncode == 0
    for _ in range(2):
        done = drop(moving, other)
        assert done.returncode == 0, done.stderr
    assert other.ask(exists()) == "0"
    assert moving.server.ask("SELECT count(*) FROM res_users", **TENANT) == "3"


def exists() -> str:
    return f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
