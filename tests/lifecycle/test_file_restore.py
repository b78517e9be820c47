"""Files that a restored database names come back from the bucket: each whole, and none over another."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha1
from itertools import islice
from pathlib import Path

import pytest

from components.scripts import script
from lifecycle.refreshes.result import refresh_results
from tests.lifecycle.odoo import DATABASE, store
from tests.lifecycle.pods import TENANT, Pods
from tests.postgres import OWNER, chosen_versions, give

pytestmark = [pytest.mark.postgres, chosen_versions]
_NAMED = "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL ORDER BY 1"


@pytest.fixture
def lost(damaged: Pods) -> Iterator[Pods]:
    """A tenant whose directory has lost its files, and whose bucket has the copies."""
    shutil.rmtree(damaged.filestore)
    (damaged.folder / "odoo" / ".costack-owner").write_text(OWNER, encoding="utf-8")
    give(damaged.folder)
    yield damaged
    shutil.rmtree(damaged.folder / "side", ignore_errors=True)


def bring_back(pods: Pods, **more: str) -> subprocess.CompletedProcess[str]:
    return pods.run(script("filestore_restore.sh"), **more)


def test_a_refresh_leaves_what_it_did_in_the_bucket_and_a_restore_does_not(lost: Pods) -> None:
    """The last refresh is known by it, so it is the last that is written."""
    lost.server.ask(
        f"COMMENT ON DATABASE {DATABASE} IS 'costack: used m1 2026-11-29T01:15:00Z anonymised ab'"
    )
    folder = lost.bucket / "manifests" / "acme" / "refreshes"
    try:
        assert bring_back(lost).returncode == 0
        assert not folder.exists()
        shutil.rmtree(lost.filestore)
        done = bring_back(lost, REFRESHES="acme/refreshes")
        assert done.returncode == 0, done.stderr
        (written,) = folder.iterdir()
        (result,) = refresh_results([written.read_text(encoding="utf-8")], "acme")
        assert (result.from_tenant, result.backup) == ("acme", "2026-11-29T01:15:00Z anonymised ab")
        assert result.named == result.brought_back == len(named(lost)) > 0
        assert written.name == f"{result.ended:%Y-%m-%dT%H:%M:%SZ}.json"
    finally:
        lost.server.ask(f"COMMENT ON DATABASE {DATABASE} IS NULL")
        shutil.rmtree(folder, ignore_errors=True)


def named(pods: Pods) -> list[str]:
    return pods.server.ask(_NAMED, **TENANT).splitlines()


def test_what_is_missing_comes_back_and_what_is_there_stays(lost: Pods) -> None:
    newer = lost.filestore / store(lost.filestore, b"written after the backup")
    names = named(lost)
    partly = lost.filestore / names[0]
    partly.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(lost.bucket / "filestores" / "acme" / names[0], partly)
    give(lost.folder)
    there = partly.stat().st_mtime_ns
    done = bring_back(lost)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"named": len(names), "brought_back": len(names) - 1, "result": "ok"}
    for name in names:
        assert (lost.filestore / name).read_bytes() == (
            lost.bucket / "filestores" / "acme" / name
        ).read_bytes()
    assert newer.read_bytes() == b"written after the backup"
    assert partly.stat().st_mtime_ns == there
    assert not (lost.folder / "odoo" / ".costack-restore").exists()
    assert json.loads(bring_back(lost).stdout)["brought_back"] == 0


@pytest.mark.parametrize("harm", ["gone", "altered", "outside"])
def test_what_is_not_what_its_name_says_is_not_taken(lost: Pods, harm: str) -> None:
    name = named(lost)[0]
    copy = lost.bucket / "filestores" / "acme" / name
    if harm == "gone":
        copy.unlink()
    elif harm == "altered":
        copy.write_bytes(b"something else")
    else:
        name = "../../password"
        row = f"('odd', '{name}')"
        lost.server.ask(f"INSERT INTO ir_attachment (name, store_fname) VALUES {row}", **TENANT)  # noqa: S608
    try:
        done = bring_back(lost)
    finally:
        lost.server.ask("DELETE FROM ir_attachment WHERE name = 'odd'", **TENANT)
    assert done.returncode == 1
    assert "1 files that odoo_acme names are neither here nor" in done.stderr
    assert f"in the copy in backups, such as {name}" in done.stderr
    assert not (lost.filestore / name).exists()


def test_the_way_back_does_not_end_at_a_file_that_is_nowhere(lost: Pods) -> None:
    """The database before named it and lacked it: Odoo would stay stopped for ever."""
    names = named(lost)
    (lost.bucket / "filestores" / "acme" / names[0]).unlink()
    done = bring_back(lost, MAY_LACK="yes")
    assert done.returncode == 0, done.stderr
    assert "1 files that odoo_acme names are neither here nor, as their names say" in done.stderr
    brought = len(names) - 1
    assert json.loads(done.stdout) == {
        "named": len(names),
        "brought_back": brought,
        "lacking": 1,
        "result": "ok",
    }


def test_a_whole_folder_comes_at_once(lost: Pods) -> None:
    """A folder that lacks more than a few files is read as one."""
    folder = lost.bucket / "filestores" / "acme"
    contents = (f"number {number}".encode() for number in range(10_000))
    alike = (each for each in contents if sha1(each, usedforsecurity=False).hexdigest()[:2] == "ab")
    made = [store(folder, each) for each in islice(alike, 12)]
    values = ", ".join(f"('many', '{each}')" for each in made)
    columns = "name, store_fname"
    lost.server.ask(f"INSERT INTO ir_attachment ({columns}) VALUES {values}", **TENANT)  # noqa: S608 - made here
    try:
        done = bring_back(lost)
    finally:
        lost.server.ask("DELETE FROM ir_attachment WHERE name = 'many'", **TENANT)
    assert done.returncode == 0, done.stderr
    assert all((lost.filestore / each).exists() for each in made)
    calls = (lost.bucket / "calls").read_text(encoding="utf-8")
    assert "s3 cp --recursive s3://backups/filestores/acme/ab/" in calls
    assert [
        path for path in (lost.filestore / "ab").iterdir() if f"ab/{path.name}" not in {*made, *named(lost)}
    ] == []


def test_files_of_another_are_left_alone(lost: Pods) -> None:
    (lost.folder / "odoo" / ".costack-owner").write_text("local/other/acme", encoding="utf-8")
    done = bring_back(lost)
    assert done.returncode == 1
    assert "belong to 'local/other/acme', and this tenant is local/acme-consulting/acme" in done.stderr
    assert not Path(lost.filestore).exists()
