"""Reports as a firm makes them: from its files, through the commands it types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.test_golden import GOLDEN


def costack(*arguments: object) -> Any:
    """What the command says."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(*arguments: object) -> str:
    """What the command prints that must go well."""
    done = costack(*arguments)
    assert done.exit_code == Exit.OK, done.output
    return str(done.stdout)


def billed_report(scenario: str, folder: Path, *more: object) -> Path:
    """The report of a golden scenario's billed month, in `folder`, beside the run that it is made from.

    *more* are further options of the report.
    """
    files = GOLDEN / scenario
    run, out = folder / "run", folder / "out"
    usage = ("--usage", files / "usage.csv")
    inventory = ("--inventory", files / "inventory.json", "--period", "2026-11")
    for command in (
        ("allocate", "--bill", files / "bill.csv", *usage, *inventory, "--out", run),
        ("report", *inventory, *usage, *more, "--run", run, "--out", out),
    ):
        said(*command)
    return out
