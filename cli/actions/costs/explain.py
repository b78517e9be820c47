"""`costack explain`: why a number is what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from allocation.adapters.folders.earlier_months import STATEMENT
from allocation.adapters.folders.run import MANIFEST, opened_run, read_json
from allocation.engine.drivers import UNITS, Driver
from allocation.engine.tables import COSTS
from allocation.errors import AllocationError
from allocation.report.quantities import on_average
from allocation.statement.explain import explain_charge, explain_shared_charge, explain_tenant
from cli.console.output import echo
from tiers.errors import CatalogError


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    run: Path
    charge: str | None
    shared_charge: int | None
    as_json: bool


def print_explanation(request: Request) -> None:
    """Print why a tenant pays what it pays: all of it, one charge, or one shared charge.

    Raises:
        AllocationError: When the run does not have it.
        CatalogError: When both a charge and a shared charge are named.
    """
    if request.charge is not None and request.shared_charge is not None:
        raise CatalogError("name one charge to explain: either --charge LINE or --shared-charge NUMBER")
    manifest = request.run / MANIFEST
    with opened_run(request.run) as connection:
        tenant = _id_of(request)
        cost = str(read_json(manifest).get("cost"))
        if cost not in COSTS:
            raise AllocationError(f"{manifest}: cost: expected one of {', '.join(COSTS)}, found '{cost}'")
        if request.charge is not None:
            document = explain_charge(connection, tenant, request.charge, cost)
        elif request.shared_charge is not None:
            document = explain_shared_charge(connection, tenant, request.shared_charge, cost)
        else:
            document = explain_tenant(connection, tenant, cost)
    echo(json.dumps(document, indent=2) if request.as_json else "\n".join(_lines(_readable(document))))


def _id_of(request: Request) -> str:
    """The id of the tenant, which the statement of the run may call by another name."""
    rows = read_json(request.run / STATEMENT).get("tenants") or ()
    named = (str(row["tenant"]) for row in rows if row.get("display_name") == request.tenant)
    return next(named, request.tenant)


def _readable(document: Any) -> Any:
    """*document* with quantities of drivers as people think of them; JSON has them as they were measured."""
    if isinstance(document, list):
        return [_readable(each) for each in document]
    if not isinstance(document, Mapping):
        return document
    found = {name: _readable(value) for name, value in document.items()}
    if {"driver", "from", "to", "quantity"} <= found.keys():
        first, last = (datetime.fromisoformat(str(found[name])) for name in ("from", "to"))
        hours = Decimal(int((last - first).total_seconds())) / 3600
        found["quantity"] = on_average(Decimal(found["quantity"]), UNITS[Driver(found["driver"])], hours)
    return found


def _lines(document: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Nested facts as indented lines; each entry of a list begins with a dash."""
    for name, value in document.items():
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
