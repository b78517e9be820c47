"""`costack sql`: the allocation as SQL."""

from __future__ import annotations

from allocation.engine.division_sql import Dialect, division_sql, in_dialect
from cli.console.output import echo
from tiers.errors import CatalogError


def print_sql(dialect: str) -> None:
    """Print the division in a dialect.

    Raises:
        CatalogError: When the dialect is unknown.
    """
    try:
        chosen = Dialect(dialect)
    except ValueError:
        known = ", ".join(Dialect)
        raise CatalogError(f"--dialect '{dialect}': expected one of {known}") from None
    echo("-- amount(origin, pool, slot, amount): what is divided, in units of 1e-10 of the currency")
    echo("-- route(pool, slot, via, part, weight): the driver by which a pool's cost leaves it")
    echo("-- weight(via, part, slot, tenant, weight): how much of the driver each tenant has")
    echo(in_dialect(division_sql(), chosen))
