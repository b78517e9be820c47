from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.adapters.bill import ingest
from allocation.billed.commitments import commitment_gates
from allocation.billed.readiness import Gate
from tests.allocation.adapters.bill.written import CUR, FOCUS, NOVEMBER, bill

MONTH = {"ChargePeriodStart": "2026-11-01", "ChargePeriodEnd": "2026-12-01"}
RESERVED = "arn:aws:ec2:eu-west-1:1:reserved-instances/r"


def row(category: str, billed: str, effective: str, **more: str) -> dict[str, str]:
    """A row of FOCUS about the commitment `cd-1`."""
    kind = {"ChargeCategory": category, "BilledCost": billed, "EffectiveCost": effective}
    commitment = {
        "CommitmentDiscountId": "cd-1",
        "CommitmentDiscountStatus": "",
        "ChargeFrequency": "",
        "ChargeClass": "",
    }
    return {**FOCUS, **MONTH, **commitment, **kind, **more}


def fee(billed: str, effective: str = "0", **more: str) -> dict[str, str]:
    return row("Purchase", billed, effective, **({"ChargeFrequency": "Recurring"} | more))


def used(effective: str, **more: str) -> dict[str, str]:
    return row("Usage", "0", effective, **({"CommitmentDiscountStatus": "Used"} | more))


def gates_of(file: Path) -> list[Gate]:
    with duckdb.connect() as connection:
        ingest(connection, [file], NOVEMBER, "USD")
        return list(commitment_gates(connection, NOVEMBER))


TERM = {"ChargeFrequency": "One-Time", "ChargePeriodEnd": "2027-11-01"}
FIRST_TWO_DAYS = {"ChargePeriodEnd": "2026-11-03"}


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ((fee("300"), used("300")), None),
        ((fee("300"), used("210"), used("90", CommitmentDiscountStatus="Unused")), None),
        # A month of the fees alone, as providers write it that do not amortise.
        ((fee("300", "300"), used("0")), None),
        ((fee("300", "300"),), None),
        # Paid in advance in a month before: nothing to compare with.
        ((used("25"),), None),
        ((fee("50"), used("75")), None),
        # 365.00 in advance for a year: 30.00 for November.
        ((fee("365", **TERM), used("30")), None),
        ((fee("365", **TERM), used("29.9")), None),
        ((fee("365", **TERM), fee("10"), used("40")), None),
        # The month still runs.
        ((fee("300"), used("20", **FIRST_TWO_DAYS)), None),
        # A fee of an earlier month is given back.
        ((fee("300"), used("300"), fee("-20", "-20", ChargeClass="Correction")), None),
        (
            (fee("300", "300"), used("300")),
            "its purchases have an effective cost of 300.00, and its usage 300.00 again",
        ),
        (
            (fee("365", "365", **TERM), used("30")),
            "its purchases have an effective cost of 365.00, and its usage 30.00 again",
        ),
        (
            (fee("300"), used("210")),
            "usage, used and unused, costs 210.00 of the 300.00 bought for the month",
        ),
        (
            (fee("365", **TERM), used("20")),
            "usage, used and unused, costs 20.00 of the 30.00 bought for the month",
        ),
        (
            (fee("365", **TERM), used("60")),
            "usage, used and unused, costs 60.00 of the 30.00 bought for the month",
        ),
    ],
)
def test_a_commitment_is_paid_for_once(
    tmp_path: Path, rows: Sequence[dict[str, str]], fault: str | None
) -> None:
    (gate,) = gates_of(bill(tmp_path / "focus.csv", rows))
    assert gate.found == ("0 of 1" if fault is None else f"1 of 1; cd-1: {fault}")
    assert gate.passed is (fault is None)


def test_the_first_of_many_are_named(tmp_path: Path) -> None:
    rows = [
        {**each, "CommitmentDiscountId": f"cd-{number}"}
        for number in range(5)
        for each in (fee("3", "3"), used("3"))
    ]
    (gate,) = gates_of(bill(tmp_path / "focus.csv", [*rows, {**fee("3"), "CommitmentDiscountId": "cd-9"}]))
    assert gate.found.startswith("5 of 6; cd-0: ")
    assert gate.found.endswith("; and 2 more")


def test_a_bill_without_commitments_has_no_such_gate(tmp_path: Path) -> None:
    assert gates_of(bill(tmp_path / "focus.csv", [FOCUS])) == []


CUR_FEE = {
    **CUR,
    "identity/LineItemId": "fee",
    "lineItem/UsageEndDate": "2026-12-01T00:00:00Z",
    "lineItem/LineItemType": "RIFee",
    "lineItem/UnblendedCost": "300",
    "reservation/ReservationARN": RESERVED,
    "reservation/EffectiveCost": "",
    "reservation/UnusedRecurringFee": "90",
}
CUR_USAGE = {
    **CUR_FEE,
    "identity/LineItemId": "usage",
    "lineItem/LineItemType": "DiscountedUsage",
    "lineItem/UnblendedCost": "0",
    "reservation/EffectiveCost": "210",
    "reservation/UnusedRecurringFee": "",
}


@pytest.mark.sample(1)
@pytest.mark.parametrize(("unused", "found"), [("90", "0 of 1"), ("", "1 of 1"), ("0", "1 of 1")])
def test_a_fee_of_aws_keeps_the_unused_part(tmp_path: Path, unused: str, found: str) -> None:
    rows = [{**CUR_FEE, "reservation/UnusedRecurringFee": unused}, CUR_USAGE]
    (gate,) = gates_of(bill(tmp_path / "cur.csv", rows))
    assert gate.found.partition(";")[0] == found


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("word", "more", "status"),
    [
        ("DiscountedUsage", {}, "Used"),
        ("RIFee", {}, "Unused"),
        ("RIFee", {"reservation/UnusedRecurringFee": ""}, None),
        ("Usage", {}, None),
    ],
)
def test_the_status_of_a_line_of_aws(tmp_path: Path, word: str, more: dict[str, str], status: Any) -> None:
    file = bill(tmp_path / "cur.csv", [{**CUR_FEE, "lineItem/LineItemType": word, **more}])
    with duckdb.connect() as connection:
        ingest(connection, [file], NOVEMBER, "USD")
        asked = "SELECT commitment_discount_id, commitment_discount_status FROM charge"
        assert connection.execute(asked).fetchall() == [(RESERVED, status)]
