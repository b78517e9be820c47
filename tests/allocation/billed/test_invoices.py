from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allocation.billed.invoices import DIFFERENCE, Invoice
from allocation.money import UNITS_PER_CENT

UNITS = st.integers(-(10**14), 10**14)


@given(st.dictionaries(st.text("abc(", min_size=1, max_size=3), UNITS, max_size=6), UNITS, st.integers(-2, 2))
def test_the_cents_of_an_invoice_add_up_to_its_total(parts: dict[str, int], refused: int, off: int) -> None:
    read = sum(parts.values()) + refused
    total = round(read / UNITS_PER_CENT) + off
    invoice = Invoice("A", parts, refused=refused, total=total)
    cents = list(invoice.cents())
    assert sum(amount for _, amount in cents) == total
    assert invoice.is_settled == (DIFFERENCE not in dict(cents)) == invoice.gate().passed
    for payer, amount in cents:
        if payer in parts:
            assert abs(amount * UNITS_PER_CENT - parts[payer]) < UNITS_PER_CENT


@given(st.lists(UNITS, max_size=6))
def test_without_a_total_they_add_up_to_the_rounded_sum(units: list[int]) -> None:
    invoice = Invoice("A", {str(number): each for number, each in enumerate(units)})
    whole = sum(amount for _, amount in invoice.cents())
    assert abs(whole * UNITS_PER_CENT - sum(units)) <= UNITS_PER_CENT // 2
    assert (invoice.difference, invoice.is_settled) == (None, False)


def test_rows_of_an_unknown_amount_settle_nothing() -> None:
    invoice = Invoice("A", {"acme": 5 * UNITS_PER_CENT}, unknown=1, total=5)
    assert not invoice.gate().passed
    assert dict(invoice.cents()) == {"acme": 5, DIFFERENCE: 0}
