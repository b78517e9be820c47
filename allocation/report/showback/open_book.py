"""What a client's tenants cost the firm, for a client whose book is open; it reveals no other client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Final, NamedTuple

from allocation.report.figures import first_of
from allocation.report.showback.content import EMPTY, Row, Table, amount, summed, text
from allocation.report.showback.month import Showback, changed, why
from allocation.report.showback.other_months import other_months_table
from allocation.report.showback.usage import change_of_usage, used_cell
from allocation.review.causes import Cause, Reason, by_reason
from allocation.statement.filed import FiledTenant

SMALL_POOLS: Final = "small shared pools"
_NAMED: Final = 3
_WHOLE: Final = (Reason.NEW, Reason.GONE)
_WORDS: Final[Mapping[Reason, str]] = {
    Reason.NEW: "new tenants",
    Reason.GONE: "tenants that are gone",
    Reason.TIER: "another service",
    Reason.TERMS: "other terms",
    Reason.PRICE: "other prices of what is used",
    Reason.QUANTITY: "your own usage",
    Reason.POOL: "shared systems grew or shrank",
    Reason.NEIGHBOURS: "others used more or less of what is shared",
    Reason.RULE: "what is shared is divided another way",
    Reason.BASIS: "one month is estimated and the other billed",
    Reason.CORRECTION: "a correction of an earlier month",
    Reason.ADVANCE: "paid in advance for a later month",
    Reason.ROUNDING: "rounding to whole cents",
    Reason.UNKNOWN: "not known: the month before has no details",
}
"""Each reason as a client reads it."""


class Change(NamedTuple):
    """A part of the difference of a client's cost: why, what it is about, and units."""

    reason: Reason
    about: str
    units: int


def cost_answer(showback: Showback, client: str) -> str:
    """What it costs, how that changed, and why, in one sentence."""
    statement, before = showback.statement, showback.before
    cost = _cost_of(statement.by_client[client])
    said = f"Your part of our cost is {amount(cost).shown} {statement.currency}"
    if before is None:
        return f"{said}."
    step = changed(_cost_of(before.by_client.get(client, ())), cost, statement.currency, before.month)
    reasons = {_WORDS[each.reason]: each.units for each in changes(showback, client)}
    return f"{said}, {step}. Reasons: {why(reasons, statement.currency)}."


def cost_sections(showback: Showback, client: str) -> Iterator[Table]:
    """The tables of cost: by tenant, why it changed, what was billed for other months, and shared systems."""
    lines = showback.statement.by_client[client]
    yield _costs(showback, lines)
    yield from _why(showback, client)
    yield from other_months_table(showback.statement, lines)
    yield _shared(showback, lines)


def shown_causes(showback: Showback, client: str) -> tuple[Cause, ...]:
    """The causes a client may see, with one sum for small pools, whose details would reveal other clients."""
    small = showback.pools - showback.large_pools
    sums: dict[tuple[Reason, str], int] = {}
    for parts in showback.causes_of(client).values():
        # For a tenant that moved, small pools are part of its move: details would reveal the pool's growth.
        merged = Reason.TIER if any(each.reason is Reason.TIER for each in parts) else Reason.POOL
        for cause in parts:
            may_see = cause.about not in small or cause.reason in _WHOLE
            key = (cause.reason, cause.about) if may_see else (merged, SMALL_POOLS)
            sums[key] = sums.get(key, 0) + cause.units
    return tuple(Cause(*key, units) for key, units in sums.items() if units)


def changes(showback: Showback, client: str) -> tuple[Change, ...]:
    """One for each reason, the largest first: what a change takes here and gives there is one sum.

    They add up to the difference; what cancels out is left out.
    """
    sums = by_reason(shown_causes(showback, client))
    return tuple(
        Change(reason, _about(showback, client, reason), units) for reason, units in sums.items() if units
    )


def _about(showback: Showback, client: str, reason: Reason) -> str:
    old, new = showback.own_lines_of(client)
    if reason is Reason.TIER:
        moved = [
            f"{new[name].name}: {showback.service(old[name].tier)} to {showback.service(new[name].tier)}"
            for name in sorted(old.keys() & new.keys())
            if old[name].tier != new[name].tier
        ]
        return first_of(moved, _NAMED)
    if reason in _WHOLE:
        there, here = (old, new) if reason is Reason.GONE else (new, old)
        return first_of(sorted(there[name].name for name in there.keys() - here.keys()), _NAMED)
    return first_of(list(_used(showback, client)), _NAMED) if reason is Reason.QUANTITY else ""


def _used(showback: Showback, client: str) -> Iterator[str]:
    """What the client used of each shared system, before and now, where that differs."""
    if showback.before is None:
        return
    months = (showback.before, showback.statement)
    own = [{line.tenant for line in month.by_client.get(client, ())} for month in months]
    for pool, now in showback.statement.pools_by_name.items():
        then = showback.before.pools_by_name.get(pool)
        if then is None or (then.driver, then.unit) != (now.driver, now.unit) or now.unit == "weight":
            continue
        was, uses = (
            sum((used.usage.get(name, Decimal(0)) for name in names), start=Decimal(0))
            for used, names in zip((then, now), own, strict=True)
        )
        if was != uses:
            yield change_of_usage(months, now, was, uses)


def _cost_of(lines: Sequence[FiledTenant]) -> int:
    return sum(line.total for line in lines)


def _costs(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    columns = [
        [line.direct for line in lines],
        [line.total - line.direct for line in lines],
        [line.total for line in lines],
    ]
    names = [(text(line.name), text(line.environment)) for line in lines]
    rows, whole = summed(names, columns, (text("total"), EMPTY))
    return Table(
        "cost",
        f"What it costs us, in {showback.statement.currency}",
        ("tenant", "environment", "direct cost", "shared cost allocated", "cost"),
        rows,
        (whole,) if len(lines) > 1 else (),
    )


def _why(showback: Showback, client: str) -> Iterator[Table]:
    if showback.before is None:
        return
    found = changes(showback, client)
    sums, whole = summed(
        [(text(_WORDS[each.reason]),) for each in found],
        [[each.units for each in found]],
        (text("difference"),),
        signed=True,
    )
    rows = tuple((*row, text(each.about)) for row, each in zip(sums, found, strict=True))
    title = f"Why our cost changed since {showback.before.month}"
    yield Table("why", title, ("reason", "amount", "about"), rows, ((*whole, EMPTY),))


def _shared(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    statement, large = showback.statement, showback.large_pools
    rows: list[Row] = []
    for pool in dict.fromkeys(chain.from_iterable(line.pooled for line in lines)):
        units = sum(line.pooled.get(pool, 0) for line in lines)
        used = statement.pools_by_name.get(pool)
        own = sum((used.usage.get(line.tenant, 0) for line in lines), start=0) if used else 0
        whole = amount(statement.pool_totals[pool]) if pool in large else text("hidden for privacy")
        rows.append(
            (
                text(pool),
                text(used.driver if used else ""),
                used_cell(statement, used, own),
                amount(units),
                whole,
            )
        )
    heads = ("pool", "divided by", "usage", "share", "cost of the whole pool")
    return Table("shared", "Shared systems", heads, tuple(rows))
