"""What a change is measured by, and what it changes of that: prices, fees, rules, budgets, limits.

A pull request may bring a price list, a catalog and a rulebook of its own beside what it builds. Held to
these, it would pass a gate by them; so a gate counts by the base's, and each change of them is a sentence
that fails until `--accept` names its word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, NamedTuple

from allocation.charges import Charge
from allocation.engine.owners.known import Accounts
from allocation.engine.rulebook import Readiness, Rulebook
from allocation.estimate.folders import Folders
from allocation.preview.comparison import Comparison
from allocation.preview.cost_estimate import CostEstimate
from allocation.prices.price_book import Price, PriceBook
from tiers.catalog.fees import Fee
from tiers.catalog.tier import Catalog, Offer
from tiers.plan.plan import Plan
from tiers.portfolio.controls import fee_of
from tiers.portfolio.move import on_working_tier
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import TenantId

_NAMED: Final = 3
"""So many prices of a file are written out in one sentence."""
_EXPECTED: Final = (
    "database_gib",
    "filestore_gib",
    "session_cache_mib",
    "log_gib_per_month",
    "support_hours_per_month",
)
_OF_A_RULEBOOK: Final = (
    "version",
    "effective",
    "cost",
    "serving",
    "chargeback",
    "service_categories",
    "categories_by_service",
    "availability",
    "accounts",
)


@unique
class Word(StrEnum):
    """What `--accept` may name."""

    PRICES = "prices"
    """A price that is counted with changes, or was unknown at the base."""
    UNPRICED = "unpriced"
    """Something is built at a price that nobody knows, or knows no longer."""
    FEES = "fees"
    """A client pays another fee for the same tier, or one that the base does not know."""
    USAGE = "usage"
    """The catalog expects other usage of the same tier."""
    RULES = "rules"
    """A rulebook changes."""
    BUDGETS = "budgets"
    """A tenant's budget rises or is gone."""
    GATES = "gates"
    """A limit of readiness changes, or a pipeline that holds the limits of previews."""


class YardstickChange(NamedTuple):
    """One change of what a change is measured by: its word, the file, and what is different."""

    word: Word
    file: str
    what: str

    @property
    def in_words(self) -> str:
        """One sentence without full stop.

        >>> YardstickChange(Word.BUDGETS, "tenants/acme.yaml", "budget_per_month 400 → none").in_words
        'tenants/acme.yaml: budget_per_month 400 → none; say that it may with --accept budgets'
        """
        return f"{self.file}: {self.what}; say that it may with --accept {self.word}"


@dataclass(frozen=True)
class Yardstick:
    """What one side of a change is measured by.

    Attributes:
        rules: All rulebooks by the name of their file, not only the one in force.
        folders: Where its files lie for whoever reads a sentence: in the working tree, not where a commit was
            written to.
    """

    prices: PriceBook
    rules: Mapping[str, Rulebook]
    catalog: Catalog
    folders: Folders


def fees_by(catalog: Catalog, portfolio: Portfolio) -> dict[TenantId, Fee | None]:
    """What each tenant of *portfolio* would pay a month by *catalog*; None where it is not sold there."""
    fees: dict[TenantId, Fee | None] = {}
    for tenant in portfolio.tenants:
        now = on_working_tier(catalog, tenant)
        tier = catalog.tiers.get(now.tier)
        sold = tier is not None and now.environment in tier.offers
        fees[tenant.tenant] = fee_of(tier, now, catalog.services) if tier is not None and sold else None
    return fees


def at_fees(plan: Plan, fees: Mapping[TenantId, Fee | None]) -> Plan:
    """*plan* with the fees of another catalog; those that are unknown there stay."""
    tenants = tuple(
        each
        if fees.get(each.tenant) is None
        else each.model_copy(update={"fee_per_month": fees[each.tenant]})
        for each in plan.tenants
    )
    return plan.model_copy(update={"tenants": tenants})


def yardstick_changes(
    then: Yardstick, now: Yardstick, measured: CostEstimate, after: Plan, fees: Mapping[TenantId, Fee | None]
) -> Iterator[YardstickChange]:
    """Every change from *then* to *now* of what the plan is measured by.

    Args:
        then: Of the base.
        now: Of the change.
        measured: The plan after the change at the prices *then*; what these do not know, at those *now*.
        after: The same plan with the fees of the change.
        fees: The fee of each tenant by the catalog *then*.
    """
    yield from _prices(then.prices, now, measured)
    yield from _fees(after, fees, now)
    yield from _usage(after, then.catalog, now)
    yield from _rules(then, now)


def plan_changes(comparison: Comparison, then: PriceBook, prices: Path) -> Iterator[YardstickChange]:
    """What two plans alone show: lines that are unpriced now and were not, and looser budgets.

    Args:
        comparison: Before, at the base's prices, and after, at those of the change.
        then: The prices of the base, for those that were deleted.
        prices: The folder of *then* in the working tree.
    """
    yield from _unpriced(comparison, then, prices)
    for change in comparison.tenants:
        if change.before is None or change.after is None:
            continue
        before, after = change.before.budget_per_month, change.after.budget_per_month
        if before is None or (after is not None and after <= before):
            continue
        what = f"budget_per_month {before} → {'none' if after is None else after}"
        yield YardstickChange(Word.BUDGETS, f"tenants/{change.tenant}.yaml", what)


def pipeline_changes(names: Iterable[str]) -> Iterator[YardstickChange]:
    """The pipelines *names*, which run previews and change: their options are the limits of a gate."""
    for name in names:
        yield YardstickChange(Word.GATES, name, "runs `costack preview`, and changes or is gone")


