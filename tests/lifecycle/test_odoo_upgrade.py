"""An upgrade to another major version, on real PostgreSQL: rehearsed beside, done beside, taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from components.scripts import script
from lifecycle.upgrade import result_of
from tests.lifecycle.odoo import DATABASE, ROLE
from tests.lifecycle.pods import TENANT, Pods, keeping
from tests.lifecycle.side import (
    COMMAND_LOGIN,
    KEPT,
    SIDE,
    UPGRADES,
    act,
    forget_side,
    make,
    state,
    sums,
)
from tests.lifecycle.test_killed_jobs import VERSIONS, kill_everywhere
from tests.lifecycle.upgrading import TO, WORK, asked, environment, equip, pod, result, run
from tests.lifecycle.writer import writing
from tests.postgres import Server

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", VERSIONS, indirect=True)]
LAST = {"LAST": "m7"}


@pytest.fixture
def tenant(pods: Pods) -> Iterator[Pods]:
    """The tenant with a bucket of its own that has one backup, put back afterwards."""
    with pods.copied() as own, keeping(own) as put_back:
        put_back()
        equip(own)
        own.back_up()
        try:
            yield own
        finally:
            forget_side(own.server)


def back_up_last(pods: Pods) -> None:
    done = pods.run(script("backup.sh"), **LAST)
    assert done.returncode == 0, done.stderr


def test_it_is_rehearsed_while_people_work_and_never_takes_the_place(tenant: Pods) -> None:
    backup = tenant.manifests()[-1]
    files = {each: each.stat().st_mtime for each in tenant.filestore.rglob("*")}
    with writing(tenant.server, "while it is rehearsed") as people:
        people.wait_for(2)
        assert make(tenant, **UPGRADES).returncode == 0
        done = run(tenant, "rehearsal")
        people.wait_for(2)
        assert people.refused == []
    assert done.returncode == 0, done.stderr
    found = result_of(done.stdout, "acme", "rehearsal", TO)
    assert (found.backup, found.from_version, found.modules_new) == (backup, "18.0.1.3", ("html_editor",))
    assert found.rows == {"account_move": (2999, 2999), "res_users": (3, 3)}
    (kept,) = (tenant.bucket / "manifests" / "acme" / "upgrades").iterdir()
    assert result(kept.read_text(encoding="utf-8")) == result(done.stdout)
    assert state(tenant.server)[SIDE] == f"costack: side m1 rehearsed {TO} from the backup of {backup}"
    assert asked(tenant, "SELECT count(*) FROM ir_mail_server WHERE active", SIDE) == "0"
    assert asked(tenant, "SELECT count(*) FROM ir_mail_server WHERE active") == "1"
    assert {each: each.stat().st_mtime for each in tenant.filestore.rglob("*")} == files
    refused = act(tenant, "switch", **UPGRADES)
    assert (refused.returncode, "no side database that was filled" in refused.stderr) == (1, True)
    assert act(tenant, "drop-side", **UPGRADES).returncode == 0
    assert state(tenant.server).keys() == {DATABASE}


def test_it_takes_the_place_with_its_new_files_and_gives_it_back(tenant: Pods) -> None:
    before, files = sums(tenant.server), {each for each in tenant.filestore.rglob("*") if each.is_file()}
    assert make(tenant, **UPGRADES).returncode == 0
    assert run(tenant, "rehearsal").returncode == 0
    back_up_last(tenant)
    done = run(tenant, "upgrade", **LAST)
    assert done.returncode == 0, done.stderr
    assert result_of(done.stdout, "acme", "upgrade", TO).backup == tenant.manifests()[-1]
    # What a copy was neutralised by in the rehearsal is gone: this one is to be production.
    assert asked(tenant, "SELECT count(*) FROM ir_config_parameter", SIDE) == "0"
    added = {each for each in tenant.filestore.rglob("*") if each.is_file()} - files
    assert [each.read_text(encoding="utf-8") for each in added] == ["made by the upgrade"]
    assert all(each.exists() and not each.is_symlink() for each in files)
    assert act(tenant, "switch", **UPGRADES).returncode == 0
    assert asked(tenant, "SELECT latest_version FROM ir_module_module WHERE name = 'base'") == "19.0.1.0"
    assert sums(tenant.server, KEPT) == before
    assert act(tenant, "back", **UPGRADES).returncode == 0
    assert sums(tenant.server) == before
    assert act(tenant, "drop-side", **UPGRADES).returncode == 0
    assert state(tenant.server) == {DATABASE: ""}


def owners(server: Server, database: str) -> set[str]:
    """Who owns anything of a database but the system's parts."""
    owned = (
        "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        "SELECT pg_get_userbyid(extowner) FROM pg_extension WHERE extname <> 'plpgsql'",
        "SELECT pg_get_userbyid(lomowner) FROM pg_largeobject_metadata",
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()",
    )
    return set(server.ask(" UNION ".join(owned), **{**TENANT, "database": database}).splitlines())


