from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from allocation.adapters.bill import BillError
from allocation.adapters.bill.row_rules import RULES
from tests.allocation.adapters.bill.written import CUR, FOCUS, PLAIN, bill, read

LIMIT = 2**62

REFUSED = [
    # not-a-number: what people and programs write instead of a decimal
    ("BilledCost", "1,5", "not-a-number"),
    ("BilledCost", "1.234,56", "not-a-number"),
    ("BilledCost", "1_000", "not-a-number"),
    ("BilledCost", "+5", "not-a-number"),
    ("BilledCost", " 1.5 ", "not-a-number"),
    ("BilledCost", "$1.50", "not-a-number"),
    ("BilledCost", "NaN", "not-a-number"),
    ("BilledCost", "Infinity", "not-a-number"),
    ("BilledCost", "5.", "not-a-number"),
    ("BilledCost", "1e", "not-a-number"),
    ("BilledCost", "0x10", "not-a-number"),
    ("BilledCost", "None", "not-a-number"),
    ("EffectiveCost", "free", "not-a-number"),
    ("PricingQuantity", "many", "not-a-number"),
    # too-large
    ("BilledCost", "461168601.8427387904", "too-large"),
    ("ListCost", "-1e14", "too-large"),
    ("PricingQuantity", "1e30", "too-large"),
    # missing-value
    ("BilledCost", "", "missing-value"),
    ("BilledCost", "NULL", "missing-value"),
    ("ChargePeriodStart", "null", "missing-value"),
    ("BillingCurrency", "Null", "missing-value"),
    ("ChargeCategory", "", "missing-value"),
    # bad-date
    ("ChargePeriodStart", "2026-11-31", "bad-date"),
    ("ChargePeriodStart", "01.11.2026", "bad-date"),
    ("ChargePeriodStart", "2026-11-01T24:00:00Z", "bad-date"),
    ("ChargePeriodStart", "infinity", "bad-date"),
    ("ChargePeriodEnd", "2026-11-02T00:00:00+99:00", "bad-date"),
    ("ChargePeriodEnd", "1793577600", "bad-date"),
    ("ChargePeriodEnd", "2026-11-02 00:00:00 CET", "bad-date"),
    ("ChargePeriodEnd", "2026-11-02 UTC", "bad-date"),
    # periods, currency, category, tags
    ("ChargePeriodEnd", "2026-11-01T00:00:00Z", "empty-period"),
    ("ChargePeriodEnd", "2026-10-31", "empty-period"),
    ("ChargePeriodStart", "2026-10-31T23:59:59.999999Z", "outside-period"),
    ("ChargePeriodStart", "2026-11-01T00:00:00+01:00", "outside-period"),
    ("BillingCurrency", "EUR", "other-currency"),
    ("BillingCurrency", "usd", "other-currency"),
    ("Tags", "[1]", "tags-not-json"),
    ("Tags", "{'a': 1}", "tags-not-json"),
    ("Tags", '{"a": {"b": 1}}', "tags-not-json"),
    ("Tags", '{"a": "1", "a": "2"}', "tags-not-json"),
]

CHARGED = [
    ("BilledCost", "1.2E-7", "billed", 1200),
    ("BilledCost", "-0", "billed", 0),
    ("BilledCost", ".5", "billed", 5 * 10**9),
    ("BilledCost", "0.00000000005", "billed", 1),
    ("BilledCost", "-0.00000000005", "billed", -1),
    ("BilledCost", "0.0000000000499999", "billed", 0),
    ("BilledCost", "1" * 9 + "." + "1" * 30, "billed", 1111111111111111111),
    ("BilledCost", "461168601.8427387903", "billed", LIMIT - 1),
    ("BilledCost", "-461168601.8427387903", "billed", 1 - LIMIT),
    ("BilledCost", "000000000000000000000001.5", "billed", 15 * 10**9),
    ("EffectiveCost", "NULL", "effective", 12_500_000_000),
    ("ListCost", "", "listed", 12_500_000_000),
    ("ContractedCost", "0", "contracted", 0),
    ("ChargePeriodStart", "2026-11-01", "period_start", datetime(2026, 11, 1)),  # noqa: DTZ001 - UTC by contract
    ("ChargePeriodStart", "2026-11-01 05:30:00", "period_start", datetime(2026, 11, 1, 5, 30)),  # noqa: DTZ001
    ("ChargePeriodStart", "2026-11-01T05:30+05:30", "period_start", datetime(2026, 11, 1)),  # noqa: DTZ001
    ("ChargePeriodStart", "2026-11-01T00:00:00.5Z", "period_start", datetime(2026, 11, 1, 0, 0, 0, 500000)),  # noqa: DTZ001
    ("ChargePeriodEnd", "2026-12-01T02:00:00+0200", "period_end", datetime(2026, 12, 1)),  # noqa: DTZ001
    ("ChargeCategory", "Adjustment", "charge_category", "Adjustment"),
    ("ChargeCategory", "usage", "charge_category", "Usage"),
    ("ChargeCategory", "TAX", "charge_category", "Tax"),
    ("ChargeCategory", "Refund", "charge_category", "Refund"),
    ("ChargePeriodStart", "2026-11-01 05:30:00 UTC", "period_start", datetime(2026, 11, 1, 5, 30)),  # noqa: DTZ001
    (
        "ChargePeriodStart",
        "2026-11-01 05:30:00.25 UTC",
        "period_start",
        datetime(2026, 11, 1, 5, 30, 0, 250000),  # noqa: DTZ001
    ),
    ("Tags", "NULL", "tags", "{}"),
    ("Tags", '{"b": "1", "a": true, "c": null}', "tags", '{"a":true,"b":"1","c":null}'),
    ("Tags", '{"a": "x\\u00e9"}', "tags", '{"a":"xé"}'),
    ("PricingQuantity", "NULL", "quantity", None),
]


