"""Readiness for chargeback: gates with the value found and the limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

import duckdb

from allocation.charges import ChargePeriod
from allocation.engine.attribution import Attributed, attributed
from allocation.engine.drivers import MEASURED, Driver
from allocation.engine.owners.owner import APART
from allocation.engine.rulebook import Readiness, Rulebook
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
        made: How the charges were attributed; it is counted if it is not given.
        has_tags: Whether the bill has any column of tags.
        refused: The cost of refused rows, and `moved` the rounding to units, in currency.
        catalog: The day of the catalog's version; None if it is unknown.
    """

    sources: Mapping[Driver, str]
    refused: Decimal
    moved: Decimal
    catalog: date | None
    made: Attributed | None = None
    has_tags: bool = True


def gates(
    connection: duckdb.DuckDBPyConnection, statement: Statement, rules: Rulebook, evidence: Evidence
) -> tuple[Gate, ...]:
    """All gates of the rulebook for the allocation in *connection*."""
    limits = rules.readiness
    elsewhere = sum(item.units for item in statement.unallocated if item.reason.startswith(f"{APART}:"))
    return (
        *_coverage(connection, statement, rules, limits, evidence),
        _at_most(
            "driver freshness (days without use)",
            Decimal(_missing_days(connection, statement.period, evidence.sources)),
            limits.driver_missing_days,
        ),
        _at_most(
            "unallocated (percent)",
            # What is another portfolio's is no fault of this one's bill.
            _percent(abs(statement.unallocated_total - elsewhere), abs(statement.charged - elsewhere)),
            limits.unallocated_percent,
        ),
        _at_most(
            "reconciliation error (percent)",
            _percent(
                abs(evidence.refused) + abs(evidence.moved), abs(Decimal(statement.charged).scaleb(-10))
            ),
            limits.reconciliation_error_percent,
        ),
        _catalog_age(statement.period, evidence.catalog, limits.catalog_age_days),
    )


def _coverage(
    connection: duckdb.DuckDBPyConnection,
    statement: Statement,
    rules: Rulebook,
    limits: Readiness,
    evidence: Evidence,
) -> Iterator[Gate]:
    made = evidence.made or attributed(connection, rules)
    yield _tag_coverage(made, limits, has_tags=evidence.has_tags)
    measured = {
        pool.pool
        for pool in rules.pools
        if all(evidence.sources.get(driver) == MEASURED for driver in pool.driver.measures)
    }
    shares = [(pool, abs(units)) for line in statement.tenants for pool, units in line.pooled.items()]
    covered = sum(units for pool, units in shares if pool in measured)
    yield _at_least(
        "driver coverage (percent of pooled cost that is divided by measured use)",
        _percent(covered, sum(units for _, units in shares)),
        limits.driver_coverage_percent,
    )


def _tag_coverage(found: Attributed, limits: Readiness, *, has_tags: bool) -> Gate:
    """The cost whose own tags say whose it is; a bill without any column of tags says so."""
    gate = _at_least(
        "tag coverage (percent of cost)", _percent(found.tagged, found.whole), limits.tag_coverage_percent
    )
    if not has_tags and found.whole:
        return gate._replace(found="the bill has no column of tags", passed=not limits.tag_coverage_percent)
    if not found.completed:
        return gate
    rows = "1 row" if found.completed == 1 else f"{found.completed} rows"
    return gate._replace(found=f"{gate.found} ({rows} with completed tags)")


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


def _at_least(name: str, found: Decimal | None, limit: Decimal) -> Gate:
    passed = found is None or found >= limit
    return Gate(name, "nothing to cover" if found is None else f"{found:f}", f"at least {limit:f}", passed)


def _at_most(name: str, found: Decimal | None, limit: Decimal) -> Gate:
    passed = found is None or found <= limit
    return Gate(name, "nothing" if found is None else f"{found:f}", f"at most {limit:f}", passed)


def _percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """Percent with four decimals, rounded half to even; None if there is no whole."""
    if not whole:
        return None
    return (_HUNDRED * Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
