from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill.formats.cur_columns import CUR_2, LEGACY_CUR
from allocation.money import amount_of
from tests.allocation.adapters.bill.written import CUR, bill, read

MONEY = {
    "lineItem/UnblendedCost": "10",
    "pricing/publicOnDemandCost": "12",
    "reservation/EffectiveCost": "3",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "0.5",
    "reservation/UnusedRecurringFee": "0.25",
    "reservation/ReservationARN": "",
    "savingsPlan/SavingsPlanEffectiveCost": "4",
    "savingsPlan/TotalCommitmentToDate": "9",
    "savingsPlan/UsedCommitment": "7.5",
}
RESERVED = "arn:aws:ec2:eu-west-1:1:reserved-instances/r"


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("word", "reservation", "costs", "category"),
    [
        ("Usage", "", ("10", "10"), "Usage"),
        ("DiscountedUsage", RESERVED, ("3", "3"), "Usage"),
        ("SavingsPlanCoveredUsage", "", ("4", "4"), "Usage"),
        ("SavingsPlanNegation", "", ("0", "0"), "Usage"),
        ("RIFee", RESERVED, ("0.75", "10"), "Purchase"),
        ("SavingsPlanRecurringFee", "", ("1.5", "10"), "Purchase"),
        ("SavingsPlanUpfrontFee", "", ("0", "10"), "Purchase"),
        ("Fee", RESERVED, ("0", "10"), "Purchase"),
        ("Fee", "", ("10", "10"), "Purchase"),
        ("Tax", "", ("10", "10"), "Tax"),
        ("Credit", "", ("10", "10"), "Credit"),
        ("EdpDiscount", "", ("10", "10"), "Adjustment"),
    ],
)
def test_costs_follow_the_type_of_the_line(
    tmp_path: Path, word: str, reservation: str, costs: tuple[str, str], category: str
) -> None:
    row = {**CUR, **MONEY, "lineItem/LineItemType": word, "reservation/ReservationARN": reservation}
    (charge,) = read(bill(tmp_path / "cur.csv", [row])).charges
    assert [amount_of(charge[cost]) for cost in ("billed", "effective", "listed", "contracted")] == [
        Decimal(amount) for amount in ("10", costs[0], "12", costs[1])
    ]
    assert (charge["charge_category"], charge["charge_class"]) == (category, None)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("word", "frequency"), [("RIFee", "Recurring"), ("SavingsPlanRecurringFee", "Recurring"), ("Fee", None)]
)
def test_a_fee_that_comes_every_month_says_so(tmp_path: Path, word: str, frequency: str | None) -> None:
    row = {**CUR, **MONEY, "lineItem/LineItemType": word, "bill/InvoiceId": "EUINDE26-1"}
    (charge,) = read(bill(tmp_path / "cur.csv", [row])).charges
    assert (charge["charge_frequency"], charge["invoice_id"]) == (frequency, "EUINDE26-1")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("word", "found"), [("FlatRateSubscription", "FlatRateSubscription"), ("USAGE", "Usage")]
)
def test_a_type_of_line_that_is_not_known_keeps_its_name_and_its_cost(
    tmp_path: Path, word: str, found: str
) -> None:
    done = read(bill(tmp_path / "cur.csv", [{**CUR, "lineItem/LineItemType": word}]))
    assert [(charge["charge_category"], charge["effective"]) for charge in done.charges] == [
        (found, 12_500_000_000)
    ]
    assert done.intake.refused == {}


def test_a_refund_is_a_correction_of_usage(tmp_path: Path) -> None:
    (charge,) = read(bill(tmp_path / "cur.csv", [{**CUR, "lineItem/LineItemType": "Refund"}])).charges
    assert (charge["charge_category"], charge["charge_class"]) == ("Usage", "Correction")


def test_a_fee_without_details_costs_what_is_billed(tmp_path: Path) -> None:
    rows = [
        {**CUR, "identity/LineItemId": word, "lineItem/LineItemType": word}
        for word in ("RIFee", "SavingsPlanRecurringFee", "DiscountedUsage")
    ]
    charges = read(bill(tmp_path / "cur.csv", rows)).charges
    assert [charge["effective"] for charge in charges] == [12_500_000_000] * 3


def test_both_reports_map_the_same_things() -> None:
    assert LEGACY_CUR.texts.keys() == CUR_2.texts.keys()
    assert LEGACY_CUR.amounts.keys() == CUR_2.amounts.keys()
    assert LEGACY_CUR.costs == CUR_2.costs
    assert LEGACY_CUR.categories == CUR_2.categories


def test_cur_2_as_parquet_with_maps(tmp_path: Path) -> None:
    file = tmp_path / "cur2.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT 'a' AS identity_line_item_id, 'i' AS identity_time_interval,
            'Usage' AS line_item_line_item_type, TIMESTAMP '2026-11-01' AS line_item_usage_start_date,
            TIMESTAMP '2026-11-02' AS line_item_usage_end_date, 'USD' AS line_item_currency_code,
            0.1::DOUBLE AS line_item_unblended_cost, 'AmazonEC2' AS line_item_product_code,
            MAP {{'product_name': 'Amazon Elastic Compute Cloud'}} AS product,
            MAP {{'user_cost_tenant': 'acme', 'user_empty': ''}} AS resource_tags) TO '{file}'"""
        )
    done = read(file)
    (charge,) = done.charges
    assert done.intake.files[0].format == "CUR 2.0 Parquet"
    assert (charge["billed"], charge["service"]) == (10**9, "Amazon Elastic Compute Cloud")
    assert (charge["tags"], charge["provider"]) == ('{"user_cost_tenant":"acme"}', "AWS")
