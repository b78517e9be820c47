"""Back-tests `costack track`: how far its forecasts are off, and which anomalies it finds.

`make bench` prints. The months are made up in the shapes of `daily_shapes`, the same ones each time. It ends
with exit code 1 when the forecast of day 10 is not at least 25 percent better than the cost of the month
before, which is the aim.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from allocation.money import UNITS_PER_CURRENCY
from allocation.track.anomalies import LEAST_UNITS, unlike_days
from allocation.track.back_test import back_test, chosen
from allocation.track.forecast import back_tested_interval
from allocation.track.methods import Method, forecast
from allocation.track.series import Series, Span
from tests.bench.daily_shapes import Tenant, months, tenant

TENANTS: Final = 40
MONTHS: Final = 24
FIRST_TRIED: Final = 12
"""The months before it are filed when the first one is forecast."""
DAYS: Final = (5, 10, 20)
AIM_PERCENT: Final = 25
OURS: Final = "ours: chosen by back-test"
OURS_TOLD: Final = "ours, told of tier changes"
SIZES: Final = (10, 20, 50, 100, 200)
"""By how many percent of a day the injected anomalies are too expensive."""
WHO: Final = ("ours", "fixed")
RATES: Final = ("recall", "precision")
FIXED_PERCENT: Final = 20
"""The threshold that is compared with: so much more than the mean of the week before."""


class Said(NamedTuple):
    """One forecast: what was said of a month, and what it cost."""

    said: int
    was: int


def main() -> int:
    """Try, print, and say whether the aim is met."""
    console = Console(width=130)
    spans = months(MONTHS)
    people = [tenant(seed, spans) for seed in range(1, TENANTS + 1)]
    started = time.process_time()
    tried, held = _forecasts(people, spans)
    console.print(_forecast_table(tried))
    console.print(
        f"{TENANTS} tenants, {MONTHS - FIRST_TRIED} months each, {FIRST_TRIED} to {MONTHS - 1} filed before; "
        f"the interval of 80 in 100 held {held[0] * 100 / held[1]:.1f} of 100 months; "
        f"{time.process_time() - started:.0f} s of CPU"
    )
    console.print(_anomaly_table(people, spans))
    better = 100 - 100 * wape(tried[10, OURS]) / wape(tried[10, Method.LAST_MONTH])
    console.print(f"at day 10 {better:.0f} % better than the month before; aim: at least {AIM_PERCENT} %")
    return int(better < AIM_PERCENT)


def wape(tried: list[Said]) -> float:
    """The error in percent of the cost of all months together."""
    return 100 * sum(abs(each.said - each.was) for each in tried) / sum(each.was for each in tried)


def mape(tried: list[Said]) -> float:
    """The mean of each month's error in percent."""
    return 100 * sum(abs(each.said - each.was) / each.was for each in tried) / len(tried)


def _forecasts(
    people: list[Tenant], spans: tuple[Span, ...]
) -> tuple[dict[tuple[int, str], list[Said]], tuple[int, int]]:
    """What each method said on each day, and in how many months of how many the interval held."""
    tried: dict[tuple[int, str], list[Said]] = {}
    held = every = 0
    for one in people:
        for place in range(FIRST_TRIED, MONTHS):
            for day in DAYS:
                through = spans[place].first + day - 1
                was = sum(one.units[each] for each in range(*spans[place]))
                made, (low, high) = _said(one, spans[:place], spans[place], through)
                for method, total in made.items():
                    tried.setdefault((day, method), []).append(Said(total, was))
                held, every = held + (low <= was <= high), every + 1
    return tried, (held, every)


