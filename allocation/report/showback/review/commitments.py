"""The tables of commitments: what usage bought ahead would have saved for machines that ran all the time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from allocation.preview.commitments.machines import Commitments, Committed
from allocation.preview.commitments.offers import Offer, units
from allocation.report.showback.content import EMPTY, Cell, Table, amount, quantity, text
from allocation.report.showback.month import Showback
from allocation.statement.ledger.figure import alone

_NOTE: Final = (
    "Machines that every month shown had: the platform's, and those of tenants that were on the same tier. "
    "Prices on demand are those of the price book. A commitment is paid to its end, used or not: it pays off "
    "after so many months of use, and when a tenant leaves, what its machine costs stays. AWS bills it once "
    "for the account, so other accounts may use it first."
)
_SMALLEST: Final = "The shortest term with the least paid at once."
_HEADS: Final = (
    "machines",
    "there always",
    "commitment",
    "term",
    "paid at once",
    "on demand",
    "committed",
    "saved",
    "pays off after, months",
    "stays if a tenant leaves",
)
_MONTH_HEADS: Final = (
    "month",
    "machines",
    "hours covered",
    *_HEADS[2:4],
    *_HEADS[5:8],
)
_NO_OFFER: Final = "no offer in the files"
_NO_PRICE: Final = "no price on demand"


def commitments(showback: Showback) -> Iterator[Table]:
    """Every offer in this month, and the smallest promise in each month; nothing without offers."""
    found = showback.sizes.commitments
    if found:
        title = f"What commitments would have saved in {showback.statement.month}"
        rows = tuple(row for each in found for row in _offers(showback, each))
        yield Table("commitments", title, _HEADS, rows, note=_NOTE)
        months = tuple(
            _month(showback, each)
            for kind in found
            for each in kind.months
            if each.offer == kind.smallest_promise
        )
        by_month = "What the smallest commitment would have saved, by month"
        yield Table("commitments-by-month", by_month, _MONTH_HEADS, months, note=_SMALLEST)


def _offers(showback: Showback, kind: Commitments) -> Iterator[tuple[Cell, ...]]:
    machines = kind.machines
    head = (text(machines.item), quantity(machines.count))
    offered = [each for each in kind.months if each.month == showback.statement.month]
    for each in sorted(offered, key=lambda each: (-each.saved, each.offer.term_seconds, each.offer.source)):
        yield *head, *_offer(showback, each)
    if not offered:
        why = _NO_PRICE if machines.on_demand is None else _NO_OFFER
        yield *head, text(why), *(EMPTY,) * 7


def _offer(showback: Showback, each: Committed) -> tuple[Cell, ...]:
    offer, machines, currency = each.offer, each.machines, showback.statement.currency
    on_demand, committed = alone(each.on_demand, currency), alone(each.committed, currency)
    months = offer.pays_off_after(machines.on_demand) if machines.on_demand is not None else None
    one = alone(units(offer.per_hour * each.hours / machines.count), currency)
    return (
        *_named(offer),
        amount(alone(units(offer.upfront * machines.count), currency)),
        amount(on_demand),
        amount(committed),
        amount(on_demand - committed, signed=True),
        text("never") if months is None else quantity(_tenths(months)),
        amount(one) if machines.of_tenants else EMPTY,
    )


def _month(showback: Showback, each: Committed) -> tuple[Cell, ...]:
    currency = showback.statement.currency
    on_demand, committed = alone(each.on_demand, currency), alone(each.committed, currency)
    return (
        text(each.month),
        text(each.machines.item),
        quantity(each.hours),
        *_named(each.offer),
        amount(on_demand),
        amount(committed),
        amount(on_demand - committed, signed=True),
    )


def _named(offer: Offer) -> tuple[Cell, ...]:
    years = _tenths(offer.term_years)
    return text(offer.what), text(f"{years:f} year{'s' * (years != 1)}, {offer.payment}")


def _tenths(value: Fraction) -> Decimal:
    return (Decimal(round(value * 10)) / 10).normalize()
