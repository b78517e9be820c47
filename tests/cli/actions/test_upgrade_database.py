"""`costack upgrade-database`: one line and one update a step, for one server at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app

RUNNER = CliRunner()


def upgrade(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(
        app, ["upgrade-database", *arguments, "--stack", "local", "--portfolio", str(folder)]
    )


def file_of(folder: Path, name: str = "cobalt") -> str:
    path = folder / "platform.yaml" if name == "platform" else folder / "tenants" / f"{name}.yaml"
    return path.read_text(encoding="utf-8")


def with_standby(folder: Path) -> None:
    """Give meridian a standby, and the platform a network for it."""
    path = folder / "platform.yaml"
    network = "{subnet_ids: [subnet-0d0d0d0d, subnet-0e0e0e0e], security_group_id: sg-0d0d0d0d}"
    path.write_text(f"{path.read_text()}dr_networks:\n  eu-west-1: {network}\n", encoding="utf-8")
    path = folder / "tenants" / "meridian.yaml"
    path.write_text(f"{path.read_text()}  warm_standby: true\n", encoding="utf-8")


def test_an_upgrade_is_one_line_and_one_update_a_step(folder: Path, up: Callable[[], None]) -> None:
    up()
    result = upgrade(folder, "cobalt", "--to", "18")
    for stage, following in (
        ("check", "asks AWS for PostgreSQL 18: it does not answer for a while in its maintenance window"),
        ("upgrade", "gathers statistics"),
        ("statistics", "changes nothing more of the server; the upgrade is finished"),
    ):
        assert result.exit_code == Exit.OK, result.output
        assert f'database_upgrade: {{to: "18", stage: {stage}}}\n' in file_of(folder)
        assert ("--back" in result.stdout) is (stage == "check")
        assert upgrade(folder, "cobalt", "--next").exit_code == Exit.POLICY  # not deployed yet
        up()
        said = upgrade(folder, "cobalt").stdout
        assert f"the upgrade of cobalt is at stage {stage} towards PostgreSQL 18: the last update" in said
        result = upgrade(folder, "cobalt", "--next")
        assert following in result.stdout
    assert "database_upgrade" not in file_of(folder)
    assert '  database_engine_version: "18"\n' in file_of(folder)
    up()
    assert upgrade(folder, "cobalt").stdout == (
        "no upgrade of cobalt goes on; it has PostgreSQL 18. Begin with --to VERSION\n"
    )


def test_the_shared_server_is_upgraded_alone(folder: Path, up: Callable[[], None]) -> None:
    """Tenants' own servers keep the version that they had from it."""
    up()
    assert upgrade(folder, "platform", "--to", "18").exit_code == Exit.OK
    for _ in range(2):
        up()
        assert upgrade(folder, "platform", "--next").exit_code == Exit.OK
    assert 'upgrade: {to: "18", stage: statistics}' in file_of(folder, "platform")
    up()
    result = upgrade(folder, "platform", "--next")
    assert result.exit_code == Exit.OK, result.output
    after = file_of(folder, "platform")
    assert '  engine_version: "18"\n' in after
    assert '  tenants_engine_version: "17"\n' in after
    assert "upgrade:" not in after
    up()
    assert "it has PostgreSQL 17" in upgrade(folder, "cobalt").stdout


def test_a_standby_goes_before_and_comes_back_after(folder: Path, up: Callable[[], None]) -> None:
    with_standby(folder)
    up()
    assert upgrade(folder, "meridian", "--to", "18").exit_code == Exit.OK
    up()
    result = upgrade(folder, "meridian", "--next")
    assert "removes the standby in the second region" in result.stdout
    assert "stage: without-standby}" in file_of(folder, "meridian")
    up()
    assert upgrade(folder, "meridian", "--next", "--now").exit_code == Exit.OK
    assert 'database_upgrade: {to: "18", stage: upgrade, now: true}' in file_of(folder, "meridian")
    up()
    assert "during that update" in upgrade(folder, "meridian").stdout
    assert upgrade(folder, "meridian", "--next").exit_code == Exit.OK
    up()
    assert "makes the standby in the second region anew" in upgrade(folder, "meridian", "--next").stdout
    assert "warm_standby: true" in file_of(folder, "meridian")


