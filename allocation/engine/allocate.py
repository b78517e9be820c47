"""Allocates charges by usage. Every step leaves a table that can be inspected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

import duckdb

from allocation.engine.attribution import Known, attribute
from allocation.engine.cost_bases import make_cost_bases
from allocation.engine.divide import divide
from allocation.engine.earlier.allocated import SHARED
from allocation.engine.earlier.filed_shares import NO_MONTHS, FiledMonths
from allocation.engine.earlier.given_shares import add_given_shares, add_slots, has_given_shares
from allocation.engine.portfolios import bare, scope_of
from allocation.engine.routes import Purpose
from allocation.engine.rulebook import Behaviour, Rulebook
from allocation.engine.settlement import Residuals, settle
from allocation.engine.shared_charges import AllocationType, Period, make_shared_charges
from allocation.engine.weights import Fallback, Presence, weigh
from tiers.vocabulary import CostCategory, CostDomain


class Cell(NamedTuple):
    """A sum of cost of one kind for one tenant, in units.

    `pool` is the pool whose driver divided it, '' for direct cost. `tenant` is None for idle capacity that
    stays visible. `other_month` is the month of charges that are billed now and of another month.
    """

    tenant: str | None
    allocation_type: AllocationType
    pool: str
    domain: CostDomain
    category: CostCategory
    behaviour: Behaviour
    units: int
    other_month: str = ""


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
    other_month: str = ""


class Unallocated(NamedTuple):
    """Cost that no rule gives to a tenant, with the reason; `example` is one of its lines.

    `portfolio` is set in a run of several, where anything says whose the cost is.
    """

    reason: str
    units: int
    charges: int
    example: str
    other_month: str = ""
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
        as_filed: For each filed month that charges correct, the pools that were divided as they were then.
    """

    cells: tuple[Cell, ...]
    unallocated: tuple[Unallocated, ...]
    charged: int
    fallbacks: tuple[Fallback, ...]
    unknown_consumers: tuple[str, ...]
    residuals: Residuals
    usage: tuple[PoolUsage, ...] = ()
    items: tuple[Item, ...] = ()
    as_filed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def allocate(
    connection: duckdb.DuckDBPyConnection,
    known: Known,
    present: Sequence[Presence],
    rules: Rulebook,
    carried: Residuals = MappingProxyType({}),
    *,
    month: Period | None = None,
    filed: FiledMonths = NO_MONTHS,
) -> Allocation:
    """Allocate the relations `charge` and `usage` of *connection*.

    Afterwards it holds `charged`, `origin`, `slot`, `weight`, `route`, `share` and `settlement` too. *month*
    is needed where charges may be of another time; those of months in *filed* are divided as these were.

    Raises:
        AllocationError: When it is not possible; nothing is left out to make it possible.
    """
    attribute(connection, known, rules)
    return allocate_attributed(connection, known, present, rules, carried, month=month, filed=filed)


def allocate_attributed(
    connection: duckdb.DuckDBPyConnection,
    known: Known,
    present: Sequence[Presence],
    rules: Rulebook,
    carried: Residuals = MappingProxyType({}),
    *,
    month: Period | None = None,
    filed: FiledMonths = NO_MONTHS,
    direct: Mapping[str, int] = MappingProxyType({}),
) -> Allocation:
    """The same of the relations `charged`, `decision` and `usage`.

    *direct* is the cost of each tenant that is in none of them nor in the result; pools that are divided in
    proportion to cost count it.
    """
    make_shared_charges(connection, month)
    given = has_given_shares(connection)
    if given:
        add_slots(connection, month)
    fallbacks = weigh(connection, rules, present, filed)
    divide(connection)
    if make_cost_bases(connection, rules, direct):
        fallbacks = weigh(connection, rules, present, filed, by_cost=True)
        divide(connection)
    residuals = settle(connection, rules.cost, carried)
    if given:
        add_given_shares(connection)
    return Allocation(
        cells=tuple(_cells(connection, rules)),
        unallocated=tuple(_unallocated(connection, known, rules)),
        charged=_charged(connection, rules),
        fallbacks=tuple(fallbacks),
        unknown_consumers=_unknown_consumers(connection, known, rules),
        residuals=residuals,
        usage=tuple(_usage(connection)),
        items=tuple(_items(connection, rules)),
        as_filed=_as_filed(connection),
    )


