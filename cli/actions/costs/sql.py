"""`costack sql`: the allocation as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from allocation.adapters.deliveries.bucket import SCHEME
from allocation.engine.division_sql import Dialect, division_sql, in_dialect
from cli.console.output import echo
from cli.console.preview_values import month_of
from tiers.errors import CatalogError


@dataclass(frozen=True)
class Script:
    """What the command line asks for; each field is the option of its name."""

    bill: str | None = None
    inventories: tuple[str, ...] = ()
    period: str | None = None
    location: str | None = None
    answer: str | None = None
    rulebook: Path | None = None
    cwd: Path = Path()


def print_sql(dialect: str, wanted: Script) -> None:
    """Print the division in a dialect, or the whole script for a bill.

    Raises:
        CatalogError: When the dialect is unknown, or an option of the script is missing.
        AllocationError: When the bill cannot be grouped.
    """
    try:
        chosen = Dialect(dialect)
    except ValueError:
        known = ", ".join(Dialect)
        raise CatalogError(f"--dialect '{dialect}': expected one of {known}") from None
    if wanted.bill is not None:
        echo(_script(chosen, wanted, wanted.bill))
        return
    if wanted.inventories or wanted.location or wanted.answer:
        raise CatalogError(
            "--inventory, --location and --answer belong to the script of a bill: add --bill FILE"
        )
    echo("-- amount(origin, pool, slot, amount): what is divided, in units of 1e-10 of the currency")
    echo("-- route(pool, slot, via, part, weight): the driver by which a pool's cost leaves it")
    echo("-- weight(via, part, slot, tenant, weight): how much of the driver each tenant has")
    echo(in_dialect(division_sql(), chosen))


def _script(dialect: Dialect, wanted: Script, bill: str) -> str:
    from allocation.adapters.distributed.script import Places  # noqa: PLC0415 - the division waits for no bill
    from allocation.runs.distributed.script import script_for  # noqa: PLC0415

    if not (wanted.inventories and wanted.period and wanted.answer):
        raise CatalogError(
            "a script needs --inventory FILE, --period YYYY-MM and --answer ADDRESS beside --bill"
        )
    where = wanted.location or bill
    places = Places(
        where if where.startswith(SCHEME) or wanted.location else str(Path(where).resolve()), wanted.answer
    )
    period = month_of(wanted.period)
    text = script_for(dialect, bill, wanted.inventories, period, places, wanted.rulebook, wanted.cwd)
    again = f"costack allocate --bill {bill} --read-back {wanted.answer} --period {wanted.period}"
    named = " ".join(f"--inventory {each}" for each in wanted.inventories)
    return f"{text}\n\n-- then: {again} {named}"
