"""`costack refresh --from FILE`: looked into, uploaded, written into the file; taken away at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.actions.change.restore
import cli.actions.change.uploads
from cli.console.exit_codes import Exit
from lifecycle.adapters import decommission_world
from tests.cli.actions.test_restore import file_of, refresh
from tests.lifecycle.decommission.test_final_backup import Bucket
from tests.lifecycle.uploads.archives import FolderBucket
from tests.lifecycle.uploads.test_archive import made
from tests.lifecycle.uploads.test_sql_dump import END, HEAD
from tests.portfolios import catalog
from tiers.inventory import Inventory, exported
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

RUNNER = CliRunner()
BASE = (
    b"COPY public.ir_module_module (id, name, state, latest_version) FROM stdin;\n"
    b"1\tbase\tinstalled\t%b.1.3\n\\.\n"
)
DUMP = HEAD + BASE % b"18.0" + END
TRIAL = "borealis-migration"


@pytest.fixture
def bucket(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], FolderBucket]:
    """`pulumi up` with a platform bucket that is a folder."""
    holds = FolderBucket(tmp_path / "bucket")
    holds.bucket = "backups"  # type: ignore[attr-defined]

    def deploy() -> FolderBucket:
        plan = resolve(catalog(), load_portfolio(folder, catalog()))
        ids = {"platform/backup-bucket": "arn:aws:s3:::backups"}
        deployed = Inventory.model_validate_json(json.dumps(exported(plan, ids)))
        monkeypatch.setattr(cli.actions.change.restore, "deployed_inventory", lambda *_: deployed)
        return holds

    monkeypatch.setattr(cli.actions.change.uploads, "UploadBucket", lambda *_: holds)
    return deploy


def test_a_sandbox_without_backups_starts_from_an_upload_stage_by_stage(
    folder: Path, tmp_path: Path, bucket: Callable[[], FolderBucket]
) -> None:
    path, before = made(tmp_path / "odoo-sh.zip", dump=DUMP), file_of(folder, TRIAL)
    holds = bucket()
    result = refresh(folder, TRIAL, "--from", str(path))
    assert result.exit_code == Exit.OK, result.output
    assert "Odoo 18.0 on PostgreSQL 16.4, 1 rows in 1 tables, 1 modules installed, 3 files" in result.stdout
    line = 'restore: {at: 2026-11-01T04:05:06Z, from_archive: "odoo-sh.zip", stage: prepare}\n'
    assert line in file_of(folder, TRIAL)
    assert "restores the uploaded odoo-sh.zip of 2026-11-01T04:05:06Z into a database beside" in result.stdout
    assert holds.sizes(f"manifests/{TRIAL}.upload/")
    for stage in ("prepare", "switch", "start", "confirm"):
        assert f"stage: {stage}}}" in file_of(folder, TRIAL)
        bucket()
        assert "its refresh from odoo-sh.zip of 2026-11-01T04:05:06Z" in refresh(folder, TRIAL).stdout
        result = refresh(folder, TRIAL, "--next")
        assert result.exit_code == Exit.OK, result.output
    assert "deleted the 2 objects of the upload from s3://backups" in result.stdout
    assert holds.sizes("") == {}
    assert file_of(folder, TRIAL) == before


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (
            ("--from", "nothing.zip"),
            Exit.CONFIGURATION,
            "nothing.zip: cannot be read: No such file or directory",
        ),
        (("--from", "old zip.zip"), Exit.CONFIGURATION, "expected a name of letters, digits"),
        (
            ("--from", "good.zip", "--backup", "2026-11-29T01:15:00Z"),
            Exit.CONFIGURATION,
            "--from names a file",
        ),
        (("--files", "good.zip"), Exit.CONFIGURATION, "--files has the files of a dump"),
        (
            ("--from", "good.zip", "--files", "good.zip"),
            Exit.CONFIGURATION,
            "has its own files: leave out --files",
        ),
        (("--from", "cut.zip"), Exit.CONFIGURATION, "cut.zip: is damaged"),
        (("--from", "older.zip"), Exit.POLICY, "it is of Odoo 17.0, and borealis-migration runs Odoo 18.0"),
        (("--from", "good.zip", "--next"), Exit.CONFIGURATION, "name only one of --from, --next and --back"),
    ],
)
def test_what_may_not_come_is_refused_before_anything_is_uploaded_or_written(  # noqa: PLR0917 - a table's row
    folder: Path,
    tmp_path: Path,
    bucket: Callable[[], FolderBucket],
    arguments: tuple[str, ...],
    code: Exit,
    why: str,
) -> None:
    whole = made(tmp_path / "good.zip", dump=DUMP).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    made(tmp_path / "older.zip", dump=HEAD + BASE % b"17.0" + END)
    before, holds = file_of(folder, TRIAL), bucket()
    result = refresh(folder, TRIAL, *arguments, "--cwd", str(tmp_path))
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert file_of(folder, TRIAL) == before
    assert holds.sizes("") == {}


@pytest.mark.parametrize(
    ("backups", "code", "why"),
    [
        (
            [7],
            Exit.POLICY,
            "acme is production, and 7 logins are in its backup of 2026-11-20T01:15:00Z: an upload",
        ),
        ([7, 0], Exit.OK, ""),
        ([0], Exit.OK, ""),
        ([None], Exit.OK, ""),
        ([], Exit.OK, ""),
    ],
)
def test_a_production_that_people_have_worked_in_is_refused_before_anything_is_uploaded(  # noqa: PLR0917 - a row
    folder: Path,
    tmp_path: Path,
    bucket: Callable[[], FolderBucket],
    monkeypatch: pytest.MonkeyPatch,
    backups: list[int | None],
    code: Exit,
    why: str,
) -> None:
    """As its newest backup counts; where none does, the Job of `prepare` asks."""
    holds, own, path = bucket(), Bucket(), made(tmp_path / "old.zip", dump=DUMP)
    for day, rows in enumerate(backups, 20):
        tables = {} if rows is None else {"public.res_users_log": {"rows": rows, "highest": 9}}
        own.dump(f"2026-11-{day}T01:15:00Z", tables=tables)
    monkeypatch.setattr(decommission_world, "_s3", lambda _: own)
    before = file_of(folder)
    result = refresh(folder, "acme", "--from", str(path))
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert bool(holds.sizes("")) is (file_of(folder) != before) is (code == Exit.OK)


def test_an_upload_is_taken_once_and_not_while_another_goes_on(
    folder: Path, tmp_path: Path, bucket: Callable[[], FolderBucket]
) -> None:
    made(tmp_path / "old.zip", dump=DUMP)
    holds = bucket()
    assert refresh(folder, TRIAL, "--from", str(tmp_path / "old.zip")).exit_code == Exit.OK
    bucket()
    there: Any = dict(holds.sizes(""))
    result = refresh(folder, TRIAL, "--from", str(tmp_path / "old.zip"))
    assert (result.exit_code, "finish that with `costack refresh`" in result.stderr) == (Exit.POLICY, True)
    assert holds.sizes("") == there
