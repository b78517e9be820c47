"""Which month a row belongs to: the month of its invoice, where the bill says it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill import ingest
from tests.allocation.adapters.bill.written import CUR, FOCUS, NOVEMBER, PLAIN, bill, fetched, read

BILLED = FOCUS | {"BillingPeriodStart": "2026-11-01T00:00:00Z", "BillingPeriodEnd": "2026-12-01T00:00:00Z"}


def charge(start: str, end: str, **changes: str) -> dict[str, str]:
    return BILLED | {"ChargePeriodStart": start, "ChargePeriodEnd": end} | changes


def billing(start: str, end: str, **changes: str) -> dict[str, str]:
    return BILLED | {"BillingPeriodStart": start, "BillingPeriodEnd": end} | changes


def billed_from_15th(start: str, end: str) -> dict[str, str]:
    return billing("2026-11-15", "2026-12-15", ChargePeriodStart=start, ChargePeriodEnd=end)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("row", "other_month"),
    [
        (BILLED, None),
        (charge("2026-09-03", "2026-09-04"), "2026-09"),
        (charge("2025-12-31", "2026-01-01"), "2025-12"),
        (charge("2026-10-31T23:00:00Z", "2026-11-01T00:00:00Z"), "2026-10"),
        (charge("2026-09-01", "2026-10-01"), "2026-09"),
        (charge("2025-09-01", "2026-09-01"), "2025-09"),  # a year: the month in which it begins
        (charge("2027-01-01", "2028-01-01"), "2027-01"),
        (charge("2026-11-30T23:00:00Z", "2026-12-01T00:00:00Z"), None),
        (charge("2026-11-05", "2027-11-05"), None),
        # Beijing: the month and its days begin at 16:00 the day before.
        (
            billing(
                "2026-10-31T16:00:00Z",
                "2026-11-30T15:59:59Z",
                ChargePeriodStart="2026-10-31T16:00:00Z",
            ),
            None,
        ),
        (
            billing(
                "2026-10-31T16:00:00Z",
                "2026-11-30T15:59:59Z",
                ChargePeriodStart="2026-08-31T16:00:00Z",
                ChargePeriodEnd="2026-09-01T16:00:00Z",
            ),
            "2026-09",
        ),
        # The Pacific: they begin at 07:00 in summer, and end at 08:00 in winter.
        (
            billing(
                "2026-11-01T07:00:00Z",
                "2026-12-01T08:00:00Z",
                ChargePeriodStart="2026-12-01T07:00:00Z",
                ChargePeriodEnd="2026-12-01T08:00:00Z",
            ),
            None,
        ),
        (
            billing(
                "2026-11-01T07:00:00Z",
                "2026-12-01T08:00:00Z",
                ChargePeriodStart="2026-09-30T07:00:00Z",
                ChargePeriodEnd="2026-10-01T07:00:00Z",
            ),
            "2026-09",
        ),
        # Days of UTC, as our own files write them, beside a month of Beijing and of the Pacific.
        (
            billing(
                "2026-10-31T16:00:00Z",
                "2026-11-30T16:00:00Z",
                ChargePeriodStart="2026-10-31",
                ChargePeriodEnd="2026-11-01",
            ),
            None,
        ),
        (billing("2026-11-01T07:00:00Z", "2026-12-01T08:00:00Z"), None),
        (
            billing(
                "2026-11-01T07:00:00Z",
                "2026-12-01T08:00:00Z",
                ChargePeriodStart="2026-12-01",
                ChargePeriodEnd="2026-12-02",
            ),
            None,
        ),
        # A contract's own month, from the 15th.
        (
            billed_from_15th("2026-12-03", "2026-12-04"),
            None,
        ),
        (
            billed_from_15th("2026-11-03", "2026-11-04"),
            None,
        ),
        (
            billed_from_15th("2026-10-20", "2026-10-21"),
            "2026-10",
        ),
        # Without its end a billing period is a month.
        (billing("2026-11-01", "", ChargePeriodStart="2026-12-02", ChargePeriodEnd="2026-12-03"), "2026-12"),
    ],
)
def test_a_row_of_the_months_invoice_is_charged(
    tmp_path: Path, row: Mapping[str, str], other_month: str | None
) -> None:
    done = read(bill(tmp_path / "bill.csv", [row]))
    assert done.intake.refused == {}
    assert [each["other_month"] for each in done.charges] == [other_month]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        (billing("2026-10-01", "2026-11-01"), "outside-period", "BillingPeriodStart"),
        (billing("2026-12-01", "2027-01-01"), "outside-period", "BillingPeriodStart"),
        # Beijing's October and December.
        (billing("2026-09-30T16:00:00Z", "2026-10-31T16:00:00Z"), "outside-period", "BillingPeriodStart"),
        (billing("2026-11-30T16:00:00Z", "2026-12-31T16:00:00Z"), "outside-period", "BillingPeriodStart"),
        (billing("", "2026-12-01"), "missing-value", "BillingPeriodStart"),
        (billing("null", "2026-12-01"), "missing-value", "BillingPeriodStart"),
        (billing("2026-11", "2026-12-01"), "bad-date", "BillingPeriodStart"),
        (billing("2026-11-01", "next month"), "bad-date", "BillingPeriodEnd"),
        (billing("2026-11-01", "2026-11-01"), "empty-period", "BillingPeriodEnd"),
        (billing("2026-11-01", "2026-10-01"), "empty-period", "BillingPeriodEnd"),
    ],
)
def test_a_billing_period_that_is_anothers_or_none_is_refused(
    tmp_path: Path, row: Mapping[str, str], rule: str, column: str
) -> None:
    done = read(bill(tmp_path / "bill.csv", [BILLED, row]))
    assert [(each["row_number"], each["rule"], each["column_name"]) for each in done.refused] == [
        (2, rule, column)
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("first", "last", "row"),
    [
        ("bill/BillingPeriodStartDate", "bill/BillingPeriodEndDate", CUR),
        (
            "bill_billing_period_start_date",
            "bill_billing_period_end_date",
            {
                "identity_line_item_id": "a1",
                "line_item_line_item_type": "Refund",
                "line_item_usage_start_date": "2026-09-01T00:00:00Z",
                "line_item_usage_end_date": "2026-09-01T01:00:00Z",
                "line_item_currency_code": "USD",
                "line_item_unblended_cost": "-1.25",
            },
        ),
    ],
)
def test_cur_says_the_invoice_too(tmp_path: Path, first: str, last: str, row: dict[str, str]) -> None:
    billed = row | {first: "2026-11-01T00:00:00Z", last: "2026-12-01T00:00:00Z"}
    other = row | {first: "2026-10-01T00:00:00Z", last: "2026-11-01T00:00:00Z"}
    done = read(bill(tmp_path / "bill.csv", [billed, other]))
    assert done.intake.refused == {"outside-period": 1}
    assert [each["row_number"] for each in done.charges] == [1]
    assert [each["billing_start"].month for each in done.charges] == [11]


def test_without_a_billing_period_the_charge_period_decides(tmp_path: Path) -> None:
    """A plain bill has none; of FOCUS and CUR without the columns nothing else is known."""
    october = {"start": "2026-10-03", "end": "2026-10-04", "id": "2"}
    done = read(
        bill(tmp_path / "plain.csv", [PLAIN, PLAIN | october]),
        bill(tmp_path / "focus.csv", [FOCUS, FOCUS | {"ChargePeriodStart": "2026-10-31"}]),
    )
    assert done.intake.refused == {"outside-period": 2}
    assert {(each["billing_start"], each["other_month"]) for each in done.charges} == {(None, None)}


def test_typed_moments_of_parquet_are_read_like_text(tmp_path: Path) -> None:
    rows = [
        BILLED,
        charge("2026-09-03T00:00:00Z", "2026-09-04T00:00:00Z"),
        billing("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
    ]
    text, typed = bill(tmp_path / "bill.csv", rows), tmp_path / "bill.parquet"
    moments = [name for name in BILLED if "Period" in name]
    casts = ", ".join(f"CAST({name} AS TIMESTAMPTZ) AS {name}" for name in moments)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE ({casts}) FROM read_csv('{text}', all_varchar = true)) TO '{typed}'"  # noqa: S608
        )
        found = []
        for file in (text, typed):
            ingest(connection, [file], NOVEMBER, "USD")
            columns = "row_number, period_start, billing_start, billing_end, other_month"
            found.append(fetched(connection, f"SELECT {columns} FROM charge ORDER BY 1"))  # noqa: S608
    assert found[0] == found[1]
    assert [each["other_month"] for each in found[0]] == [None, "2026-09"]
