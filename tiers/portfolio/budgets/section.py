"""The section `budgets` of `platform.yaml`; a tenant's own is `budget_per_month` of its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from tiers.catalog.fees import Fee
from tiers.catalog.tier import Catalog
from tiers.strict_yaml import Fault, not_among
from tiers.vocabulary import Frozen, TagValue

_MOST_PERCENT = 1000

_Budget = Annotated[Fee, Field(gt=0)]


def _rising(percents: tuple[int, ...]) -> tuple[int, ...]:
    if list(percents) != sorted(set(percents)):
        raise ValueError("Value should name each percentage once, the smallest first")
    return percents


_Percents = Annotated[
    tuple[Annotated[int, Field(ge=1, le=_MOST_PERCENT)], ...],
    Field(max_length=10),
    AfterValidator(_rising),
]


class BudgetsSpec(Frozen):
    """What the portfolio, clients and tiers may cost a calendar month, in the portfolio's currency."""

    portfolio: _Budget | None = None
    """The whole bill, idle and unallocated cost included."""
    clients: Mapping[TagValue, _Budget] = Field(default_factory=dict)
    """All tenants of a client together, pooled shares included."""
    tiers: Mapping[TagValue, _Budget] = Field(default_factory=dict)
    """All tenants of a tier together, pooled shares included."""
    spent_percent: _Percents = (100,)
    """Of a budget: `costack track` ends with exit code 5 once more than one of these is spent."""
    forecast_percent: _Percents = (100,)
    """The same of what the whole month is forecast to cost."""


def budget_faults(budgets: BudgetsSpec, catalog: Catalog) -> Iterator[Fault]:
    """Budgets of tiers that the catalog does not have."""
    for tier in budgets.tiers:
        if tier not in catalog.tiers and tier not in catalog.unusable:
            yield ("budgets", "tiers", tier), not_among(catalog.tiers, tier, "the catalog")
