"""`costack explain` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded
from cli.console.help import renamed
from cli.console.shared_options import TableOrJson

_Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Explain the cost of this tenant.")]
_Run = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Read the run that `costack allocate --out` wrote here.")
]
_Charge = Annotated[
    str | None,
    typer.Option(metavar="LINE", help="Explain one line of the bill, by its id or its number."),
]
_SharedCharge = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", help="Explain one shared charge, by the number that the run gave it."),
]
_Output = Annotated[TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]

EXPLAIN_EXAMPLE: Final = "Example: costack explain acme --run runs/2026-11 --charge line-17"


@renamed({"--origin": "--shared-charge"})
def explain(
    tenant: _Tenant,
    run: _Run,
    charge: _Charge = None,
    shared_charge: _SharedCharge = None,
    output: _Output = TableOrJson.TABLE,
) -> None:
    """Explain why a tenant pays what it pays.

    Each amount is shown with its charge, the rule, the quantity of the driver and the remainder.
    """
    from cli.actions.costs.explain import Request, print_explanation  # noqa: PLC0415

    request = Request(
        tenant=tenant,
        run=run,
        charge=charge,
        shared_charge=shared_charge,
        as_json=output is TableOrJson.JSON,
    )
    guarded(lambda: print_explanation(request))
