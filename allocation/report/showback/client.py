"""A client's own page: nothing on it is another client's, and nothing on it lets another's be worked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from allocation.preview.preview import in_words
from allocation.report.showback.content import (
    EMPTY,
    Cell,
    Page,
    Section,
    Sentences,
    Table,
    amount,
    bars,
    quantity,
    summed,
    text,
)
from allocation.report.showback.index import basis
from allocation.report.showback.month import Showback, changed, why
from allocation.review.causes import Cause, Reason, by_reason
from allocation.statement.filed import FiledTenant
from tiers.vocabulary import TenantId

SMALL_POOLS: Final = "shared by few"
_TOLD: Final = 3
_WHOLE: Final = (Reason.NEW, Reason.GONE)


def account(showback: Showback, client: str) -> Page:
    """The page of *client* alone."""
    statement = showback.statement
    lines = statement.by_client[client]
    cost = sum(line.total for line in lines)
    sections: list[Section] = [
        _month(showback, lines),
        *_why(showback, client),
        *_trend(showback, client),
        *_shared(showback, lines),
        _fair_use(showback, lines),
        *_promises(showback, lines),
        *_options(showback, lines),
    ]
    return Page(
        f"account/{showback.pages_of[client]}",
        f"{client} {statement.month}",
        f"{client}, {statement.month}: {amount(cost).shown} {statement.currency}",
        tuple(_answer(showback, client, cost)),
        tuple(each for each in sections if not isinstance(each, Table) or each.rows),
        (basis(statement),),
    )


def told_causes(showback: Showback, client: str) -> tuple[Cause, ...]:
    """The causes a client may see: how the share of a small pool came about would tell what others did."""
    small = showback.pools - showback.large_pools
    sums: dict[tuple[Reason, str], int] = {}
    for parts in showback.causes_of(client).values():
        # Of who moved, everything about small pools is its move: the parts would tell what a pool grew by.
        merged = Reason.TIER if any(each.reason is Reason.TIER for each in parts) else Reason.POOL
        for cause in parts:
            told = cause.about not in small or cause.reason in _WHOLE
            key = (cause.reason, cause.about) if told else (merged, SMALL_POOLS)
            sums[key] = sums.get(key, 0) + cause.units
    return tuple(Cause(*key, units) for key, units in sums.items() if units)


def _answer(showback: Showback, client: str, cost: int) -> Iterator[str]:
    before, currency = showback.before, showback.statement.currency
    fee = sum(line.fee for line in showback.statement.by_client[client])
    if before is None:
        yield f"The fee is {amount(fee).shown} {currency}. There is no month before it to compare with."
        return
    then = before.by_client.get(client, ())
    step = changed(sum(line.total for line in then), cost, currency, before.month)
    yield f"That is {step}. Why: {why(by_reason(told_causes(showback, client)), currency)}."
    yield from _happened(showback, client)
    fee_before = sum(line.fee for line in then)
    reasons = by_reason(chain.from_iterable(showback.fee_causes_of(client).values()))
    because = f" Why: {why(reasons, currency)}." if fee != fee_before else ""
    step = changed(fee_before, fee, currency, before.month)
    yield f"The fee is {amount(fee).shown} {currency}, {step}.{because}"


def _happened(showback: Showback, client: str) -> Iterator[str]:
    """Which of a client's tenants moved, came or went; nothing where none did."""
    old, new = showback.lines_of(client)
    said = [
        f"{name} is new" if name not in old
        else f"{name} is gone" if name not in new
        else f"{name} went from {old[name].tier} to {new[name].tier}"
        for name in sorted(old.keys() | new.keys())
        if name not in old or name not in new or old[name].tier != new[name].tier
    ]  # fmt: skip
    more = f"; and {len(said) - _TOLD} more" if len(said) > _TOLD else ""
    if said:
        yield f"{'; '.join(said[:_TOLD])}{more}."


