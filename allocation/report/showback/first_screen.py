"""What several pages say first and last: margin, idle cost, decisions due, proof of the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from allocation.money import text_of
from allocation.report.figures import percent
from allocation.report.showback.content import Figure, amount
from allocation.report.showback.month import PARTS, Showback
from allocation.review.causes import Reason
from allocation.review.rule_changes import rule_change
from allocation.statement.filed import FiledStatement, FiledTotals


def margin_of(statement: FiledStatement) -> Figure:
    """The margin of a month, and what part of its fees that is."""
    fees = sum(line.fee for line in statement.tenants)
    margin = fees - statement.totals.charged
    part = percent(margin, fees)
    return Figure("margin", amount(margin), f"{part} of the fees" if part else "")


def idle_of(showback: Showback) -> Figure:
    """The idle cost, and what part of the bill that is."""
    totals = showback.statement.totals
    part = percent(totals.idle, totals.charged)
    cell = amount(totals.idle)
    return Figure("idle", cell, f"{part} of the bill" if part else "")


def due(showback: Showback) -> str:
    """How many decisions are due, and of which kinds."""
    kinds = Counter(f"{each.kind}" for each in showback.signals)
    if not kinds:
        return "No decision is due."
    listed = ", ".join(f"{kind} ({count:,})" if count > 1 else kind for kind, count in kinds.most_common())
    count = len(showback.signals)
    return f"{count:,} {'decision is' if count == 1 else 'decisions are'} due: {listed}."


def ruled(months: Sequence[FiledStatement]) -> Iterator[str]:
    """Each other rulebook by which *months*, the oldest first, were divided: it moves cost, saves none."""
    for before, after in pairwise(months):
        if change := rule_change(before, after):
            yield (
                f"Rulebook {change.after} is in force since {after.month}, {change.before} was before: what "
                f"it moved between pools and tenants is the reason '{Reason.RULE}'."
            )


def proof(statement: FiledStatement) -> tuple[str, ...]:
    """The proof that the parts add up, and the versions that reproduce the figures."""
    totals = statement.totals
    versions = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in statement.versions.items())
    return (
        _sum(totals),
        f"{basis(statement)} {versions}.",
    )


def _sum(totals: FiledTotals) -> str:
    parts = " + ".join(f"{name} {text_of(getattr(totals, name))}" for name in PARTS)
    return f"charged {text_of(totals.charged)} = {parts}, difference {text_of(totals.difference)}"


def basis(statement: FiledStatement) -> str:
    """Whether it is an estimate or a bill, and its period."""
    what = "Estimate of a 730-hour month" if statement.basis == "estimated" else "From the bill"
    return f"{what}, {statement.charge_period}."
