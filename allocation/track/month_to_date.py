"""A month before it ends: what every tenant, client, tier and the portfolio spent and will spend."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from allocation.charges import LABOUR
from allocation.statement.ledger.figure import alone, shown_text
from allocation.track.anomalies import LEAST_UNITS, LEAST_WEEKS, Anomaly, Event, anomalies
from allocation.track.budgets import DEFAULT, Budget, Crossed, Scope, Thresholds, crossed, without_cost
from allocation.track.daily_month import DailyMonth, Key
from allocation.track.forecast import Forecast, sum_of, tenant_forecast
from allocation.track.series import WEEK

NOBODY: Final = ""
"""The name of the row of idle and unallocated cost: no tenant's."""


@dataclass(frozen=True)
class About:
    """What is known of a tenant: whose it is, its tier, its fee of the month in units, its budget."""

    tenant: str
    name: str
    client: str
    tier: str
    fee: int = 0
    changed_on: int | None = None


@dataclass(frozen=True)
class Line:
    """A row: the forecast of something, its fee and its budget in units."""

    scope: Scope
    name: str
    forecast: Forecast
    fee: int
    budget: int | None = None
    client: str = ""
    tier: str = ""
    shown: str = ""
    """What people call it, where that is not its name."""


@dataclass(frozen=True)
class ChargeLine:
    """Charges behind an anomaly: what they cost on its first day, and on a usual day before it."""

    service: str
    item: str
    resource: str
    units: int
    usual: int


@dataclass(frozen=True)
class Tracked:
    """All that is said of the month.

    Attributes:
        lines: The portfolio, then clients, tiers and tenants; the last is what no tenant pays.
        lines_behind: The charges behind each anomaly, the largest difference first.
        notes: What the reader must know: what is missing and what comes only at the end.
    """

    portfolio: str
    currency: str
    month: DailyMonth
    lines: tuple[Line, ...]
    anomalies: tuple[Anomaly, ...]
    lines_behind: Mapping[Anomaly, tuple[ChargeLine, ...]]
    crossed: tuple[Crossed, ...]
    notes: tuple[str, ...]
    tried_months: int

    @property
    def whole(self) -> Line:
        """The row of the portfolio."""
        return self.lines[0]

    @property
    def knows_usual(self) -> bool:
        """Whether enough days are known to say that one is unlike others."""
        return _knows_usual(self.tried_months, self.month)

    @property
    def through(self) -> date:
        """The last day whose charges are all known."""
        return date.fromordinal(self.month.through)


@dataclass(frozen=True)
class Asked:
    """What a month is held against: tenants, budgets, thresholds, known events, the least anomaly."""

    tenants: Sequence[About]
    budgets: Sequence[Budget] = ()
    thresholds: Thresholds = DEFAULT
    events: Sequence[Event] = ()
    least: int = LEAST_UNITS
    stated: Mapping[str, int] | None = None
    """What the statement says that each tenant spent, and at '' what no tenant pays; None without one."""


def lines_of(
    portfolio: str, months: Sequence[DailyMonth], month: DailyMonth, asked: Asked
) -> tuple[Line, ...]:
    """Every row; clients, tiers and the portfolio are the sums of their tenants."""
    about = {each.tenant: each for each in asked.tenants}
    names = sorted({key.tenant for key in month.keys if key.tenant} | set(about))
    budgets = {(each.scope, each.name): each.units for each in asked.budgets}
    stated = asked.stated or {}

    left = _left(months, month, names)

    def made_of(name: str) -> Forecast:
        changed_on = about[name].changed_on if name in about else None
        gone = () if name else left
        return tenant_forecast(months, month, name, changed_on, stated.get(name), left=gone)

    made, nobody = {name: made_of(name) for name in names}, made_of(NOBODY)

    def line(scope: Scope, name: str, parts: Iterable[str], *more: Forecast) -> Line:
        chosen = sorted(parts)
        fee = sum(about[each].fee for each in chosen if each in about)
        total = sum_of([*(made[each] for each in chosen), *more])
        return Line(scope, name, total, fee, budgets.get((scope, name)))

    by_client, by_tier = _grouped(names, about, "client"), _grouped(names, about, "tier")
    unknown = About("", "", "", "")
    tenants = [
        Line(
            Scope.TENANT, name, made[name], known.fee, budgets.get((Scope.TENANT, name)),
            known.client, known.tier, known.name,
        )
        for name in names
        for known in (about.get(name, unknown),)
    ]  # fmt: skip
    return (
        line(Scope.PORTFOLIO, portfolio, names, nobody),
        *(line(Scope.CLIENT, name, by_client[name]) for name in sorted(by_client)),
        *(line(Scope.TIER, name, by_tier[name]) for name in sorted(by_tier)),
        *tenants,
        Line(Scope.TENANT, NOBODY, nobody, 0),
    )


