from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app

RUNNER = CliRunner()


def move(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(app, ["move", *arguments, "--stack", "local", "--portfolio", str(folder)])


def file_of(folder: Path, tenant: str = "acme") -> str:
    return (folder / "tenants" / f"{tenant}.yaml").read_text(encoding="utf-8")


def test_a_move_is_one_line_and_one_update_a_step(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder)
    result = move(folder, "acme", "--to", "dedicated-db")
    assert result.exit_code == Exit.OK, result.output
    assert "the next `pulumi up` creates the resources of dedicated-db beside those of" in result.stdout
    assert "costack preview --stack local" in result.stdout
    for stage in ("expand", "migrate", "switch", "contract"):
        assert f"move: {{from_tier: shared-namespace, stage: {stage}}}" in file_of(folder)
        up()
        assert f"acme is at stage {stage}" in move(folder, "acme").stdout
        assert move(folder, "acme", "--next").exit_code == Exit.OK
    assert file_of(folder) == before.replace("tier: shared-namespace", "tier: dedicated-db")
    up()
    assert "acme is not moving; it is on dedicated-db" in move(folder, "acme").stdout


def test_no_step_is_skipped(folder: Path, up: Callable[[], None]) -> None:
    assert move(folder, "acme", "--to", "dedicated-db").exit_code == Exit.OK
    written = file_of(folder)
    for way in ("--next", "--back"):
        result = move(folder, "acme", way)
        assert result.exit_code == Exit.POLICY
        assert "acme is not moving (on shared-namespace) in stack 'local'" in result.stderr
        assert "run `pulumi up` first; every update takes one step" in result.stderr
    assert file_of(folder) == written
    asked = move(folder, "acme")
    assert asked.exit_code == Exit.OK
    assert "but at stage expand of its move from shared-namespace" in asked.stdout
    up()
    assert move(folder, "acme", "--next").exit_code == Exit.OK


def test_the_way_back_from_the_first_step(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder)
    move(folder, "acme", "--to", "dedicated-db")
    up()
    assert move(folder, "acme", "--back").exit_code == Exit.OK
    assert "tier: shared-namespace\n" in file_of(folder)
    assert "move: {from_tier: dedicated-db, stage: contract}" in file_of(folder)
    up()
    assert move(folder, "acme", "--next").exit_code == Exit.OK
    assert file_of(folder) == before


def test_where_copies_lie_is_in_the_file_as_long_as_there_are_any(
    folder: Path, up: Callable[[], None]
) -> None:
    before = file_of(folder)
    assert move(folder, "acme", "--to", "cross-region-backup").exit_code == Exit.OK
    assert "options:\n  dr_region: eu-west-1\n  users: 8\n" in file_of(folder)
    up()
    for way in ("--back", "--next"):
        assert "  dr_region: eu-west-1\n" in file_of(folder)
        assert move(folder, "acme", way).exit_code == Exit.OK
        up()
    assert file_of(folder) == before


@pytest.mark.usefixtures("up")
def test_of_several_regions_one_must_be_named(folder: Path) -> None:
    platform = folder / "platform.yaml"
    text = platform.read_text(encoding="utf-8")
    platform.write_text(
        text.replace("dr_regions: [eu-west-1]", "dr_regions: [eu-west-1, us-west-2]"), encoding="utf-8"
    )
    result = move(folder, "acme", "--to", "cross-region-backup")
    assert result.exit_code == Exit.CONFIGURATION
    assert "choose one with --dr-region; there are eu-west-1, us-west-2" in result.stderr
    assert (
        move(folder, "acme", "--to", "cross-region-backup", "--dr-region", "us-west-2").exit_code == Exit.OK
    )


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("cobalt", "--to", "ha-postgresql"), Exit.POLICY, "write tier: ha-postgresql into its file"),
        (("acme", "--to", "gold"), Exit.CONFIGURATION, "'gold' is not in the catalog"),
        (
            ("acme", "--to", "cross-region-backup", "--dr-region", "ap-southeast-2"),
            Exit.CONFIGURATION,
            "'ap-southeast-2' is not among the platform's dr_regions",
        ),
        (("acme", "--next"), Exit.POLICY, "acme is not moving; begin with --to TIER"),
        (("acme", "--next", "--back"), Exit.CONFIGURATION, "name only one of --to, --next and --back"),
        (("nobody",), Exit.CONFIGURATION, "no file has tenant 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_and_not_written(
    folder: Path, arguments: tuple[str, ...], code: Exit, said: str
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    result = move(folder, *arguments)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*.yaml")} == before