def test_the_command_may_enter_and_change_nothing_but_the_side_database(tenant: Pods) -> None:
    """It names the database in use by mistake, or worse: nothing of that goes well, and people work on."""
    with writing(tenant.server, "while it attacks") as people:
        assert make(tenant, **UPGRADES).returncode == 0
        done = run(tenant, "rehearsal", COMMAND="upgrades attack")
        people.wait_for(2)
        assert people.refused == []
    assert done.returncode == 0, done.stderr
    refusals = (tenant.folder / WORK / "data" / "attacks").read_text(encoding="utf-8")
    assert refusals.count("ERROR") + refusals.count("FATAL") == 11
    assert 'permission denied for database "odoo_acme"' in refusals
    assert set(owners(tenant.server, SIDE)) == {ROLE}


@pytest.mark.whole("what the command may not do is tried in every run, and who owns the copy then")
def test_what_the_command_made_becomes_the_tenants_and_its_login_goes(tenant: Pods) -> None:
    back_up_last(tenant)
    before = owners(tenant.server, DATABASE)
    assert make(tenant, **UPGRADES).returncode == 0
    assert run(tenant, "upgrade", **LAST).returncode == 0
    without = "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL"
    assert COMMAND_LOGIN in tenant.server.ask(without).splitlines()
    assert act(tenant, "switch", **UPGRADES).returncode == 0
    assert owners(tenant.server, DATABASE) == before == {ROLE}
    assert COMMAND_LOGIN not in tenant.server.ask("SELECT rolname FROM pg_roles").splitlines()


@pytest.mark.whole("marks of owners are tried in every run (test_owner)")
def test_a_role_of_somebody_else_is_not_taken_for_that_of_the_command(tenant: Pods) -> None:
    tenant.server.ask(f"CREATE ROLE {COMMAND_LOGIN}")
    done = make(tenant, **UPGRADES)
    assert done.returncode == 1
    assert f"role {COMMAND_LOGIN} on " in done.stderr
    assert "it was not made for its upgrade, so nothing was changed" in done.stderr


@pytest.mark.whole("the order of the jobs is tried in every run (tests/components/tenant/test_upgrade.py)")
def test_who_goes_back_keeps_a_job_that_still_runs_from_switching(tenant: Pods) -> None:
    """An update was killed; its job wants to switch after the job of the way back has run."""
    before = sums(tenant.server)
    back_up_last(tenant)
    assert make(tenant, **UPGRADES).returncode == 0
    assert run(tenant, "upgrade", **LAST).returncode == 0
    assert act(tenant, "back", **UPGRADES).returncode == 0
    late = act(tenant, "switch", **UPGRADES)
    assert late.returncode == 1
    assert "no side database that was filled and checked" in late.stderr
    assert act(tenant, "back", **UPGRADES).returncode == 0
    assert act(tenant, "drop-side", **UPGRADES).returncode == 0
    assert (sums(tenant.server), state(tenant.server)) == (before, {DATABASE: ""})


