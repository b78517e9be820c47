"""Small allocations made of a few words: charges, use, tenants, rules; what everybody pays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb

from allocation.engine import tables
from allocation.engine.allocate import Allocation, allocate
from allocation.engine.attribution import Known
from allocation.engine.rulebook import Rulebook
from allocation.engine.shared_charges import AllocationType
from allocation.engine.weights import Presence
from tiers.vocabulary import Environment

TAGS = {
    "cost/client": "acme-ltd",
    "cost/tenant": "acme",
    "cost/environment": "production",
    "cost/region": "us-east-1",
    "cost/service-tier": "shared-namespace",
    "cost/recovery-class": "standard",
    "cost/domain": "tenant-runtime",
    "cost/service-line": "odoo-hosting",
    "cost/lifecycle-stage": "active",
}
START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)


class Line(NamedTuple):
    """A charge: its units, its day or days of November, and what a rule may look at."""

    units: int
    days: tuple[int, int] = (1, 31)
    values: Mapping[str, Any] = MappingProxyType({})


class Usage(NamedTuple):
    """Who used how much of a driver from one day of November to another."""

    who: str
    driver: str
    quantity: object
    days: tuple[int, int] = (1, 31)


def day(number: int) -> str:
    """Midnight of that day of November; the 31st is the first of December."""
    return f"2026-11-{number:02} 00:00:00" if number <= 30 else "2026-12-01 00:00:00"


def tagged(tenant: str, **changes: str) -> dict[str, Any]:
    """The values of a charge that carries a tenant's cost tags."""
    tags = TAGS | {"cost/tenant": tenant, "cost/client": f"{tenant}-ltd"} | changes
    return {"tags": json.dumps(tags, sort_keys=True)}


def present(
    *tenants: str, environment: Environment = Environment.PRODUCTION, tier: str = "shared-namespace"
) -> list[Presence]:
    """Tenants who were there all November."""
    return [Presence(name, START, END, environment, tier) for name in tenants]


def charge_rows(lines: Sequence[Line]) -> list[tuple[object, ...]]:
    """Rows of the table `charge`; the four costs are one."""
    rows = []
    for number, line in enumerate(lines, 1):
        values: dict[str, object] = dict.fromkeys(tables.columns_of(tables.CHARGE)) | {
            "charge": number,
            "line_id": f"line-{number}",
            "source": "bill.csv",
            "row_number": number,
            "period_start": day(line.days[0]),
            "period_end": day(line.days[1]),
            "charge_category": "Usage",
            "service": "Amazon Elastic Compute Cloud",
            "service_category": "Compute",
            "region": "us-east-1",
            "tags": "{}",
        }
        values |= dict.fromkeys(tables.COSTS, line.units)
        rows.append(tuple((values | dict(line.values)).values()))
    return rows


def loaded(lines: Sequence[Line], usage: Sequence[Usage]) -> duckdb.DuckDBPyConnection:
    """A connection with `charge` and `usage`."""
    connection = duckdb.connect()
    tables.create(connection, "charge", tables.CHARGE)
    tables.insert(connection, "charge", tables.CHARGE, charge_rows(lines))
    tables.create(connection, "usage", tables.USAGE)
    rows = [(use.who, use.driver, day(use.days[0]), day(use.days[1]), use.quantity) for use in usage]
    tables.insert(connection, "usage", tables.USAGE, rows)
    return connection


def allocated(
    lines: Sequence[Line],
    usage: Sequence[Usage],
    tenants: Sequence[Presence],
    rules: Rulebook,
    known: Known | None = None,
) -> Allocation:
    """The allocation of a few lines."""
    with loaded(lines, usage) as connection:
        everybody = frozenset(one.tenant for one in tenants)
        return allocate(connection, known or Known(everybody), tenants, rules)


def paid(allocation: Allocation) -> dict[tuple[str | None, str], int]:
    """Who pays what: (tenant, 'pool' or 'pool idle' or 'direct') -> units."""
    sums: dict[tuple[str | None, str], int] = {}
    for cell in allocation.cells:
        idle = cell.allocation_type is AllocationType.IDLE
        where = f"{cell.pool} idle" if idle else cell.pool or str(cell.allocation_type)
        key = (cell.tenant, where)
        sums[key] = sums.get(key, 0) + cell.units
    return sums


def total(allocation: Allocation) -> int:
    """All that went anywhere."""
    return sum(cell.units for cell in allocation.cells) + sum(item.units for item in allocation.unallocated)
