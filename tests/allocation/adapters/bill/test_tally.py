from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from allocation.adapters.bill.row_rules import Check
from allocation.adapters.bill.tally import Tally
from tests.allocation.adapters.bill.written import CUR, FOCUS, PLAIN, bill, read

CHECKS = [Check("bad-date", "start", "", ""), Check("other-currency", "currency", "", "")]


def row(
    file: int,
    verdict: int | None,
    rows: int,
    amount: str,
    units: int,
    *,
    fell_back: int = 0,
    unknown: bool = False,
) -> list[object]:
    """A row of `tally_of`: the same sums for each of the four costs."""
    return [file, verdict, unknown, rows, 1, 0, *([Decimal(amount), 0, units, abs(units), fell_back] * 4)]


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


def test_what_is_unknown_is_counted_and_in_no_gross_sum() -> None:
    tally = Tally()
    tally.add(row(0, None, 2, "1", 10**10), CHECKS)
    tally.add(row(0, 1, 3, "5", -5 * 10**10), CHECKS)
    tally.add(row(0, 1, 4, "7", 7 * 10**10, unknown=True), CHECKS)
    assert (tally.gross_charged["billed"], tally.gross_refused["billed"]) == (10**10, 5 * 10**10)
    assert (tally.unknown, tally.held_back["billed"]) == (4, Decimal(12))


def test_refused_amounts_do_not_cancel(tmp_path: Path) -> None:
    rows = [
        PLAIN | {"id": "1", "cost": "3"},
        PLAIN | {"id": "2", "cost": "-1"},
        PLAIN | {"id": "3", "cost": "40", "start": "2026-10-01"},
        PLAIN | {"id": "4", "cost": "-40", "start": "2026-10-01"},
    ]
    intake = read(bill(tmp_path / "bill.csv", rows)).intake
    cost = intake.costs["effective"]
    assert (cost.gross_read, cost.gross_charged, cost.gross_refused) == (84 * 10**10, 4 * 10**10, 80 * 10**10)
    assert (cost.refused, intake.unknown) == (Decimal(0), 0)


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("good", "bad", "unknown"),
    [
        (PLAIN, {"cost": "1,5"}, 1),
        (PLAIN, {"cost": ""}, 1),
        (PLAIN, {"cost": "1e20"}, 1),
        (PLAIN, {"currency": "EUR"}, 1),
        (PLAIN, {"currency": ""}, 1),
        (PLAIN, {"currency": "EUR", "cost": "0.00"}, 0),
        (PLAIN, {"start": "yesterday"}, 0),
        # The billed cost does not take the place of an effective cost that cannot be read.
        (FOCUS, {"BilledCost": "0", "EffectiveCost": "1,5"}, 1),
        (FOCUS, {"PricingQuantity": "many"}, 0),
        # Of usage on demand a reservation says nothing.
        (
            CUR | {"reservation/EffectiveCost": ""},
            {"reservation/EffectiveCost": "?", "lineItem/UsageStartDate": "yesterday"},
            0,
        ),
        (
            CUR | {"reservation/EffectiveCost": "1"},
            {"reservation/EffectiveCost": "?", "lineItem/LineItemType": "DiscountedUsage"},
            1,
        ),
    ],
)
def test_a_refused_amount_is_known_or_not(
    good: dict[str, str], bad: dict[str, str], unknown: int, tmp_path: Path
) -> None:
    second = {"id": "2"} if "id" in good else {}
    second |= {"identity/LineItemId": "a2"} if "identity/LineItemId" in good else {}
    intake = read(bill(tmp_path / "bill.csv", [good, good | second | bad])).intake
    assert (sum(intake.refused.values()), intake.unknown) == (1, unknown)


@pytest.mark.whole("test_billing_periods leaves such rows out")
def test_rows_of_another_invoice_are_no_error_of_this_month(tmp_path: Path) -> None:
    """A bill of two billing periods is closed for each; a bill without them may lack something."""
    month = {"BillingPeriodStart": "2026-11-01T00:00:00Z", "BillingPeriodEnd": "2026-12-01T00:00:00Z"}
    october = {"BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z"}
    focus = FOCUS | month
    intake = read(bill(tmp_path / "focus.csv", [focus, focus | october])).intake
    assert (intake.refused, intake.unknown) == ({"outside-period": 1}, 0)
    assert intake.costs["billed"].gross_refused == 0
    other = focus | october | {"BillingCurrency": "EUR"}
    euro = read(bill(tmp_path / "euro.csv", [focus, other])).intake
    assert (euro.refused, euro.unknown, euro.costs["billed"].gross_refused) == ({"outside-period": 1}, 0, 0)
    unread = focus | {"BillingPeriodStart": "soon"}
    assert read(bill(tmp_path / "unread.csv", [focus, unread])).intake.costs["billed"].gross_refused > 0
    plain = read(bill(tmp_path / "plain.csv", [PLAIN, PLAIN | {"id": "2", "start": "2026-10-01"}])).intake
    assert plain.refused == {"outside-period": 1}
    assert plain.costs["billed"].gross_refused > 0
