from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from rich.table import Table

from cli.console.table import print_csv, print_table


def on_20_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in place of the stream that is captured."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TERM", "xterm")


def made(names: str) -> Callable[[], Table]:
    def table() -> Table:
        found = Table(title="costs", title_justify="left")
        found.add_column("more", justify="right")
        for name in names.split():
            found.add_column(name, justify="right", no_wrap=True)
        found.add_row("10", *("1,234.56" for _ in names.split()))
        return found

    return table


def test_a_row_that_begins_with_a_number_says_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_20_columns(monkeypatch)
    print_table(made("bill idle")(), ["the end"])
    assert capsys.readouterr().out.splitlines() == [
        "costs",
        "",
        "more 10",
        "  bill  1,234.56",
        "  idle  1,234.56",
        "",
        "the end",
    ]


def test_a_narrower_table_comes_first_where_it_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_20_columns(monkeypatch)
    print_table(made("bill idle")(), (), (made("bill"), "one column"))
    shown = capsys.readouterr()
    assert "│   10 │ 1,234.56 │" in shown.out
    assert shown.err == "one column needs a terminal of 30 columns\n"
    print_table(made("a b c")(), (), (made("a b"), "two columns"))
    shown = capsys.readouterr()
    assert "more 10\n" in shown.out
    assert shown.err == "each row is a block of lines: the table needs a terminal of 41 columns\n"


def test_a_file_has_no_width(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(made("bill idle margin")())
    assert capsys.readouterr().out.count("1,234.56") == 3


def test_csv_joins_lists_and_leaves_the_unknown_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv([{"a": None, "b": ["x", "y, z"]}], ("a", "b"))
    assert capsys.readouterr().out == 'a,b\n,"x; y, z"\n'
