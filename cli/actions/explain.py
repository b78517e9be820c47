"""`costack explain` and `costack sql`: why a number is what it is, and the arithmetic itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from allocation.adapters.folders.run import MANIFEST, opened_run, read_json
from allocation.engine.division_sql import Dialect, division_sql, in_dialect
from allocation.engine.tables import COSTS
from allocation.errors import AllocationError
from allocation.statement.explain import explain_charge, explain_origin, explain_tenant
from tiers.errors import CatalogError


def print_explanation(
    tenant: str, run: Path, charge: str | None, origin: int | None, *, as_json: bool
) -> None:
    """Print why a tenant pays what it pays, of all or of one charge or origin.

    Raises:
        AllocationError: When the run has no such thing.
        CatalogError: When both a charge and an origin are named.
    """
    if charge is not None and origin is not None:
        raise CatalogError("name one thing to explain: --charge ID or --origin NUMBER")
    with opened_run(run) as connection:
        cost = str(read_json(run / MANIFEST).get("cost"))
        if cost not in COSTS:
            raise AllocationError(f"{run / MANIFEST}: cost: expected one of the four costs, found '{cost}'")
        if charge is not None:
            told = explain_charge(connection, tenant, charge, cost)
        elif origin is not None:
            told = explain_origin(connection, tenant, origin, cost)
        else:
            told = explain_tenant(connection, tenant, cost)
    typer.echo(json.dumps(told, indent=2) if as_json else "\n".join(_lines(told)))


def print_sql(dialect: str) -> None:
    """Print the division in a dialect.

    Raises:
        CatalogError: When nobody speaks it.
    """
    try:
        wanted = Dialect(dialect)
    except ValueError:
        known = ", ".join(Dialect)
        raise CatalogError(f"--dialect '{dialect}': expected one of {known}") from None
    typer.echo("-- amount(origin, pool, slot, amount): what is divided, in units of 1e-10 of the currency")
    typer.echo("-- route(pool, slot, via, part, weight): by whose driver a pool's cost leaves it")
    typer.echo("-- weight(via, part, slot, tenant, weight): how much of the driver each tenant has")
    typer.echo(in_dialect(division_sql(), wanted))


def _lines(told: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Nested facts as indented lines; lists of facts an entry a paragraph."""
    for name, value in told.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield f"{label}:"
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{label}:"
            for entry in value:
                first, *rest = _lines(entry, f"{indent}    ")
                yield f"{indent}  - {first.strip()}"
                yield from rest
        else:
            text = " to ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{label}: {'' if text is None else text}"
