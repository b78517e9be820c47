"""A preview as a table for the terminal, and the lines below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.table import Table

from allocation.money import text_of
from allocation.preview.comparison import TenantChange
from allocation.preview.preview import Preview
from allocation.preview.price_age import price_age
from allocation.report.figures import money, percent
from allocation.report.preview.rows import (
    Row,
    approval_words,
    break_even_words,
    cause_words,
    condensed,
    effect_words,
    off_hours_words,
    one_off_cents,
    parts,
    rows,
)
from tiers.vocabulary import PLATFORM, TenantId

_MOST_ROWS: Final = 40


def preview_table(preview: Preview) -> Table:
    """Tenants, idle and unallocated cost and the total, before and after, per month."""
    after = preview.comparison.after
    table = Table(
        title=f"{after.plan.portfolio}: estimated difference of a 730-hour month in "
        f"{preview.comparison.currency}, version support as of {after.conditions.assumptions.as_of}",
        title_justify="left",
    )
    for name in ("tenant", "change", "tier"):
        table.add_column(name, no_wrap=True)
    costs = ("cost before", "cost after", "cost change")
    for name in (*costs, "fee", "fee change", "margin before", "margin after", "margin %"):
        table.add_column(name, justify="right", no_wrap=True)
    *tenants, idle, unallocated, total = rows(preview)
    for row in condensed(tenants, _MOST_ROWS):
        table.add_row(*_cells(row))
    table.add_row(*_cells(idle))
    table.add_row(*_cells(unallocated), end_section=True)
    table.add_row(*_cells(total))
    return table


def closing_lines(preview: Preview) -> Iterator[str]:
    """The lines below the table: the base, each change in words, one-off costs, notes, the proof."""
    if preview.base is not None:
        yield preview.base.in_words
    yield from cause_words(preview)
    if not preview.comparison.empty:
        yield from (f"what it does: {words}" for words in effect_words(preview))
    yield from (f"approval needed: {words}" for words in approval_words(preview))
    yield from _once(preview, PLATFORM)
    for change in preview.concerned:
        yield from _about(preview, change)
    yield from off_hours_words(preview)
    yield from (break_even_words(even) for even in preview.break_evens)
    yield from (f"note: {note}" for note in preview.notes)
    for item in preview.comparison.after.priced.unpriced:
        yield f"unpriced: {item.fact}: {item.quantity:f} of {item.service} '{item.item}' ({item.reason})"
    if age := price_age(preview.comparison.after).in_words:
        yield f"prices: {age}"
    yield _proof(preview)


def _about(preview: Preview, change: TenantChange) -> Iterator[str]:
    before, after = preview.promise(change)
    if before != after:
        yield f"{change.tenant}: promise: {before or 'none'} → {after or 'none'}"
    for title, steps in (("category", change.by_category), ("domain", change.by_domain)):
        moved = [
            f"{name} {money(shown.difference, signed=True)}"
            for name, shown in parts((str(key), step) for key, step in steps.items())
            if shown.difference
        ]
        if moved:
            yield f"{change.tenant}: by {title}: {', '.join(moved)}"
    yield from _once(preview, change.tenant)


def _once(preview: Preview, owner: TenantId) -> Iterator[str]:
    items = preview.one_off_of(owner)
    for item, cents in zip(items, one_off_cents(items), strict=True):
        amount = "unpriced" if cents is None else money(cents)
        yield f"{owner}: one-off: {item.what}: {item.quantity:f} {item.unit}: {amount}"


def _proof(preview: Preview) -> str:
    comparison = preview.comparison
    return (
        f"change of the bill {text_of(comparison.charged.difference)} {comparison.currency} = "
        f"tenants {text_of(comparison.of_tenants)} "
        f"+ idle {text_of(comparison.idle.difference)} "
        f"+ unallocated {text_of(comparison.unallocated.difference)}, exactly"
    )


def _cells(row: Row) -> tuple[str, ...]:
    tenant = row.fee.before or row.fee.after
    return (
        row.name,
        str(row.kind or ""),
        row.tier or "",
        money(row.cost.before),
        money(row.cost.after),
        money(row.cost.difference, signed=True),
        money(row.fee.after) if tenant else "",
        money(row.fee.difference, signed=True) if row.fee.difference else "",
        money(row.margin.before),
        money(row.margin.after),
        percent(row.margin.after, row.fee.after),
    )
