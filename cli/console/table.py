"""Prints a table as wide as it needs to be, and the lines under it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Final

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST: Final = 10_000


class _Paper(Console):
    """A console that leaves a closed pipe to its command; Rich itself would end with an error."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_table(
    table: Table, lines: Iterable[str], narrower: tuple[Callable[[], Table], str] | None = None
) -> None:
    """Print *table*, then *lines*.

    A file has no width to keep to. On a terminal that is too narrow for it, *narrower* makes another table,
    and says why; half a number is worth nothing.
    """
    console = _Paper()
    needed = Measurement.get(console, console.options.update(width=_WIDEST), table).maximum
    if not sys.stdout.isatty():
        console = _Paper(width=max(needed, console.width))
    elif needed > console.width and narrower is not None:
        table = narrower[0]()
        typer.echo(f"{narrower[1]} needs a terminal of {needed}", err=True)
    console.print(table)
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