@pytest.mark.whole("test_side_killed ends the Jobs of the same switch")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"COMMAND": "upgrades break"}, "the command that upgrades ended with 3, and its log above says why"),
        ({"COMMAND": "upgrades slow", "MOST_SECONDS": "1"}, "took more than 0 minutes and was ended"),
        ({"COMMAND": "upgrades lose"}, "the upgraded database failed its checks"),
        ({"COMMAND": "true"}, "the upgraded database failed its checks"),
        ({"LAST": "of another"}, "a complete backup"),
    ],
)
def test_what_fails_leaves_production_as_it_was(tenant: Pods, more: dict[str, str], said: str) -> None:
    before, files = sums(tenant.server), set(tenant.filestore.rglob("*"))
    back_up_last(tenant)
    assert make(tenant, **UPGRADES).returncode == 0
    done = run(tenant, "upgrade", **{**LAST, **more})
    assert done.returncode == 1, done.stderr
    assert said in done.stderr + done.stdout
    assert (sums(tenant.server), set(tenant.filestore.rglob("*"))) == (before, files)
    assert act(tenant, "switch", **UPGRADES).returncode == 1
    assert "was not switched: there is nothing to take back" in act(tenant, "back", **UPGRADES).stdout
    assert act(tenant, "drop-side", **UPGRADES).returncode == 0
    assert state(tenant.server) == {DATABASE: ""}


@pytest.mark.whole("an Odoo without any file is rare, and the rest of this is what is tried above")
def test_a_tenant_without_files_is_upgraded_too(tenant: Pods) -> None:
    back_up_last(tenant)
    assert make(tenant, **UPGRADES).returncode == 0
    done = run(tenant, "upgrade", COMMAND="upgrades bare", **LAST)
    assert done.returncode == 0, done.stderr
    assert state(tenant.server)[SIDE].startswith(f"costack: side m1 ready {TO} from the backup of ")


@pytest.mark.whole("a row that is lost is tried among what fails")
def test_rows_may_be_lost_where_the_operator_says_so(tenant: Pods) -> None:
    assert make(tenant, **UPGRADES).returncode == 0
    done = run(tenant, "rehearsal", COMMAND="upgrades lose")
    checks = {each["name"]: each for each in result(done.stdout)["checks"]}
    assert checks["rows"]["found"] == "account_move: 2990, expected 2999"
    again = run(tenant, "rehearsal", COMMAND="upgrades lose", MAY_LOSE_ROWS="account_move")
    assert again.returncode == 0, again.stderr


@pytest.mark.whole("the last backup is taken in every upgrade here")
def test_the_last_backup_is_taken_whatever_clocks_say(tenant: Pods) -> None:
    back_up_last(tenant)
    marked = tenant.manifests()[-1]
    for kind, ending in (("manifests", "json"), ("dumps", "dump")):
        folder = tenant.bucket / kind / "acme"
        text = (folder / f"{tenant.manifests()[0]}.{ending}").read_bytes()
        (folder / f"2999-01-01T00:00:00Z.{ending}").write_bytes(text)
    assert make(tenant, **UPGRADES).returncode == 0
    assert result(run(tenant, "upgrade", **LAST).stdout)["backup"] == marked


@pytest.mark.whole("tests/lifecycle/test_side_killed.py kills the switch; make torture kills at 20 points")
@pytest.mark.parametrize("mode", ["upgrade", "rehearsal"])
def test_a_killed_job_begins_again_with_the_backup(tenant: Pods, mode: str) -> None:
    before = sums(tenant.server)
    back_up_last(tenant)

    def prepare() -> None:
        forget_side(tenant.server)
        assert make(tenant, **UPGRADES).returncode == 0

    def judge() -> None:
        assert sums(tenant.server) == before
        word = "ready" if mode == "upgrade" else "rehearsed"
        assert state(tenant.server)[SIDE].startswith(f"costack: side m1 {word} {TO} from the backup of ")
        assert asked(tenant, "SELECT count(*) FROM account_move WHERE checked", SIDE) == "2999"

    _kill(tenant, mode, prepare, judge)


def _kill(tenant: Pods, mode: str, prepare: Callable[[], None], judge: Callable[[], None]) -> None:
    """In its restore, in its command and in its checks."""
    kill_everywhere(tenant, pod(tenant), environment(tenant, mode, **LAST), prepare, judge, 0.4, 0.75, 0.95)
