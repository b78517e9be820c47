"""A tracked month as a page: what is spent, what the month will cost, what is over, what is unlike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from allocation.report.charts.band import Expected, Money, Month, band
from allocation.report.charts.chart import Caption, Chart
from allocation.report.figures import percent
from allocation.report.showback.content import (
    EMPTY,
    Cell,
    Figure,
    Page,
    Section,
    Sentences,
    Table,
    amount,
    quantity,
    text,
)
from allocation.report.track.rows import anomaly_rows, name_of
from allocation.report.track.story import (
    anomaly_sentence,
    crossed_sentence,
    days_of,
    error_of,
    headline,
    sentences,
    shown,
)
from allocation.statement.ledger.figure import alone
from allocation.track.month_to_date import Line, Tracked

PAGE: Final = "track"
_MOST_SAID: Final = 2


def page(tracked: Tracked) -> Page:
    """The page of the month that runs."""
    sections: tuple[Section, ...] = (
        _lines(tracked),
        _anomalies(tracked),
        Sentences("What to know", tuple(sentences(tracked))),
        _days(tracked),
    )
    return Page(
        PAGE,
        f"{tracked.portfolio} {tracked.month.span.name}: the month so far",
        f"{tracked.portfolio}, {tracked.month.span.name} through {tracked.through}: {headline(tracked)}",
        tuple(_answer(tracked)),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        (f"From the bill so far, through {tracked.through}; the forecast of each tenant is its own.",),
        (),
        _figures(tracked),
        _picture(tracked),
    )


def _cell(tracked: Tracked, units: int | None, *, signed: bool = False) -> Cell:
    return EMPTY if units is None else amount(alone(units, tracked.currency), signed=signed)


def _figures(tracked: Tracked) -> tuple[Figure, ...]:
    line, cost = tracked.whole, tracked.whole.forecast
    part = percent(cost.spent, line.budget) if line.budget else ""
    between = "how much it may differ is not known"
    if cost.low is not None and cost.high is not None:
        between = f"{shown(cost.low, tracked.currency)} to {shown(cost.high, tracked.currency)}"
    return (
        Figure("spent", _cell(tracked, cost.spent), part and f"{part} of the budget"),
        Figure("forecast", _cell(tracked, cost.total), between),
        Figure("thresholds exceeded", quantity(len(tracked.crossed)), _unlike(tracked)),
    )


def _unlike(tracked: Tracked) -> str:
    count = len(tracked.anomalies)
    if not tracked.knows_usual:
        return "too early for anomalies"
    return f"{count:,} {'anomaly' if count == 1 else 'anomalies'}"


def _answer(tracked: Tracked) -> Iterator[str]:
    """What is over, what is unlike, and how good the forecast was: the rest is said beneath."""
    over = [f"{crossed_sentence(each, tracked.currency)}." for each in tracked.crossed]
    yield from over[:_MOST_SAID]
    if len(over) > _MOST_SAID:
        yield f"{len(over) - _MOST_SAID:,} more thresholds are exceeded."
    if not over:
        has_budget = any(line.budget is not None for line in tracked.lines)
        yield "No threshold of a budget is exceeded." if has_budget else "No budget to compare with."
    unlike = [f"{anomaly_sentence(each, tracked.currency)}." for each in tracked.anomalies]
    yield from unlike[:_MOST_SAID]
    if not unlike:
        yield "No day is unlike." if tracked.knows_usual else "It is too early to say which day is unlike."
    error, tried = error_of(tracked.whole.forecast), len(tracked.whole.forecast.errors)
    months = f"{tried} filed month{'s' if tried > 1 else ''}"
    yield (
        f"On the same day of {months} the forecast was {error} % off."
        if error
        else "No error of the forecast is known: no filed month was tried."
    )


def _walk(tracked: Tracked) -> list[tuple[date, int, int]]:
    """Each day up to the last that is charged: what it cost, and all that is spent by then.

    What is booked for the month is spent from its first day on.
    """
    month = tracked.month
    by_day: dict[int, int] = {}
    for days in month.daily.values():
        for day, units in days.items():
            by_day[day] = by_day.get(day, 0) + units
    so_far = tracked.whole.forecast.spent - sum(by_day.values())
    found = []
    for day in range(month.span.first, max(month.through, *by_day, month.span.first) + 1):
        so_far += by_day.get(day, 0)
        found.append((date.fromordinal(day), by_day.get(day, 0), so_far))
    return found


def _picture(tracked: Tracked) -> Chart:
    def money(units: int) -> Money:
        return Money(units, shown(units, tracked.currency))

    cost, month = tracked.whole.forecast, tracked.month
    low, high = (None if each is None else money(each) for each in (cost.low, cost.high))
    last = date.fromordinal(month.span.end - 1)
    spent = [(f"{day}", money(units)) for day, _, units in _walk(tracked)]
    budget = money(tracked.whole.budget) if tracked.whole.budget else None
    caption = Caption(
        "forecast",
        f"Spent by day, and the month's end as expected, {tracked.currency}",
        f"Spent until {tracked.through}: {shown(cost.spent, tracked.currency)}; expected until {last}: "
        f"{shown(cost.total, tracked.currency)}",
        "days",
    )
    return band(
        caption, Month(spent, month.span.days, f"{last}", budget), Expected(money(cost.total), low, high)
    )


def _days(tracked: Tracked) -> Table:
    cost = tracked.whole.forecast
    unknown, in_part = ({*days} for days in (tracked.month.missing, tracked.month.partial))
    rows = []
    for day, units, so_far in _walk(tracked):
        place = day.toordinal()
        charged = EMPTY if place in unknown else _cell(tracked, units)
        state = "no bill yet" if place in unknown else "in part" if place in in_part else ""
        rows.append((text(day), charged, _cell(tracked, so_far), text(state)))
    ends = (("the month, expected", cost.total), ("the month, low", cost.low), ("the month, high", cost.high))
    known = [(name, units) for name, units in ends if units is not None]
    foot = tuple((text(name), EMPTY, _cell(tracked, units), EMPTY) for name, units in known)
    return Table(
        "days",
        "Spent by day",
        ("day", "charged", "spent so far", "bill"),
        tuple(rows),
        foot,
        note="What is booked for the month, or once, is spent from the first day on and in no day's charge.",
    )


def _lines(tracked: Tracked) -> Table:
    return Table(
        "lines",
        "Portfolio, clients, tiers and tenants",
        (
            "name",
            "what",
            "spent",
            "forecast",
            "from",
            "to",
            "budget",
            "forecast of budget",
            "method",
            "error",
        ),
        tuple(_line(tracked, line) for line in tracked.lines),
    )


def _line(tracked: Tracked, line: Line) -> tuple[Cell, ...]:
    cost = line.forecast
    error = error_of(cost)
    return (
        text(line.shown or name_of(line)),
        text(line.scope),
        _cell(tracked, cost.spent),
        _cell(tracked, cost.total),
        _cell(tracked, cost.low),
        _cell(tracked, cost.high),
        _cell(tracked, line.budget),
        text(percent(cost.total, line.budget) if line.budget else ""),
        text(cost.method or ""),
        text(f"{error} %" if error else ""),
    )


def _anomalies(tracked: Tracked) -> Table:
    behind = [row[-1] for row in list(anomaly_rows(tracked))[1:]]
    rows = tuple(
        (
            text(each.owner.name),
            text(days_of(each)),
            _cell(tracked, each.difference, signed=True),
            text(each.event.what if each.event else "nothing known"),
            text(charges),
        )
        for each, charges in zip(tracked.anomalies, behind, strict=True)
    )
    heads = ("of", "days", "charged more", "may be because", "largest charges behind it")
    return Table("anomalies", "Days that are unlike", heads, rows)
