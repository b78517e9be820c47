"""Allocates charges by usage. Every step leaves a table that can be inspected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

import duckdb

from allocation.engine.attribution import Known, attribute
from allocation.engine.cost_bases import make_cost_bases
from allocation.engine.divide import divide
from allocation.engine.portfolios import bare, scope_of
from allocation.engine.routes import Purpose
from allocation.engine.rulebook import Behaviour, Rulebook
from allocation.engine.settlement import Residuals, settle
from allocation.engine.shared_charges import AllocationType, make_shared_charges
from allocation.engine.weights import Fallback, Presence, weigh
from tiers.vocabulary import CostCategory, CostDomain


class Cell(NamedTuple):
    """A sum of cost of one kind for one tenant, in units.

    `pool` is the pool whose driver divided it, '' for direct cost. `tenant` is None for idle capacity that
    stays visible.
    """

    tenant: str | None
    allocation_type: AllocationType
    pool: str
    domain: CostDomain
    category: CostCategory
    behaviour: Behaviour
    units: int


class PoolUsage(NamedTuple):
    """The usage of a pool's driver by one consumer: a tenant, another pool, `(idle)` or `(capacity)`.

    `quantity` is in the driver's own unit. For a mix of drivers and for agreed parts it is a weight, which
    shows nothing but the proportion.
    """

    pool: str
    consumer: str
    quantity: Decimal


class Item(NamedTuple):
    """All charges of a period for the same item, of a tenant or, without a tenant, of a pool.

    `item` is the SKU of the bill or the name in the price book; `quantity` is None if a charge has none.
    """

    tenant: str | None
    pool: str
    service: str
    item: str
    unit: str
    quantity: Decimal | None
    units: int


class Unallocated(NamedTuple):
    """Cost that no rule gives to a tenant, with the reason; `example` is one of its lines.

    `portfolio` is set in a run of several, where anything says whose the cost is.
    """

    reason: str
    units: int
    charges: int
    example: str
    portfolio: str | None = None


@dataclass(frozen=True)
class Allocation:
    """The result of dividing the charges of a period.

    Attributes:
        cells: All cost of tenants, and visible idle capacity.
        charged: The total to allocate, in units.
        fallbacks: Pools that were divided by their fallback driver.
        unknown_consumers: Names in the usage that are neither tenant nor pool; their usage is ignored.
        residuals: Less than a unit for each pool and tenant, to carry into the next period.
        usage: The usage of each pool's driver by consumer.
        items: The items of all allocated charges.
    """

    cells: tuple[Cell, ...]
    unallocated: tuple[Unallocated, ...]
    charged: int
    fallbacks: tuple[Fallback, ...]
    unknown_consumers: tuple[str, ...]
    residuals: Residuals
    usage: tuple[PoolUsage, ...] = ()
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
        AllocationError: When it is not possible; nothing is left out to make it possible.
    """
    attribute(connection, known, rules)
    make_shared_charges(connection)
    fallbacks = weigh(connection, rules, present)
    divide(connection)
    if make_cost_bases(connection, rules):
        fallbacks = weigh(connection, rules, present, by_cost=True)
        divide(connection)
    residuals = settle(connection, rules.cost, carried)
    return Allocation(
        cells=tuple(_cells(connection, rules)),
        unallocated=tuple(_unallocated(connection, known, rules)),
        charged=_charged(connection, rules),
        fallbacks=tuple(fallbacks),
        unknown_consumers=_unknown_consumers(connection, known, rules),
        residuals=residuals,
        usage=tuple(_usage(connection)),
        items=tuple(_items(connection, rules)),
    )


def _cells(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> list[Cell]:
    behaviours = {rule.rule: rule.behaviour for rule in rules.rules}
    behaviours |= {virtual.tag: Behaviour.FIXED for virtual in rules.virtual_tags}
    domains = {pool.pool: pool.domain for pool in rules.pools}
    direct = connection.execute(
        f"""SELECT tenant, domain, category, behaviour, SUM({rules.cost}) FROM charged
        WHERE disposition = 'direct' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    shared = connection.execute(
        f"""SELECT tenant, part, via, category, rule, SUM(share.{rules.cost})
        FROM share JOIN origin USING (origin)
        WHERE part <> '{AllocationType.UNALLOCATED}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    return [
        Cell(
            tenant,
            AllocationType.DIRECT,
            "",
            CostDomain(domain),
            CostCategory(category),
            Behaviour(behaviour),
            int(units),
        )
        for tenant, domain, category, behaviour, units in direct
    ] + [
        Cell(
            tenant,
            AllocationType(part),
            via,
            domains[via],
            CostCategory(category),
            behaviours[rule],
            int(units),
        )
        for tenant, part, via, category, rule, units in shared
    ]


def _usage(connection: duckdb.DuckDBPyConnection) -> Iterator[PoolUsage]:
    rows = connection.execute(
        f"""SELECT pool, consumer, SUM(quantity) FROM demand
        WHERE purpose = '{Purpose.USAGE}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a word of ours
    ).fetchall()
    for pool, consumer, nano in rows:
        yield PoolUsage(pool, consumer, Decimal(int(nano)).scaleb(-9))


def _items(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> Iterator[Item]:
    # If one charge has no quantity, that of the whole item is unknown.
    rows = connection.execute(
        f"""SELECT tenant, COALESCE(pool, ''), COALESCE(service, ''), COALESCE(sku_id, description, ''),
            COALESCE(unit, ''), CASE WHEN COUNT(*) = COUNT(quantity) THEN SUM(quantity) END,
            SUM({rules.cost})
        FROM charged WHERE disposition <> 'unallocated' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    for tenant, pool, service, item, unit, quantity, units in rows:
        yield Item(tenant, pool, service, item, unit, quantity, int(units))


def _unallocated(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> list[Unallocated]:
    whose = "NULL" if known.only_portfolio else "portfolio"
    undecided = connection.execute(
        f"""SELECT rule, {whose}, SUM({rules.cost}), COUNT(*), MIN(line_id) FROM charged
        WHERE disposition = 'unallocated' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    without_driver = connection.execute(
        f"""SELECT via, SUM(share.{rules.cost}), SUM(charges), MIN(origin)
        FROM share JOIN origin USING (origin)
        WHERE part = '{AllocationType.UNALLOCATED}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    return [
        Unallocated(rule, int(units), charges, line, portfolio)
        for rule, portfolio, units, charges, line in undecided
    ] + [
        Unallocated(
            f"no-driver: pool {via}: no member has any {rules.pool_named(via).driver.name}",
            int(units),
            int(charges),
            f"origin {origin}",
            scope_of(via),
        )
        for via, units, charges, origin in without_driver
    ]


def _charged(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> int:
    row = connection.execute(f"SELECT SUM({rules.cost}) FROM charge").fetchone()  # noqa: S608 - a column of ours
    return int(row[0]) if row and row[0] is not None else 0


def _unknown_consumers(
    connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook
) -> tuple[str, ...]:
    users = {row[0] for row in connection.execute("SELECT DISTINCT tenant FROM usage").fetchall()}
    pools = {pool.pool for pool in rules.pools}
    return tuple(sorted(name for name in users - known.tenants - pools if not bare(name).startswith("(")))
