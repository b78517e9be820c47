"""What several pages say first and last: margin, idle cost, decisions due, proof of the figures."""

from __future__ import annotations

from collections import Counter

from allocation.money import text_of
from allocation.report.figures import money, percent
from allocation.report.showback.content import Cell, Figure, amount
from allocation.report.showback.month import PARTS, Showback
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
    cell = Cell(money(showback.parts["idle"]), text_of(totals.idle))
    return Figure("idle", cell, f"{part} of the bill" if part else "")


def due(showback: Showback) -> str:
    """How many decisions are due, and of which kinds."""
    kinds = Counter(f"{each.kind}" for each in showback.signals)
    if not kinds:
        return "No decision is due."
    listed = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
    count = len(showback.signals)
    return f"{count:,} {'decision is' if count == 1 else 'decisions are'} due: {listed}."


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
