"""From backup.sh to restore_test.sh on a real PostgreSQL: nothing is lost, and no damage stays unseen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from components.scripts import script
from lifecycle.restore_test.result import RestoreResult, restore_result
from tests.lifecycle.odoo import DATABASE, FILES, PASSWORD, ROLE, checksums
from tests.lifecycle.pods import Pods, keeping
from tests.postgres import NEWEST_SOLD, Server, give, programs, unprivileged

# Every version of the server is backed up and restored in test_every_version.py.
pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True)]


def outcome_of(pods: Pods, **more: str) -> tuple[int, RestoreResult]:
    """How the restore test ends, and what it found; the bucket must hold what it printed."""
    done = pods.restore_test(**more)
    assert done.stdout.count("\n") == 1, done.stderr
    result = restore_result(done.stdout, "acme")
    kept = pods.bucket / "manifests" / "acme" / "restore-tests" / f"{result.started_at}.json"
    assert kept.read_text(encoding="utf-8") == done.stdout
    assert not (pods.folder / "restored" / "server").exists()
    return done.returncode, result


def faults(pods: Pods, **more: str) -> dict[str, tuple[str, ...]]:
    """The checks that failed, and the differences each found."""
    code, result = outcome_of(pods, **more)
    assert code == 1
    return {check.name: check.differences for check in result.faults}


def manifest_of(pods: Pods, backup: str) -> Path:
    return pods.bucket / "manifests" / "acme" / f"{backup}.json"


def dump_of(pods: Pods, backup: str) -> Path:
    return pods.bucket / "dumps" / "acme" / f"{backup}.dump"


def rewrite(pods: Pods, backup: str, **changes: Any) -> None:
    path = manifest_of(pods, backup)
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | changes), encoding="utf-8")


def dump_another(pods: Pods, backup: str, sql: str) -> None:
    """Put the dump of a changed database in place of the backup's, with its checksum in the manifest.

    So the counts alone can tell; a dump that is merely changed does not have its checksum any more.
    """
    server = pods.server
    server.ask(f"CREATE DATABASE damaged TEMPLATE {DATABASE}")
    try:
        server.ask(sql, database="damaged")
        done = subprocess.run(
            ["pg_dump", "--format=custom"],
            env=server.connection("postgres", "the master's own", "damaged"),
            capture_output=True,
            check=True,
        )
    finally:
        server.ask("DROP DATABASE damaged")
    dump_of(pods, backup).write_bytes(done.stdout)
    rewrite(pods, backup, sha256=sha256(done.stdout).hexdigest())


def tool(pods: Pods, name: str, body: str) -> None:
    """Put something before a program of PostgreSQL."""
    path = pods.folder / "tools" / name
    path.write_text(f'#!/bin/bash\n{body}\nexec {programs(pods.clients) / name} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    give(path)


def test_a_good_backup_passes_every_check(damaged: Pods, backup: str) -> None:
    code, result = outcome_of(damaged)
    assert code == 0
    assert (result.backup, result.taken_at, result.result) == (backup, backup, "ok")
    assert [check.name for check in result.checks] == [
        "backup",
        "manifest",
        "tenant",
        "owner",
        "place",
        "dump",
        "restored",
        "odoo",
        "base",
        "users",
        "rows",
        "highest ids",
        "sequences",
        "attachments",
        "attachment sizes",
        "filestore",
        "attachment contents",
    ]
    found = {check.name: check.found for check in result.checks}
    assert found["rows"] == "3076 in 14 tables"
    assert found["attachments"] == found["attachment contents"] == str(FILES * 4 // 5)
    assert result.dump_bytes == dump_of(damaged, backup).stat().st_size
    assert result.database_bytes > 5_000_000


def test_what_a_dump_runs_has_no_rights(damaged: Pods, backup: str) -> None:
    """A table's own check runs for each row that is restored; a tenant's dump may hold any such thing."""
    dump_another(
        damaged,
        backup,
        """
        CREATE FUNCTION public.asked() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          RETURN session_user = 'postgres' OR NOT EXISTS (
            SELECT FROM pg_catalog.pg_roles
             WHERE rolname = session_user
               AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
                    OR pg_catalog.has_function_privilege('pg_catalog.pg_read_file(text)', 'execute')
                    OR pg_catalog.pg_has_role('pg_execute_server_program', 'usage')
                    OR pg_catalog.has_database_privilege('postgres', 'connect')));
        END $$;
        CREATE TABLE public.answer (id int CHECK (public.asked()));
        INSERT INTO public.answer VALUES (1);
        """,
    )
    said = ("public.answer: 1, expected none",)
    assert faults(damaged) == {"rows": said, "highest ids": said}


@pytest.mark.whole("what a dump runs has no rights: tried here")
@pytest.mark.usefixtures("backup")
def test_the_server_that_runs_a_dump_has_nothing_of_the_pods_environment(damaged: Pods) -> None:
    """Where credentials are found stands in the environment of a pod."""
    said = damaged.folder / "restored" / "names"
    tool(damaged, "pg_ctl", f'case " $* " in *" start "*) env | cut -d= -f1 >"{said}";; esac')
    code, _ = outcome_of(damaged, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://169.254.170.23/v1/credentials")
    assert code == 0
    names = (damaged.folder / "restored" / "names").read_text(encoding="utf-8").split()
    assert "PATH" in names
    assert not {each for each in names if each.startswith(("AWS", "BUCKET", "PG"))} - {
        "PGDATA",
        "PG_GRANDPARENT_PID",
    }


@pytest.fixture
def restored(damaged: Pods, backup: str) -> Pods:
    """A restore test whose report is still to come; what the restore left may be changed."""
    damaged.empty_volumes()
    for name in ("fetch", "restore"):
        with damaged.container(name, BACKUP=backup) as process:
            _, said = process.communicate()
        assert process.returncode == 0, said
    return damaged


def reported(pods: Pods) -> subprocess.CompletedProcess[str]:
    with pods.container("report") as process:
        stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.mark.whole("a hostile dump; test_what_a_dump_runs_has_no_rights is tried here")
@pytest.mark.parametrize(
    ("name", "target"), [("measured", "secret"), ("sample", "secret"), ("named", "nowhere")]
)
def test_a_report_follows_no_link_that_a_restore_left(restored: Pods, name: str, target: str) -> None:
    """What runs a dump may be taken over; the report reads with the backup's role."""
    left = restored.folder / "restored" / name
    left.unlink()
    left.symlink_to(restored.bucket / target)
    done = reported(restored)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{name}: expected a file of at most ")
    assert not (restored.bucket / "manifests" / "acme" / "restore-tests").exists()


