"""Weights: the usage of each pool's driver by every tenant in each slot of time.

Usage is measured over its own intervals. A slot takes the part of each interval that lies in it: all of it if
the slot contains the interval, so that daily usage and daily charges match exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import duckdb

from allocation.engine.division_sql import LARGEST_WEIGHT
from allocation.engine.drivers import CAPACITY, IDLE, DriverRule
from allocation.engine.earlier.filed_shares import (
    NO_MONTHS,
    FiledMonths,
    add_filed_weights,
    as_filed,
    keep_filed_shares,
)
from allocation.engine.portfolios import bare, scope_of, scoped
from allocation.engine.routes import Demand, Purpose, ways_out
from allocation.engine.rulebook import IdlePolicy, Members, Pool, Rulebook
from allocation.engine.tables import create, insert
from allocation.errors import AllocationError
from tiers.vocabulary import Environment

_DIGITS: Final = len(str(LARGEST_WEIGHT)) - 1
_LARGEST_QUANTITY: Final = 10**15


@dataclass(frozen=True)
class Presence:
    """An interval, half-open, in which a tenant was deployed, with its environment, tier and portfolio."""

    tenant: str
    start: datetime
    end: datetime
    environment: Environment
    tier: str
    portfolio: str = ""


class Fallback(NamedTuple):
    """A pool that was divided by its fallback, because no member had any usage of its driver."""

    pool: str
    start: datetime
    end: datetime
    driver: str


_DRIVER_PART: Final = """
    pool VARCHAR NOT NULL, purpose VARCHAR NOT NULL, driver VARCHAR NOT NULL, coefficient BIGINT NOT NULL,
    largest BOOLEAN NOT NULL
"""
_AGREED: Final = """
    pool VARCHAR NOT NULL, purpose VARCHAR NOT NULL, tenant VARCHAR NOT NULL, weight BIGINT NOT NULL,
    period_start TIMESTAMP NOT NULL, period_end TIMESTAMP NOT NULL
"""
_MEMBER: Final = "pool VARCHAR NOT NULL, tenant VARCHAR NOT NULL, multiplier BIGINT NOT NULL"
_USER: Final = "pool VARCHAR NOT NULL, consumer VARCHAR NOT NULL"
_ROUTE: Final = """
    pool VARCHAR NOT NULL, slot BIGINT NOT NULL, via VARCHAR NOT NULL, part VARCHAR NOT NULL,
    weight DECIMAL(38, 0) NOT NULL
"""
_WAY: Final = """
    via VARCHAR NOT NULL, part VARCHAR NOT NULL, slot BIGINT NOT NULL, purpose VARCHAR NOT NULL
