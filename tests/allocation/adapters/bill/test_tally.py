from __future__ import annotations

from decimal import Decimal

from allocation.adapters.bill.row_rules import Check
from allocation.adapters.bill.tally import Tally

CHECKS = [Check("bad-date", "start", "", ""), Check("other-currency", "currency", "", "")]


def row(
    file: int, verdict: int | None, rows: int, amount: str, units: int, *, fell_back: int = 0
) -> list[object]:
    """A row of `tally_of`: the same sums for each of the four costs."""
    return [file, verdict, rows, 1, *([Decimal(amount), units, fell_back] * 4)]


def test_sums_and_rows_are_kept_apart_by_verdict() -> None:
    tally = Tally()
    tally.add(row(0, None, 3, "1.00000000004", 10_000_000_000, fell_back=2), CHECKS)
    tally.add(row(0, 1, 2, "5", 50_000_000_000), CHECKS)
    tally.add(row(1, None, 1, "-1", -10_000_000_000), CHECKS)
    assert (tally.rows(0), tally.rows(1), tally.charged[0]) == (5, 1, 3)
    assert tally.refused[0] == {"other-currency": 2}
    assert tally.read["billed"] == Decimal("5.00000000004")
    assert tally.held_back["billed"] == 5
    assert tally.moved["billed"] == Decimal("0.00000000004")
    assert tally.notes["effective cost not given, billed cost taken"] == 2
    assert tally.notes["amounts finer than 1e-24, rounded there"] == 2


def test_sums_keep_every_digit() -> None:
    tally = Tally()
    for _ in range(3):
        tally.add(row(0, None, 1, "46116860142737.123456789012345678901234", 2**70), CHECKS)
    assert str(tally.read["listed"]) == "138350580428211.370370367037037036703702"
