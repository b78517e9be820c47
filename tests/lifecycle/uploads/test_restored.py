"""An uploaded Odoo is restored by the Jobs of a restore: rows, files and sequences as it had them."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.scripts import script
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import TENANT, Pods, keeping
from tests.lifecycle.side import SIDE, Done, act, fill_from_backup, forget_side, make, state, sums
from tests.lifecycle.uploads.archives import (
    PREFIX,
    bring_for,
    forget_uploads,
    plain_dump,
    zipped,
)
from tests.postgres import MAJORS, OWNER, chosen_versions, give, programs, running_server

pytestmark = [pytest.mark.postgres, chosen_versions]
_NOT_AFTER = "2026-11-01T04:05:06Z"
_NAMED = "SELECT count(DISTINCT store_fname) FROM ir_attachment"
_WRITTEN = 'Zoë\tTab\\N "quote" \\restrict x'


@pytest.fixture
def uploading(pods: Pods) -> Iterator[Pods]:
    with keeping(pods):
        (pods.folder / "odoo" / ".costack-owner").write_text(OWNER, encoding="utf-8")
        give(pods.folder / "odoo")
        try:
            yield pods
        finally:
            forget_side(pods.server)
            forget_uploads(pods)


def fill(pods: Pods, **more: str) -> Done:
    assert make(pods).returncode == 0
    uploaded = {"UPLOADED": "yes", **more}
    return fill_from_backup(pods, _NOT_AFTER, prefix=PREFIX, upload=uploaded, KEEP_RESULT="no")


def report(done: Done) -> dict[str, dict[str, object]]:
    line = next(each for each in done.stdout.splitlines()[::-1] if each.startswith("{"))
    return {each["name"]: each for each in json.loads(line)["checks"]}


def test_a_zip_of_odoo_becomes_what_is_in_use_with_its_files(uploading: Pods, tmp_path: Path) -> None:
    pods = uploading
    pods.server.ask(f"INSERT INTO no_id VALUES ('{_WRITTEN}')", **TENANT)  # noqa: S608 - ours
    before, named = sums(pods.server), int(pods.server.ask(_NAMED, **TENANT))
    dump = bring_for(pods, zipped(tmp_path / "old.zip", plain_dump(pods), pods.filestore))
    assert dump.contents is not None
    pods.server.ask("DELETE FROM account_move", **TENANT)
    kept = tmp_path / "kept"
    shutil.move(pods.filestore, kept)
    try:
        done = fill(pods)
        assert done.returncode == 0, done.stderr
        assert sums(pods.server, SIDE) == before
        assert act(pods, "switch").returncode == 0
        assert sums(pods.server) == before
        brought = pods.run(script("filestore_restore.sh"), PREFIX=PREFIX, MAY_LACK="yes")
        assert brought.returncode == 0, brought.stderr
        assert json.loads(brought.stdout) == {"named": named, "brought_back": named, "result": "ok"}
    finally:
        shutil.rmtree(pods.filestore, ignore_errors=True)
        shutil.move(kept, pods.filestore)


@pytest.mark.sample(1)
@pytest.mark.parametrize("form", ["sql.gz", "inserts", "custom"])
def test_a_dump_comes_with_its_files_beside_it(uploading: Pods, tmp_path: Path, form: str) -> None:
    """What has no rows to count before it is restored says so, and is compared no less in all else."""
    pods = uploading
    options = {"sql.gz": ["--create=off"], "inserts": ["--inserts"], "custom": ["--format=custom"]}[form]
    made = plain_dump(pods, *(each for each in options if each != "--create=off"))
    path = tmp_path / f"old.{form}"
    path.write_bytes(gzip.compress(made) if form == "sql.gz" else made)
    with tarfile.open(tmp_path / "files.tar.gz", "w:gz") as tar:
        tar.add(pods.filestore, "home/odoo/data/filestore/old")
    before = sums(pods.server)
    dump = bring_for(pods, path, tmp_path / "files.tar.gz")
    assert dump.client_version.startswith(str(pods.clients))
    assert dump.server_version.startswith(str(pods.server.major))
    done = fill(pods)
    assert done.returncode == 0, done.stderr
    assert sums(pods.server, SIDE) == before
    assert ("rows" in report(done)) is (form == "sql.gz")
    assert "attachment contents" in report(done)


@pytest.mark.whole("the newest server reads its own dumps in the tests above")
@pytest.mark.parametrize("form", ["plain", "custom"])
def test_a_dump_of_a_newer_server_is_read_by_an_older_one(uploading: Pods, tmp_path: Path, form: str) -> None:
    """What was PostgreSQL 18 elsewhere comes into a tenant on 16 or 17: its SQL is said as these read it."""
    pods, newest = uploading, MAJORS[-1]
    before = sums(pods.server)
    with running_server(newest) as newer:
        newer.ask(f"CREATE ROLE {ROLE} LOGIN PASSWORD $${PASSWORD}$$")
        newer.ask(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        into = [str(programs(newest) / "psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
        env = newer.connection(ROLE, PASSWORD, DATABASE)
        subprocess.run(into, input=plain_dump(pods), env=env, check=True, stdout=subprocess.DEVNULL)
        assert sums(newer) == before
        made = plain_dump(replace(pods, server=newer, clients=newest), f"--format={form}")
    path = tmp_path / f"old.{form}"
    if form == "custom":
        path.write_bytes(made)
    else:
        assert b"Dumped from database version %d" % newest in made
        zipped(path, made, pods.filestore)
    dump = bring_for(pods, path)
    assert dump.server_version.startswith(str(newest))
    done = fill(pods)
    assert done.returncode == 0, done.stderr
    assert sums(pods.server, SIDE) == before


@pytest.mark.whole("that nothing is changed is tried with other faults")
def test_what_an_older_server_cannot_read_ends_the_job_by_name(uploading: Pods, tmp_path: Path) -> None:
    pods = uploading
    only_new = b"CREATE TABLE public.x_new (a integer, b integer GENERATED ALWAYS AS (a * 2) VIRTUAL);\n"
    made = plain_dump(pods).replace(
        b"\nSET default_tablespace", b"\n" + only_new + b"SET default_tablespace", 1
    )
    bring_for(pods, zipped(tmp_path / "old.zip", made, pods.filestore))
    before, done = sums(pods.server), fill(pods)
    if pods.server.major < MAJORS[-1]:
        assert done.returncode == 1
        assert "VIRTUAL" in str(report(done)["restored"]["found"])
        assert state(pods.server)[SIDE] == "costack: side m1 filling"
    assert sums(pods.server) == before


def test_owners_rights_and_remarks_of_elsewhere_are_left_out(uploading: Pods, tmp_path: Path) -> None:
    """A dump of the server's master names roles that are not here."""
    pods = uploading
    pods.server.ask("CREATE ROLE odoo_old; CREATE ROLE readers")
    try:
        for sql in (
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO readers",
            "CREATE EXTENSION IF NOT EXISTS unaccent",
        ):
            pods.server.ask(sql, database=DATABASE)
        before = sums(pods.server)
        made = plain_dump(pods).replace(b"-- Completed on", b"--")
        made = made.replace(
            b"\nSET default_tablespace",
            b"\nALTER TABLE public.no_id OWNER TO odoo_old;\nSET default_tablespace",
            1,
        )
        assert b"OWNER TO odoo_old" in made
        assert b"GRANT SELECT" in made
        dump = bring_for(pods, zipped(tmp_path / "old.zip", made, pods.filestore))
        assert dump.contents is not None
        done = fill(pods)
        assert done.returncode == 0, done.stderr
        assert sums(pods.server, SIDE) == before
    finally:
        pods.server.ask("DROP OWNED BY readers", database=DATABASE)
        pods.server.ask("DROP ROLE readers; DROP ROLE odoo_old")


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_command_of_psql_in_the_middle_of_a_line_runs_nowhere(uploading: Pods, tmp_path: Path) -> None:
    """The reader of archives sees those at the beginning of a line; psql itself refuses all others."""
    pods, proof = uploading, uploading.folder / "ran"
    made = plain_dump(pods).replace(
        b"\nSET default_tablespace", b"\nSELECT 1 \\! touch %b\n;\nSET default_tablespace" % bytes(proof), 1
    )
    bring_for(pods, zipped(tmp_path / "old.zip", made, pods.filestore))
    done = fill(pods)
    assert done.returncode == 1
    assert not proof.exists()
    assert "restricted" in str(report(done)["restored"]["found"])
    assert state(pods.server)[SIDE] == "costack: side m1 filling"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("sql", "more", "why"),
    [
        ("DELETE FROM ir_module_module WHERE name IN ('account')", {}, "does not have: account; nothing was"),
        (
            "CREATE TABLE res_users_log (id integer); INSERT INTO res_users_log VALUES (1)",
            {"ONLY_IF_NOBODY_WORKED": "yes"},
            "people have worked in odoo_acme, and this is production",
        ),
    ],
)
def test_what_the_tenant_is_not_for_is_never_ready(
    uploading: Pods, tmp_path: Path, sql: str, more: dict[str, str], why: str
) -> None:
    pods = uploading
    bring_for(pods, zipped(tmp_path / "old.zip", plain_dump(pods), pods.filestore))
    pods.server.ask(sql, **TENANT)
    done = fill(pods, **more)
    assert (done.returncode, why in done.stderr) == (1, True), done.stderr
    assert state(pods.server)[SIDE] == "costack: side m1 filling"


@pytest.mark.whole("test_archive names them before anything is uploaded")
def test_files_that_the_archive_lacks_are_named_and_end_nothing(uploading: Pods, tmp_path: Path) -> None:
    pods = uploading
    files = Path(shutil.copytree(pods.filestore, tmp_path / "files"))
    contents = bring_for(pods, zipped(tmp_path / "a.zip", plain_dump(pods), files)).contents
    assert contents is not None
    gone = min(contents.files).hex()
    (files / gone[:2] / gone).unlink()
    forget_uploads(pods)
    bring_for(pods, zipped(tmp_path / "b.zip", plain_dump(pods), files))
    done = fill(pods)
    assert done.returncode == 0, done.stderr
    assert report(done)["attachments"]["differences"] == [f"{gone[:2]}/{gone}: missing"]
