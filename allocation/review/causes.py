"""Why a tenant's cost is not what it was: every unit of the difference has a cause.

A direct cost changes by price and by quantity; a share of a pool by what the pool costs and by the part that
is taken of it, and that part by what the tenant uses itself and by what others do. Each step is taken on its
own, in this order, as cost accounts do with variances (Horngren, Cost Accounting, ch. 7), and the last is
what is left, so that the sum is the difference exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum, unique
from fractions import Fraction
from typing import NamedTuple

from allocation.errors import UnreconciledStatementError
from allocation.money import text_of
from allocation.statement.filed import FiledItem, FiledStatement, FiledTenant


@unique
class Reason(StrEnum):
    """Why cost changes."""

    NEW = "new"
    GONE = "gone"
    TIER = "tier"
    TERMS = "terms"
    PRICE = "price"
    QUANTITY = "quantity"
    POOL = "size of what is shared"
    NEIGHBOURS = "others' use"
    RULE = "rule"
    BASIS = "estimate or bill"
    UNKNOWN = "unknown"


class Cause(NamedTuple):
    """A part of a difference, in units, and what it is about: a direct item, or a pool."""

    reason: Reason
    about: str
    units: int


DIRECT = "direct cost"


def causes(before: FiledStatement, after: FiledStatement) -> dict[str, tuple[Cause, ...]]:
    """Why each tenant of either month costs something else; they add up to its difference, 0 left out.

    Raises:
        UnreconciledStatementError: When they do not.
    """
    found = {}
    for name in sorted(before.by_tenant.keys() | after.by_tenant.keys()):
        old, new = before.by_tenant.get(name), after.by_tenant.get(name)
        found[name] = tuple(cause for cause in _of_tenant(old, new, before, after) if cause.units)
        whole = (new.total if new else 0) - (old.total if old else 0)
        if (stated := sum(cause.units for cause in found[name])) != whole:
            raise UnreconciledStatementError(
                f"{after.month}: the causes of {name} add up to {text_of(stated)}, its cost changed by "
                f"{text_of(whole)}"
            )
    return found


def fee_causes(before: FiledStatement, after: FiledStatement) -> dict[str, tuple[Cause, ...]]:
    """Why each tenant of either month pays another fee: it is new, gone, on another tier, or on other terms.

    Terms are all that a statement does not tell apart: what is taken as an option, what the catalog asks for
    it, and how many days of the month it was there.
    """
    names = sorted(before.by_tenant.keys() | after.by_tenant.keys())
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
    yield Cause(Reason.TIER if moved else Reason.TERMS, about, new.fee - old.fee)


def came_or_went(
    old: FiledTenant | None, new: FiledTenant | None, get: Callable[[FiledTenant], int]
) -> Iterator[Cause]:
    """All of what *get* gives is the cause where a tenant is in one of the months only."""
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


def _of_tenant(
    old: FiledTenant | None, new: FiledTenant | None, before: FiledStatement, after: FiledStatement
) -> Iterator[Cause]:
    if old is None or new is None:
        yield from came_or_went(old, new, lambda line: line.total)
        return
    if before.basis != after.basis:
        yield Cause(Reason.BASIS, f"{before.basis} before, {after.basis} now", new.total - old.total)
        return
    moved = Reason.TIER if old.tier != new.tier else None
    yield from _direct(old, new, before, after, moved)
    for pool in sorted(old.pooled.keys() | new.pooled.keys()):
        yield from _Share(old, new, pool, before, after).causes(moved)


def _direct(
    old: FiledTenant,
    new: FiledTenant,
    before: FiledStatement,
    after: FiledStatement,
    moved: Reason | None,
) -> Iterator[Cause]:
    whole = new.direct - old.direct
    if not (before.items and after.items):
        yield Cause(moved or Reason.UNKNOWN, DIRECT, whole)
        return
    owner = (old.tenant, "")
    there, here = before.items_of.get(owner, {}), after.items_of.get(owner, {})
    for key in sorted(there.keys() | here.keys()):
        price, change = _by_price(there.get(key), here.get(key))
        about = " ".join(part for part in key[:2] if part)
        yield Cause(Reason.PRICE, about, price)
        yield Cause(moved or Reason.QUANTITY, about, change - price)
        whole -= change
    yield Cause(Reason.UNKNOWN, DIRECT, whole)


def _by_price(old: FiledItem | None, new: FiledItem | None) -> tuple[int, int]:
    """What of an item's change its price makes, and the whole change; no quantities, no price."""
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
        self._shares = old.pooled.get(pool, 0), new.pooled.get(pool, 0)
        self._totals = before.pool_totals.get(pool, 0), after.pool_totals.get(pool, 0)

    def causes(self, moved: Reason | None) -> Iterator[Cause]:
        (old, new), (was, costs) = self._shares, self._totals
        at_old_part = round(Fraction(old * costs, was)) if was else 0
        dearer = at_old_part - old
        price = self._price()
        yield Cause(Reason.PRICE, self._pool, price)
        yield Cause(Reason.POOL, self._pool, dearer - price)
        taken = new - at_old_part
        own = 0 if moved or self._rule_changed else self._own(at_old_part)
        yield Cause(Reason.QUANTITY, self._pool, own)
        yield Cause(moved or (Reason.RULE if self._rule_changed else self._others), self._pool, taken - own)

    @property
    def _rule_changed(self) -> bool:
        """Whether the pool is new, gone, or divided by another driver."""
        drivers = [
            month.uses[self._pool].driver if self._pool in month.uses else None for month in self._months
        ]
        return drivers[0] != drivers[1]

    @property
    def _others(self) -> Reason:
        return Reason.NEIGHBOURS if all(month.pools for month in self._months) else Reason.UNKNOWN

    def _price(self) -> int:
        """What the prices of what is in the pool do to the share, at the part that was taken of it."""
        before, after = self._months
        (old, _), (was, _) = self._shares, self._totals
        there, here = (month.items_of.get((None, self._pool), {}) for month in (before, after))
        prices = sum(_by_price(there.get(key), here.get(key))[0] for key in there.keys() & here.keys())
        return round(Fraction(old * prices, was)) if was else 0

    def _own(self, at_old_part: int) -> int:
        """What the tenant's own use does to the share, that of all others being what it was."""
        before, after = self._months
        if self._pool not in before.uses or self._pool not in after.uses:
            return 0
        was, now = (Fraction(month.uses[self._pool].use.get(self._tenant, 0)) for month in (before, after))
        (old, _), (all_was, costs) = self._shares, self._totals
        if not old or not was:
            return self._shares[1] - at_old_part if now else 0
        everything = was * all_was / old
        # What one takes more comes out of what stays idle, where that is kept apart: the whole is the same.
        left = everything if before.idle.get(self._pool) else everything - was + now
        return round(costs * now / left) - at_old_part if left else 0
