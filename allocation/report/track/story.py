"""A tracked month in sentences: where it stands, what it crosses, what is unlike, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from allocation.report.figures import money_of, plain_percent
from allocation.statement.ledger.figure import alone
from allocation.track.anomalies import Anomaly
from allocation.track.budgets import Crossed
from allocation.track.forecast import COVERAGE_PERCENT, Forecast
from allocation.track.month_to_date import Tracked
from allocation.track.series import MILLION


def shown(units: int, currency: str, *, signed: bool = False) -> str:
    """An amount with the decimals of its *currency*.

    >>> shown(12_345_678_901, "USD"), shown(123_456_789_012_345, "JPY", signed=True)
    ('1.23', '+12,346')
    """
    return money_of(alone(units, currency), signed=signed)


def heading(tracked: Tracked) -> str:
    """The month and how far its charges are known."""
    return f"{tracked.portfolio}: {tracked.month.span.name} through {tracked.through}, in {tracked.currency}"


def headline(tracked: Tracked) -> str:
    """What is spent, what the month will cost, and the budget, in one sentence."""
    line, currency = tracked.whole, tracked.currency
    cost = line.forecast
    between = ""
    if cost.low is not None and cost.high is not None and cost.low != cost.high:
        between = f" ({shown(cost.low, currency)} to {shown(cost.high, currency)})"
    said = f"{shown(cost.spent, currency)} {currency} spent, {shown(cost.total, currency)} forecast{between}"
    if not line.budget:
        return said
    return (
        f"{said}: {plain_percent(cost.total, line.budget)} % of the budget of {shown(line.budget, currency)}"
    )


def crossed_sentence(each: Crossed, currency: str) -> str:
    """One threshold and by what it is exceeded."""
    what = "is spent" if each.of == "spent" else "is forecast"
    said = f"{each.budget.scope} {each.budget.name}: {shown(each.units, currency)} {currency} {what}"
    if not each.budget.units:
        return f"{said}, and its budget is {shown(0, currency)}"
    return (
        f"{said}, {plain_percent(each.units, each.budget.units)} % of its budget of "
        f"{shown(each.budget.units, currency)}; more than the threshold of {each.percent} %"
    )


def anomaly_sentence(each: Anomaly, currency: str) -> str:
    """One anomaly and what may explain it."""
    amount = shown(abs(each.difference), currency)
    more = "more" if each.difference > 0 else "less"
    because = f"; {each.event.what}" if each.event else "; no known change explains it"
    return (
        f"{each.owner.name}: {amount} {currency} {more} than usual {days_of(each, 'on ', 'from ')}{because}"
    )


def days_of(each: Anomaly, on: str = "", since: str = "") -> str:
    """Its day, or its first and last."""
    first, last = date.fromordinal(each.first), date.fromordinal(each.last)
    return f"{on}{first}" if first == last else f"{since}{first} to {last}"


def error_of(cost: Forecast) -> str:
    """What its method missed on filed months, in percent; empty where none was tried."""
    return "" if cost.error_ppm is None else plain_percent(cost.error_ppm, MILLION)


def sentences(tracked: Tracked) -> Iterator[str]:
    """Everything that a table does not say."""
    for each in tracked.crossed:
        yield crossed_sentence(each, tracked.currency)
    if error := error_of(tracked.whole.forecast):
        tried = len(tracked.whole.forecast.errors)
        yield (
            f"on the same day of {tried} filed month{'s' if tried > 1 else ''} the portfolio's forecast was "
            f"{error} % off; the interval is meant to hold {COVERAGE_PERCENT} of 100 months"
        )
    yield from tracked.notes