@pytest.mark.whole("a result with what is no number is refused below")
def test_a_restore_that_says_nothing_or_nonsense_proves_nothing(restored: Pods) -> None:
    (restored.folder / "restored" / "measured").write_text("[", encoding="utf-8")
    assert reported(restored).returncode == 2
    for left in (restored.folder / "restored").iterdir():
        if left.is_file():
            left.unlink()
    done = reported(restored)
    assert done.returncode == 1
    assert [check.name for check in restore_result(done.stdout, "acme").faults] == ["odoo"]


@pytest.mark.whole("a hostile dump; test_what_a_dump_runs_has_no_rights is tried here")
@pytest.mark.parametrize("value", ['"none"', "-1", "1.5", "1e15", "{}"])
def test_a_report_writes_no_result_with_what_is_no_number(restored: Pods, value: str) -> None:
    """What lies in the bucket can be deleted by none of our roles, and a decommission reads it."""
    left = restored.folder / "restored" / "measured"
    said = json.loads(left.read_text(encoding="utf-8")) | {"restore_seconds": "@"}
    left.write_text(json.dumps(said).replace('"@"', value), encoding="utf-8")
    done = reported(restored)
    assert (done.returncode, done.stdout) == (2, "")
    assert "measured: expected a whole number, found " in done.stderr
    assert not (restored.bucket / "manifests" / "acme" / "restore-tests").exists()


