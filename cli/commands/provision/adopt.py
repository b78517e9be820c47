"""`costack adopt` and its phases: what leads an estate that Costack did not make into a portfolio."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import Command

adopt_app = typer.Typer(
    no_args_is_help=True, help="Take over an estate that Costack did not make, by phases."
)

_Inventory = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="CSV of machines, servers and buckets: columns tenant, type, id, tags and facts such as users.",
    ),
]
_Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Write the checklist, adoption.yaml, here.")]
_Dir = Annotated[Path, typer.Option("--dir", metavar="FOLDER", help="Folder of the checklist.")]
_Portfolio = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Portfolio to adopt into. Default: the checklist's, else the only one under portfolios/.",
    ),
]
_Headroom = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=400,
        metavar="PERCENT",
        help="Hold this much more than what was measured. Default: the checklist's, else 25.",
    ),
]
_Tenant = Annotated[str | None, typer.Argument(metavar="[TENANT]", help="Only this tenant. Default: all.")]
_StackExport = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Output of `pulumi stack export`, which shows what was imported."),
]
_Statement = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The statement.json of a run of `costack allocate --out`, which shows the first line.",
    ),
]
_After = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="Output of `pulumi preview --json` after the import: what was imported must not be replaced.",
    ),
]
_Plan = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="Output of `pulumi preview --json` for the portfolio with these tenants."
    ),
]
_Apply = Annotated[
    bool,
    typer.Option("--apply", help="Set the tags in the account of the credentials in use; none is removed."),
]
_ImportOut = Annotated[
    Path, typer.Option(metavar="FILE", help="Write the file for `pulumi import --file` here.")
]
_Output = Annotated[options.TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]

ADOPT_START_EXAMPLE: Final = "Example: costack adopt start --inventory estate.csv --out adopt"
ADOPT_STATUS_EXAMPLE: Final = "Example: costack adopt status --dir adopt"
ADOPT_NEXT_EXAMPLE: Final = "Example: costack adopt next acme --dir adopt"
ADOPT_TAGS_EXAMPLE: Final = "Example: costack adopt tags acme --dir adopt"
ADOPT_IMPORT_EXAMPLE: Final = (
    "Example: costack adopt import --dir adopt --plan preview.json --out import.json"
)
_DIR: Final = Path("adopt")


@adopt_app.command("start", cls=Command, epilog=ADOPT_START_EXAMPLE)
def start(
    inventory: _Inventory,
    out: _Out = _DIR,
    portfolio: _Portfolio = None,
    headroom: _Headroom = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Read the inventory and write the checklist: every tenant, every phase, and what is missing.

    Run it again with a newer CSV: what people wrote in the checklist stays, and phases whose facts changed
    open again.
    """
    from cli.actions.provision import adopt  # noqa: PLC0415

    request = adopt.StartRequest(inventory, out, portfolio, headroom, datetime.now(UTC), cwd)
    guarded(lambda: adopt.start(request))


@adopt_app.command("status", cls=Command, epilog=ADOPT_STATUS_EXAMPLE)
def status(tenant: _Tenant = None, folder: _Dir = _DIR, output: _Output = options.TableOrJson.TABLE) -> None:
    """Print how far each tenant is and what it needs; nothing is written.

    Ends with exit code 5 while something is missing that only people can bring.
    """
    from cli.actions.provision import adopt  # noqa: PLC0415

    request = adopt.Request(folder, tenant, datetime.now(UTC), output=str(output))
    guarded(lambda: adopt.status(request))


@adopt_app.command("next", cls=Command, epilog=ADOPT_NEXT_EXAMPLE)
def next_(  # noqa: PLR0917 - options of a command
    tenant: _Tenant = None,
    folder: _Dir = _DIR,
    stack_export: _StackExport = None,
    plan: _After = None,
    statement: _Statement = None,
    output: _Output = options.TableOrJson.TABLE,
) -> None:
    """Work out the next phases: propose a size with its cost, write the tenant's file, check what was done.

    Tenants' files go into the portfolio for review; one that is there is never overwritten.
    """
    from cli.actions.provision import adopt  # noqa: PLC0415
    from lifecycle.adapters.adoption_place import Given  # noqa: PLC0415

    given = Given(stack_export, plan, statement)
    request = adopt.Request(folder, tenant, datetime.now(UTC), given, str(output))
    guarded(lambda: adopt.next_(request))


@adopt_app.command("tags", cls=Command, epilog=ADOPT_TAGS_EXAMPLE)
def tags(tenant: _Tenant = None, folder: _Dir = _DIR, *, apply: _Apply = False) -> None:
    """Print the commands that set the cost tags which the resources lack; nothing is set without --apply.

    Read them, then run them: `costack adopt tags acme > tags.sh`.
    """
    from cli.actions.provision import adopt  # noqa: PLC0415

    request = adopt.Request(folder, tenant, datetime.now(UTC))
    guarded(lambda: adopt.tags(request, apply=apply))


@adopt_app.command("import", cls=Command, epilog=ADOPT_IMPORT_EXAMPLE)
def import_(
    plan: _Plan, tenant: _Tenant = None, folder: _Dir = _DIR, out: _ImportOut = Path("import.json")
) -> None:
    """Write the file for `pulumi import`, as `costack import` does, with the ids that people confirmed."""
    from cli.actions.provision import adopt  # noqa: PLC0415

    request = adopt.Request(folder, tenant, datetime.now(UTC))
    guarded(lambda: adopt.import_(request, plan, out))
