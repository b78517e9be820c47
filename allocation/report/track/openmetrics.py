"""A tracked month as OpenMetrics text, beside the metrics of statements."""

from __future__ import annotations

from collections.abc import Iterator

from allocation.report.statement.openmetrics import Gauge, Labels, exposition
from allocation.report.track.rows import name_of
from allocation.track.month_to_date import Line, Tracked

_SECONDS = 86_400
_EPOCH = 719_163
"""The ordinal of 1970-01-01."""


def as_openmetrics(tracked: Tracked) -> str:
    """Gauges of cost, forecast and budgets by `scope` and `name`; unknown figures have no sample."""
    return exposition(_gauges(tracked))


def _gauges(tracked: Tracked) -> Iterator[Gauge]:
    labels = [(_labels(tracked, line), line) for line in tracked.lines]
    spent = [(of, line.forecast.spent) for of, line in labels]
    yield Gauge("month_cost_spent", "Cost of the month that is charged so far.", spent)
    ends = [
        ({**of, "bound": bound}, units)
        for of, line in labels
        for bound, units in (
            ("low", line.forecast.low), ("expected", line.forecast.total), ("high", line.forecast.high),
        )
        if units is not None
    ]  # fmt: skip
    yield Gauge(
        "month_cost_forecast", "Forecast cost of the whole month, and the ends of its interval.", ends
    )
    budgets = [(of, line.budget) for of, line in labels if line.budget is not None]
    yield Gauge("month_cost_budget", "What the month may cost.", budgets)
    yield from _counts(tracked)


def _counts(tracked: Tracked) -> Iterator[Gauge]:
    """How much there is to act on, and how far the figures reach."""
    portfolio = {"portfolio": tracked.portfolio}
    over = [
        ({**portfolio, "of": of}, sum(each.of == of for each in tracked.crossed))
        for of in ("spent", "forecast")
    ]
    yield Gauge(
        "month_cost_budgets_exceeded", "Budgets of which a threshold is exceeded.", over, counted=True
    )
    unlike = [
        (
            {**portfolio, "explained": word},
            sum((each.event is not None) == known for each in tracked.anomalies),
        )
        for word, known in (("yes", True), ("no", False))
    ]
    yield Gauge(
        "month_cost_anomalies", "Days in a row that cost unlike the weeks before.", unlike, counted=True
    )
    through = [(portfolio, (tracked.month.through + 1 - _EPOCH) * _SECONDS)]
    name, meaning = (
        "month_cost_known_until_seconds",
        "Until when charges are known, in seconds since 1970 UTC.",
    )
    yield Gauge(name, meaning, through, counted=True, unit="seconds")


def _labels(tracked: Tracked, line: Line) -> Labels:
    return {
        "portfolio": tracked.portfolio,
        "scope": str(line.scope),
        "name": name_of(line),
        "client": line.client,
        "tier": line.tier,
        "currency": tracked.currency,
    }
