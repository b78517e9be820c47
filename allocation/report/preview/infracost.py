"""A preview in Infracost's JSON, version 0.2, for the tools that read it: prices only, no shares of pools.

A resource is a fact, a component one of its priced lines. Every number is decimal text, and every total is
exactly the sum of the listed lines; an hour is a 730th of a month, each component rounded to 1e-10.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from allocation.charges import Charge, Unpriced
from allocation.estimate.assumptions import KnownBy
from allocation.estimate.quantities import HOURS_PER_MONTH
from allocation.money import text_of
from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.preview import Preview
from tiers.facts.record import FactId, FactRecord
from tiers.plan.plan import Plan

VERSION: Final = "0.2"
_TENTH_BILLIONTH: Final = Decimal("1e-10")
_NEVER: Final = "0001-01-01T00:00:00Z"
"""How Infracost writes an unknown moment."""


@dataclass(frozen=True)
class Component:
    """A line of a fact; `units` and `price` are None if the price is unknown."""

    fact: FactId
    key: str
    name: str
    unit: str
    usage_based: bool
    quantity: Decimal
    hourly_quantity: Decimal
    price: Decimal | None
    units: int | None
    hourly_units: int

    def less(self, past: Component) -> Component:
        """The difference from *past*."""
        return Component(
            self.fact,
            self.key,
            self.name,
            self.unit,
            self.usage_based,
            self.quantity - past.quantity,
            self.hourly_quantity - past.hourly_quantity,
            None if self.price is None or past.price is None else self.price - past.price,
            None if self.units is None or past.units is None else self.units - past.units,
            self.hourly_units - past.hourly_units,
        )

    def nothing(self) -> Component:
        """This component with all numbers 0, for the plan that does not have it."""
        priced = self.price is not None
        return Component(
            self.fact,
            self.key,
            self.name,
            self.unit,
            self.usage_based,
            Decimal(0),
            Decimal(0),
            Decimal(0) if priced else None,
            0 if priced else None,
            0,
        )

    @property
    def counts(self) -> bool:
        """Whether any of its numbers is not 0."""
        return any((self.quantity, self.price, self.units))


def as_infracost(preview: Preview) -> dict[str, Any]:
    """The preview as plain data, dated at the start of its period because no clock is read."""
    comparison = preview.comparison
    before, after = ([*_components(side)] for side in (comparison.before, comparison.after))
    breakdown_parts = {"past": before, "": after, "diff": [*_differences(before, after)]}
    plan = comparison.after.plan
    facts = {**comparison.before.facts, **comparison.after.facts}
    tags = {**_tags(comparison.before.plan), **_tags(plan)}
    made = comparison.after.statement.period.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    breakdowns = {name: _breakdown(parts, facts, tags) for name, parts in breakdown_parts.items()}
    summary = _summary(after, comparison.after)
    return {
        "version": VERSION,
        "metadata": _metadata(),
        "currency": comparison.currency,
        "projects": [
            {
                "name": plan.portfolio,
                "displayName": plan.portfolio,
                "metadata": {"path": plan.portfolio, "type": "costack_portfolio"},
                "pastBreakdown": breakdowns["past"],
                "breakdown": breakdowns[""],
                "diff": breakdowns["diff"],
                "summary": summary,
            }
        ],
        **{
            f"{side}{name}" if side else _small(name): total
            for side, parts in breakdown_parts.items()
            for name, total in _totals(parts).items()
        },
        "timeGenerated": made,
        "summary": summary,
    }


def _components(side: CostEstimate) -> Iterator[Component]:
    for charge in side.priced.charges:
        yield _priced(charge)
    for item in side.priced.unpriced:
        yield _unpriced(item)


def _priced(charge: Charge) -> Component:
    return Component(
        charge.fact,
        charge.id,
        # Infracost matches components by the text before the bracket.
        f"{charge.id.rpartition('#')[2]} ({charge.item})",
        charge.unit,
        charge.known_by != KnownBy.DECLARED,
        charge.quantity,
        _hourly(charge.quantity),
        charge.unit_price,
        charge.units,
        int(_hourly(Decimal(charge.units).scaleb(-10)).scaleb(10)),
    )


def _unpriced(item: Unpriced) -> Component:
    return Component(
        item.fact,
        f"{item.fact}#?{item.service}/{item.item}",
        f"unpriced ({item.item})",
        item.unit,
        item.known_by != KnownBy.DECLARED,
        item.quantity,
        _hourly(item.quantity),
        None,
        None,
        0,
    )


def _hourly(monthly: Decimal) -> Decimal:
    return (monthly / HOURS_PER_MONTH).quantize(_TENTH_BILLIONTH, ROUND_HALF_EVEN)


def _differences(before: Sequence[Component], after: Sequence[Component]) -> Iterator[Component]:
    past = {each.key: each for each in before}
    now = {each.key: each for each in after}
    for key in (*now, *(key for key in past if key not in now)):
        base = now.get(key) or past[key]
        found = now.get(key, base.nothing()).less(past.get(key, base.nothing()))
        if found.counts:
            yield found


def _breakdown(
    parts: Sequence[Component], facts: dict[FactId, FactRecord], tags: dict[FactId, dict[str, str]]
) -> dict[str, Any]:
    of_fact: dict[FactId, list[Component]] = {}
    for part in parts:
        of_fact.setdefault(part.fact, []).append(part)
    resources = [_resource(facts[fact], tags[fact], found) for fact, found in of_fact.items()]
    return {"resources": resources, **{_small(name): total for name, total in _totals(parts).items()}}


def _resource(fact: FactRecord, tags: dict[str, str], parts: Sequence[Component]) -> dict[str, Any]:
    totals = _totals(parts)
    return {
        "name": fact.id,
        "resourceType": f"costack:{fact.kind}",
        "tags": tags,
        "metadata": {"region": fact.region, "origin": str(fact.origin)},
        "hourlyCost": totals["TotalHourlyCost"],
        "monthlyCost": totals["TotalMonthlyCost"],
        "monthlyUsageCost": totals["TotalMonthlyUsageCost"],
        "costComponents": [_component(part) for part in parts],
    }


def _component(part: Component) -> dict[str, Any]:
    known = part.units is not None
    return {
        "name": part.name,
        "unit": part.unit,
        "hourlyQuantity": f"{part.hourly_quantity:f}",
        "monthlyQuantity": f"{part.quantity:f}",
        "price": None if part.price is None else f"{part.price:f}",
        "hourlyCost": text_of(part.hourly_units) if known else None,
        "monthlyCost": None if part.units is None else text_of(part.units),
        "usageBased": part.usage_based,
        "priceNotFound": not known,
    }


def _totals(parts: Iterable[Component]) -> dict[str, str]:
    listed = list(parts)
    return {
        "TotalHourlyCost": text_of(sum(part.hourly_units for part in listed)),
        "TotalMonthlyCost": text_of(sum(part.units or 0 for part in listed)),
        "TotalMonthlyUsageCost": text_of(sum(part.units or 0 for part in listed if part.usage_based)),
    }


def _small(name: str) -> str:
    return f"{name[0].lower()}{name[1:]}"


def _tags(plan: Plan) -> dict[FactId, dict[str, str]]:
    shared = plan.platform_tags().as_tags()
    return {
        **{fact.id: shared for fact in plan.platform},
        **{
            fact.id: tenant.cost_tags(fact.domain).as_tags()
            for tenant in plan.tenants
            for fact in tenant.facts
        },
    }


def _summary(parts: Sequence[Component], side: CostEstimate) -> dict[str, Any]:
    """Counts of resources; facts without a charge are what Infracost counts as having no price."""
    kinds = {fact: f"costack:{record.kind}" for fact, record in side.facts.items()}
    charged = {part.fact for part in parts}
    supported = Counter(kind for fact, kind in kinds.items() if fact in charged)
    free = Counter(kind for fact, kind in kinds.items() if fact not in charged)
    return {
        "totalDetectedResources": len(kinds),
        "totalSupportedResources": supported.total(),
        "totalUnsupportedResources": 0,
        "totalUsageBasedResources": len({part.fact for part in parts if part.usage_based}),
        "totalNoPriceResources": free.total(),
        "supportedResourceCounts": dict(supported),
        "unsupportedResourceCounts": {},
        "noPriceResourceCounts": dict(free),
    }


def _metadata() -> dict[str, str]:
    """The metadata Infracost requires; a preview knows no commit."""
    unknown = ("vcsBranch", "vcsCommitSha", "vcsCommitAuthorName", "vcsCommitAuthorEmail", "vcsCommitMessage")
    return {
        "infracostCommand": "diff",
        **dict.fromkeys(unknown, ""),
        "vcsCommitTimestamp": _NEVER,
    }
