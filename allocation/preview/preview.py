"""The preview: the cost of a change, and everything shown with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allocation.preview.approvals import Approval
from allocation.preview.base import Base
from allocation.preview.break_even import BreakEven
from allocation.preview.comparison import Comparison, Kind, TenantChange
from allocation.preview.off_hours import Saving
from allocation.preview.one_off_costs import OneOff
from tiers.catalog.classes import ResilienceRequirements
from tiers.change.effect import Effect
from tiers.vocabulary import ResilienceClass, TenantId


@dataclass(frozen=True)
class Preview:
    """A change to approve.

    Attributes:
        comparison: All amounts, proven to add up.
        promises: The promise of each resilience class.
        one_off: The one-off costs of the change.
        savings: Off-hours savings; they are in no difference.
        break_evens: The break-even sizes of two tiers, if requested.
        notes: Assumptions, and advice about the plan after the change.
        failed: A sentence for each failed gate.
        effects: What the change does to what runs and to what holds data.
        base: The commit or folder that the plan before was read from; None for anything else.
        measured: Both sides by the base's prices, fees and rules; None where the change leaves these alone.
        approvals: The approvals that it needs, and those that it has.
    """

    comparison: Comparison
    promises: Mapping[ResilienceClass, ResilienceRequirements]
    one_off: tuple[OneOff, ...] = ()
    savings: tuple[Saving, ...] = ()
    break_evens: tuple[BreakEven, ...] = ()
    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    base: Base | None = None
    effects: tuple[Effect, ...] = ()
    measured: Comparison | None = None
    approvals: tuple[Approval, ...] = ()

    @property
    def bill_by(self) -> Mapping[str, int]:
        """The difference of the bill by what makes it, in units: the portfolio, and the prices."""
        built = (self.measured or self.comparison).charged.difference
        return {"portfolio": built, "prices": self.comparison.charged.difference - built}

    @property
    def fee_by(self) -> Mapping[str, int]:
        """The difference of the fees by what makes it, in units: the portfolio, and the catalog's fees."""
        built = (self.measured or self.comparison).fee.difference
        return {"portfolio": built, "fees": self.comparison.fee.difference - built}

    @property
    def concerned(self) -> tuple[TenantChange, ...]:
        """Tenants that change themselves, in the order of their names."""
        others = (Kind.NEIGHBOUR, Kind.SAME)
        return tuple(each for each in self.comparison.tenants if each.kind not in others)

    @property
    def neighbours(self) -> tuple[TenantChange, ...]:
        """Tenants that change nothing and pay a different share of pools."""
        return tuple(each for each in self.comparison.tenants if each.kind is Kind.NEIGHBOUR)

    def one_off_of(self, tenant: TenantId) -> tuple[OneOff, ...]:
        """The one-off costs of one tenant."""
        return tuple(each for each in self.one_off if each.tenant == tenant)

    def promise(self, change: TenantChange) -> tuple[str | None, str | None]:
        """The promise to a tenant before and after, in words; None where it does not exist."""
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