def test_the_way_back_ends_when_aws_is_asked(folder: Path, up: Callable[[], None]) -> None:
    before = file_of(folder)
    up()
    assert upgrade(folder, "cobalt", "--to", "18.1").exit_code == Exit.OK
    result = upgrade(folder, "cobalt", "--back")  # the update of `check` failed
    assert (result.exit_code, file_of(folder)) == (Exit.OK, before)
    assert "the upgrade is taken back" in result.stdout
    assert upgrade(folder, "cobalt", "--to", "18").exit_code == Exit.OK
    up()
    assert upgrade(folder, "cobalt", "--next").exit_code == Exit.OK
    up()
    result = upgrade(folder, "cobalt", "--back")
    assert result.exit_code == Exit.POLICY
    assert "RDS takes no server back: finish with --next. What leads back is the snapshot" in result.stderr


def test_nothing_begins_while_something_else_goes_on(folder: Path, up: Callable[[], None]) -> None:
    path = folder / "tenants" / "cobalt.yaml"
    turning = "rotation: {number: 1, stage: second-login}\noptions:"
    path.write_text(file_of(folder).replace("options:", turning), encoding="utf-8")
    up()
    result = upgrade(folder, "cobalt", "--to", "18")
    assert result.exit_code == Exit.POLICY, result.output
    assert "database_upgrade has a stage, and so has rotation: finish one of them" in result.stderr


def test_the_shared_server_and_data_on_it_wait_for_each_other(folder: Path, up: Callable[[], None]) -> None:
    path = folder / "tenants" / "acme.yaml"
    before = file_of(folder, "acme")
    path.write_text(f"{before}restore: {{at: 2026-11-29T01:15:00Z, stage: prepare}}\n", encoding="utf-8")
    up()
    result = upgrade(folder, "platform", "--to", "18")
    assert result.exit_code == Exit.POLICY, result.output
    first = "acme is being restored to 2026-11-29T01:15:00Z: finish that with `costack restore`, or undo it"
    assert f"{first}, then upgrade the server that tenants share" in result.stderr
    assert "upgrade:" not in file_of(folder, "platform")
    assert upgrade(folder, "cobalt", "--to", "18").exit_code == Exit.OK  # a server of its own
    assert upgrade(folder, "cobalt", "--back").exit_code == Exit.OK
    path.write_text(before, encoding="utf-8")
    up()
    assert upgrade(folder, "platform", "--to", "18").exit_code == Exit.OK
    up()
    where = ("--stack", "local", "--portfolio", str(folder))
    restored = RUNNER.invoke(app, ["restore", "acme", "--at", "2026-11-29T01:15:00Z", *where])
    assert restored.exit_code == Exit.POLICY, restored.output
    assert "finish that with `costack upgrade-database platform`, then restore" in restored.stderr
    assert file_of(folder, "acme") == before
    moved = RUNNER.invoke(app, ["move", "acme", "--to", "dedicated-db", *where])
    assert moved.exit_code == Exit.CONFIGURATION, moved.output
    assert "finish that with `costack upgrade-database platform`, then move it" in moved.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("cobalt", "--to", "18", "--next"), Exit.CONFIGURATION, "name only one of --to, --next and --back"),
        (("cobalt", "--to", "18", "--now"), Exit.CONFIGURATION, "--now says how the step to stage upgrade"),
        (("cobalt", "--to", "eighteen"), Exit.CONFIGURATION, "should be a version of PostgreSQL in quotes"),
        (("cobalt", "--to", "19"), Exit.CONFIGURATION, "Costack does not know PostgreSQL 19 yet"),
        (("cobalt", "--to", "17.9"), Exit.POLICY, "is '17.9', expected a newer major version than 17"),
        (("cobalt", "--next"), Exit.POLICY, "begin with `costack upgrade-database cobalt --to VERSION`"),
        (("cobalt", "--back"), Exit.POLICY, "no upgrade of cobalt goes on"),
        (("acme", "--to", "18"), Exit.POLICY, "stack 'local' has no server of acme's own"),
        (("nobody", "--to", "18"), Exit.CONFIGURATION, "no file has tenant 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    folder: Path, up: Callable[[], None], arguments: tuple[str, ...], code: Exit, why: str
) -> None:
    up()
    before = file_of(folder)
    result = upgrade(folder, *arguments)
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert file_of(folder) == before
