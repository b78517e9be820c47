"""What every rendering of a preview shows, in whole cents that add up, down and across.

Each column of amounts is rounded by largest remainder to its own rounded total, and a difference is the
difference of what is shown; so it may be a cent or two beside the exact one, which the JSON form holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from allocation.money import in_cents
from allocation.preview.break_even import COST, BreakEven
from allocation.preview.comparison import Kind, Step, TenantChange
from allocation.preview.one_off_costs import OneOff
from allocation.preview.preview import Preview

CENTS: Final = 100
_NAMED: Final = 3
IDLE_ROW: Final = "idle"
UNALLOCATED_ROW: Final = "unallocated"
TOTAL_ROW: Final = "total"


@dataclass(frozen=True)
class Shown:
    """An amount before and after, in cents as they are shown."""

    before: int
    after: int

    @property
    def difference(self) -> int:
        """After less before, of what is shown."""
        return self.after - self.before


@dataclass(frozen=True)
class Row:
    """A tenant, or what is left beside the tenants; `kind` and `tier` are None for what is no tenant."""

    name: str
    kind: Kind | None
    tier: str | None
    cost: Shown
    fee: Shown

    @property
    def margin(self) -> Shown:
        """The fee less the cost."""
        return Shown(self.fee.before - self.cost.before, self.fee.after - self.cost.after)


def rows(preview: Preview) -> list[Row]:
    """A row for each tenant, then idle and unallocated cost, then their total."""
    comparison = preview.comparison
    others = ((IDLE_ROW, comparison.idle), (UNALLOCATED_ROW, comparison.unallocated))
    costs = _shown([each.cost for each in comparison.tenants] + [step for _, step in others])
    fees = _shown([each.fee for each in comparison.tenants])
    found = [
        Row(change.tenant, change.kind, tier_words(change), cost, fee)
        for change, cost, fee in zip(comparison.tenants, costs, fees, strict=False)
    ]
    found += [
        Row(name, None, None, cost, Shown(0, 0))
        for (name, _), cost in zip(others, costs[len(comparison.tenants) :], strict=True)
    ]
    return [*found, together(TOTAL_ROW, found)]


def condensed(tenants: Sequence[Row], most: int) -> list[Row]:
    """The *most* weighty of *tenants*, those that change first, and one row for all others together.

    A table of a thousand rows is read by nobody.
    """
    if len(tenants) <= most:
        return list(tenants)
    others = (Kind.NEIGHBOUR, Kind.SAME)
    ranked = sorted(tenants, key=lambda row: (row.kind in others, -abs(row.cost.difference), row.name))
    return [*ranked[:most], together(f"{len(tenants) - most:,} more", ranked[most:])]


def together(name: str, several: Sequence[Row]) -> Row:
    """*several* rows as one."""
    return Row(name, None, None, _sum(row.cost for row in several), _sum(row.fee for row in several))


def parts(steps: Iterable[tuple[str, Step]], whole: Shown | None = None) -> list[tuple[str, Shown]]:
    """*steps* by name in cents; those that are 0 on both sides are left out.

    With *whole* they add up to it: a part of what another table shows must not differ from it by a cent.
    """
    named = [(str(name), step) for name, step in steps if step.before or step.after]
    shown = _shown([step for _, step in named], whole)
    return [(name, cents) for (name, _), cents in zip(named, shown, strict=True)]


def one_off_cents(items: Sequence[OneOff]) -> list[int | None]:
    """What each of *items* costs once, in cents that add up; None where no price is known."""
    known = iter(in_cents([item.units for item in items if item.units is not None]))
    return [None if item.units is None else next(known) for item in items]


def tier_words(change: TenantChange) -> str:
    """The tier, or the one before and the one after."""
    before, after = (side.tier if side else None for side in (change.before, change.after))
    if before == after or before is None or after is None:
        return str(after or before)
    return f"{before} → {after}"


def off_hours_words(preview: Preview) -> list[str]:
    """What environments that never sleep would save asleep, as a sentence; none where that is nothing."""
    if not preview.savings:
        return []
    (saved,) = in_cents([sum(each.saved for each in preview.savings)])
    (freed,) = in_cents([sum(each.freed for each in preview.savings)])
    names = ", ".join(each.tenant for each in preview.savings[:_NAMED])
    rest = len(preview.savings) - _NAMED
    more = f" and {rest} more" if rest > 0 else ""
    words = (
        f"off-hours saving, in none of the figures: {names}{more}, awake "
        f"{preview.savings[0].awake_hours_per_week} hours a week, would save {money(saved)} of the bill "
        f"and free {money(freed)} of the nodes (options.schedule; the bill falls when nodes go)"
    )
    return [words]


def break_even_words(even: BreakEven) -> str:
    """Where two tiers meet, as a sentence."""
    better = "costs no more" if even.by == COST else "has no smaller margin"
    where = {None: f"at no number up to {even.most}", 1: "at any number"}.get(even.at, f"from {even.at} on")
    return f"break-even of {even.tenant} in {even.measure}: {even.after} {better} than {even.before} {where}"


def money(cents: int, *, signed: bool = False) -> str:
    """Cents as a person reads them.

    >>> money(-123456), money(5, signed=True)
    ('-1,234.56', '+0.05')
    """
    sign = "-" if cents < 0 else "+" if signed and cents > 0 else ""
    return f"{sign}{abs(cents) // CENTS:,}.{abs(cents) % CENTS:02}"


def percent(part: int, whole: int) -> str:
    """*part* of *whole* with one decimal; empty where there is no whole.

    >>> percent(1, 3), percent(1, 0)
    ('33.3 %', '')
    """
    if not whole:
        return ""
    tenths = round(1000 * part / whole)
    return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10} %"


def _shown(steps: Sequence[Step], whole: Shown | None = None) -> list[Shown]:
    before = in_cents([step.before for step in steps], whole.before if whole else None)
    after = in_cents([step.after for step in steps], whole.after if whole else None)
    return [Shown(*pair) for pair in zip(before, after, strict=True)]


def _sum(amounts: Iterable[Shown]) -> Shown:
    listed = list(amounts)
    return Shown(sum(each.before for each in listed), sum(each.after for each in listed))
