"""Daily cost of made-up tenants, in the shapes that bills have; the same seed makes the same days.

What is in a day, and the source:

- flat: database servers, caches, volumes, the control plane and NAT gateways are sold by the hour (the price
  lists in `allocation/pricebook`), so that each day costs the same;
- worked: nodes that scale with pods, requests, traffic and logs follow people: weekends cost less. Our own
  assumption: a weekend day has 15 to 50 percent of a working day's;
- month's end: invoicing and closing of the books on the last two days and the first one (assumed: 10 to 60
  percent more of what is worked);
- growth: databases and filestores grow every month (assumed: 0 to 2.5 percent);
- a step where a tenant moves to another tier or gets more users (assumed: 20 to 90 percent, or a third less);
- a restore, a migration or an upload that happens once: a day or two that cost 1.5 to 3 times as much;
- noise: 1 to 4 percent a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from allocation.money import UNITS_PER_CENT
from allocation.track.series import Series, Span

FIRST = date(2024, 12, 1)
_SATURDAY = 5


def months(count: int, first: date = FIRST) -> tuple[Span, ...]:
    """*count* months, one after the other."""
    spans = [Span.month(first)]
    while len(spans) < count:
        spans.append(Span.month(date.fromordinal(spans[-1].end)))
    return tuple(spans)


@dataclass
class Tenant:
    """One tenant's days, without the anomalies that a bench injects."""

    units: dict[int, int]
    steps: tuple[int, ...] = ()
    once: set[int] = field(default_factory=set)


def tenant(seed: int, spans: tuple[Span, ...]) -> Tenant:
    """The days of tenant number *seed*."""
    chance = Random(seed)  # noqa: S311 - the same days each time
    base = chance.choice((8, 15, 25, 40, 90)) * chance.uniform(0.8, 1.2)
    worked, weekend = chance.uniform(0.15, 0.6), chance.uniform(0.15, 0.5)
    closing, growth = chance.uniform(0.1, 0.6), chance.uniform(0, 0.025)
    noise = chance.uniform(0.01, 0.04)
    first, end = spans[0].first, spans[-1].end
    steps = {
        chance.randrange(first + 40, end): chance.choice((1.2, 1.35, 1.6, 1.9, 0.67))
        for _ in range(chance.choice((0, 1, 1, 2)))
    }
    once = {chance.randrange(first, end) for _ in range(chance.randrange(0, 5))}
    made, level = {}, base
    for span in spans:
        for day in range(*span):
            level *= steps.get(day, 1) * (1 + growth) ** (1 / 30)
            busy = weekend if date.fromordinal(day).weekday() >= _SATURDAY else 1.0
            if day >= span.end - 2 or day == span.first:
                busy *= 1 + closing
            cost = level * (1 - worked + worked * busy) * chance.gauss(1, noise)
            made[day] = cost * (
                chance.uniform(1.5, 3) if {day, day - 1} & once and chance.random() < 0.8 else 1
            )
    in_units = {day: round(cost * 100) * UNITS_PER_CENT for day, cost in made.items()}
    return Tenant(in_units, tuple(sorted(steps)), once | {day + 1 for day in once})


def series(made: Tenant, spans: tuple[Span, ...]) -> Series:
    """Its days, of which the months of *spans* are complete."""
    return Series(made.units, spans)


def day_of(ordinal: int) -> date:
    """The day of an ordinal."""
    return date.min + timedelta(days=ordinal - 1)
