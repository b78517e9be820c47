"""`costack ci init` and `stacks`, and their options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import Command

ci_app = typer.Typer(no_args_is_help=True, help="Write pipelines, and ask what they ask.")


class Host(StrEnum):
    """What runs the pipelines."""

    GITHUB = "github"
    GITLAB = "gitlab"
    OPERATOR = "operator"


class StacksOutput(StrEnum):
    """How stacks are printed."""

    TABLE = "table"
    JSON = "json"
    NAMES = "names"


_Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Write into this folder: the one with Pulumi.yaml.")
]
_Host = Annotated[Host, typer.Option(help="Write what this host runs; operator: Pulumi's on Kubernetes.")]
_Portfolio = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Name of the portfolio. Default: the only one under portfolios/."),
]
_Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", help="Stack that deploys it. Default: the only one."),
]
_Base = Annotated[
    str,
    typer.Option(
        metavar="REVISION",
        help="Compare HEAD with this git revision, the last one deployed; 0: none was, so list every stack.",
    ),
]
_Output = Annotated[StacksOutput, typer.Option("--output", "-o", help="Print in this form.")]

CI_INIT_EXAMPLE: Final = "Example: costack ci init . --host github"
CI_STACKS_EXAMPLE: Final = "Example: costack ci stacks --base origin/main~1 -o names"


@ci_app.command("init", cls=Command, epilog=CI_INIT_EXAMPLE)
def init(
    folder: _Folder, host: _Host = Host.GITHUB, portfolio: _Portfolio = None, stack: _Stack = None
) -> None:
    """Write the pipelines of a portfolio: preview, approvals, update, image scans and scheduled jobs.

    Nothing is overwritten: if one of the files is there already, none is written.
    """
    from cli.actions.provision.ci import InitRequest, write_pipelines  # noqa: PLC0415

    guarded(lambda: write_pipelines(InitRequest(folder, str(host), portfolio, stack)))


@ci_app.command("stacks", cls=Command, epilog=CI_STACKS_EXAMPLE)
def stacks(base: _Base, cwd: options.Cwd = Path(), output: _Output = StacksOutput.TABLE) -> None:
    """List the stacks to update since a commit, in order: those without production tenants first."""
    from cli.actions.provision.ci import print_stacks  # noqa: PLC0415

    guarded(lambda: print_stacks(base, cwd, str(output)))
