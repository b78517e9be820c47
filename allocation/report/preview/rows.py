"""The figures of a preview in whole cents, the same for every format, that add up down and across.

Costs and fees before and after are those that the statements show, and a difference is the difference of the
figures shown: less than two cents from the exact amount, which JSON holds.
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
from allocation.report.figures import first_of, money, percent

_NAMED: Final = 3
IDLE_ROW: Final = "idle"
UNALLOCATED_ROW: Final = "unallocated"
TOTAL_ROW: Final = "total"


@dataclass(frozen=True)
class Shown:
    """An amount before and after the change, in the cents that are shown."""

    before: int
    after: int

    @property
    def difference(self) -> int:
        """After minus before, in the cents that are shown."""
        return self.after - self.before


@dataclass(frozen=True)
class Row:
    """A tenant, or idle, unallocated or total cost, which have no `kind` and no `tier`."""

    name: str
    kind: Kind | None
    tier: str | None
    cost: Shown
    fee: Shown

    @property
    def margin(self) -> Shown:
        """The fee minus the cost."""
        return Shown(self.fee.before - self.cost.before, self.fee.after - self.cost.after)


def rows(preview: Preview) -> list[Row]:
    """A row for each tenant, then idle and unallocated cost, then their total."""
    ledgers = preview.comparison.ledgers
    found = [
        Row(
            change.tenant,
            change.kind,
            tier_words(change),
            Shown(*(ledger.total(change.tenant) for ledger in ledgers)),
            Shown(*(ledger.fees.get(change.tenant, 0) for ledger in ledgers)),
        )
        for change in preview.comparison.tenants
    ]
    idle = Shown(*(sum(ledger.idle.values()) for ledger in ledgers))
    unallocated = Shown(*(sum(ledger.unallocated) for ledger in ledgers))
    found += [
        Row(name, None, None, cost, Shown(0, 0))
        for name, cost in ((IDLE_ROW, idle), (UNALLOCATED_ROW, unallocated))
    ]
    return [*found, together(TOTAL_ROW, found)]


def condensed(tenants: Sequence[Row], most: int) -> list[Row]:
    """The *most* important of *tenants*, those that change first, and one row that sums up all others.

    A table of a thousand rows is too long to read.
    """
    if len(tenants) <= most:
        return list(tenants)
    others = (Kind.NEIGHBOUR, Kind.SAME)
    ranked = sorted(tenants, key=lambda row: (row.kind in others, -abs(row.cost.difference), row.name))
    return [*ranked[:most], together(f"{len(tenants) - most:,} more", ranked[most:])]


def together(name: str, several: Sequence[Row]) -> Row:
    """The sum of *several* rows as one row."""
    return Row(name, None, None, _sum(row.cost for row in several), _sum(row.fee for row in several))


def parts(steps: Iterable[tuple[str, Step]], whole: Shown | None = None) -> list[tuple[str, Shown]]:
    """*steps* by name in cents, without those that are 0 before and after.

    With *whole* they add up to it, so that two tables never differ by a cent.
    """
    named = [(str(name), step) for name, step in steps if step.before or step.after]
    shown = _shown([step for _, step in named], whole)
    return [(name, cents) for (name, _), cents in zip(named, shown, strict=True)]


def one_off_cents(items: Sequence[OneOff]) -> list[int | None]:
    """The cost of each one-off item in cents that add up; None where the price is unknown."""
    known = iter(in_cents([item.units for item in items if item.units is not None]))
    return [None if item.units is None else next(known) for item in items]


def tier_words(change: TenantChange) -> str:
    """The tier, or the tiers before and after."""
    before, after = (side.tier if side else None for side in (change.before, change.after))
    if before == after or before is None or after is None:
        return str(after or before)
    return f"{before} → {after}"


def off_hours_words(preview: Preview) -> list[str]:
    """What environments would save if they slept off-hours, as one sentence; empty when nothing is saved."""
    if not preview.savings:
        return []
    (saved,) = in_cents([sum(each.saved for each in preview.savings)])
    (freed,) = in_cents([sum(each.freed for each in preview.savings)])
    names = first_of([each.tenant for each in preview.savings], _NAMED)
    sentence = (
        f"off-hours saving, not part of the figures: awake {preview.savings[0].awake_hours_per_week} hours a "
        f"week, {names} would save {money(saved)} on the bill and free node capacity worth {money(freed)} "
        "(set options.schedule; the bill falls when nodes are removed)"
    )
    return [sentence]


def approval_words(preview: Preview) -> tuple[str, ...]:
    """A sentence for each approval that the change needs: of whom, for what, and who has given it."""
    return tuple(
        f"{each.change_in_words}: {each.rule.count} of {each.groups}{each.state_in_words}: {each.why}"
        for each in preview.approvals
    )


def cause_words(preview: Preview) -> tuple[str, ...]:
    """What makes the difference of bill and fees, if the change brings prices or fees of its own."""
    total = rows(preview)[-1]
    lists = (
        ("bill", "price list", preview.bill_by["portfolio"], preview.bill_by["prices"], total.cost),
        ("fees", "fee list", preview.fee_by["portfolio"], preview.fee_by["fees"], total.fee),
    )
    return tuple(
        f"what changes the {what}: portfolio {_signed(in_cents([built])[0], shown.before)}, "
        f"{name} {_signed(shown.difference - in_cents([built])[0], shown.before)}"
        for what, name, built, listed, shown in lists
        if listed
    )


def _signed(cents: int, whole: int) -> str:
    part = percent(cents, whole)
    return money(cents, signed=True) + (f" ({'+' if cents > 0 else ''}{part})" if part else "")


def effect_words(preview: Preview) -> tuple[str, ...]:
    """What the change does beside the money, a sentence for each effect."""
    return tuple(each.in_words for each in preview.effects) or ("changes nothing that runs",)


def break_even_words(even: BreakEven) -> str:
    """Where one of two tiers becomes the better one, as a sentence."""
    better = "costs no more than" if even.by == COST else "has at least the margin of"
    where = {None: f"at no size up to {even.most}", 1: "at any size"}.get(even.at, f"from {even.at} on")
    return f"break-even of {even.tenant} in {even.measure}: {even.after} {better} {even.before} {where}"


def _shown(steps: Sequence[Step], whole: Shown | None = None) -> list[Shown]:
    before = in_cents([step.before for step in steps], whole.before if whole else None)
    after = in_cents([step.after for step in steps], whole.after if whole else None)
    return [Shown(*pair) for pair in zip(before, after, strict=True)]


def _sum(amounts: Iterable[Shown]) -> Shown:
    listed = list(amounts)
    return Shown(sum(each.before for each in listed), sum(each.after for each in listed))
