"""The options of `costack allocate`, each with its help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Stack = Annotated[str | None, typer.Option("--stack", "-s", help="Stack whose inventory to read.")]
Inventories = Annotated[
    list[str] | None,
    typer.Option(help="A file with an inventory; YYYY-MM-DD=FILE for one in force from that day. Repeat."),
]
Period = Annotated[str | None, typer.Option(help="Month as YYYY-MM, in UTC; the current one when left out.")]
Bills = Annotated[
    list[Path] | None,
    typer.Option(help="FOCUS, CUR or plain CSV or Parquet, or a folder. Repeat. Without: an estimate."),
]
Usage = Annotated[list[Path] | None, typer.Option(help="Measured use as CSV or Parquet. Repeat.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the statement, its proof and its tables.")]
Focus = Annotated[
    list[str] | None, typer.Option(help="Write FOCUS of this version too: 1.2, 1.3, 1.4. Repeat.")
]
FocusCsv = Annotated[bool, typer.Option("--focus-csv", help="Write FOCUS as CSV, too.")]
History = Annotated[Path | None, typer.Option(help="Folder of statements that were filed.")]
Close = Annotated[bool, typer.Option("--close", help="File the statement: the month is closed.")]
Restate = Annotated[str | None, typer.Option(help="Why a closed month changes; files the difference.")]
Rulebook = Annotated[
    Path | None, typer.Option(help="Folder of rulebooks instead of the ones that come with costack.")
]
Ended = Annotated[
    list[Path] | None,
    typer.Option(help="Plan of a tenant that ended: what is kept of it stays its client's. Repeat."),
]
Cwd = Annotated[Path, typer.Option("--cwd", "-C", help="Folder of the Pulumi project.")]


class Output(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
