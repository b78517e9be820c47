"""The preview: what a change costs, and all that is shown beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allocation.preview.break_even import BreakEven
from allocation.preview.comparison import Comparison, Kind, TenantChange
from allocation.preview.off_hours import Saving
from allocation.preview.one_off_costs import OneOff
from tiers.catalog.classes import ResilienceRequirements
from tiers.vocabulary import ResilienceClass, TenantId


@dataclass(frozen=True)
class Preview:
    """What is to be approved.

    Attributes:
        comparison: Every amount, proven.
        promises: What each resilience class promises, for the words about it.
        one_off: What the change takes once.
        savings: What others than production would save asleep; part of no difference.
        break_evens: At which sizes the tiers' margins meet, when that was asked.
        notes: What was assumed, and what an operator should know of the plan as it will be.
        failed: A sentence for each gate that does not pass.
    """

    comparison: Comparison
    promises: Mapping[ResilienceClass, ResilienceRequirements]
    one_off: tuple[OneOff, ...] = ()
    savings: tuple[Saving, ...] = ()
    break_evens: tuple[BreakEven, ...] = ()
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def concerned(self) -> tuple[TenantChange, ...]:
        """Tenants that change themselves, in the order of their names."""
        others = (Kind.NEIGHBOUR, Kind.SAME)
        return tuple(each for each in self.comparison.tenants if each.kind not in others)

    @property
    def neighbours(self) -> tuple[TenantChange, ...]:
        """Tenants that change nothing and pay another share of what they use with others."""
        return tuple(each for each in self.comparison.tenants if each.kind is Kind.NEIGHBOUR)

    def one_off_of(self, tenant: TenantId) -> tuple[OneOff, ...]:
        """What the change of one tenant takes once."""
        return tuple(each for each in self.one_off if each.tenant == tenant)

    def promise(self, change: TenantChange) -> tuple[str | None, str | None]:
        """What a tenant is promised before and after, in words; None where it is not there."""
        before, after = (
            None if plan is None else in_words(plan.resilience_class, self.promises[plan.resilience_class])
            for plan in (change.before, change.after)
        )
        return before, after


def in_words(name: ResilienceClass, promise: ResilienceRequirements) -> str:
    """A promise as a client reads it.

    >>> in_words(ResilienceClass.STANDARD, ResilienceRequirements(rpo_minutes=15, rto_minutes=120,
    ...     multi_az=False, web_replicas=1, dumps_per_month=1, dump_retention_days=1, second_region=False))
    'standard: at most 15 minutes of work lost, back within 2 hours'
    """
    lost, back = (_duration(minutes) for minutes in (promise.rpo_minutes, promise.rto_minutes))
    where = ", from a second region if need be" if promise.second_region else ""
    return f"{name}: at most {lost} of work lost, back within {back}{where}"


def _duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if rest:
        return f"{minutes} minutes"
    return "1 hour" if hours == 1 else f"{hours} hours"