@pytest.mark.whole("nonsense is refused here, too")
def test_a_result_is_short_whatever_a_restore_says(restored: Pods) -> None:
    folder = restored.folder / "restored"
    said = json.loads((folder / "measured").read_text(encoding="utf-8"))
    tables = "\n".join(json.dumps({"table": f"{n}{'t' * 5000}", "rows": 1, "highest": 1}) for n in range(90))
    (folder / "tables").write_text(tables, encoding="utf-8")
    assert len(reported(restored).stdout) < 40_000
    (folder / "measured").write_text(json.dumps(said | {"error": "x" * 5000}), encoding="utf-8")
    done = reported(restored)
    assert done.returncode == 1
    assert [each.found for each in restore_result(done.stdout, "acme").faults] == ["x" * 500]


@pytest.mark.whole("links that lead elsewhere are refused in three tests here")
def test_a_sample_of_other_places_is_not_read(restored: Pods) -> None:
    sample = restored.folder / "restored" / "sample"
    good = sample.read_text(encoding="utf-8").splitlines()
    sample.write_text(
        "\n".join(["../../dumps", f"../{good[0]}", "/etc/hostname", *good[1:]]), encoding="utf-8"
    )
    (restored.bucket / "calls").write_text("", encoding="utf-8")
    done = reported(restored)
    assert done.returncode == 0, done.stderr
    (contents,) = (
        each for each in restore_result(done.stdout, "acme").checks if each.name == "attachment contents"
    )
    assert contents.found == str(len(good) - 1)
    calls = (restored.bucket / "calls").read_text(encoding="utf-8")
    assert ".." not in calls
    assert "hostname" not in calls


@pytest.mark.whole("no link is followed in the test above, and the bucket takes one file")
def test_it_writes_its_result_and_nothing_else(damaged: Pods) -> None:
    def objects() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in damaged.bucket.rglob("*") if path.is_file()}

    before = objects()
    (damaged.bucket / "calls").write_text("", encoding="utf-8")
    outcome_of(damaged)
    after = objects()
    calls = damaged.bucket / "calls"
    new = {path.parent.name for path in after.keys() - before.keys()}
    assert new == {"restore-tests"}
    assert {path for path in before if path != calls and before[path] != after.get(path)} == set()
    assert not any(call.startswith(("s3 rm", "s3 sync")) for call in calls.read_text().splitlines())


