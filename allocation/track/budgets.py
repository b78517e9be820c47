"""Budgets of a month, and the thresholds that its cost or its forecast crosses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum, unique
from typing import Final, NamedTuple

from allocation.track.forecast import Forecast


@unique
class Scope(StrEnum):
    """What a row of the month is about; documents store these words."""

    PORTFOLIO = "portfolio"
    CLIENT = "client"
    TIER = "tier"
    TENANT = "tenant"


class Budget(NamedTuple):
    """What something may cost a month, in units."""

    scope: Scope
    name: str
    units: int


class Thresholds(NamedTuple):
    """The percentages of a budget that may not be exceeded, by what is spent and by what is forecast."""

    spent_percent: Sequence[int] = (100,)
    forecast_percent: Sequence[int] = (100,)


DEFAULT: Final = Thresholds()
"""Where nothing else is said: the whole budget."""


class Crossed(NamedTuple):
    """A threshold that is exceeded: `of` is 'spent' or 'forecast', `units` the cost that exceeds it."""

    budget: Budget
    of: str
    percent: int
    units: int


def crossed(
    budgets: Sequence[Budget], costs: Mapping[tuple[Scope, str], Forecast], thresholds: Thresholds
) -> Iterator[Crossed]:
    """The highest threshold of each kind that each budget's cost exceeds, in the order of *budgets*."""
    for budget in budgets:
        cost = costs.get((budget.scope, budget.name))
        if cost is None:
            continue
        for of, units, percents in (
            ("spent", cost.spent, thresholds.spent_percent),
            ("forecast", cost.total, thresholds.forecast_percent),
        ):
            over = [percent for percent in percents if units * 100 > budget.units * percent]
            if over:
                yield Crossed(budget, of, max(over), units)


def without_cost(budgets: Sequence[Budget], costs: Mapping[tuple[Scope, str], Forecast]) -> list[Budget]:
    """Budgets of clients, tiers or tenants that the month does not have: nobody is within such a budget."""
    return [each for each in budgets if (each.scope, each.name) not in costs]