def _left(months: Iterable[DailyMonth], month: DailyMonth, names: Collection[str]) -> set[Key]:
    """The shares of pools that the month before has of tenants that are gone."""
    return {
        key
        for each in months
        if each.span.end == month.span.first
        for key in each.held_by
        if key.pool and key.tenant and key.tenant not in names
    }


def tracked(
    portfolio: str, currency: str, months: Sequence[DailyMonth], month: DailyMonth, asked: Asked
) -> Tracked:
    """The month so far, its forecast, the thresholds it crosses, and its anomalies without their charges."""
    lines = lines_of(portfolio, months, month, asked)
    costs = {(each.scope, each.name): each.forecast for each in lines if each.name}
    found = anomalies(months, month, asked.events, asked.least)
    return Tracked(
        portfolio,
        currency,
        month,
        lines,
        found,
        {},
        tuple(crossed(asked.budgets, costs, asked.thresholds)),
        tuple(_notes(months, month, lines, currency, without_cost(asked.budgets, costs))),
        len(months),
    )


def is_unknown(line: Line) -> bool:
    """Whether nothing says what the rest of the month costs: it is in no sum, and not 0."""
    return line.forecast.low is None and not line.forecast.rest


def _grouped(names: Iterable[str], about: Mapping[str, About], what: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        if name in about:
            groups.setdefault(getattr(about[name], what), []).append(name)
    return groups


def _notes(
    months: Sequence[DailyMonth],
    month: DailyMonth,
    lines: Sequence[Line],
    currency: str,
    unknown: Sequence[Budget],
) -> Iterable[str]:
    yield from _known_of(month, currency)
    unknown_of = [
        each.name for each in lines if each.name and each.scope is Scope.TENANT and is_unknown(each)
    ]
    if unknown_of:
        whose = ", ".join(unknown_of)
        yield f"nothing is charged yet by day of {whose}: the rest of its month is in no forecast"
    if not _knows_usual(len(months), month):
        yield f"fewer than {LEAST_WEEKS} weeks are known: no anomalies are looked for, a weekend would be one"
    if month.through < month.span.end - 1:
        yield from _to_come(months, month, lines, currency)
    for budget in unknown:
        yield f"budget of {budget.scope} '{budget.name}': the month has no cost of it, so nothing is compared"


def _known_of(month: DailyMonth, currency: str) -> Iterable[str]:
    """What of the month is known, and what is no day's."""
    if month.missing:
        yield f"no charge on {_days(month.missing)}: the bill has not come, and these days are forecast"
    if month.partial:
        yield f"only a part is charged of {_days(month.partial)}: the rest is forecast"
    booked = sum(each.units for each in month.held)
    if booked:
        held = _shown(booked, currency)
        yield f"{held} is booked for more than two weeks or once, and is not extrapolated"
    if any(each.service == LABOUR for each in month.held):
        yield "hours that people will work until the month ends are in no forecast, those so far are spent"


def _knows_usual(filed: int, month: DailyMonth) -> bool:
    return filed > 0 or month.through + 1 - month.span.first >= WEEK * LEAST_WEEKS


def _to_come(
    months: Sequence[DailyMonth], month: DailyMonth, lines: Sequence[Line], currency: str
) -> Iterable[str]:
    """What bills show at a month's end only, and whether the forecast has it."""
    expected = lines[0].forecast.expected
    before = [each for each in months if each.span.end == month.span.first]
    if expected:
        yield f"{_shown(expected, currency)} of fees and taxes is expected as in {before[0].span.name}"
    elif not before:
        yield (
            "fees and taxes that are charged at the month's end are in no forecast: the month before is not "
            "filed"
        )
    if not any(each.category == "Credit" for each in month.held):
        yield "credits and corrections that are charged at the month's end are in no forecast"


def _shown(units: int, currency: str) -> str:
    """An amount for a sentence, with the decimals of its currency; documents have the exact one."""
    return f"{Decimal(shown_text(alone(units, currency))):,} {currency}"


def _days(ordinals: Sequence[int]) -> str:
    """Days as a person reads them: runs of them by their ends."""
    runs: list[list[int]] = []
    for day in ordinals:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    words = [
        f"{date.fromordinal(run[0])}" + (f" to {date.fromordinal(run[-1])}" if len(run) > 1 else "")
        for run in runs
    ]
    return ", ".join(words)
