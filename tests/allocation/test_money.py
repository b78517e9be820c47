from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.money import UNITS_PER_CENT, amount_of, in_cents, split, units_of

totals = st.integers(-(10**18), 10**18)
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=40).filter(any)


def oracle(total: int, parts: list[int]) -> list[int]:
    """Hamilton's method in exact fractions, written another way than the product's."""
    sign = -1 if total < 0 else 1
    whole = sum(parts)
    exact = [Fraction(abs(total)) * part / whole for part in parts]
    shares = [floor(share) for share in exact]
    while sum(shares) < abs(total):
        gaps = [
            (share - given if given == floor(share) else Fraction(-1))
            for share, given in zip(exact, shares, strict=True)
        ]
        shares[gaps.index(max(gaps))] += 1
    return [sign * share for share in shares]


@given(totals, weights)
def test_a_split_loses_nothing(total: int, parts: list[int]) -> None:
    assert sum(split(total, parts)) == total


@given(totals, weights)
def test_a_split_is_hamiltons(total: int, parts: list[int]) -> None:
    assert split(total, parts) == oracle(total, parts)


@given(totals, weights)
def test_every_share_is_within_a_unit_of_its_exact_part(total: int, parts: list[int]) -> None:
    whole = sum(parts)
    for share, part in zip(split(total, parts), parts, strict=True):
        assert abs(share - Fraction(total) * part / whole) < 1


@given(totals, weights)
def test_a_credit_is_divided_as_its_opposite(total: int, parts: list[int]) -> None:
    assert split(-total, parts) == [-share for share in split(total, parts)]


@given(totals, weights, st.integers(2, 1000))
def test_only_proportions_matter(total: int, parts: list[int], factor: int) -> None:
    assert split(total, [part * factor for part in parts]) == split(total, parts)


def test_who_weighs_nothing_pays_nothing() -> None:
    assert split(101, [0, 1, 0, 1]) == [0, 51, 0, 50]


@pytest.mark.parametrize("parts", [[], [0, 0], [3, -1]])
def test_impossible_weights_are_refused(parts: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(100, parts)


@given(st.decimals(-(10**9), 10**9, places=10))
def test_an_amount_of_ten_decimals_comes_back_as_it_went_in(amount: Decimal) -> None:
    assert amount_of(units_of(amount)) == amount


def test_what_is_finer_than_a_unit_is_rounded_half_to_even() -> None:
    assert [units_of(Decimal(text)) for text in ("0.00000000005", "0.00000000015", "1E-11")] == [0, 2, 0]


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=30))
def test_cents_add_up_to_the_rounded_sum(amounts: list[int]) -> None:
    cents = in_cents(amounts)
    assert abs(sum(cents) * UNITS_PER_CENT - sum(amounts)) * 2 <= UNITS_PER_CENT
    for cent, units in zip(cents, amounts, strict=True):
        assert abs(cent * UNITS_PER_CENT - units) <= UNITS_PER_CENT
