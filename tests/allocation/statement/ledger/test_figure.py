from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.money import UNITS_PER_CENT
from allocation.report.figures import money_of
from allocation.statement.ledger.figure import Figure, cents_of, digits_of, figure, is_settled, shown_text
from tests.sampling import examples

FIGURES = st.builds(figure, st.integers(-(10**13), 10**13), st.integers(-(10**5), 10**5))


@examples(50, of=400)
@given(st.lists(FIGURES, min_size=1), st.lists(FIGURES))
def test_sums_and_differences_show_the_sums_and_differences_of_cents(
    more: list[int], less: list[int]
) -> None:
    result = sum(more) - sum(less)
    assert int(result) == sum(map(int, more)) - sum(map(int, less))
    assert cents_of(result) == sum(map(cents_of, more)) - sum(map(cents_of, less))
    assert is_settled(result)
    assert cents_of(-result) == -cents_of(result)
    assert cents_of(3 * result) == 3 * cents_of(result)


def test_a_sum_with_an_amount_that_is_not_settled_is_not_settled() -> None:
    third = figure(UNITS_PER_CENT // 3, 1)
    assert type(third + 7) is int
    assert type(7 - third) is int
    assert not is_settled(third + 7)
    assert cents_of(third + 2 * UNITS_PER_CENT) == 3


def test_a_figure_of_nothing_that_shows_a_cent_is_something() -> None:
    assert figure(0, 1)
    assert not figure(0, 0)
    assert cents_of(abs(figure(0, -1))) == 1


def test_a_figure_is_its_exact_amount_wherever_it_is_compared_or_divided() -> None:
    third = figure(3_333_333_333, 34)
    assert third == 3_333_333_333
    assert third < 3_333_333_334
    assert Fraction(third, third) == 1
    assert type(third * third) is int
    assert Fraction(1, 3) * third == 1_111_111_111


@pytest.mark.parametrize(
    ("currency", "cents", "text"),
    [
        ("USD", 123_456, "1,234.56"),
        ("JPY", 1_234, "1,234"),
        ("KWD", 1_234_567, "1,234.567"),
        ("XYZ", 5, "0.05"),
    ],
)
def test_a_currency_has_its_own_decimals(currency: str, cents: int, text: str) -> None:
    amount = figure(12_345_678_912_345, cents, digits_of(currency))
    assert isinstance(amount, Figure)
    assert money_of(amount) == text
    assert money_of(amount + amount - amount) == text
    assert shown_text(amount) == text.replace(",", "")
