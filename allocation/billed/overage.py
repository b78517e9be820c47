"""Overage of a billed period: measured usage of each tenant beside what its fee covers.

Of users, databases and filestores the average of the time counts for which the terms held; core-hours are
added up. A day on which nothing was measured makes the whole unknown, because nobody knows what was used; an
hour that is missing from a day counts as the rest of that day. Users that nobody counted are those declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final, NamedTuple

import duckdb

from allocation.billed.deployed import Deployed
from allocation.charges import ChargePeriod
from allocation.engine.drivers import DECLARED, MEASURED, Driver
from allocation.statement.overage import Overage, overage_of
from tiers.catalog.overage import Measure, OverageTerms
from tiers.plan.plan import TenantPlan

_DRIVERS: Final[Mapping[Measure, Driver]] = {
    Measure.USERS: Driver.USERS,
    Measure.DATABASE_GIB: Driver.DATABASE_GIB,
    Measure.FILESTORE_GIB: Driver.FILESTORE_GIB,
    Measure.CORE_HOURS: Driver.CPU_USED,
}
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_WIDE: Final = Context(prec=50)

# Rows of one interval are added (a tenant may have several databases), then the intervals of one day.
_BY_DAY: Final = """
    WITH summed AS (
        SELECT tenant, driver, period_start, period_end, sum(quantity) AS quantity
        FROM usage WHERE driver IN ({drivers})
        GROUP BY ALL
    ), placed AS (
        SELECT *, date_diff('second', period_start, period_end) AS seconds,
            date_trunc('day', period_start) AS day,
            period_end <= date_trunc('day', period_start) + INTERVAL 1 DAY AS within
        FROM summed
    )
    SELECT tenant, driver, CASE WHEN within THEN day ELSE period_start END AS first,
        CASE WHEN within THEN day + INTERVAL 1 DAY ELSE period_end END AS last,
        sum(quantity), sum(seconds)
    FROM placed
    GROUP BY ALL
    ORDER BY ALL
"""

_Rows = Mapping[tuple[str, Driver], Mapping[datetime, Fraction]]
"""Of each tenant and driver the level of every day that was measured: users, GiB or cores."""


class _Held(NamedTuple):
    """A time for which the terms of a tenant held, half-open, and the users that its plan declared."""

    start: datetime
    end: datetime
    users: int


@dataclass
class _Terms:
    """The terms of a tenant, and when they held."""

    terms: OverageTerms
    held: list[_Held] = field(default_factory=list)

    @property
    def length(self) -> timedelta:
        """How long they held."""
        return sum((each.end - each.start for each in self.held), timedelta())


def billed_overages(
    connection: duckdb.DuckDBPyConnection, deployed: Sequence[Deployed], period: ChargePeriod
) -> dict[str, tuple[Overage, ...]]:
    """The overage of each tenant whose offer has prices for it; `usage` has what was measured alone."""
    held: dict[str, list[_Terms]] = {}
    currencies: dict[str, str] = {}
    for one in deployed:
        for tenant in one.inventory.plan.tenants:
            currencies[tenant.tenant] = one.inventory.plan.currency
            _hold(held.setdefault(tenant.tenant, []), tenant, one)
    days = _levels(connection) if any(held.values()) else {}
    return {
        name: tuple(row for each in terms for row in _rows_of(name, each, days, period, currencies[name]))
        for name, terms in held.items()
        if terms
    }


def _hold(known: list[_Terms], tenant: TenantPlan, one: Deployed) -> None:
    if tenant.overage is None:
        return
    same = next((each for each in known if each.terms == tenant.overage), None)
    if same is None:
        known.append(same := _Terms(tenant.overage))
    same.held.append(_Held(one.start, one.end, tenant.users))


def _rows_of(name: str, terms: _Terms, days: _Rows, period: ChargePeriod, currency: str) -> Iterator[Overage]:
    part = _ratio(terms.length, period.end - period.start)
    for term in terms.terms.terms:
        driver = _DRIVERS[term.measure]
        counted = (name, driver) in days
        level = _measured(terms.held, days[name, driver]) if counted else None
        source = MEASURED
        if not counted and term.measure is Measure.USERS:
            level, source = _declared(terms), DECLARED
        if level is not None and term.measure.accrues:
            level *= _ratio(terms.length, _HOUR)
        used = None if level is None else _WIDE.divide(Decimal(level.numerator), level.denominator)
        yield overage_of(term, used, source, part, currency, agreed=terms.terms.agreed)


def _measured(held: Sequence[_Held], days: Mapping[datetime, Fraction]) -> Fraction | None:
    """The average level of a time; None when there is a day of which nothing was measured."""
    whole, length = Fraction(0), timedelta()
    for each in held:
        for day, there in _days(each.start, each.end):
            if day not in days:
                return None
            whole += days[day] * _ratio(there, _SECOND)
            length += there
    return whole / _ratio(length, _SECOND)


def _declared(terms: _Terms) -> Fraction:
    """The users that the plans declare, on average."""
    whole = sum((each.users * _ratio(each.end - each.start, _SECOND) for each in terms.held), Fraction(0))
    return whole / _ratio(terms.length, _SECOND)


def _levels(connection: duckdb.DuckDBPyConnection) -> _Rows:
    drivers = ", ".join(f"'{driver}'" for driver in _DRIVERS.values())
    sums: dict[tuple[str, Driver], dict[datetime, tuple[Fraction, Fraction]]] = {}
    for tenant, driver, start, end, quantity, seconds in connection.execute(
        _BY_DAY.format(drivers=drivers)
    ).fetchall():
        own = sums.setdefault((tenant, Driver(driver)), {})
        length = Fraction(int(seconds))
        for day, there in _days(start, end):
            # What lies within one day was measured for `seconds`, and not for all of that day.
            measured = length if end - start == _DAY and there == _DAY else _ratio(there, _SECOND)
            more = Fraction(quantity) * measured / length
            was = own.get(day, (Fraction(0), Fraction(0)))
            own[day] = was[0] + more, was[1] + measured
    hour = _ratio(_HOUR, _SECOND)
    return {
        key: {day: whole * hour / length for day, (whole, length) in days.items()}
        for key, days in sums.items()
    }


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """The days of a time, and how long each of them is in it; days have no time zone, as `usage` has none."""
    start, end = start.replace(tzinfo=None), end.replace(tzinfo=None)
    while start < end:
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        yield day, min(day + _DAY, end) - start
        start = min(day + _DAY, end)


def _ratio(length: timedelta, unit: timedelta) -> Fraction:
    return Fraction(length // timedelta(microseconds=1), unit // timedelta(microseconds=1))