@pytest.mark.sample(6)
@pytest.mark.parametrize(("column", "value", "rule"), REFUSED)
def test_a_row_is_refused_by_name(tmp_path: Path, column: str, value: str, rule: str) -> None:
    done = read(bill(tmp_path / "bill.csv", [FOCUS, {**FOCUS, column: value}]))
    assert done.intake.refused == {rule: 1}
    assert [charge["row_number"] for charge in done.charges] == [1]
    (refused,) = done.refused
    assert (refused["source"], refused["row_number"], refused["rule"]) == ("bill.csv", 2, rule)
    assert refused["column_name"] == column
    assert refused["found"] == (None if rule == "missing-value" else value)


@pytest.mark.sample(4)
@pytest.mark.parametrize(("column", "value", "name", "expected"), CHARGED)
def test_a_row_is_charged(tmp_path: Path, column: str, value: str, name: str, expected: object) -> None:
    done = read(bill(tmp_path / "bill.csv", [{**FOCUS, column: value}]))
    assert done.intake.refused == {}
    assert done.charges[0][name] == expected


def test_one_row_is_refused_once_by_the_first_rule(tmp_path: Path) -> None:
    wrong = {
        **FOCUS,
        "BilledCost": "1,5",
        "ChargePeriodEnd": "never",
        "BillingCurrency": "EUR",
        "ChargeCategory": "?",
    }
    done = read(bill(tmp_path / "bill.csv", [wrong]))
    assert done.intake.refused == {"not-a-number": 1}
    assert list(RULES).index("not-a-number") < list(RULES).index("bad-date")


def test_a_refused_row_keeps_its_amount_where_one_can_be_read(tmp_path: Path) -> None:
    rows = [{**FOCUS, "BillingCurrency": "EUR"}, {**FOCUS, "BilledCost": "?"}]
    refused = read(bill(tmp_path / "bill.csv", rows)).refused
    assert [str(row["amount"]) for row in refused] == ["1.250000000000000000000000", "None"]


def test_of_one_line_the_first_that_can_be_charged_stays(tmp_path: Path) -> None:
    other_hour = {**CUR, "identity/TimeInterval": "2026-11-01T01:00:00Z/2026-11-01T02:00:00Z"}
    rows = [
        {**CUR, "lineItem/UsageEndDate": "soon"},
        CUR,
        other_hour,
        CUR,
        {**CUR, "identity/LineItemId": ""},
    ]
    done = read(bill(tmp_path / "cur.csv", rows))
    assert [(row["row_number"], row["rule"]) for row in done.refused] == [
        (1, "bad-date"),
        (4, "duplicate-line"),
    ]
    assert [charge["line_id"] for charge in done.charges] == ["a1", "a1", "cur.csv:5"]
    assert [charge["charge"] for charge in done.charges] == [1, 2, 3]


def test_a_line_is_known_again_in_another_file(tmp_path: Path) -> None:
    first = bill(tmp_path / "a.csv", [PLAIN, {**PLAIN, "id": "2"}])
    second = bill(tmp_path / "b.csv", [{**PLAIN, "id": "3"}, {**PLAIN, "id": "2", "cost": "1.250"}])
    done = read(first, second)
    assert [(row["source"], row["found"]) for row in done.refused] == [("b.csv", "2")]
    assert [charge["line_id"] for charge in done.charges] == ["1", "2", "3"]


@pytest.mark.parametrize("parts", [False, True])
def test_of_a_restated_line_neither_amount_is_taken_silently(tmp_path: Path, *, parts: bool) -> None:
    first = bill(tmp_path / "a.csv", [PLAIN, {**PLAIN, "id": "2"}])
    second = bill(tmp_path / "b.csv", [{**PLAIN, "id": "3"}, {**PLAIN, "id": "2", "cost": "7"}])
    with pytest.raises(BillError) as caught:
        read(first, second, parts=parts)
    assert str(caught.value) == (
        "b.csv, row 2: expected 1.25, as the same line has in row 2 of a.csv, found 7: keep the newer one "
        "only"
    )


def test_equal_rows_of_focus_are_charges_of_their_own(tmp_path: Path) -> None:
    assert len(read(bill(tmp_path / "bill.csv", [FOCUS, FOCUS])).charges) == 2


def test_an_amount_that_does_not_count_in_a_row_may_say_anything(tmp_path: Path) -> None:
    row = {**CUR, "savingsPlan/SavingsPlanEffectiveCost": "None"}
    covered = {**row, "identity/LineItemId": "a2", "lineItem/LineItemType": "SavingsPlanCoveredUsage"}
    assert read(bill(tmp_path / "cur.csv", [row, covered])).intake.refused == {"not-a-number": 1}
