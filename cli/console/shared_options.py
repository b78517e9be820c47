"""Options that several commands have, and how a result is printed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Stack = Annotated[
    str | None, typer.Option("--stack", "-s", metavar="NAME", help="Read the inventory of this stack.")
]
NextStage = Annotated[
    bool, typer.Option("--next", help="Write the next stage into the tenant's file, to be deployed.")
]
ToDatabaseBefore = Annotated[
    bool, typer.Option("--back", help="Go back to the database of before, as long as it is kept.")
]
EvidenceOfSteps = Annotated[
    Path | None,
    typer.Option("--evidence", metavar="FILE", help="Append the step to this file of JSON lines."),
]
KubectlContext = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="Use this context of kubectl. Default: the current one."),
]
DeployedIn = Annotated[
    str, typer.Option("--stack", "-s", metavar="NAME", help="Stack that the tenant is deployed in.")
]
Inventory = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Read the inventory from this file instead of a stack.")
]
Portfolio = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder with platform.yaml and tenants/*.yaml. Default: the stack's, under portfolios/.",
    ),
]
Period = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="Calendar month, in UTC. Default: the current month."),
]
Usage = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Read measured usage from this CSV or Parquet file. May be repeated."),
]
Rates = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Convert other currencies by this CSV file (from, to, first_day, last_day, rate, source).",
    ),
]
Rulebook = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Use the rulebooks in this folder. Default: those of costack."),
]
Cwd = Annotated[
    Path, typer.Option("--cwd", "-C", metavar="FOLDER", help="Work in this folder of the Pulumi project.")
]


class TableOrJson(StrEnum):
    """How a result is printed that is no list of equal rows."""

    TABLE = "table"
    JSON = "json"


class Rows(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Webhook(StrEnum):
    """What an incoming webhook takes."""

    SLACK = "slack"
    TEAMS = "teams"


class Statement(StrEnum):
    """How a statement is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
