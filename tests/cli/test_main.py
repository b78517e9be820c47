from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import ROOT, local_plan
from tiers.errors import CatalogError
from tiers.inventory import exported

COMMANDS = (
    "init",
    "validate",
    "allocate",
    "preview",
    "unit-costs",
    "rename",
    "rotate",
    "explain",
    "sql",
    "failover",
    "failback",
    "restore",
    "refresh",
    "restore-test",
    "expire",
    "extend",
    "approve",
    "decommission",
    "purge",
    "import",
    "move",
    "upgrade",
    "upgrade-database",
    "recover",
    "drift",
    "report",
    "track",
    "compliance",
)
GROUPS = ("adopt", "ci", "images", "review", "usage", "prices")
HEAVY = ("pulumi", "pulumi_aws", "pydantic", "boto3", "botocore", "duckdb", "yaml", "rich")
COSTACK = (sys.executable, "-c", "from cli.main import main; main()")


def test_help_lists_the_commands() -> None:
    said = CliRunner().invoke(app, ["--help"])
    assert said.exit_code == Exit.OK
    listed = re.findall(r"^  ([a-z][a-z-]+)  ", said.stdout.partition("Provision tenants:")[2], re.MULTILINE)
    assert sorted(listed) == sorted((*COMMANDS, *GROUPS))
    assert {each.name for each in get_command(app).commands.values()} == {*listed}  # type: ignore[attr-defined]


def test_help_lists_commands_by_job_and_cuts_no_sentence() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    headings = re.findall(r"^(\w[\w ]+):$", shown, re.MULTILINE)
    assert headings == ["Options", "Provision tenants", "Change and repair", "Decommission", "Allocate costs"]
    assert not re.search(r"\w\.\.\.$", shown, re.MULTILINE)
    assert shown.index("Decommission:") < shown.index("  expire ") < shown.index("Allocate costs:")
    for group in ("usage", "prices"):
        assert "Commands:" in CliRunner().invoke(app, [group, "--help"]).stdout


def test_help_loads_nothing_heavy() -> None:
    probe = (
        "import sys\nfrom cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "allocate" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_loads_no_other() -> None:
    probe = (
        "import sys\nfrom cli.main import app\n"
        "try:\n    app(['sql', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(each for each in sys.modules if each.startswith('cli.commands.') "
        "and each.count('.') > 2))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['cli.commands.costs.sql']"


def test_an_unknown_option_is_a_mistake_of_configuration() -> None:
    said = CliRunner().invoke(app, ["allocate", "--no-such-option"])
    assert said.exit_code == Exit.CONFIGURATION
    assert "Traceback" not in said.output


def test_ctrl_c_is_the_exit_code_of_a_cancelled_update(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.actions.provision.validate.validate_portfolios", interrupted)
    said = CliRunner().invoke(app, ["validate"])
    assert said.exit_code == Exit.CANCELLED
    assert said.stderr == "cancelled\n"


def test_ctrl_c_ends_the_process_and_what_it_waits_for(tmp_path: Path) -> None:
    slow, ready = tmp_path / "pulumi", tmp_path / "ready"
    slow.write_text(f"#!/bin/sh\n: > '{ready}'\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    process = subprocess.Popen(
        [*COSTACK, "allocate", "--stack", "local"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not ready.exists():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the command and its children
        stdout, stderr = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert (process.returncode, stdout, stderr) == (Exit.CANCELLED, "", "cancelled\n")


@pytest.mark.sample(1)
@pytest.mark.parametrize("arguments", [("validate",), ("allocate",), ("allocate", "-o", "json")])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    if arguments[0] == "allocate":
        inventory = tmp_path / "inventory.json"
        inventory.write_text(json.dumps(exported(local_plan(), {})), encoding="utf-8")
        arguments = (*arguments, "--inventory", str(inventory), "--period", "2026-11")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COSTACK, *arguments], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (Exit.OK, "")


def test_every_mistake_is_told_on_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object) -> None:
        raise CatalogError("a.yaml:1: first", "b.yaml:2: second")

    monkeypatch.setattr("cli.actions.provision.validate.validate_portfolios", mistaken)
    said = CliRunner().invoke(app, ["validate"])
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr == "a.yaml:1: first\nb.yaml:2: second\n"
