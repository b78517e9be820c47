"""Readiness for chargeback: gates with the value found and the limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from string import Template
from typing import Final, NamedTuple

import duckdb

from allocation.charges import ChargePeriod
from allocation.engine.attribution import Attributed, attributed
from allocation.engine.divide import RATIO_TOTAL
from allocation.engine.drivers import MEASURED, Driver
from allocation.engine.rulebook import Readiness, Rulebook
from allocation.engine.shared_charges import DAY_AFTER_LAST, FIRST_DAY
from allocation.statement.statement import Statement

_HUNDRED: Final = Decimal(100)
_MISSING: Final = """
SELECT COUNT(*) FROM (
    SELECT UNNEST(GENERATE_SERIES($1::TIMESTAMP, $2::TIMESTAMP - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS day
)
WHERE NOT EXISTS (
    SELECT 1 FROM usage WHERE driver = $3 AND period_start < day + INTERVAL 1 DAY AND period_end > day
)
"""

# The ratio of a share is the same for all shared charges of a pool and its days.
_WITHOUT_DRIVER: Final = Template(f"""
WITH part AS (
    SELECT pool, period_start, period_end, MAX(ratio) AS ratio
    FROM (
        SELECT origin, SUM(ratio) AS ratio FROM share WHERE part = 'unallocated' GROUP BY origin
    ) JOIN origin USING (origin) GROUP BY ALL
)
SELECT CAST(SUM(ABS(CAST(charged.$cost AS DECIMAL(19, 0))) * CAST(part.ratio AS DECIMAL(19, 0))) AS HUGEINT)
    // {RATIO_TOTAL}
FROM charged JOIN part ON charged.disposition = 'pooled' AND part.pool = charged.pool
    AND part.period_start = {FIRST_DAY} AND part.period_end = {DAY_AFTER_LAST}""")  # noqa: S608 - names of our own


class Gate(NamedTuple):
    """One gate of readiness: its name, the value found, the limit, and whether it passes.

    Manifests store the names of gates, so they keep their old words.
    """

    gate: str
    found: str
    limit: str
    passed: bool


class Evidence(NamedTuple):
    """The input of the gates besides the statement.

    Attributes:
        sources: For each driver, whether it was measured or declared.
        rows: How many rows the bill has; `charged` are charged.
        unknown: How many refused rows have an amount that is unknown.
        read: The cost of all rows whose amount is known, `refused` of those that are refused, in units and
            without signs: no row hides another.
        moved: The rounding to units, in currency.
        made: How the charges were attributed; it is counted if it is not given.
        has_tags: Whether the bill has any column of tags.
        catalog: The day of the catalog's version; None if it is unknown.
    """

    sources: Mapping[Driver, str]
    rows: int
    charged: int
    unknown: int
    read: int
    refused: int
    moved: Decimal
    catalog: date | None
    made: Attributed | None = None
    has_tags: bool = True


def gates(
    connection: duckdb.DuckDBPyConnection, statement: Statement, rules: Rulebook, evidence: Evidence
) -> tuple[Gate, ...]:
    """All gates of the rulebook for the allocation in *connection*.

    Sums are of amounts without their signs. Where nothing was charged no gate finds that there is nothing to
    cover: a bill that is refused, or has no rows, does not say what the month cost.
    """
    limits = rules.readiness
    made = evidence.made or attributed(connection, rules)
    undecided = made.undecided + _without_driver(connection, rules.cost)
    return (
        *_coverage(connection, made, rules, limits, evidence),
        _at_most(
            "driver freshness (days without use)",
            Decimal(_missing_days(connection, statement.period, evidence.sources)),
            limits.driver_missing_days,
        ),
        _at_most(
            "unallocated (percent)",
            # What is another portfolio's is no fault of this one's bill.
            _percent(undecided, made.whole),
            limits.unallocated_percent,
            empty=evidence.charged > 0,
        ),
        _reconciliation(evidence, limits.reconciliation_error_percent),
        _catalog_age(statement.period, evidence.catalog, limits.catalog_age_days),
    )


def _coverage(
    connection: duckdb.DuckDBPyConnection,
    made: Attributed,
    rules: Rulebook,
    limits: Readiness,
    evidence: Evidence,
) -> Iterator[Gate]:
    empty = evidence.charged > 0
    yield _tag_coverage(made, limits, has_tags=evidence.has_tags, empty=empty)
    measured = {
        pool.pool
        for pool in rules.pools
        if all(evidence.sources.get(driver) == MEASURED for driver in pool.driver.measures)
    }
    shares = connection.execute(
        f"SELECT via, SUM(ABS({rules.cost})) FROM share WHERE tenant IS NOT NULL GROUP BY via"  # noqa: S608 - a column of ours
    ).fetchall()
    covered = sum(int(units) for pool, units in shares if pool in measured)
    yield _at_least(
        "driver coverage (percent of pooled cost that is divided by measured use)",
        _percent(covered, sum(int(units) for _, units in shares)),
        limits.driver_coverage_percent,
        empty=empty,
    )


def _tag_coverage(found: Attributed, limits: Readiness, *, has_tags: bool, empty: bool) -> Gate:
    """The cost whose own tags say whose it is, of all that can have tags; a bill without tags says so."""
    taggable, limit = found.whole - found.untaggable, limits.tag_coverage_percent
    covered = _percent(found.tagged, taggable)
    gate = _at_least("tag coverage (percent of cost)", covered, limit, empty=empty)
    if not has_tags and found.whole:
        return gate._replace(found="the bill has no column of tags", passed=not limits.tag_coverage_percent)
    if not found.completed:
        return gate
    rows = "1 row" if found.completed == 1 else f"{found.completed} rows"
    return gate._replace(found=f"{gate.found} ({rows} with completed tags)")


def _reconciliation(evidence: Evidence, limit: Decimal) -> Gate:
    name = "reconciliation error (percent)"
    unready = {
        "no rows": not evidence.rows,
        f"nothing charged of {evidence.rows} rows": not evidence.charged,
        f"unknown: refused rows without a known amount: {evidence.unknown}": evidence.unknown > 0,
    }
    for found, applies in unready.items():
        if applies:
            return Gate(name, found, f"at most {limit:f}", passed=False)
    moved = abs(evidence.moved.scaleb(10))
    return _at_most(name, _percent(evidence.refused + moved, evidence.read), limit, empty=True)


def _without_driver(connection: duckdb.DuckDBPyConnection, cost: str) -> int:
    """The charges that no tenant pays because no member has usage, without signs.

    They are counted one by one: their shares are of sums. Where all have usage, charges are not read again.
    """
    shares = "SELECT COUNT(*) FROM share WHERE part = 'unallocated'"
    if connection.execute(shares).fetchall() == [(0,)]:
        return 0
    ((units,),) = connection.execute(_WITHOUT_DRIVER.substitute(cost=cost)).fetchall()
    return int(units or 0)


def _missing_days(
    connection: duckdb.DuckDBPyConnection, period: ChargePeriod, sources: Mapping[Driver, str]
) -> int:
    """The largest number of days on which a measured driver has no data."""
    most = 0
    for driver in (driver for driver, how in sources.items() if how == MEASURED):
        moments = [f"{moment:%Y-%m-%d}" for moment in period]
        ((days,),) = connection.execute(_MISSING, [*moments, str(driver)]).fetchall()
        most = max(most, days)
    return most


def _catalog_age(period: ChargePeriod, catalog: date | None, limit: Decimal) -> Gate:
    name = "catalog age (days at the end of the period)"
    if catalog is None:
        return Gate(name, "unknown", f"at most {limit:f}", passed=False)
    return _at_most(name, Decimal(max((period.end.date() - catalog).days, 0)), limit)


def _at_least(name: str, found: Decimal | None, limit: Decimal, *, empty: bool) -> Gate:
    passed = empty if found is None else found >= limit
    return Gate(name, "nothing to cover" if found is None else f"{found:f}", f"at least {limit:f}", passed)


def _at_most(name: str, found: Decimal | None, limit: Decimal, *, empty: bool = True) -> Gate:
    passed = empty if found is None else found <= limit
    return Gate(name, "nothing" if found is None else f"{found:f}", f"at most {limit:f}", passed)


def _percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """Percent with four decimals, rounded half to even; None if there is no whole."""
    if not whole:
        return None
    return (_HUNDRED * Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