def _month(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    columns = [
        [line.direct for line in lines],
        [line.total - line.direct for line in lines],
        [line.total for line in lines],
        [line.fee for line in lines],
    ]
    names = [(text(line.tenant), text(line.environment), text(line.tier)) for line in lines]
    rows, whole = summed(names, columns, (text("together"), EMPTY, EMPTY))
    return Table(
        "month",
        f"The month, in {showback.statement.currency}",
        ("tenant", "environment", "tier", "its own", "share of what is shared", "cost", "fee"),
        rows,
        (whole,) if len(lines) > 1 else (),
    )


def _why(showback: Showback, client: str) -> Iterator[Table]:
    if showback.before is None:
        return
    told = sorted(told_causes(showback, client), key=lambda each: (-abs(each.units), each.reason, each.about))
    rows, whole = summed(
        [(text(cause.reason), text(cause.about)) for cause in told],
        [[cause.units for cause in told]],
        (text("difference"), EMPTY),
        signed=True,
    )
    yield Table(
        "why",
        f"Why it is not what it was in {showback.before.month}",
        ("reason", "about", "amount"),
        rows,
        (whole,),
    )


def _trend(showback: Showback, client: str) -> Iterator[Section]:
    months = [*showback.past, showback.statement]
    if len(months) < 2:  # noqa: PLR2004 - one month is no trend
        return
    own = [month.by_client.get(client, ()) for month in months]
    costs = [sum(line.total for line in lines) for lines in own]
    fees = [sum(line.fee for line in lines) for lines in own]
    names = [month.month for month in months]
    yield bars(
        "Month by month",
        f"Cost of {len(months)} months, from {amount(costs[0]).shown} in {names[0]} to "
        f"{amount(costs[-1]).shown} in {names[-1]}.",
        [(name, 0, cost) for name, cost in zip(names, costs, strict=True)],
    )
    yield Table(
        "trend",
        "Month by month, in figures",
        ("month", "basis", "cost", "fee"),
        tuple(
            (text(month.month), text(month.basis), amount(cost), amount(fee))
            for month, cost, fee in zip(months, costs, fees, strict=True)
        ),
    )


def _shared(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[Table]:
    statement, large = showback.statement, showback.large_pools
    rows: list[tuple[Cell, ...]] = []
    for pool in dict.fromkeys(chain.from_iterable(line.pooled for line in lines)):
        units = sum(line.pooled.get(pool, 0) for line in lines)
        use = statement.uses.get(pool)
        own = sum((use.use.get(line.tenant, 0) for line in lines), start=0) if use else 0
        measured = use is not None and use.unit != "weight"
        whole = amount(statement.pool_totals[pool]) if pool in large else text("not told: few share it")
        rows.append(
            (
                text(pool),
                text(use.driver if use else ""),
                quantity(own, use.unit) if use and measured else EMPTY,
                amount(units),
                whole,
            )
        )
    yield Table(
        "shared",
        "What is shared with others",
        ("pool", "divided by", "used", "share", "the whole pool"),
        tuple(rows),
    )


def _fair_use(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    return Table(
        "fair-use",
        "What the fee covers",
        ("tenant", "measure", "used", "covered", "how it was"),
        tuple(
            (
                text(each.tenant),
                text(each.measure.replace("_gib", ", GiB")),
                quantity(each.used),
                quantity(each.fair),
                text(f"{'beyond it: ' if each.over else ''}{each.told}"),
            )
            for line in lines
            for each in showback.standings_of.get(line.tenant, ())
        ),
    )


def _promises(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[Table]:
    promises = showback.month.catalog.classes.resilience_classes
    rows = []
    for line in lines:
        plan = showback.plans.get(TenantId(line.tenant))
        if plan is None:
            continue
        tried = showback.recoveries.get(line.tenant)
        took = f" in {tried.minutes} minutes" if tried and tried.minutes is not None else ""
        shown = "no restore was tried that is known here"
        if tried:
            shown = f"restored{took}" if tried.succeeded else "the restore FAILED"
        rows.append(
            (
                text(line.tenant),
                text(in_words(plan.resilience_class, promises[plan.resilience_class])),
                text(tried.backup_taken[:10] if tried else ""),
                text(f"{tried.tried_at:%Y-%m-%d}" if tried else ""),
                text(shown),
            )
        )
    yield Table(
        "recovery",
        "What is promised, and what was shown of it",
        ("tenant", "promise", "backup of", "tried on", "outcome"),
        tuple(rows),
    )


def _options(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[Table | Sentences]:
    rows = [
        (
            text(option.tenant),
            text(option.tier),
            amount(option.fee_difference, signed=True),
            amount(option.cost_difference, signed=True) if option.cost_difference is not None else EMPTY,
            text(option.command),
        )
        for line in lines
        for option in showback.options.get(line.tenant, ())
    ]
    yield Table(
        "options",
        "What else there is, a month",
        ("tenant", "tier", "fee", "cost", "what prices it"),
        tuple(rows),
    )
