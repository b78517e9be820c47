"""Why a tenant's cost changed: every unit of the difference has a cause.

A direct cost changes with price and quantity. A share of a pool changes with the cost of the pool and with
the tenant's part of it, and that part changes with the usage of the tenant and of its neighbours. The steps
are computed one after the other, as cost accounting does with variances (Horngren, Cost Accounting, ch. 7);
the last one takes what is left, so that the sum is exactly the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum, unique
from fractions import Fraction
from typing import NamedTuple

from allocation.errors import UnreconciledStatementError
from allocation.money import text_of
from allocation.review.rule_changes import RuleChange, rule_change
from allocation.statement.filed import FiledItem, FiledOtherMonth, FiledStatement, FiledTenant
from allocation.statement.filed_other_months import without_other_months
from allocation.statement.other_months import OtherMonthKind


@unique
class Reason(StrEnum):
    """Why a cost or a fee changed; these words are shown."""

    NEW = "new tenants"
    GONE = "tenants that ended"
    TIER = "another tier"
    TERMS = "other terms"
    OVERAGE = "overage"
    PRICE = "other prices"
    QUANTITY = "own usage"
    POOL = "shared systems grew or shrank"
    NEIGHBOURS = "neighbours used more or less"
    RULE = "another rule"
    BASIS = "estimate or bill"
    CORRECTION = "correction of an earlier month"
    ADVANCE = "paid in advance for a later month"
    UNKNOWN = "unknown"
    ROUNDING = "rounding"


class Cause(NamedTuple):
    """A part of a difference in units, with the direct item or the pool it is about."""

    reason: Reason
    about: str
    units: int


DIRECT = "direct cost"
IDLE = "idle"
UNALLOCATED = "unallocated"


def causes(before: FiledStatement, after: FiledStatement) -> dict[str, tuple[Cause, ...]]:
    """Why the cost of each tenant of either month changed; the causes add up to the difference, 0 left out.

    What was billed for other months is a cause of its own; all other causes compare the months without it.

    Raises:
        UnreconciledStatementError: When they do not.
    """
    found = {}
    own = without_other_months(before), without_other_months(after)
    rules = rule_change(*own)
    for name in sorted(before.by_tenant.keys() | after.by_tenant.keys()):
        lines = own[0].by_tenant.get(name), own[1].by_tenant.get(name)
        parts = (*_of_tenant(*lines, *own, rules), *_of_other_months(name, before, after))
        found[name] = tuple(cause for cause in parts if cause.units)
        old, new = before.by_tenant.get(name), after.by_tenant.get(name)
        whole = (new.total if new else 0) - (old.total if old else 0)
        if (stated := sum(cause.units for cause in found[name])) != whole:
            raise UnreconciledStatementError(
                f"{after.month}: the causes of {name} add up to {text_of(stated)}, its cost changed by "
                f"{text_of(whole)}"
            )
    return found


def nobodys_causes(before: FiledStatement, after: FiledStatement) -> tuple[Cause, ...]:
    """What other months change about idle and unallocated cost, which no tenant pays."""
    found = []
    for month, sign in ((before, -1), (after, 1)):
        for other in month.other_months:
            idle = sum(part.amount for part in other.parts if part.tenant is None)
            reason = reason_of(other)
            found += [
                Cause(reason, IDLE, sign * idle),
                Cause(reason, UNALLOCATED, sign * other.unallocated),
            ]
    return tuple(cause for cause in found if cause.units)


def fee_causes(before: FiledStatement, after: FiledStatement) -> dict[str, tuple[Cause, ...]]:
    """Why the fee of each tenant of either month changed: new, gone, another tier, overage, or other terms.

    Terms sum up what a statement does not separate: options, the catalog's price for them, and the number of
    days the tenant was deployed.
    """
    names = sorted(before.by_tenant.keys() | after.by_tenant.keys())
    before, after = without_other_months(before), without_other_months(after)
    return {
        name: tuple(
            cause for cause in _of_fee(before.by_tenant.get(name), after.by_tenant.get(name)) if cause.units
        )
        for name in names
    }


def _of_fee(old: FiledTenant | None, new: FiledTenant | None) -> Iterator[Cause]:
    if old is None or new is None:
        yield from came_or_went(old, new, lambda line: line.fee)
        return
    moved = old.tier != new.tier
    about = f"{old.tier} to {new.tier}" if moved else new.tier
    beyond = sum(each.charged for each in new.overage) - sum(each.charged for each in old.overage)
    yield Cause(Reason.OVERAGE, new.tier, beyond)
    yield Cause(Reason.TIER if moved else Reason.TERMS, about, new.fee - old.fee - beyond)


def came_or_went(
    old: FiledTenant | None, new: FiledTenant | None, get: Callable[[FiledTenant], int]
) -> Iterator[Cause]:
    """The whole amount that *get* returns, where a tenant is in one of the two months only."""
    if old is None and new is not None:
        yield Cause(Reason.NEW, new.tier, get(new))
    elif old is not None and new is None:
        yield Cause(Reason.GONE, old.tier, -get(old))


def by_reason(parts: Iterable[Cause]) -> dict[Reason, int]:
    """The units of each reason, the largest first."""
    sums: dict[Reason, int] = {}
    for cause in parts:
        sums[cause.reason] = sums.get(cause.reason, 0) + cause.units
    return dict(sorted(sums.items(), key=lambda pair: (-abs(pair[1]), pair[0])))


def _of_other_months(name: str, before: FiledStatement, after: FiledStatement) -> Iterator[Cause]:
    """What is billed for other months now, less what was billed for other months before."""
    sums: dict[tuple[Reason, str], int] = {}
    for month, sign in ((before, -1), (after, 1)):
        for other in month.other_months:
            units = sum(part.amount for part in other.parts if part.tenant == name)
            reason = reason_of(other)
            sums[reason, other.month] = sums.get((reason, other.month), 0) + sign * units
    for (reason, about), units in sorted(sums.items()):
        yield Cause(reason, about, units)


def reason_of(other: FiledOtherMonth) -> Reason:
    """Why another month is on an invoice."""
    return Reason[OtherMonthKind(other.kind).name]


def _of_tenant(
    old: FiledTenant | None,
    new: FiledTenant | None,
    before: FiledStatement,
    after: FiledStatement,
    rules: RuleChange,
) -> Iterator[Cause]:
    if old is None or new is None:
        yield from came_or_went(old, new, lambda line: line.total)
        return
    if before.basis != after.basis:
        yield Cause(Reason.BASIS, f"{before.basis} before, {after.basis} now", new.total - old.total)
        return
    moved = Reason.TIER if old.tier != new.tier else None
    yield from _direct(old, new, (before, after), moved, rules)
    for pool in sorted(old.pooled.keys() | new.pooled.keys()):
        yield from _Share(old, new, pool, before, after).causes(moved, rules.pools.get(pool, 0))


def _direct(
    old: FiledTenant,
    new: FiledTenant,
    months: tuple[FiledStatement, FiledStatement],
    moved: Reason | None,
    rules: RuleChange,
) -> Iterator[Cause]:
    before, after = months
    whole = int(new.direct) - int(old.direct)
    if not (before.items and after.items):
        yield Cause(moved or Reason.UNKNOWN, DIRECT, whole)
        return
    owner = (old.tenant, "")
    there, here = before.items_of.get(owner, {}), after.items_of.get(owner, {})
    for key in sorted(there.keys() | here.keys()):
        price, change = _by_price(there.get(key), here.get(key))
        about = " ".join(part for part in key[:2] if part)
        yield Cause(Reason.PRICE, about, price)
        ruled = key in rules.moved and not (key in there and key in here)
        yield Cause(Reason.RULE if ruled else moved or Reason.QUANTITY, about, change - price)
        whole -= change
    yield Cause(Reason.UNKNOWN, DIRECT, whole)


def _by_price(old: FiledItem | None, new: FiledItem | None) -> tuple[int, int]:
    """The part of an item's change that its price explains, and the whole change; 0 without quantities."""
    change = (new.amount if new else 0) - (old.amount if old else 0)
    if old is None or new is None or not (old.quantity and new.quantity):
        return 0, change
    at_new_price = Fraction(new.amount) * Fraction(old.quantity) / Fraction(new.quantity)
    return round(at_new_price) - old.amount, change