def _cells(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> Iterator[Cell]:
    behaviours = {rule.rule: rule.behaviour for rule in rules.rules}
    behaviours |= {virtual.tag: Behaviour.FIXED for virtual in rules.virtual_tags}
    behaviours |= _given_behaviours(connection)
    domains = {pool.pool: pool.domain for pool in rules.pools}
    direct = connection.execute(
        f"""SELECT tenant, domain, category, behaviour, COALESCE(other_month, ''), SUM({rules.cost})
        FROM charged
        WHERE disposition = 'direct' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    shared = connection.execute(
        f"""SELECT tenant, part, via, category, rule, COALESCE(other_month, ''), SUM(share.{rules.cost})
        FROM share JOIN origin USING (origin)
        WHERE part <> '{AllocationType.UNALLOCATED}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    for tenant, domain, category, behaviour, other_month, units in direct:
        kind = (CostDomain(domain), CostCategory(category), Behaviour(behaviour))
        yield Cell(tenant, AllocationType.DIRECT, "", *kind, int(units), other_month)
    for tenant, part, via, category, rule, other_month, units in shared:
        kind = (domains[via], CostCategory(category), behaviours[rule])
        yield Cell(tenant, AllocationType(part), via, *kind, int(units), other_month)


def _given_behaviours(connection: duckdb.DuckDBPyConnection) -> dict[str, Behaviour]:
    """The behaviour of each rule that shared charges of another run name; this rulebook may have others."""
    rows = connection.execute(
        "SELECT DISTINCT rule, behaviour FROM decision WHERE disposition = ?", [SHARED]
    ).fetchall()
    return {rule: Behaviour(behaviour) for rule, behaviour in rows}


def _usage(connection: duckdb.DuckDBPyConnection) -> Iterator[PoolUsage]:
    rows = connection.execute(
        f"""SELECT pool, consumer, SUM(quantity) FROM demand JOIN slot USING (slot)
        WHERE purpose = '{Purpose.USAGE}' AND other_month IS NULL
        GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a word of ours
    ).fetchall()
    for pool, consumer, nano in rows:
        yield PoolUsage(pool, consumer, Decimal(int(nano)).scaleb(-9))


def _items(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> Iterator[Item]:
    # If one charge has no quantity, that of the whole item is unknown. Text is put together for few groups.
    rows = connection.execute(
        f"""SELECT CASE WHEN disposition <> '{SHARED}' THEN tenant END, COALESCE(pool, ''),
            COALESCE(service, ''), COALESCE(sku_id, description, ''),
            COALESCE(unit, ''), COALESCE(other_month, ''),
            CASE WHEN SUM(charges) = SUM(counted) THEN SUM(quantity) END, SUM(units)
        FROM (
            SELECT disposition, tenant, pool, service, sku_id,
                CASE WHEN sku_id IS NULL THEN description END AS description, unit, other_month,
                COUNT(*) AS charges, COUNT(quantity) AS counted, SUM(quantity) AS quantity,
                SUM({rules.cost}) AS units
            FROM charged WHERE disposition <> 'unallocated' GROUP BY ALL
        ) GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    for tenant, pool, service, item, unit, other_month, quantity, units in rows:
        yield Item(tenant, pool, service, item, unit, quantity, int(units), other_month)


def _as_filed(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    rows = connection.execute(
        """SELECT other_month, LIST(DISTINCT via ORDER BY via) FROM share JOIN origin USING (origin)
        WHERE (other_month, via) IN (SELECT (month, pool) FROM filed_share) GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return {other_month: tuple(pools) for other_month, pools in rows}


def _unallocated(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> list[Unallocated]:
    whose = "NULL" if known.only_portfolio else "portfolio"
    undecided = connection.execute(
        f"""SELECT rule, {whose}, COALESCE(other_month, ''), SUM({rules.cost}), COUNT(*), MIN(line_id)
        FROM charged
        WHERE disposition = 'unallocated' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    without_driver = connection.execute(
        f"""SELECT via, COALESCE(other_month, ''), SUM(share.{rules.cost}), SUM(charges), MIN(origin)
        FROM share JOIN origin USING (origin)
        WHERE part = '{AllocationType.UNALLOCATED}' GROUP BY ALL ORDER BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    return [
        Unallocated(_of(rule, other_month), int(units), charges, line, other_month, portfolio)
        for rule, portfolio, other_month, units, charges, line in undecided
    ] + [
        Unallocated(
            _of(f"no-driver: pool {via}: no member has any {rules.pool_named(via).driver.name}", other_month),
            int(units),
            int(charges),
            f"origin {origin}",
            other_month,
            scope_of(via),
        )
        for via, other_month, units, charges, origin in without_driver
    ]


def _of(reason: str, other_month: str) -> str:
    return f"{reason} (of {other_month})" if other_month else reason


def _charged(connection: duckdb.DuckDBPyConnection, rules: Rulebook) -> int:
    rows = connection.execute(f"SELECT COALESCE(SUM({rules.cost}), 0) FROM charged").fetchall()  # noqa: S608 - a column of ours
    return int(rows[0][0])


def _unknown_consumers(
    connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook
) -> tuple[str, ...]:
    users = {row[0] for row in connection.execute("SELECT DISTINCT tenant FROM usage").fetchall()}
    pools = {pool.pool for pool in rules.pools}
    return tuple(sorted(name for name in users - known.tenants - pools if not bare(name).startswith("(")))