def _prices(then: PriceBook, now: Yardstick, measured: CostEstimate) -> Iterator[YardstickChange]:
    by_file: dict[str, dict[str, Decimal]] = {}
    for charge in measured.priced.charges:
        key = _key(charge, measured)
        before, after = then.find(*key), now.prices.find(*key)
        if after is None or (before and (before.price, before.unit) == (after.price, after.unit)):
            continue
        words = f"{charge.service} '{charge.item}' {_priced(before, after)} → {_priced(after, after)}"
        effect = charge.quantity * (after.price - (before.price if before else 0))
        found = by_file.setdefault(str(now.folders.prices / now.prices.file_of(*key)), {})
        found[words] = found.get(words, Decimal(0)) + effect
    for file, prices in sorted(by_file.items()):
        ranked = sorted(prices, key=lambda words: (-abs(prices[words]), words))
        more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
        what = f"prices of what is built here change: {', '.join(ranked[:_NAMED])}{more}"
        yield YardstickChange(Word.PRICES, file, what)


def _priced(price: Price | None, other: Price) -> str:
    if price is None:
        return "unknown"
    return (
        f"{price.price} per {price.unit}" if price is other or price.unit != other.unit else f"{price.price}"
    )


def _unpriced(comparison: Comparison, then: PriceBook, prices: Path) -> Iterator[YardstickChange]:
    known = {(each.fact, each.service, each.item) for each in comparison.before.priced.unpriced}
    facts: dict[tuple[str, str, str, str], list[str]] = {}
    for each in comparison.after.priced.unpriced:
        if (each.fact, each.service, each.item) not in known:
            key = (each.region or "", each.service, each.item, each.reason)
            facts.setdefault(key, []).append(each.fact)
    for (region, service, item, reason), built in facts.items():
        before = then.find(region, service, item)
        was = (
            f"was {_priced(before, before)} and is now unknown"
            if before
            else f"has no known price ({reason})"
        )
        more = f" and {len(built) - 1} more" if len(built) > 1 else ""
        file = str(prices / then.file_of(region, service, item)) if before else "the price book"
        yield YardstickChange(Word.UNPRICED, file, f"{service} '{item}' of {built[0]}{more} {was}")


def _fees(after: Plan, fees: Mapping[TenantId, Fee | None], now: Yardstick) -> Iterator[YardstickChange]:
    payers: dict[tuple[str, str], list[str]] = {}
    for tenant in after.tenants:
        before = fees.get(tenant.tenant, tenant.fee_per_month)
        if before != tenant.fee_per_month:
            was = "not sold" if before is None else before
            words = f"fee_per_month of {tenant.environment} {was} → {tenant.fee_per_month}"
            payers.setdefault((tenant.tier, words), []).append(tenant.tenant)
    for (tier, words), names in payers.items():
        yield YardstickChange(Word.FEES, _file_of(tier, now), f"{words} for {', '.join(names)}")


def _file_of(tier: str, now: Yardstick) -> str:
    return str(now.folders.catalog / now.catalog.files[tier])


def _usage(after: Plan, then: Catalog, now: Yardstick) -> Iterator[YardstickChange]:
    for tier, environment in sorted({(each.tier, each.environment) for each in after.tenants}):
        sold = [catalog.tiers.get(tier) for catalog in (then, now.catalog)]
        offers = [each.offers.get(environment) if each else None for each in sold]
        before, expected = (_expected(each) if each else {} for each in offers)
        moved = [
            f"{name} {before[name]} → {expected[name]}"
            for name in before
            if before[name] != expected.get(name)
        ]
        if before and expected and moved:
            yield YardstickChange(Word.USAGE, _file_of(tier, now), f"{environment}: {', '.join(moved)}")


def _expected(offer: Offer) -> dict[str, int]:
    """What an offer expects to be used; less of it makes a plan cheaper and changes nothing built."""
    used: dict[str, int] = {f"expected_use.{name}": each for name, each in offer.expected_use}
    return used | {name: getattr(offer, name) for name in _EXPECTED}


def _rules(then: Yardstick, now: Yardstick) -> Iterator[YardstickChange]:
    for name in sorted({*then.rules, *now.rules}):
        before, after = then.rules.get(name), now.rules.get(name)
        file = str((now if after else then).folders.rules / name)
        if before is None or after is None:
            yield YardstickChange(Word.RULES, file, "is new" if before is None else "is gone")
            continue
        if parts := list(_parts(before, after)):
            yield YardstickChange(Word.RULES, file, ", ".join(parts))
        limits = [
            f"readiness.{limit} {getattr(before.readiness, limit)} → {getattr(after.readiness, limit)}"
            for limit in Readiness.model_fields
            if getattr(before.readiness, limit) != getattr(after.readiness, limit)
        ]
        if limits:
            yield YardstickChange(Word.GATES, file, ", ".join(limits))


def _parts(before: Rulebook, after: Rulebook) -> Iterator[str]:
    """What differs between two rulebooks, but for their limits of readiness."""
    yield from _named("rule", *({each.rule: each for each in book.rules} for book in (before, after)))
    yield from _named("pool", *({each.pool: each for each in book.pools} for book in (before, after)))
    virtual = ({each.tag: each for each in book.virtual_tags} for book in (before, after))
    yield from _named("virtual tag", *virtual)
    for field in _OF_A_RULEBOOK:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            written = isinstance(old, Mapping | tuple | Accounts)
            yield f"{field} changes" if written else f"{field} {old} → {new}"


def _named(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            fate = "is new" if name not in before else "changes" if name in after else "is gone"
            yield f"{what} '{name}' {fate}"
    if [*before] != [*after] and {*before} == {*after}:
        yield f"the order of the {what}s changes"


def _key(charge: Charge, estimate: CostEstimate) -> tuple[str, str, str]:
    return charge.region or estimate.facts[charge.fact].region, charge.service, charge.item
