"""A client's own page: it shows nothing of another client, and nothing that reveals another client's cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from allocation.preview.preview import in_words
from allocation.report.figures import first_of
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
from allocation.report.showback.decisions import fair_use_result
from allocation.report.showback.index import basis
from allocation.report.showback.month import Showback, changed, why
from allocation.report.showback.other_months import other_months_table
from allocation.report.showback.rehearsals import rehearsals
from allocation.review.causes import Cause, Reason, by_reason
from allocation.review.signals import preview_command
from allocation.statement.filed import FiledTenant
from tiers.vocabulary import TenantId

SMALL_POOLS: Final = "small shared pools"
_NAMED: Final = 3
_WHOLE: Final = (Reason.NEW, Reason.GONE)


def account(showback: Showback, client: str) -> Page:
    """The page of one client."""
    statement = showback.statement
    lines = statement.by_client[client]
    cost = sum(line.total for line in lines)
    sections: list[Section] = [
        _month(showback, lines),
        *_why(showback, client),
        *other_months_table(statement, lines),
        *_trend(showback, client),
        *_shared(showback, lines),
        _fair_use(showback, lines),
        *_promises(showback, lines),
        rehearsals(showback, [line.tenant for line in lines]),
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


def _answer(showback: Showback, client: str, cost: int) -> Iterator[str]:
    before, currency = showback.before, showback.statement.currency
    fee = sum(line.fee for line in showback.statement.by_client[client])
    if before is None:
        yield f"The fee is {amount(fee).shown} {currency}. No earlier month is known to compare with."
        return
    then = before.by_client.get(client, ())
    step = changed(sum(line.total for line in then), cost, currency, before.month)
    yield f"That is {step}. Reasons: {why(by_reason(shown_causes(showback, client)), currency)}."
    yield from _happened(showback, client)
    fee_before = sum(line.fee for line in then)
    reasons = by_reason(chain.from_iterable(showback.fee_causes_of(client).values()))
    because = f" Reasons: {why(reasons, currency)}." if fee != fee_before else ""
    step = changed(fee_before, fee, currency, before.month)
    yield f"The fee is {amount(fee).shown} {currency}, {step}.{because}"


def _happened(showback: Showback, client: str) -> Iterator[str]:
    """Which of a client's tenants are new, gone, renamed or on another tier; nothing if there are none."""
    old, new = showback.own_lines_of(client)
    said = [
        what
        for tenant in sorted(old.keys() | new.keys())
        for what in _what_happened(old.get(tenant), new.get(tenant))
    ]
    if said:
        yield f"{first_of(said, _NAMED, '; ')}."


def _what_happened(old: FiledTenant | None, new: FiledTenant | None) -> Iterator[str]:
    if old is None or new is None:
        yield f"{new.name} is new" if new else f"{old.name} is gone" if old else ""
        return
    if old.name != new.name:
        yield f"{old.name} is called {new.name} now"
    if old.tier != new.tier:
        yield f"{new.name} moved from {old.tier} to {new.tier}"


def _month(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    columns = [
        [line.direct for line in lines],
        [line.total - line.direct for line in lines],
        [line.total for line in lines],
        [line.fee for line in lines],
    ]
    names = [(text(line.name), text(line.environment), text(line.tier)) for line in lines]
    rows, whole = summed(names, columns, (text("total"), EMPTY, EMPTY))
    return Table(
        "month",
        f"The month, in {showback.statement.currency}",
        ("tenant", "environment", "tier", "direct cost", "shared cost allocated", "cost", "fee"),
        rows,
        (whole,) if len(lines) > 1 else (),
    )


def _why(showback: Showback, client: str) -> Iterator[Table]:
    if showback.before is None:
        return
    found = sorted(
        shown_causes(showback, client), key=lambda each: (-abs(each.units), each.reason, each.about)
    )
    rows, whole = summed(
        [(text(cause.reason), text(cause.about)) for cause in found],
        [[cause.units for cause in found]],
        (text("difference"), EMPTY),
        signed=True,
    )
    yield Table(
        "why",
        f"Why the cost changed since {showback.before.month}",
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
        used = statement.pools_by_name.get(pool)
        own = sum((used.usage.get(line.tenant, 0) for line in lines), start=0) if used else 0
        measured = used is not None and used.unit != "weight"
        whole = amount(statement.pool_totals[pool]) if pool in large else text("hidden for privacy")
        rows.append(
            (
                text(pool),
                text(used.driver if used else ""),
                quantity(own, used.unit) if used and measured else EMPTY,
                amount(units),
                whole,
            )
        )
    yield Table(
        "shared",
        "Shared systems",
        ("pool", "divided by", "usage", "share", "cost of the whole pool"),
        tuple(rows),
    )


def _fair_use(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    return Table(
        "fair-use",
        "What the fee covers",
        ("tenant", "measure", "used", "covered", "result"),
        tuple(
            (
                text(showback.name_of(each.tenant)),
                text(each.measure.replace("_gib", ", GiB")),
                quantity(each.used),
                quantity(each.fair),
                text(fair_use_result(each)),
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
        shown = "no restore test on file"
        if tried:
            shown = f"restored{took}" if tried.succeeded else "the restore FAILED"
        rows.append(
            (
                text(line.name),
                text(in_words(plan.resilience_class, promises[plan.resilience_class])),
                text(tried.backup_taken[:10] if tried else ""),
                text(f"{tried.tried_at:%Y-%m-%d}" if tried else ""),
                text(shown),
            )
        )
    yield Table(
        "recovery",
        "Recovery promises and the last restore test",
        ("tenant", "promise", "backup of", "tested on", "outcome"),
        tuple(rows),
    )


def _options(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[Table | Sentences]:
    rows = [
        (
            text(showback.name_of(option.tenant)),
            text(option.tier),
            amount(option.fee_difference, signed=True),
            amount(option.cost_difference, signed=True) if option.cost_difference is not None else EMPTY,
            text(preview_command(showback.month, option.tenant, option.tier)),
        )
        for line in lines
        for option in showback.options.get(line.tenant, ())
    ]
    yield Table(
        "options",
        "Other tiers: change per month",
        ("tenant", "tier", "fee", "cost", "command to run"),
        tuple(rows),
    )
