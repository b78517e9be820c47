"""Readiness for chargeback: gates with the value found and the limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

import duckdb

from allocation.charges import ChargePeriod
from allocation.engine.drivers import MEASURED, Driver
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
        refused: The cost of refused rows, and `moved` the rounding to units, in currency.
        catalog: The day of the catalog's version; None if it is unknown.
    """

    sources: Mapping[Driver, str]
    refused: Decimal
    moved: Decimal
    catalog: date | None


def gates(
    connection: duckdb.DuckDBPyConnection, statement: Statement, rules: Rulebook, evidence: Evidence
) -> tuple[Gate, ...]:
    """All gates of the rulebook for the allocation in *connection*."""
    limits = rules.readiness
    return (
        *_coverage(connection, statement, rules, limits, evidence),
        _at_most(
            "driver freshness (days without use)",
            Decimal(_missing_days(connection, statement.period, evidence.sources)),
            limits.driver_missing_days,
        ),
        _at_most(
            "unallocated (percent)",
            _percent(abs(statement.unallocated_total), abs(statement.charged)),
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
    tagged, whole = connection.execute(
        f"""SELECT COALESCE(SUM(ABS({rules.cost})) FILTER (tagged), 0), COALESCE(SUM(ABS({rules.cost})), 0)
        FROM charged"""  # noqa: S608 - a column of ours
    ).fetchall()[0]
    yield _at_least("tag coverage (percent of cost)", _percent(tagged, whole), limits.tag_coverage_percent)
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
