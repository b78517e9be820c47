"""`costack stacks`: a portfolio in several stacks, and the options of its commands."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import Command

stacks_app = typer.Typer(
    no_args_is_help=True, help="Deploy a portfolio in several stacks: a platform, cells, dedicated tenants."
)


class Names(StrEnum):
    """How stacks are printed."""

    TABLE = "table"
    JSON = "json"
    NAMES = "names"


class Failure(StrEnum):
    """What happens after an update that failed."""

    STOP = "stop"
    WAVE = "wave"
    CONTINUE = "continue"


_Portfolio = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder with platform.yaml, cells.yaml and tenants/*.yaml. Default: the only one there is.",
    ),
]
_Prefix = Annotated[
    str | None,
    typer.Option(
        "--prefix",
        metavar="NAME",
        help="What the names of the stacks begin with, as in NAME-cell-3. Default: the portfolio's name.",
    ),
]
_ChangedSince = Annotated[
    str | None,
    typer.Option(
        metavar="REVISION",
        help="Only stacks that differ from this git revision, the last one deployed; 0: none was, so all.",
    ),
]
_BaseFolder = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Only stacks that differ from the portfolio in this folder."),
]
_Shard = Annotated[
    str | None,
    typer.Option(metavar="I/N", help="Only the I-th of N equal parts, such as 2/8: one for each of N jobs."),
]
_Wave = Annotated[
    int | None,
    typer.Option(
        min=1, max=3, help="Only stacks of this wave: 1 the platform, 2 without production, 3 with it."
    ),
]
_StateMoved = Annotated[
    bool,
    typer.Option(
        "--state-moved",
        help="Tenants whose line in cells.yaml changed are in their new stack's state already.",
    ),
]
_Output = Annotated[Names, typer.Option("--output", "-o", help="Print in this form.")]
_TableOrJson = Annotated[options.TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]

_Like = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Filled-in stack.yaml of one stack. Default: that of `costack ci init --host operator`.",
    ),
]
_Parallel = Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Update so many stacks at once.")]
_OnError = Annotated[
    Failure,
    typer.Option(
        help="After a failure begin no other, finish the wave, or continue; the platform's ends all."
    ),
]
_Journal = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Leave out what this file has as deployed, and add what is done."),
]
_Logs = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write Pulumi's output into a file for each stack.")
]
_PolicyPack = Annotated[
    list[str] | None,
    typer.Option(metavar="FOLDER", help="Run this policy pack with each update. May be repeated."),
]

ASSIGN_EXAMPLE: Final = "Example: costack stacks assign --dry-run"
LIST_EXAMPLE: Final = "Example: costack stacks list -o names"
PLAN_EXAMPLE: Final = "Example: costack stacks plan --changed-since origin/main~1"
ORDER_EXAMPLE: Final = "Example: costack stacks order --changed-since origin/main~1"
MATRIX_EXAMPLE: Final = "Example: costack stacks matrix --changed-since $DEPLOYED --wave 2 --shard 1/4"

MANIFESTS_EXAMPLE: Final = (
    "Example: costack stacks manifests --like operator/stack.yaml --out operator/stacks"
)
UP_EXAMPLE: Final = "Example: costack stacks up --parallel 4 --journal stacks.jsonl --logs logs"
SPLIT_EXAMPLE: Final = "Example: costack stacks split --prefix production"


@stacks_app.command("assign", cls=Command, epilog=ASSIGN_EXAMPLE)
def assign(
    portfolio: _Portfolio = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print, and write nothing.")] = False,  # noqa: FBT002 - as typer reads it
    cwd: options.Cwd = Path(),
) -> None:
    """Write the stack of each new tenant into cells.yaml; nobody who has one moves."""
    from cli.actions.provision.stacks import assign_tenants  # noqa: PLC0415

    guarded(lambda: assign_tenants(portfolio, cwd, dry_run=dry_run))


@stacks_app.command("list", cls=Command, epilog=LIST_EXAMPLE)
def list_(
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    cwd: options.Cwd = Path(),
    output: _Output = Names.TABLE,
) -> None:
    """List all stacks of a portfolio, in the order of their updates."""
    from cli.actions.provision.stacks import Request, print_all  # noqa: PLC0415

    guarded(lambda: print_all(Request(portfolio, prefix, cwd), str(output)))


@stacks_app.command("plan", cls=Command, epilog=PLAN_EXAMPLE)
def plan(  # noqa: PLR0917 - options of a command
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    changed_since: _ChangedSince = None,
    base_folder: _BaseFolder = None,
    cwd: options.Cwd = Path(),
    output: _TableOrJson = options.TableOrJson.TABLE,
) -> None:
    """Show the stacks that a change is for, in the order of their updates, and why each is."""
    from cli.actions.provision.stacks import Request, print_plan  # noqa: PLC0415

    guarded(lambda: print_plan(Request(portfolio, prefix, cwd, changed_since, base_folder), str(output)))


@stacks_app.command("order", cls=Command, epilog=ORDER_EXAMPLE)
def order(  # noqa: PLR0917 - options of a command
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    changed_since: _ChangedSince = None,
    base_folder: _BaseFolder = None,
    state_moved: _StateMoved = False,  # noqa: FBT002 - as typer reads it
    cwd: options.Cwd = Path(),
) -> None:
    """Print waves of stacks as JSON: those of a list are updated side by side, one list after the other."""
    from cli.actions.provision.stacks import Request, print_order  # noqa: PLC0415

    request = Request(portfolio, prefix, cwd, changed_since, base_folder, state_moved)
    guarded(lambda: print_order(request))


@stacks_app.command("matrix", cls=Command, epilog=MATRIX_EXAMPLE)
def matrix(  # noqa: PLR0917 - options of a command
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    changed_since: _ChangedSince = None,
    base_folder: _BaseFolder = None,
    state_moved: _StateMoved = False,  # noqa: FBT002 - as typer reads it
    wave: _Wave = None,
    shard: _Shard = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Print a matrix of jobs as JSON, as GitHub's `strategy.matrix` takes it: one job for each stack."""
    from cli.actions.provision.stacks import Request, print_matrix  # noqa: PLC0415

    request = Request(portfolio, prefix, cwd, changed_since, base_folder, state_moved)
    guarded(lambda: print_matrix(request, wave, shard))