def _said(
    one: Tenant, before: tuple[Span, ...], span: Span, through: int
) -> tuple[dict[str, int], tuple[int, int]]:
    known = {day: units for day, units in one.units.items() if day <= through}
    series = Series(known, before)
    so_far = series.total(range(*span))
    made: dict[str, int] = {}
    for method in Method:
        said = forecast(method, series, span, through)
        if said is not None:
            made[method] = so_far + sum(said.values())
    tested = back_test(series, span, through)
    best = chosen(series, span, through, tested)
    made[OURS] = made[str(best)]
    step = next((day for day in one.steps if span.first <= day <= through), None)
    told = Series(known, before, step)
    again = chosen(told, span, through, tested)
    said = forecast(again, told, span, through) if again else None
    made[OURS_TOLD] = so_far + sum(said.values()) if said else made[OURS]
    rest = made[OURS] - so_far
    width = back_tested_interval(rest, tested[best] if best else ()) or 0
    return made, (made[OURS] - width, made[OURS] + width)


def _forecast_table(tried: dict[tuple[int, str], list[Said]]) -> Table:
    title = "Forecast of a month: error in percent of its cost, weighted (WAPE) and mean (MAPE)"
    table = Table(title=title, title_justify="left")
    table.add_column("method")
    for day in DAYS:
        for name in (f"day {day}: WAPE", "MAPE"):
            table.add_column(name, justify="right")
    for method in (*Method, OURS, OURS_TOLD):
        cells = [
            f"{measure(tried[day, method]):.2f}" if (day, method) in tried else ""
            for day in DAYS
            for measure in (wape, mape)
        ]
        table.add_row(str(method), *cells)
    return table


def _anomaly_table(people: list[Tenant], spans: tuple[Span, ...]) -> Table:
    title = f"Anomalies: one a tenant and month, beside a threshold of {FIXED_PERCENT} % over a week's mean"
    table = Table(title=title, title_justify="left")
    for name in ("too expensive by", "injected", *(f"{who}: {what} %" for who in WHO for what in RATES)):
        table.add_column(name, justify="right")
    for size in SIZES:
        found, false, injected = dict.fromkeys(WHO, 0), dict.fromkeys(WHO, 0), 0
        for number, one in enumerate(people):
            for place in range(FIRST_TRIED, MONTHS):
                day, units = _injected(one, spans[place], size, number * 100 + place)
                injected += 1
                for name, days in _flagged(units, spans[:place], spans[place]).items():
                    found[name] += day in days
                    false[name] += sum(each != day and not _is_known(one, each) for each in days)
        rates = (
            f"{100 * each:.1f}"
            for name in WHO
            for each in (found[name] / injected, found[name] / max(found[name] + false[name], 1))
        )
        table.add_row(f"{size} %", f"{injected}", *rates)
    return table


def _injected(one: Tenant, span: Span, size: int, seed: int) -> tuple[int, dict[int, int]]:
    """A day of *span* that costs *size* percent more, at least a unit of the currency."""
    chance = Random(seed)  # noqa: S311 - the same days each time
    free = [day for day in range(*span) if not _is_known(one, day)]
    day = chance.choice(free or list(range(*span)))
    more = max(one.units[day] * size // 100, LEAST_UNITS + UNITS_PER_CURRENCY // 100)
    return day, one.units | {day: one.units[day] + more}


def _flagged(units: dict[int, int], before: tuple[Span, ...], span: Span) -> dict[str, set[int]]:
    known = {day: each for day, each in units.items() if day < span.end}
    ours = {each.day for each in unlike_days(Series(known, before), span, span.end - 1)}
    return {"ours": ours, "fixed": set(_over_fixed(known, span))}


def _over_fixed(units: dict[int, int], span: Span) -> Iterator[int]:
    for day in range(*span):
        usual = sum(units[each] for each in range(day - 7, day)) // 7
        if units[day] - usual >= LEAST_UNITS and units[day] * 100 > usual * (100 + FIXED_PERCENT):
            yield day


def _is_known(one: Tenant, day: int) -> bool:
    """Whether the month itself has something there: a step and its four weeks, or what happens once."""
    return day in one.once or any(step <= day < step + 28 for step in one.steps)


if __name__ == "__main__":
    sys.exit(main())
