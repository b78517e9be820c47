"""The allocation: charges and use in, what everybody pays out. Every step is a table one can look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

import duckdb

from allocation.engine.attribution import Known, attribute
from allocation.engine.divide import divide
from allocation.engine.routes import NOBODYS, USE
from allocation.engine.rulebook import Behaviour, Rulebook
from allocation.engine.settlement import Residuals, settle
from allocation.engine.shared_charges import make_origins
from allocation.engine.weights import Fallback, Presence, weigh
from tiers.vocabulary import CostCategory, CostDomain

DIRECT: Final = "direct"


class Cell(NamedTuple):
    """A sum of cost of one kind that goes to one tenant, in units.

    `part` is direct, use or idle; `pool` says whose driver divided it, '' for direct cost. `tenant` is None
    for idle capacity that stays visible.
    """

    tenant: str | None
    part: str
    pool: str
    domain: CostDomain
    category: CostCategory
    behaviour: Behaviour
    units: int


class PoolUse(NamedTuple):
    """What somebody has of a pool's driver in the period: a tenant, another pool, `(idle)` or `(capacity)`.

    `quantity` is in the driver's own unit; of a mix of drivers, and where everybody has an agreed part, it is
    a weight that says nothing but the proportion.
    """

    pool: str
    consumer: str
    quantity: Decimal


class Item(NamedTuple):
    """All charges of a period for the same thing: a tenant's own, or, where there is no tenant, a pool's.

    `item` is the bill's SKU, or what the price book calls it; `quantity` is None where a charge says none.
    """

    tenant: str | None
    pool: str
    service: str
    item: str
    unit: str
    quantity: Decimal | None
    units: int


class Unallocated(NamedTuple):
    """Cost that belongs to nobody, and why; `example` is one of its lines."""

    reason: str
    units: int
    charges: int
    example: str


@dataclass(frozen=True)
class Allocation:
    """Where the charges of a period went.

    Attributes:
        cells: All that was given to somebody or stayed idle.
        charged: What was to be allocated, in units.
        fallbacks: Pools that were divided by something else than their driver.
        strangers: Who used something and is neither tenant nor pool; their use counts for nothing.
        residuals: What is to be carried into the next period, less than a unit for each pool and tenant.
        uses: Who has how much of each pool's driver.
        items: What the charges that were given to somebody are for.
    """

    cells: tuple[Cell, ...]
    unallocated: tuple[Unallocated, ...]
    charged: int
    fallbacks: tuple[Fallback, ...]
    strangers: tuple[str, ...]
    residuals: Residuals
    uses: tuple[PoolUse, ...] = ()
    items: tuple[Item, ...] = ()


def allocate(
    connection: duckdb.DuckDBPyConnection,
    known: Known,
    present: Sequence[Presence],
    rules: Rulebook,
    carried: Residuals = MappingProxyType({}),
) -> Allocation:
    """Allocate the relations `charge` and `usage` of *connection*.

    Afterwards it holds `charged`, `origin`, `slot`, `weight`, `route`, `share` and `settlement` too.

    Raises:
        AllocationError: When it cannot be done; nothing is left out to make it possible.
    """
    attribute(connection, known, rules)
    make_origins(connection)
    fallbacks = weigh(connection, rules, present)
    divide(connection)
    residuals = settle(connection, rules.cost, carried)
    return Allocation(
        cells=tuple(_cells(connection, rules)),
        unallocated=tuple(_unallocated(connection, rules)),
        charged=_charged(connection, rules),
        fallbacks=tuple(fallbacks),
        strangers=_strangers(connection, known, rules),
        residuals=residuals,
        uses=tuple(_uses(connection)),
        items=tuple(_items(connection, rules)),
    )


def _cells(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> list[Cell]:
    behaviours = {rule.rule: rule.behaviour for rule in rules.rules}
    domains = {pool.pool: pool.domain for pool in rules.pools}
    direct = connection.execute(
        f"""SELECT tenant, domain, category, behaviour, SUM({rules.cost}) FROM charged
        WHERE disposition = 'direct' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    shared = connection.execute(
        f"""SELECT tenant, part, via, category, rule, SUM(share.{rules.cost})
        FROM share JOIN origin USING (origin)
        WHERE part <> '{NOBODYS}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    return [
        Cell(tenant, DIRECT, "", CostDomain(domain), CostCategory(category), Behaviour(behaviour), int(units))
        for tenant, domain, category, behaviour, units in direct
    ] + [
        Cell(tenant, part, via, domains[via], CostCategory(category), behaviours[rule], int(units))
        for tenant, part, via, category, rule, units in shared
    ]


def _uses(connection: duckdb.DuckDBPyConnection) -> Iterator[PoolUse]:
    rows = connection.execute(
        f"""SELECT pool, consumer, SUM(quantity) FROM demand
        WHERE purpose = '{USE}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a word of ours
    ).fetchall()
    for pool, consumer, nano in rows:
        yield PoolUse(pool, consumer, Decimal(int(nano)).scaleb(-9))


def _items(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> Iterator[Item]:
    # One charge without a quantity makes that of the whole item unknown.
    rows = connection.execute(
        f"""SELECT tenant, COALESCE(pool, ''), COALESCE(service, ''), COALESCE(sku_id, description, ''),
            COALESCE(unit, ''), CASE WHEN COUNT(*) = COUNT(quantity) THEN SUM(quantity) END,
            SUM({rules.cost})
        FROM charged WHERE disposition <> 'unallocated' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    for tenant, pool, service, item, unit, quantity, units in rows:
        yield Item(tenant, pool, service, item, unit, quantity, int(units))


def _unallocated(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> list[Unallocated]:
    undecided = connection.execute(
        f"""SELECT rule, SUM({rules.cost}), COUNT(*), MIN(line_id) FROM charged
        WHERE disposition = 'unallocated' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    without_driver = connection.execute(
        f"""SELECT via, SUM(share.{rules.cost}), SUM(charges), MIN(origin)
        FROM share JOIN origin USING (origin)
        WHERE part = '{NOBODYS}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    return [Unallocated(rule, int(units), charges, line) for rule, units, charges, line in undecided] + [
        Unallocated(
            f"no-driver: pool {via}: no member has any {rules.pool_named(via).driver.name}",
            int(units),
            int(charges),
            f"origin {origin}",
        )
        for via, units, charges, origin in without_driver
    ]


def _charged(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> int:
    row = connection.execute(f"SELECT SUM({rules.cost}) FROM charge").fetchone()  # noqa: S608 - a column of ours
    return int(row[0]) if row and row[0] is not None else 0


def _strangers(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> tuple[str, ...]:
    users = {row[0] for row in connection.execute("SELECT DISTINCT tenant FROM usage").fetchall()}
    pools = {pool.pool for pool in rules.pools}
    return tuple(sorted(name for name in users - known.tenants - pools if not name.startswith("(")))
