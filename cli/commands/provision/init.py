"""`costack init` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded

_Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Write the project into this folder; it is made if need be.")
]
_Catalog = Annotated[
    bool, typer.Option("--catalog", help="Write a copy of the tiers and classes, too, to make them your own.")
]

INIT_EXAMPLE: Final = "Example: costack init my-hosting --catalog"


def init(folder: _Folder, catalog: _Catalog = False) -> None:  # noqa: FBT002 - an option of a command
    """Write a project of your own that can be deployed at once.

    It has a program, a portfolio with two tenants, a stack of the local cloud and a workflow. Nothing is
    overwritten: if one of the files is there already, none is written.
    """
    from cli.actions.provision.init import Request, write_project  # noqa: PLC0415

    guarded(lambda: write_project(Request(folder=folder, catalog=catalog)))