"""

_USED: Final = """
CREATE OR REPLACE TEMP TABLE used AS
WITH interval_of AS (SELECT DISTINCT period_start, period_end FROM usage),
overlap AS (
    SELECT interval_of.period_start, interval_of.period_end, slot.slot,
        EPOCH_US(LEAST(interval_of.period_end, slot.period_end))
            - EPOCH_US(GREATEST(interval_of.period_start, slot.period_start)) AS shared,
        EPOCH_US(interval_of.period_end) - EPOCH_US(interval_of.period_start) AS whole
    FROM interval_of JOIN slot
        ON interval_of.period_start < slot.period_end AND slot.period_start < interval_of.period_end
)
SELECT usage.driver, overlap.slot, usage.tenant AS consumer,
    SUM(CASE WHEN shared = whole THEN CAST(quantity * 1000000000 AS HUGEINT)
        ELSE CAST(quantity * 1000000000 AS HUGEINT) * shared // whole END) AS nano
FROM usage JOIN overlap USING (period_start, period_end)
GROUP BY ALL
"""

# Agreed weights count the seconds a tenant was deployed: one that joins mid-slot has half the weight.
_DEMAND: Final = """
CREATE OR REPLACE TEMP TABLE demand AS
WITH measured AS (
    SELECT pool, purpose, slot, consumer,
        CASE WHEN BOOL_OR(largest) THEN MAX(nano * coefficient) ELSE SUM(nano * coefficient) END AS quantity
    FROM driver_part JOIN used USING (driver)
    GROUP BY ALL
),
agreed_on AS (
    SELECT pool, purpose, slot, tenant AS consumer, SUM(CAST(weight AS HUGEINT) * (
        EPOCH(LEAST(agreed.period_end, slot.period_end))
            - EPOCH(GREATEST(agreed.period_start, slot.period_start))
    )::HUGEINT) AS quantity
    FROM agreed JOIN slot
        ON agreed.period_start < slot.period_end AND slot.period_start < agreed.period_end
    GROUP BY ALL
),
everything AS (SELECT * FROM measured UNION ALL SELECT * FROM agreed_on)
SELECT everything.pool, purpose, slot, everything.consumer, quantity * COALESCE(multiplier, 1) AS quantity,
    multiplier IS NOT NULL AS member
FROM everything
LEFT JOIN member ON member.pool = everything.pool AND member.tenant = everything.consumer
LEFT JOIN user_of ON user_of.pool = everything.pool AND user_of.consumer = everything.consumer
WHERE quantity > 0 AND (multiplier IS NOT NULL OR user_of.pool IS NOT NULL)
"""

_BY_COST: Final = f"""
INSERT INTO demand
SELECT cost_base.pool, '{Purpose.USAGE}', slot.slot, cost_base.tenant, cost_base.units * multiplier, true
FROM cost_base JOIN member USING (pool, tenant) CROSS JOIN slot WHERE cost_base.units > 0
"""  # noqa: S608 - a word of ours

_TOTALS: Final = """
SELECT pool, purpose, slot, CASE WHEN member THEN '' ELSE consumer END AS consumer, SUM(quantity)
FROM demand GROUP BY ALL
"""

_WEIGHTS: Final = f"""
CREATE OR REPLACE TABLE weight AS
WITH asked AS (
    SELECT way.via, way.part, way.slot, demand.consumer AS tenant, demand.quantity
    FROM way JOIN demand ON demand.pool = way.via AND demand.purpose = way.purpose AND demand.slot = way.slot
    WHERE demand.member
),
scaled AS (
    SELECT *, CAST('1' || REPEAT('0', GREATEST(LENGTH(CAST(total AS VARCHAR)) - {_DIGITS}, 0)) AS HUGEINT)
        AS scale
    FROM (SELECT *, SUM(quantity) OVER (PARTITION BY via, part, slot) AS total FROM asked)
)
SELECT via, part, slot, tenant, CAST(quantity // scale AS DECIMAL(38, 0)) AS weight
FROM scaled WHERE quantity // scale > 0
UNION ALL
SELECT via, part, slot, NULL, CAST(1 AS DECIMAL(38, 0)) FROM way WHERE purpose = ''
"""  # noqa: S608 - a number of our own

_BY_NUMBER: Final = "SELECT slot, period_start, period_end, other_month FROM slot ORDER BY slot"

_UNREASONABLE: Final = "SELECT tenant, driver, quantity FROM usage WHERE quantity > ? ORDER BY ALL LIMIT 1"


def weigh(
    connection: duckdb.DuckDBPyConnection,
    rules: Rulebook,
    present: Sequence[Presence],
    months: FiledMonths = NO_MONTHS,
    *,
    by_cost: bool = False,
) -> list[Fallback]:
    """Make the tables `weight` and `route` that the division reads, for every row of `slot`.

    Reads `usage`, and *by_cost* the table `cost_base`. Usage of tenants that are no members of a pool
    does not count for that pool. The slots of *months* are divided as these were filed.

    Returns:
        The pools and slots that used a fallback.

    Raises:
        AllocationError: When pools serve only each other, or a quantity is implausible.
    """
    _refuse_implausible(connection)
    _insert_rules(connection, rules, present)
    connection.execute(_USED)
    connection.execute(_DEMAND)
    if by_cost:
        connection.execute(_BY_COST)
    demands = _demands(connection)
    slots = connection.execute(_BY_NUMBER).fetchall()
    routes: list[tuple[object, ...]] = []
    ways: set[tuple[str, str, int, str]] = set()
    fallbacks: list[Fallback] = []
    for slot, start, end, other_month in slots:
        leaving, fell_back = ways_out(rules, demands.get(slot, {}))
        shares = months.get(other_month, {})
        leaving = as_filed(leaving, shares) if shares else leaving
        fallbacks += (
            Fallback(pool.pool, start, end, pool.fallback.name)
            for pool in fell_back
            if pool.fallback and pool.pool not in shares
        )
        for pool, parts in leaving.items():
            routes += ((pool, slot, via, part, weight) for (via, part, _), weight in parts.items())
            ways |= {(via, part, slot, purpose) for via, part, purpose in parts}
    for name, table, rows in (("route", _ROUTE, routes), ("way", _WAY, sorted(ways))):
        create(connection, name, table)
        insert(connection, name, table, rows)
    connection.execute(_WEIGHTS)
    keep_filed_shares(connection, months)
    add_filed_weights(connection)
    return list(dict.fromkeys(fallbacks))


def _refuse_implausible(connection: duckdb.DuckDBPyConnection) -> None:
    if row := connection.execute(_UNREASONABLE, [_LARGEST_QUANTITY]).fetchone():
        raise AllocationError(
            f"usage: {row[0]} has {row[2]:f} of {row[1]}; expected at most {_LARGEST_QUANTITY}"
        )


def _demands(connection: duckdb.DuckDBPyConnection) -> dict[int, dict[tuple[str, str], Demand]]:
    found: dict[int, dict[tuple[str, str], dict[str, int]]] = {}
    for pool, purpose, slot, consumer, quantity in connection.execute(_TOTALS).fetchall():
        found.setdefault(slot, {}).setdefault((pool, purpose), {})[consumer] = int(quantity)
    return {
        slot: {key: _demand(by_consumer) for key, by_consumer in keyed.items()}
        for slot, keyed in found.items()
    }


def _demand(by_consumer: dict[str, int]) -> Demand:
    tenants = by_consumer.pop("", 0)
    idle, capacity = (
        sum(by_consumer.pop(name) for name in list(by_consumer) if bare(name) == what)
        for what in (IDLE, CAPACITY)
    )
    # Pods that request more than the capacity are pending or throttled: then nothing is idle.
    return Demand(tenants, idle + max(capacity - tenants - idle - sum(by_consumer.values()), 0), by_consumer)


def _insert_rules(
    connection: duckdb.DuckDBPyConnection, rules: Rulebook, present: Sequence[Presence]
) -> None:
    parts: list[tuple[object, ...]] = []
    agreed: list[tuple[object, ...]] = []
    members: list[tuple[object, ...]] = []
    users: list[tuple[object, ...]] = []
    for pool in rules.pools:
        here = [one for one in present if _is_member(pool.members, one)]
        heavy = {one.tenant: pool.weight_by_environment.get(one.environment, 1) for one in here}
        members += ((pool.pool, tenant, multiplier) for tenant, multiplier in sorted(heavy.items()))
        users += ((pool.pool, consumer) for consumer in (*_bounds(pool), *pool.serves))
        for purpose, rule in _purposes(pool):
            parts += _driver_parts(pool, purpose, rule)
            agreed += _agreed(pool, purpose, rule, here)
    for name, table, rows in (
        ("driver_part", _DRIVER_PART, parts),
        ("agreed", _AGREED, agreed),
        ("member", _MEMBER, members),
        ("user_of", _USER, users),
    ):
        create(connection, name, table)
        insert(connection, name, table, rows)


def _bounds(pool: Pool) -> Iterator[str]:
    """The consumers of a pool that are its idle part and its whole: a portfolio's own, or anybody's."""
    yield from (scoped(one, name) for one in pool.members.portfolios for name in (IDLE, CAPACITY))
    if scope_of(pool.pool) is None:
        yield from (IDLE, CAPACITY)


def _purposes(pool: Pool) -> Iterator[tuple[Purpose, DriverRule]]:
    yield Purpose.USAGE, pool.driver
    if pool.fallback:
        yield Purpose.FALLBACK, pool.fallback
    if pool.entitlement:
        yield Purpose.IDLE, pool.entitlement
    elif pool.idle is IdlePolicy.EVEN:
        yield Purpose.IDLE, DriverRule(even="every member pays the same for idle capacity")


def _driver_parts(pool: Pool, purpose: Purpose, rule: DriverRule) -> Iterator[tuple[object, ...]]:
    for driver in rule.measures:
        coefficient = rule.composite[driver] if rule.composite else 1
        yield (pool.pool, purpose, driver, coefficient, rule.largest is not None)


def _agreed(
    pool: Pool, purpose: Purpose, rule: DriverRule, here: Iterable[Presence]
) -> Iterator[tuple[object, ...]]:
    for one in here:
        weight = 1 if rule.even is not None else (rule.fixed or {}).get(one.tenant, 0)
        if weight:
            yield (pool.pool, purpose, one.tenant, weight, one.start.isoformat(), one.end.isoformat())


def _is_member(members: Members, one: Presence) -> bool:
    return (
        (not members.environments or one.environment in members.environments)
        and (not members.tiers or one.tier in members.tiers)
        and (not members.tenants or one.tenant in members.tenants)
        and (not members.portfolios or one.portfolio in members.portfolios)
    )
