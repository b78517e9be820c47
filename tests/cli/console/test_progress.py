from __future__ import annotations

import sys

import pytest
import typer

from allocation.errors import AllocationError
from cli.console.exit_codes import guarded
from cli.console.output import say


def stopped() -> None:
    say("reading bills")
    raise AllocationError("bill.csv: holds no row")


def test_who_watches_sees_one_line_and_the_error_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(typer.Exit):
        guarded(stopped)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert shown.rpartition("\r\x1b[K")[2] == "bill.csv: holds no row\n"


def test_a_log_holds_the_error_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        guarded(stopped)
    assert capsys.readouterr().err == "bill.csv: holds no row\n"
