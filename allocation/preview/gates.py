"""Gates: limits of a change for cost, budget and margin; each failed gate is one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final

from allocation.errors import AllocationError
from allocation.money import text_of, units_of
from allocation.preview.comparison import Comparison, Kind, Step
from allocation.preview.yardstick import YardstickChange
from tiers.change.effect import Effect, EffectKind
from tiers.vocabulary import LifecycleStage, TenantId

_LIMIT: Final = re.compile(r"^(?P<number>\d{1,12}(\.\d{1,10})?)(?P<unit>%|/mo)$")
_WHOLE: Final = 100

STOPS: Final[Mapping[str, frozenset[EffectKind]]] = {
    "restart": frozenset({EffectKind.RESTART, EffectKind.DOWNTIME, EffectKind.MAJOR}),
    "downtime": frozenset({EffectKind.DOWNTIME, EffectKind.MAJOR}),
    "major": frozenset({EffectKind.MAJOR}),
    "data": frozenset({EffectKind.DATA}),
}
"""The words of `--fail-on`, and the effects that each does not let pass."""


@dataclass(frozen=True)
class Limit:
    """The largest rise allowed: in units a month, or in percent of the amount before."""

    text: str
    units: int | None = None
    percent: Decimal | None = None

    @classmethod
    def parsed(cls, text: str) -> Limit:
        """The limit written as `50/mo` or `10%`.

        Raises:
            AllocationError: When it is written differently.

        >>> Limit.parsed("50/mo").units
        500000000000
        """
        match = _LIMIT.match(text)
        if match is None:
            raise AllocationError(
                f"'{text}': expected an amount per month such as 50/mo, or a percentage such as 10%"
            )
        number = Decimal(match["number"])
        return cls(text, percent=number) if match["unit"] == "%" else cls(text, units=units_of(number))

    def exceeded_by(self, step: Step) -> bool:
        """Whether *step* rises by more; a rise from 0 exceeds every percentage."""
        if self.units is not None:
            return step.difference > self.units
        return step.difference * _WHOLE > (self.percent or 0) * step.before


@dataclass(frozen=True)
class Gates:
    """The limits of a comparison.

    Budgets in the tenants' files always apply, and a tenant that is gone always fails.

    Attributes:
        fail_on: Words of `STOPS`.
        gone: The tenants that may be gone.
        accept: Words of `Word`: what may change of that by which a change is measured.
    """

    rise: tuple[Limit, ...] = ()
    margin_floor_percent: Decimal | None = None
    no_changes: bool = False
    fail_on: tuple[str, ...] = ()
    gone: frozenset[TenantId] = frozenset()
    accept: frozenset[str] = frozenset()

    def failed(
        self,
        comparison: Comparison,
        effects: Iterable[Effect] = (),
        measured: Comparison | None = None,
        moved: Iterable[YardstickChange] = (),
    ) -> tuple[str, ...]:
        """A sentence for each failed gate, the lost tenants first.

        A rise counts by what it was measured with before: that of *measured*. Budgets and margins are
        limits of what will be paid, so they hold there and in *comparison*.

        Args:
            comparison: Each side by its own prices, fees and rules.
            effects: What the change does.
            measured: Both sides by the base's prices, fees and rules; None where these are the same.
            moved: What the change moves of that.
        """
        by_both = (comparison,) if measured is None else (measured, comparison)
        return (
            *self._gone(comparison),
            *(each.in_words for each in moved if each.word not in self.accept),
            *self._stops(comparison, effects),
            *self._rises(by_both[0], " at the base's prices" if measured else ""),
            *first_of_each(self._margins(each) for each in by_both).values(),
            *first_of_each(_over_budget(each) for each in by_both).values(),
            *self._changes(comparison),
        )

    def _gone(self, comparison: Comparison) -> Iterator[str]:
        for change in comparison.tenants:
            if change.kind is not Kind.GONE or change.tenant in self.gone:
                continue
            name, before = change.tenant, change.before
            if before and before.lifecycle_stage is LifecycleStage.DECOMMISSIONING and not before.protected:
                yield f"{name}: is gone, as its decommission asks; say that it may be with --gone {name}"
            else:
                yield (
                    f"{name}: is gone: it was there before, and no file has it now; put its file back, "
                    f"end it with `costack decommission {name}`, or say that it may be gone with "
                    f"--gone {name}"
                )

    def _stops(self, comparison: Comparison, effects: Iterable[Effect]) -> Iterator[str]:
        """Effects that `--fail-on` names; what a tenant that may be gone leaves behind is known."""
        known = {(each.tenant,) for each in comparison.tenants if each.kind is Kind.GONE}
        for effect in effects:
            words = [word for word in dict.fromkeys(self.fail_on) if effect.kind in STOPS[word]]
            if words and effect.subjects not in known:
                yield f"{effect.in_words} (--fail-on {','.join(words)})"

    def _rises(self, comparison: Comparison, at: str) -> Iterator[str]:
        for limit in self.rise:
            yield from rises(comparison, limit, at)

    def _margins(self, comparison: Comparison) -> Iterator[tuple[TenantId, str]]:
        if self.margin_floor_percent is not None:
            yield from margins_below(comparison, self.margin_floor_percent)

    def _changes(self, comparison: Comparison) -> Iterator[str]:
        if self.no_changes and not comparison.empty:
            names = ", ".join(each.tenant for each in comparison.moved) or "none"
            yield f"expected no changes, found changes of these tenants: {names}"


def rises(comparison: Comparison, limit: Limit, at: str = "") -> Iterator[str]:
    """The sentence about a bill that rises by more than *limit*; *at* says at which prices, if at others."""
    bill = comparison.charged
    if limit.exceeded_by(bill):
        yield (
            f"the bill rises by {text_of(bill.difference)} {comparison.currency} a month{at}, from "
            f"{text_of(bill.before)} to {text_of(bill.after)}, more than the {limit.text} allowed"
        )


def margins_below(comparison: Comparison, floor: Decimal) -> Iterator[tuple[TenantId, str]]:
    """Tenants whose margin falls below *floor* percent of their fee, each with a sentence.

    One that was below before, and does not get worse, is not this change's doing.
    """
    for change in comparison.tenants:
        if change.after is None or not change.fee.after:
            continue
        below = change.margin.after * _WHOLE < floor * change.fee.after
        was_below = bool(change.before) and change.margin.before * _WHOLE < floor * change.fee.before
        if below and not (was_below and change.margin.difference >= 0):
            percent = Decimal(change.margin.after * _WHOLE) / change.fee.after
            sentence = (
                f"{change.tenant}: the margin falls to {text_of(change.margin.after)} "
                f"{comparison.currency}, {percent:.1f} % of the fee, below the floor of {floor} %"
            )
            yield change.tenant, sentence


def first_of_each(found: Iterable[Iterable[tuple[TenantId, str]]]) -> dict[TenantId, str]:
    """The first sentence about each tenant: two measures of the same figure are one failed gate."""
    said: dict[TenantId, str] = {}
    for tenant, sentence in chain.from_iterable(found):
        said.setdefault(tenant, sentence)
    return said


def _over_budget(comparison: Comparison) -> Iterator[tuple[TenantId, str]]:
    for change in comparison.tenants:
        budget = change.after.budget_per_month if change.after else None
        if budget is not None and change.cost.after > units_of(budget):
            sentence = (
                f"{change.tenant}: costs {text_of(change.cost.after)} {comparison.currency} a month, "
                f"more than its budget_per_month of {budget}"
            )
            yield change.tenant, sentence
