"""Prints what a command says: the one place where text leaves for a terminal, a pipe or a CI job's log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import typer

from tiers.escapes import visible, visible_lines

_ANEW = "\r\x1b[K"


def echo(message: object = "", *, err: bool = False) -> None:
    """Print *message* and a line end; characters that would do anything but be read are escaped.

    A JSON document keeps its meaning.
    """
    typer.echo(visible_lines(str(message)), err=err)


def write(report: str) -> None:
    """Print *report*, which its writer has escaped for its format, and a line end."""
    typer.echo(report)


def echo_as(output: str, texts: Mapping[str, Callable[[], str]]) -> bool:
    """Print the text of the form *output*; False where *texts* has none, and it is a table."""
    if output not in texts:
        return False
    echo(texts[output]().replace("\r\n", "\n").rstrip("\n"))
    return True


def say(text: str) -> None:
    """On a terminal, show *text* on stderr in place of the last one; an empty text clears the line."""
    if sys.stderr.isatty():
        typer.echo(f"{_ANEW}{visible(text)}", err=True, nl=False)
