from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from allocation.adapters.usage.agreement import disagreements
from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.rows import UsageError, UsageRow
from allocation.charges import ChargePeriod

OCTOBER = ChargePeriod.month("2026-10")


def used(tenant: str, quantity: str, driver: str = "cpu-requests") -> UsageRow:
    return UsageRow(tenant, driver, *OCTOBER, Decimal(quantity))


def test_what_differs_is_named_largest_first(tmp_path: Path) -> None:
    other = tmp_path / "usage.csv"
    write_usage(
        [used("acme", "100"), used("bolt", "100"), used("corp", "0"), used("acme", "7", "users")], other
    )
    here = [
        used("acme", "95"),
        used("bolt", "94.9"),
        used("corp", "0"),
        used("dyne", "3"),
        used("acme", "1", "cpu-used"),
    ]
    found, compared = disagreements(here, other, OCTOBER, 5)
    assert [str(each) for each in found] == [
        "cpu-requests of dyne: 3.000 here, none in the other file",
        "cpu-requests of bolt: 94.900 here, 100.000 in the other file",
    ]
    assert compared == 4


def test_nothing_in_common_is_no_agreement(tmp_path: Path) -> None:
    write_usage([used("acme", "7", "users")], tmp_path / "usage.csv")
    with pytest.raises(UsageError, match=r"usage\.csv: has none of the drivers cpu-requests"):
        disagreements([used("acme", "7")], tmp_path / "usage.csv", OCTOBER, 5)


def test_a_file_with_refused_rows_is_not_compared(tmp_path: Path) -> None:
    write_usage([used("acme", "NaN"), used("bolt", "1")], tmp_path / "usage.csv")
    with pytest.raises(UsageError, match=r"rows that cannot be compared: not-a-number \(1\)"):
        disagreements([used("acme", "7")], tmp_path / "usage.csv", OCTOBER, 5)
