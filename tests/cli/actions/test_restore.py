"""`costack restore`: one line and one update a step, forward and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.actions.change.restore
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle import evidence
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.errors import LifecycleError
from lifecycle.in_place.point_in_time import Window
from tests.lifecycle.test_downtime import HISTORY, state

RUNNER = CliRunner()
AT = "2026-11-29T01:15:00Z"


def restore(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(app, ["restore", *arguments, "--stack", "local", "--portfolio", str(folder)])


def file_of(folder: Path, tenant: str = "acme") -> str:
    return (folder / "tenants" / f"{tenant}.yaml").read_text(encoding="utf-8")


def test_a_restore_is_one_line_and_one_update_a_step(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder)
    up()
    result = restore(folder, "acme", "--at", "2026-11-29T02:15:00+01:00")
    for stage, next_ in (
        ("prepare", "stops acme, backs it up"),
        ("switch", "starts acme on what was restored"),
        ("start", "drops the database that acme had before; there is no way back"),
        ("confirm", "changes nothing more of acme; the restore is finished"),
    ):
        assert result.exit_code == Exit.OK, result.output
        assert f"restore: {{at: {AT}, stage: {stage}}}\n" in file_of(folder)
        assert ("--back" in result.stdout) is (stage != "confirm")
        assert restore(folder, "acme", "--next").exit_code == Exit.POLICY  # not deployed yet
        up()
        assert f"acme is at stage {stage} of its restore to {AT}: the last" in restore(folder, "acme").stdout
        result = restore(folder, "acme", "--next")
        assert next_ in result.stdout
    assert file_of(folder) == before
    up()
    assert restore(folder, "acme").stdout == "acme is not being restored. Begin with --at TIME\n"


def test_the_way_back_is_open_also_when_an_update_failed(folder: Path, up: Callable[[], None]) -> None:
    up()
    assert restore(folder, "acme", "--at", AT).exit_code == Exit.OK
    up()
    assert restore(folder, "acme", "--next").exit_code == Exit.OK
    result = restore(folder, "acme", "--back")  # the update of `switch` failed
    assert result.exit_code == Exit.OK, result.output
    assert "stage: discard}" in file_of(folder)  # people work with the very next update
    assert "drops the restored one with all that was written there" in result.stdout


def test_what_took_its_place_is_stopped_before_it_goes_back(folder: Path, up: Callable[[], None]) -> None:
    up()
    assert restore(folder, "acme", "--at", AT).exit_code == Exit.OK
    up()
    assert restore(folder, "acme", "--next").exit_code == Exit.OK
    up()
    assert restore(folder, "acme", "--back").exit_code == Exit.OK
    assert "stage: back}" in file_of(folder)
    up()
    result = restore(folder, "acme", "--next")
    assert "drops the restored one with all that was written there" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("acme", "--at", AT, "--next"), Exit.CONFIGURATION, "name only one of --at, --next and --back"),
        (("acme", "--at", "yesterday"), Exit.CONFIGURATION, "found 'yesterday'"),
        (("acme", "--at", "2026-11-29T01:15:00"), Exit.CONFIGURATION, "expected a time with time zone"),
        (("acme", "--at", "2999-01-01T00:00:00Z"), Exit.POLICY, "is in the future"),
        (("acme", "--back"), Exit.POLICY, "begin with `costack restore acme --at TIME`"),
        (("borealis-migration", "--at", AT), Exit.POLICY, "makes no backups for 'migration'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    folder: Path, up: Callable[[], None], arguments: tuple[str, ...], code: Exit, why: str
) -> None:
    up()
    before = file_of(folder, arguments[0])
    result = restore(folder, *arguments)
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert file_of(folder, arguments[0]) == before


def test_a_tenant_that_nobody_has_is_refused(folder: Path, up: Callable[[], None]) -> None:
    up()
    result = restore(folder, "nobody", "--at", AT)
    assert (result.exit_code, "no file has tenant 'nobody'" in result.stderr) == (Exit.CONFIGURATION, True)


WINDOW = Window(
    "local-meridian-postgresql",
    datetime(2026, 11, 16, tzinfo=UTC),
    datetime(2026, 11, 29, 1, 20, tzinfo=UTC),
    servers_left=3,
    gib_left=1000,
    storage_gib=100,
)


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> None:
    """What RDS would say."""
    monkeypatch.setattr(cli.actions.change.restore, "window_of", lambda *_: WINDOW)


@pytest.mark.usefixtures("window")
def test_a_server_of_ones_own_goes_back_to_the_second(folder: Path, up: Callable[[], None]) -> None:
    up()
    before = file_of(folder, "meridian")
    late = restore(folder, "meridian", "--at", "2026-11-29T02:15:00Z")
    assert (late.exit_code, "from 2026-11-16T00:00:00Z to 2026-11-29T01:20:00Z" in late.stderr) == (
        Exit.POLICY,
        True,
    )
    assert file_of(folder, "meridian") == before
    begun = restore(folder, "meridian", "--at", AT)
    assert begun.exit_code == Exit.OK, begun.output
    assert f"restore: {{at: {AT}, point_in_time: true, stage: prepare}}" in file_of(folder, "meridian")
    assert "restores meridian's own database as it was at" in begun.stdout
    assert "AWS names no time for making it" in begun.stdout
    up()
    assert f"is at stage prepare of its restore to exactly {AT}" in restore(folder, "meridian").stdout


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("raised", "code", "why"),
    [
        (KeyboardInterrupt(), Exit.CANCELLED, "cancelled"),
        (LifecycleError("server 'x': cannot be read"), Exit.ERROR, "cannot be read"),
    ],
)
def test_what_ends_while_aws_is_asked_has_written_nothing(  # noqa: PLR0917 - fixtures and a row
    folder: Path,
    up: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    code: Exit,
    why: str,
) -> None:
    def asked(*_: object) -> Window:
        raise raised

    up()
    monkeypatch.setattr(cli.actions.change.restore, "window_of", asked)
    before = file_of(folder, "meridian")
    done = restore(folder, "meridian", "--at", AT)
    assert (done.exit_code, why in done.stderr) == (code, True), done.output
    assert file_of(folder, "meridian") == before


def test_the_backup_is_restored_where_somebody_asks_for_it(folder: Path, up: Callable[[], None]) -> None:
    up()
    done = restore(folder, "meridian", "--at", AT, "--backup")
    assert done.exit_code == Exit.OK, done.output
    assert f"restore: {{at: {AT}, stage: prepare}}" in file_of(folder, "meridian")
    assert "with it, what was written after the backup is" in done.stdout
    shared = restore(folder, "acme", "--at", AT)
    assert "one log for all of its tenants" in shared.stdout
    wrong = restore(folder, "acme", "--backup")
    assert (wrong.exit_code, "name that with --at, too" in wrong.stderr) == (Exit.CONFIGURATION, True)


def no_space(*_: object) -> None:
    raise LifecycleError("meridian.jsonl: No space left on device")


@pytest.mark.usefixtures("window")
def test_what_a_restore_took_is_recorded_with_the_step_after_it(
    folder: Path, up: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up()
    record = tmp_path / "meridian.jsonl"
    assert restore(folder, "meridian", "--at", AT).exit_code == Exit.OK
    up()
    early = restore(folder, "meridian", "--next", "--evidence", str(record))
    assert (early.exit_code, "once its stage `start` is deployed" in early.stderr) == (Exit.POLICY, True)
    for _ in ("switch", "start"):
        assert restore(folder, "meridian", "--next").exit_code == Exit.OK
        up()
    monkeypatch.setattr(Stack, "state", lambda _: state("meridian"))
    monkeypatch.setattr(Stack, "history", lambda _: HISTORY)
    with monkeypatch.context() as full:
        full.setattr(cli.actions.change.restore, "append", no_space)
        assert restore(folder, "meridian", "--next", "--evidence", str(record)).exit_code != Exit.OK
    # Once the last step is deployed, the state says nothing of it any longer: no step without its record.
    assert "stage: start" in file_of(folder, "meridian")
    done = restore(folder, "meridian", "--next", "--evidence", str(record))
    assert done.exit_code == Exit.OK, done.output
    assert "meridian went back to 2026-11-29T01:15:00Z: 15 min 0 s of work are in the database" in done.stdout
    (line,) = evidence.read(record)
    assert (line["step"], line["rpo_seconds"], line["rto_seconds"]) == ("restore", 900, 540)
    assert "stage: confirm" in file_of(folder, "meridian")
    alone = restore(folder, "meridian", "--evidence", str(record))
    assert (alone.exit_code, "add --next" in alone.stderr) == (Exit.CONFIGURATION, True)


def refresh(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(app, ["refresh", *arguments, "--stack", "local", "--portfolio", str(folder)])


def test_a_refresh_takes_the_stages_of_a_restore(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder, "acme-staging")
    up()
    result = refresh(folder, "acme-staging", "--from", "acme", "--backup", AT)
    assert result.exit_code == Exit.OK, result.output
    assert f"restore: {{at: {AT}, from_tenant: acme, stage: prepare}}\n" in file_of(folder, "acme-staging")
    assert f"restores acme's newest complete backup of {AT}" in result.stdout
    assert "after it: costack refresh acme-staging" in result.stdout
    for _ in range(4):
        up()
        said = refresh(folder, "acme-staging").stdout
        assert "acme-staging is at stage" in said
        assert refresh(folder, "acme-staging", "--next").exit_code == Exit.OK
    assert file_of(folder, "acme-staging") == before


def test_a_live_refresh_says_so_in_its_line(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder, "acme-staging")
    up()
    result = refresh(folder, "acme-staging", "--from", "acme", "--live")
    assert result.exit_code == Exit.OK, result.output
    assert ", from_tenant: acme, live: true, stage: prepare}\n" in file_of(folder, "acme-staging")
    assert "restores a backup that is made of acme now into a database beside" in result.stdout
    for _ in range(4):
        up()
        assert "of its live refresh from acme of" in refresh(folder, "acme-staging").stdout
        assert refresh(folder, "acme-staging", "--next").exit_code == Exit.OK
    assert file_of(folder, "acme-staging") == before


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (
            ("acme-staging", "--from", "acme", "--live", "--backup", AT),
            Exit.CONFIGURATION,
            "--live copies another tenant as it is now",
        ),
        (("acme-staging", "--live"), Exit.CONFIGURATION, "name it with --from"),
        (("acme-staging", "--from", "nobody", "--live"), Exit.POLICY, "has no tenant 'nobody' yet"),
        (("acme-staging", "--from", "borealis"), Exit.POLICY, "borealis belongs to client"),
        (("acme", "--from", "acme-staging"), Exit.POLICY, "production is never refreshed"),
        (("acme-staging", "--backup", AT), Exit.CONFIGURATION, "with --from"),
        (("acme-staging", "--from", "nobody"), Exit.POLICY, "is no tenant of this portfolio"),
    ],
)
def test_a_refresh_that_cannot_be_is_refused_and_changes_nothing(
    folder: Path, up: Callable[[], None], arguments: tuple[str, ...], code: Exit, why: str
) -> None:
    up()
    before = file_of(folder, arguments[0])
    result = refresh(folder, *arguments)
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert file_of(folder, arguments[0]) == before
