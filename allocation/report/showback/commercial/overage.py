"""Use beyond what the fee covers: for finance all of it, for a client what it agreed to pay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from allocation.report.overage import WORDS, decimal_of
from allocation.report.showback.content import EMPTY, Cell, Row, Table, amount, amounts, quantity, text
from allocation.report.showback.month import Showback
from allocation.report.showback.review.decisions import fair_use_result
from allocation.statement.filed import FiledOverage, FiledStatement, FiledTenant

_HEADS: Final = ("used", "covered", "beyond", "price of one")
_PAID: Final = "as agreed, part of the fee"
_NOT_KNOWN: Final = "not measured on every day: not charged"


def overage(statement: FiledStatement) -> Iterator[Table]:
    """What every tenant used beyond its fair use, the most money first; nothing where there is none."""
    found = [(line, each) for line in statement.tenants for each in line.overage]
    ranked = sorted(
        ((line, each) for line, each in found if _counts(each)),
        key=lambda pair: (-(pair[1].amount or 0), pair[0].tenant, pair[1].measure),
    )
    if not ranked:
        return
    heads = ("tenant", "of what", *_HEADS, "how it is known", "agreed, in the fee", "not agreed")
    rows = tuple((*_row(line, each), *_charged(each)) for line, each in ranked)
    sums = [sum(each.amount or 0 for _, each in ranked if each.agreed is agreed) for agreed in (True, False)]
    foot = ((text("total"), *[EMPTY] * 6, *amounts(sums)),)
    note = "Users and GiB are averages of the month." + _unknown(found)
    title = f"Use beyond fair use, {statement.currency}"
    yield Table("overage", title, heads, rows, foot, note)


def fair_use(showback: Showback, lines: Sequence[FiledTenant]) -> Table:
    """What the fee of a client covers, and what it used."""
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


def own_overage(lines: Sequence[FiledTenant]) -> Iterator[Table]:
    """What a client used beyond what the fee covers and agreed to pay; nothing where there is none."""
    found = [(line, each) for line in lines for each in line.overage if each.agreed and _counts(each)]
    if not found:
        return
    heads = ("tenant", "of what", *_HEADS, "you pay", "result")
    rows = tuple(
        (*_row(line, each), _known(each.amount), text(_NOT_KNOWN if each.amount is None else _PAID))
        for line, each in found
    )
    foot = (text("total"), *[EMPTY] * 5, amount(sum(each.charged for _, each in found)), EMPTY)
    title = "Use beyond what the fee covers"
    yield Table("overage", title, heads, rows, (foot,), "Users and GiB are averages of the month.")


def _counts(each: FiledOverage) -> bool:
    """Whether something was used beyond, or was agreed and is not known."""
    return bool(each.amount) or (each.amount is None and each.agreed)


def _row(line: FiledTenant, each: FiledOverage) -> Row:
    return (
        text(line.name),
        text(WORDS[each.measure]),
        EMPTY if each.used is None else quantity(each.used),
        quantity(each.covered),
        EMPTY if each.beyond is None else quantity(decimal_of(each.beyond)),
        amount(each.price),
    )


def _charged(each: FiledOverage) -> Row:
    """How it is known, and the amount in the column of what was agreed, or of what was not."""
    cell = _known(each.amount)
    return (text(each.source or _NOT_KNOWN), *((cell, EMPTY) if each.agreed else (EMPTY, cell)))


def _known(units: int | None) -> Cell:
    return EMPTY if units is None else amount(units)


def _unknown(found: Sequence[tuple[FiledTenant, FiledOverage]]) -> str:
    counts = Counter(each.measure for _, each in found if each.amount is None)
    parts = [f"{WORDS[measure]} of {count:,} tenants" for measure, count in sorted(counts.items())]
    return f" Not known, and so not charged: {', '.join(parts)}." if parts else ""
