"""Rows of other currencies become the portfolio's at the rate of their day; both amounts stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.bill import ingest
from allocation.adapters.bill.failures import BillError
from allocation.adapters.rates import Rate
from allocation.estimate.scratch import scratch
from tests.allocation.adapters.bill.written import CUR, FOCUS, NOVEMBER, PLAIN, Read, bill, fetched
from tests.sampling import examples

SECOND = date(2026, 11, 2)
RATES = [
    Rate("EUR", date(2026, 11, 1), date(2026, 11, 1), Decimal("1.1"), "a bank"),
    Rate("EUR", SECOND, date(2026, 11, 30), Decimal("1.0834567891"), "a bank"),
]


def read(path: Path, rates: Sequence[Rate] = RATES) -> Read:
    with scratch() as connection:
        intake = ingest(connection, [path], NOVEMBER, "USD", rates=rates)
        charges = fetched(connection, "SELECT * FROM charge ORDER BY charge")
        return Read(intake, charges, fetched(connection, "SELECT * FROM refused"))


def euros(cost: str, day: str = "2026-11-01", number: int = 1) -> dict[str, str]:
    values = {"id": str(number), "cost": cost, "currency": "EUR", "start": day, "end": "2026-12-01"}
    return PLAIN | values


def test_both_amounts_and_the_rate_stay(tmp_path: Path) -> None:
    rows = [euros("10"), euros("10", "2026-11-02", 2), PLAIN | {"id": "3", "cost": "7"}]
    found = read(bill(tmp_path / "bill.csv", rows))
    assert [charge["billed"] for charge in found.charges] == [11 * 10**10, 108_345_678_910, 7 * 10**10]
    assert [charge["original_billed"] for charge in found.charges] == [10, 10, None]
    assert [charge["original_currency"] for charge in found.charges] == ["EUR", "EUR", None]
    assert [charge["rate"] for charge in found.charges] == [Decimal("1.1"), Decimal("1.0834567891"), None]
    assert (found.refused, found.intake.unknown) == ([], 0)
    # What was read is stated in the currency of the statement, and adds up.
    assert found.intake.costs["billed"].read == Decimal("28.834567891")


def test_every_cost_is_converted(tmp_path: Path) -> None:
    costs = {
        "BilledCost": "0",
        "EffectiveCost": "1",
        "ListCost": "3",
        "ContractedCost": "2",
        "BillingCurrency": "EUR",
    }
    (charge,) = read(bill(tmp_path / "bill.csv", [FOCUS | costs])).charges
    found = [charge[cost] for cost in ("billed", "effective", "listed", "contracted")]
    assert found == [0, 11 * 10**9, 33 * 10**9, 22 * 10**9]


def test_a_formula_of_amounts_is_converted(tmp_path: Path) -> None:
    row = CUR | {
        "lineItem/LineItemType": "SavingsPlanRecurringFee",
        "lineItem/CurrencyCode": "EUR",
        "lineItem/UnblendedCost": "10",
        "savingsPlan/TotalCommitmentToDate": "10",
        "savingsPlan/UsedCommitment": "6",
    }
    (charge,) = read(bill(tmp_path / "bill.csv", [row])).charges
    assert (charge["billed"], charge["effective"]) == (11 * 10**10, 44 * 10**9)


@examples(8, of=40)
@given(
    st.lists(
        st.decimals("-400000000", "400000000", places=12, allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=20,
    ),
    st.decimals("0.0000000001", "1.9999999999", places=10),
)
def test_a_conversion_is_rounded_once(
    tmp_path_factory: pytest.TempPathFactory, costs: list[Decimal], rate: Decimal
) -> None:
    rows = [euros(f"{cost:f}", "2026-11-02", number) for number, cost in enumerate(costs)]
    path = bill(tmp_path_factory.mktemp("bills") / "bill.csv", rows)
    fits = [cost for cost in costs if abs(cost * rate) < Decimal(461168601)]
    found = read(path, [Rate("EUR", SECOND, SECOND, rate, "a bank")])
    exact = [int((cost * rate * 10**10).quantize(Decimal(1), ROUND_HALF_UP)) for cost in fits]
    assert [charge["billed"] for charge in found.charges] == exact
    assert len(found.refused) == len(costs) - len(fits)
    assert {row["rule"] for row in found.refused} <= {"too-large"}


def test_what_is_finer_than_the_rates_can_keep_is_said(tmp_path: Path) -> None:
    rows = [euros("0.0000000000014"), euros("1", number=2), PLAIN | {"id": "3", "cost": "0.0000000000014"}]
    found = read(bill(tmp_path / "bill.csv", rows))
    assert found.intake.notes == {"rows with amounts finer than 1e-12, rounded there and converted": 1}


def test_a_missing_day_is_an_error_and_no_neighbours_rate(tmp_path: Path) -> None:
    rows = [euros("1", number=1), euros("1", "2026-11-02", 2), euros("1", "2026-11-03", 3)]
    with pytest.raises(BillError) as caught:
        read(bill(tmp_path / "bill.csv", rows), RATES[:1])
    assert str(caught.value) == (
        "bill.csv, row 2: expected a rate from EUR to USD for 2026-11-02, found none, "
        "and 1 other days have none, too"
    )


def test_a_correction_needs_the_rate_of_its_own_day(tmp_path: Path) -> None:
    billed = {"BillingPeriodStart": "2026-11-01", "BillingPeriodEnd": "2026-12-01", "BillingCurrency": "EUR"}
    corrected = {"ChargePeriodStart": "2026-09-10", "ChargePeriodEnd": "2026-09-11"}
    rows = [FOCUS | billed | {"ChargeClass": ""}, FOCUS | billed | corrected | {"ChargeClass": "Correction"}]
    with pytest.raises(BillError) as caught:
        read(bill(tmp_path / "bill.csv", rows))
    sentence = "bill.csv, row 2: expected a rate from EUR to USD for 2026-09-10, found none"
    assert str(caught.value) == sentence


def test_a_row_that_another_month_bills_needs_no_rate(tmp_path: Path) -> None:
    billed = {"BillingPeriodStart": "2026-09-01", "BillingPeriodEnd": "2026-10-01", "BillingCurrency": "EUR"}
    found = read(bill(tmp_path / "bill.csv", [FOCUS | billed]), RATES[:1])
    assert [row["rule"] for row in found.refused] == ["outside-period"]


def test_what_the_rates_do_not_know_is_refused_and_unknown(tmp_path: Path) -> None:
    rows = [PLAIN, PLAIN | {"id": "2", "currency": "JPY"}, euros("1", "2026-10-31", 3)]
    found = read(bill(tmp_path / "bill.csv", rows))
    assert [row["rule"] for row in found.refused] == ["other-currency", "outside-period"]
    assert found.intake.unknown == 2


def test_without_rates_nothing_is_converted(tmp_path: Path) -> None:
    found = read(bill(tmp_path / "bill.csv", [PLAIN, euros("1", number=2)]), [])
    assert [row["rule"] for row in found.refused] == ["other-currency"]
    assert [charge["original_currency"] for charge in found.charges] == [None]