def test_what_is_restored_has_the_checksums_of_what_was_dumped(
    server: Server, pods: Pods, backup: str
) -> None:
    """Every row of every table, generated columns, odd names, bytes and large objects included."""
    server.ask("CREATE DATABASE restored")
    try:
        # As SQL: from 17 on pg_restore sets a parameter that older servers do not know (docs/restores.md).
        restoring = (
            "pg_restore --no-owner --no-acl --file=- \"$0\" | sed '1,40{/^SET transaction_timeout = 0;$/d}'"
            " | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1"
        )
        connection = server.connection("postgres", "the master's own", "restored")
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", restoring, str(dump_of(pods, backup))],
            env=connection | {"PATH": f"{programs(pods.clients)}:/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        then = checksums(lambda sql: server.ask(sql, database=DATABASE, user=ROLE, password=PASSWORD))
        now = checksums(lambda sql: server.ask(sql, database="restored"))
    finally:
        server.ask("DROP DATABASE restored")
    assert len(then) == 15
    assert now == then


@pytest.mark.whole("a dump is one snapshot of PostgreSQL")
def test_a_backup_counts_what_its_dump_holds_while_odoo_writes_on(damaged: Pods) -> None:
    """Rows that are added and removed, numbers that are given out, while pg_dump already runs."""
    writing = (
        "INSERT INTO account_move (name, amount_untaxed, amount_tax) SELECT 'late', 1, 1"
        " FROM generate_series(1, 50);"
        "DELETE FROM account_move WHERE id = 2900 OR name = 'late' AND id % 2 = 0;"
        " SELECT nextval('ir_sequence_017')"
    )
    with keeping(damaged):
        once = '[ "$1" = --version ] || '  # who only asks for the version writes nothing
        tool(damaged, "pg_dump", f'{once}psql --no-psqlrc --quiet -c "{writing}" >/dev/null || exit')
        time.sleep(1)  # a backup is called after the second in which it begins
        taken = damaged.back_up()
        manifest = json.loads(manifest_of(damaged, taken).read_text(encoding="utf-8"))
        assert manifest["tables"]["public.account_move"]["rows"] == 2999
        assert manifest["sequences"]["public.ir_sequence_017"] == {"lowest": 2026, "highest": 2027}
        (damaged.folder / "tools" / "pg_dump").unlink()
        code, result = outcome_of(damaged)
        assert (code, result.backup) == (0, taken)


@pytest.mark.sample(1)
@pytest.mark.parametrize("trouble", ["password", "pg_dump", "empty", "filestore"])
def test_a_backup_that_fails_is_none(damaged: Pods, trouble: str) -> None:
    complete = damaged.manifests()
    if trouble == "password":
        conf = damaged.folder / "odoo.conf"
        conf.write_text(conf.read_text().replace(PASSWORD, "wrong"), encoding="utf-8")
    elif trouble == "pg_dump":
        tool(damaged, "pg_dump", "head -c 5000 /dev/zero; exit 3")
    elif trouble == "empty":
        tool(damaged, "pg_dump", "exit 0")
    else:
        damaged.filestore.rename(damaged.filestore.with_name("other"))
    give(damaged.folder)
    time.sleep(1)  # a backup is called after the second in which it begins
    done = damaged.run(script("backup.sh"))
    assert done.returncode != 0
    assert damaged.manifests() == complete
    code, result = outcome_of(damaged)
    assert (code, result.backup) == (0, complete[-1])


def test_rows_ids_tables_and_sequences_that_differ_are_named(damaged: Pods, backup: str) -> None:
    dump_another(
        damaged,
        backup,
        "DELETE FROM account_move WHERE id = 2500;"
        "UPDATE ir_module_module SET id = 4711 WHERE id = 3;"
        "DELETE FROM ir_attachment WHERE id = (SELECT max(id) FROM ir_attachment);"
        "DROP TABLE no_id;"
        "CREATE TABLE stray (id integer);"
        "SELECT setval('ir_sequence_017', 2025);"
        "SELECT setval('account_move_id_seq', 3001);"
        "SELECT setval('no_rows_id_seq', 1, false)",
    )
    found = faults(damaged)
    assert set(found) == {"rows", "highest ids", "sequences"}
    assert found["rows"] == (
        "public.account_move: 2998, expected 2999",
        "public.ir_attachment: 16, expected 17",
        "public.no_id: none, expected 0",
        "public.stray: 0, expected none",
    )
    assert found["highest ids"] == (
        "public.ir_attachment: 16, expected 17",
        "public.ir_module_module: 4711, expected 3",
    )
    assert found["sequences"] == (
        "public.account_move_id_seq: 3001, expected 3000",
        "public.ir_sequence_017: 2025, expected 2026",
    )


@pytest.mark.whole("fifteen seconds; missing rows and tables are reported by the same queries")
def test_a_database_that_is_not_odoos_is_reported(damaged: Pods, backup: str) -> None:
    dump_another(damaged, backup, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert set(faults(damaged)) == {"odoo"}
    dump_another(
        damaged, backup, "UPDATE ir_module_module SET state = 'to upgrade'; TRUNCATE res_users CASCADE"
    )
    assert set(faults(damaged)) == {"base", "users", "rows", "highest ids"}


@pytest.mark.whole("tests here compare the checksums after a restore")
def test_a_value_changed_under_the_same_counts_shows_in_the_checksum_alone(
    damaged: Pods, backup: str
) -> None:
    """What the checks cannot see: a dump and a manifest that were both changed, to agree."""
    written = json.loads(manifest_of(damaged, backup).read_text(encoding="utf-8"))["sha256"]
    dump_another(damaged, backup, "UPDATE account_move SET amount_untaxed = 0 WHERE id = 9")
    assert outcome_of(damaged)[0] == 0
    rewrite(damaged, backup, sha256=written)
    assert set(faults(damaged)) == {"dump"}


@pytest.mark.whole("a dump that was cut off is noticed by the same checksum")
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_one_bit_that_flipped_is_noticed(damaged: Pods, backup: str, share: float) -> None:
    path = dump_of(damaged, backup)
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 0x10
    path.write_bytes(content)
    assert "dump" in faults(damaged)


@pytest.mark.sample(1)
@pytest.mark.parametrize("kept", [0, 1000, -1])
def test_a_dump_that_was_cut_off_is_noticed(damaged: Pods, backup: str, kept: int) -> None:
    path = dump_of(damaged, backup)
    path.write_bytes(path.read_bytes()[:kept])
    found = faults(damaged)
    assert "dump" in found
    assert kept < 0 or "restored" in found


@pytest.mark.whole("one that was cut off is tried here")
def test_a_dump_that_is_gone_is_noticed(damaged: Pods, backup: str) -> None:
    dump_of(damaged, backup).unlink()
    _, result = outcome_of(damaged)
    assert [check.name for check in result.faults] == ["dump"]
    assert "unreadable: fatal error: An error occurred (404)" in result.faults[0].found


def test_files_that_are_missing_shorter_or_other_are_named(damaged: Pods) -> None:
    copies = sorted((damaged.bucket / "filestores" / "acme").glob("??/*"))
    missing, shorter, other = (path for path in copies[2:5])
    missing.unlink()
    shorter.write_bytes(shorter.read_bytes()[:-1])
    other.write_bytes(bytes([other.read_bytes()[0] ^ 1]) + other.read_bytes()[1:])
    name = {path: str(path.relative_to(path.parent.parent)) for path in copies}
    found = faults(damaged)
    assert found.pop("attachments") == (f"{name[missing]}: missing",)
    assert found.pop("filestore") == ()
    (size,) = found.pop("attachment sizes")
    assert size.startswith(f"{name[shorter]}: {shorter.stat().st_size} bytes, expected ")
    assert {line.partition(":")[0] for line in found.pop("attachment contents")} == {
        name[missing],
        name[shorter],
        name[other],
    }
    assert found == {}


@pytest.mark.whole("six backups, to compare which files are drawn")
def test_a_sample_is_the_same_for_a_backup_and_another_for_the_next(damaged: Pods, backup: str) -> None:
    def read() -> list[str]:
        (damaged.bucket / "calls").write_text("", encoding="utf-8")
        _, result = outcome_of(damaged, SAMPLE="4")
        assert result.checks[-1].found == "4"
        calls = (damaged.bucket / "calls").read_text(encoding="utf-8").splitlines()
        return [call for call in calls if call.startswith("s3 cp --recursive")]

    first = read()
    time.sleep(1)  # a result is called after the second in which its test began
    assert len(first) in range(1, 5)
    assert read() == first
    later = backup.replace("20", "30", 1)
    dump_of(damaged, backup).rename(dump_of(damaged, later))
    manifest_of(damaged, backup).rename(manifest_of(damaged, later))
    rewrite(damaged, later, dump=f"s3://backups/dumps/acme/{later}.dump", started=later)
    give(damaged.folder)
    assert read() != first


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("check", "content"),
    [
        ("tenant", {"tenant": "borealis"}),
        ("owner", {"owner": "local/newcomer/acme"}),
        ("place", {"dump": "s3://backups/dumps/borealis/2026-11-24T01:15:00Z.dump"}),
        ("manifest", {"tables": None}),
        ("manifest", None),
    ],
)
def test_a_manifest_that_is_not_this_backups_is_refused(
    damaged: Pods, backup: str, check: str, content: dict[str, Any] | None
) -> None:
    if content is None:
        manifest_of(damaged, backup).write_text("<html>", encoding="utf-8")
    else:
        rewrite(damaged, backup, **content)
    assert set(faults(damaged)) == {check}


def test_a_copy_in_another_region_names_the_bucket_that_it_was_copied_from(
    damaged: Pods, backup: str
) -> None:
    rewrite(damaged, backup, dump=f"s3://first-region/dumps/acme/{backup}.dump")
    code, result = outcome_of(damaged)
    assert (code, tuple(result.faults)) == (0, ())


def test_no_backup_is_a_failed_test_and_one_that_is_named_must_be_there(damaged: Pods, backup: str) -> None:
    assert set(faults(damaged, BACKUP="2020-01-01T00:00:00Z")) == {"backup"}
    manifest_of(damaged, backup).unlink()
    time.sleep(1)  # a result is called after the second in which its test began
    _, result = outcome_of(damaged)
    assert [(check.expected, check.found) for check in result.checks] == [("a complete backup", "none")]
    assert (result.backup, result.taken_at) == ("", "")


@pytest.fixture
def restoring(damaged: Pods) -> Iterator[tuple[Pods, subprocess.Popen[str]]]:
    """A restore test in the middle of its restore; its server is stopped, whatever the test does."""
    tool(damaged, "pg_restore", 'if [ "$1" != --version ]; then touch "$HOME/restoring"; sleep 60; fi')
    damaged.empty_volumes()
    with damaged.container("fetch") as process:
        process.communicate()
    with damaged.container("restore") as process:
        deadline = time.monotonic() + 30
        while not (damaged.folder / "restoring").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield damaged, process
    process.communicate()
    data = damaged.folder / "restored" / "server"
    if (data / "postmaster.pid").exists():
        stop = [str(programs(damaged.clients) / "pg_ctl"), f"--pgdata={data}", "stop", "--mode=immediate"]
        subprocess.run(stop, check=False, capture_output=True, **unprivileged())


@pytest.mark.whole("test_killed_jobs kills the Jobs")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_test_that_is_killed_leaves_no_result(
    restoring: tuple[Pods, subprocess.Popen[str]], how: signal.Signals
) -> None:
    pods, process = restoring
    os.killpg(process.pid, how)
    stdout, _ = process.communicate(timeout=30)
    assert process.returncode in {-how, 2}
    assert stdout == ""
    assert not (pods.bucket / "manifests" / "acme" / "restore-tests").exists()


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("pg_restore", 'echo "pg_restore (PostgreSQL) 9.6.24"; exit', "the operations image has 9"),
        ("initdb", "echo no space left; exit 1", "initdb failed: no space left"),
        ("id", "exit 1", "has no name in the operations image"),
    ],
)
def test_an_image_that_cannot_test_says_so_and_gives_no_result(
    damaged: Pods, name: str, body: str, message: str
) -> None:
    tool(damaged, name, body)
    done = damaged.restore_test()
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not (damaged.bucket / "manifests" / "acme" / "restore-tests").exists()


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_result_that_the_bucket_does_not_take_is_none(damaged: Pods) -> None:
    blocked = damaged.bucket / "manifests" / "acme" / "restore-tests"
    blocked.write_text("in the way", encoding="utf-8")
    done = damaged.restore_test()
    assert (done.returncode, done.stdout) == (2, "")
