"""`costack upgrade`: one line and one update a step, forward and back, with evidence of what was found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cli.actions.change import step
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle import evidence
from tests.lifecycle.test_upgrade_steps import line
from tests.portfolios import UPGRADE_COMMAND

RUNNER = CliRunner()


class _NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


@pytest.fixture
def offered(folder: Path, up: Callable[[], None]) -> Path:
    """The portfolio with a version of 19.0 that has a command."""
    file = folder / "platform.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    own = document["images"]["odoo"]
    newer = own | {
        "version": "19.0",
        "image": own["image"].replace("1d0e", "2d0e"),
        "upgrade": UPGRADE_COMMAND,
    }
    document["images"]["odoo_versions"] = {"19.0": newer, "18.0-lts": dict(own)}
    file.write_text(yaml.dump(document, Dumper=_NoAliases), encoding="utf-8")
    up()
    return folder


def upgrade(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(app, ["upgrade", *arguments, "--stack", "local", "--portfolio", str(folder)])


def file_of(folder: Path, tenant: str = "acme") -> str:
    return (folder / "tenants" / f"{tenant}.yaml").read_text(encoding="utf-8")


def test_an_upgrade_is_one_line_and_one_update_a_step(
    offered: Path, up: Callable[[], None], tmp_path: Path
) -> None:
    before, record, log = file_of(offered), tmp_path / "acme.jsonl", tmp_path / "log"
    result = upgrade(offered, "acme", "--to", "19.0")
    assert "costack upgrade acme" in result.stdout
    for stage, mode, next_ in (
        ("rehearse", "rehearsal", "stops acme, backs it up, upgrades that backup to 19.0"),
        ("upgrade", "upgrade", "starts acme with 19.0; the database before is kept"),
        ("start", "", "drops the database that acme had before the upgrade; there is no way back"),
        ("confirm", "", "changes nothing more of acme; the upgrade is finished"),
    ):
        assert result.exit_code == Exit.OK, result.output
        assert f'upgrade: {{to: "19.0", stage: {stage}' in file_of(offered)
        assert ("--back" in result.stdout) is (stage != "confirm")
        assert upgrade(offered, "acme", "--next").exit_code == Exit.POLICY  # not deployed yet
        up()
        assert f"acme is at stage {stage} of its upgrade to 19.0: the last" in upgrade(offered, "acme").stdout
        told = ["--evidence", str(record)]
        if mode:
            log.write_text(f"loading modules\n{line(mode=mode)}\n", encoding="utf-8")
            told += ["--log", str(log)]
        result = upgrade(offered, "acme", "--next", *told)
        assert next_ in result.stdout, result.output
    assert "rehearsed_minutes" not in file_of(offered)
    assert file_of(offered).replace('odoo: {version: "19.0"}\n', "") == before
    lines = evidence.read(record)
    assert [each["deployed"] for each in lines] == ["rehearse", "upgrade", "start", "confirm"]
    assert [bool(each["found"]) for each in lines] == [True, True, False, False]
    up()
    assert upgrade(offered, "acme").stdout == "acme is not being upgraded. Begin with --to VERSION\n"


def test_who_is_killed_before_the_file_is_written_loses_no_evidence(
    offered: Path, up: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its result is in the log of a pod that goes; the step is written by the same command again."""
    record, log = tmp_path / "acme.jsonl", tmp_path / "log"
    assert upgrade(offered, "acme", "--to", "19.0").exit_code == Exit.OK
    up()
    log.write_text(line(), encoding="utf-8")
    told = ("acme", "--next", "--evidence", str(record), "--log", str(log))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(step, "set_fields", killed)
        assert upgrade(offered, *told).exit_code == Exit.CANCELLED
    assert "stage: rehearse}" in file_of(offered)
    assert upgrade(offered, *told).exit_code == Exit.OK
    assert [each["deployed"] for each in evidence.read(record)] == ["rehearse", "rehearse"]


def test_the_rehearsals_minutes_stand_in_the_file_and_the_way_back_is_open(
    offered: Path, up: Callable[[], None], tmp_path: Path
) -> None:
    before, log = file_of(offered), tmp_path / "log"
    assert upgrade(offered, "acme", "--to", "19.0").exit_code == Exit.OK
    up()
    log.write_text(line(), encoding="utf-8")
    done = upgrade(offered, "acme", "--next", "--evidence", str(tmp_path / "e.jsonl"), "--log", str(log))
    assert done.exit_code == Exit.OK, done.output
    assert "stage: upgrade, rehearsed_minutes: 25}" in file_of(offered)
    back = upgrade(offered, "acme", "--back")  # the update of `upgrade` failed
    assert (back.exit_code, "drops the upgraded one" in back.stdout.replace("\n", " ")) == (Exit.OK, True)
    assert "stage: discard" in file_of(offered)  # people work with the very next update
    up()
    assert upgrade(offered, "acme", "--next").exit_code == Exit.OK
    assert file_of(offered) == before


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("acme", "--to", "19.0", "--next"), Exit.CONFIGURATION, "name only one of --to, --next and --back"),
        (("acme", "--log", "x"), Exit.CONFIGURATION, "--log is what --next records with --evidence"),
        (("acme", "--to", "20.0"), Exit.POLICY, "images.odoo_versions of platform.yaml"),
        (("acme", "--to", "18.0-lts"), Exit.POLICY, "the same major version"),
        (("acme", "--back"), Exit.POLICY, "begin with `costack upgrade acme --to VERSION`"),
        (("borealis-migration", "--to", "19.0"), Exit.POLICY, "makes no backups for 'migration'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    offered: Path, arguments: tuple[str, ...], code: Exit, why: str
) -> None:
    before = file_of(offered, arguments[0])
    result = upgrade(offered, *arguments)
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert file_of(offered, arguments[0]) == before


def test_without_a_result_there_is_no_evidence_and_no_step(
    offered: Path, up: Callable[[], None], tmp_path: Path
) -> None:
    assert upgrade(offered, "acme", "--to", "19.0").exit_code == Exit.OK
    up()
    before, record, log = file_of(offered), tmp_path / "acme.jsonl", tmp_path / "log"
    log.write_text(line(result="failed"), encoding="utf-8")
    done = upgrade(offered, "acme", "--next", "--evidence", str(record), "--log", str(log))
    assert done.exit_code not in (Exit.OK, Exit.POLICY), done.output
    assert "its rehearsal failed its checks" in done.stderr
    assert (file_of(offered), record.exists()) == (before, False)