@stacks_app.command("manifests", cls=Command, epilog=MANIFESTS_EXAMPLE)
def manifests(
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    like: _Like = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write a file for each stack.")] = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Print each stack as objects of the Pulumi Kubernetes Operator, tenants' behind the platform's."""
    from cli.actions.provision.cells.manifests import print_manifests  # noqa: PLC0415
    from cli.actions.provision.stacks import Request  # noqa: PLC0415

    guarded(lambda: print_manifests(Request(portfolio, prefix, cwd), like, out))


@stacks_app.command("up", cls=Command, epilog=UP_EXAMPLE)
def up(  # noqa: PLR0917 - options of a command
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    changed_since: _ChangedSince = None,
    base_folder: _BaseFolder = None,
    state_moved: _StateMoved = False,  # noqa: FBT002 - as typer reads it
    parallel: _Parallel = 2,
    on_error: _OnError = Failure.STOP,
    journal: _Journal = None,
    logs: _Logs = None,
    policy_pack: _PolicyPack = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Update the stacks that a change is for: the platform, those without production tenants, the rest."""
    from cli.actions.provision.cells.up import Run, update_stacks  # noqa: PLC0415
    from cli.actions.provision.stacks import Request  # noqa: PLC0415
    from lifecycle.cells.updates import OnError  # noqa: PLC0415

    request = Request(portfolio, prefix, cwd, changed_since, base_folder, state_moved)
    run = Run(parallel, OnError(str(on_error)), journal, logs, tuple(policy_pack or ()))
    guarded(lambda: update_stacks(request, run))


@stacks_app.command("split", cls=Command, epilog=SPLIT_EXAMPLE)
def split(
    portfolio: _Portfolio = None,
    prefix: _Prefix = None,
    back: Annotated[bool, typer.Option("--back", help="Bring everything into one stack again.")] = False,  # noqa: FBT002 - as typer reads it
    yes: Annotated[bool, typer.Option("--yes", help="Carry the commands out.")] = False,  # noqa: FBT002 - as typer reads it
    cwd: options.Cwd = Path(),
) -> None:
    """Print Pulumi's commands that move deployed tenants into the stacks of cells.yaml; with --yes do it.

    Resources only change the state that holds them. Nothing is replaced and nothing is deleted.
    """
    from cli.actions.provision.cells.split import split_stack  # noqa: PLC0415
    from cli.actions.provision.stacks import Request  # noqa: PLC0415

    guarded(lambda: split_stack(Request(portfolio, prefix, cwd), back=back, perform_now=yes))