class _Share:
    """A tenant's share of one pool, in two months."""

    def __init__(
        self, old: FiledTenant, new: FiledTenant, pool: str, before: FiledStatement, after: FiledStatement
    ) -> None:
        self._tenant, self._pool = old.tenant, pool
        self._months = before, after
        self._shares = int(old.pooled.get(pool, 0)), int(new.pooled.get(pool, 0))
        self._totals = int(before.pool_totals.get(pool, 0)), int(after.pool_totals.get(pool, 0))

    def causes(self, moved: Reason | None, ruled: int) -> Iterator[Cause]:
        """Why it changed; *ruled* is what another rulebook put into the pool, in units."""
        (old, new), (was, costs) = self._shares, self._totals
        at_old_part = round(Fraction(old * costs, was)) if was else 0
        dearer = at_old_part - old
        price, rule = self._price(), round(Fraction(old * ruled, was)) if was else 0
        yield Cause(Reason.PRICE, self._pool, price)
        yield Cause(Reason.RULE, self._pool, rule)
        yield Cause(Reason.POOL, self._pool, dearer - price - rule)
        taken = new - at_old_part
        own = 0 if moved or self._rule_changed else self._own(at_old_part)
        yield Cause(Reason.QUANTITY, self._pool, own)
        yield Cause(
            moved or (Reason.RULE if self._rule_changed else self._neighbours), self._pool, taken - own
        )

    @property
    def _rule_changed(self) -> bool:
        """Whether the pool is new, gone, or divided by another driver."""
        drivers = [
            month.pools_by_name[self._pool].driver if self._pool in month.pools_by_name else None
            for month in self._months
        ]
        return drivers[0] != drivers[1]

    @property
    def _neighbours(self) -> Reason:
        return Reason.NEIGHBOURS if all(month.pools for month in self._months) else Reason.UNKNOWN

    def _price(self) -> int:
        """What changed prices in the pool do to the share, at the old part of the pool."""
        before, after = self._months
        (old, _), (was, _) = self._shares, self._totals
        there, here = (month.items_of.get((None, self._pool), {}) for month in (before, after))
        prices = sum(_by_price(there.get(key), here.get(key))[0] for key in there.keys() & here.keys())
        return round(Fraction(old * prices, was)) if was else 0

    def _own(self, at_old_part: int) -> int:
        """What the tenant's own usage does to the share while the usage of all others stays the same."""
        before, after = self._months
        if self._pool not in before.pools_by_name or self._pool not in after.pools_by_name:
            return 0
        was, now = (
            Fraction(month.pools_by_name[self._pool].usage.get(self._tenant, 0)) for month in (before, after)
        )
        (old, _), (all_was, costs) = self._shares, self._totals
        if not old or not was:
            return self._shares[1] - at_old_part if now else 0
        everything = was * all_was / old
        # Where idle capacity is kept apart, additional usage comes out of it: the whole stays the same.
        left = everything if before.idle.get(self._pool) else everything - was + now
        return round(costs * now / left) - at_old_part if left else 0
