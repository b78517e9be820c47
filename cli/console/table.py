"""Prints a table as wide as it needs to be, or a block of lines for each row; a figure is never cut."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from cli.console.output import echo
from tiers.escapes import visible

_WIDEST: Final = 10_000


class Paper(Console):
    """A console for tables: a cell is shown as it is, on one line, without markup and emoji.

    It leaves a closed pipe to its command; Rich itself would end with an error.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """The text of a cell, a head or a title."""
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})

    def on_broken_pipe(self) -> None:
        """End the command where a pipe is closed."""
        raise BrokenPipeError


def print_table(
    table: Table, lines: Iterable[str] = (), narrower: tuple[Callable[[], Table], str] | None = None
) -> None:
    """Print *table*, then *lines*.

    A file has no width to keep to. On a terminal that is too narrow, *narrower* makes another table and says
    why; where that does not fit either, each row becomes a block of lines. Half a figure is worth nothing.
    """
    console = Paper(highlight=False)
    needed = _width(console, table)
    if not sys.stdout.isatty():
        console = Paper(width=max(needed, console.width), highlight=False)
    elif needed > console.width:
        smaller = narrower[0]() if narrower is not None else None
        if narrower is not None and smaller is not None and _width(console, smaller) <= console.width:
            table = smaller
            echo(f"{narrower[1]} needs a terminal of {needed} columns", err=True)
        else:
            echo(f"each row is a block of lines: the table needs a terminal of {needed} columns", err=True)
            lines, table = [*_blocks(table), *lines], Table()
    if table.columns:
        console.print(table)
    for line in lines:
        console.print(visible(line), soft_wrap=True, highlight=False, markup=False, emoji=False)


def print_csv(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Print *rows* as CSV with the columns *names*; lists are joined, an unknown value is empty."""
    paper = io.StringIO()
    writer = csv.DictWriter(paper, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {name: "; ".join(value) if isinstance(value, list) else value for name, value in row.items()}
        )
    echo(paper.getvalue().removesuffix("\n"))


def _width(console: Console, table: Table) -> int:
    return Measurement.get(console, console.options.update(width=_WIDEST), table).maximum


def _blocks(table: Table) -> Iterator[str]:
    """The title, and for each row its first cell with a line for every other cell that says something."""
    if table.title:
        yield str(table.title)
    first, *others = table.columns
    footer = [[str(column.footer) for column in table.columns]] if table.show_footer else []
    rows = [*([str(cell) for cell in cells] for cells in zip(*_cells(table), strict=True)), *footer]
    names = max((len(str(column.header)) for column in others), default=0)
    figures = max(
        (len(row[at]) for row in rows for at, one in enumerate(table.columns) if _figure(one)), default=0
    )
    for row in rows:
        yield ""
        yield f"{first.header} {row[0]}" if _figure(first) else row[0]
        for column, cell in zip(others, row[1:], strict=True):
            if cell:
                yield f"  {column.header!s:<{names}}  {cell:>{figures if _figure(column) else 0}}".rstrip()
    yield ""


def _cells(table: Table) -> Iterator[Iterable[Any]]:
    return (column.cells for column in table.columns)


def _figure(column: Column) -> bool:
    return column.justify == "right"
