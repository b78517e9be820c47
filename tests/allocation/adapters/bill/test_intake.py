from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.adapters.bill.intake import CostIntake, FileIntake, Intake
from allocation.errors import AllocationError

FILE = FileIntake("bill.csv", "FOCUS 1.2 CSV", "00", rows=3, charged=2, refused={"bad-date": 1})
COST = CostIntake(
    Decimal("3.00000000004"),
    20_000_000_000,
    Decimal("0.00000000004"),
    Decimal(1),
    20_000_000_000,
    10_000_000_000,
)
INTAKE = Intake((FILE,), {"billed": COST}, 2, {"a note": 1})


def test_what_adds_up_is_an_intake() -> None:
    assert INTAKE.rows == 3
    assert INTAKE.refused == {"bad-date": 1}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"files": (replace(FILE, rows=4),)}, r"bill\.csv: 4 rows were read, but 2 charged and 1 refused"),
        ({"charges": 1}, "2 rows are charged, 1 were written"),
        ({"costs": {"billed": replace(COST, charged=COST.charged + 1)}}, "billed cost does not add up"),
        (
            {"costs": {"billed": replace(COST, read=COST.read + Decimal("1E-24"))}},
            "billed cost does not add up",
        ),
    ],
)
def test_what_does_not_add_up_is_none(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(AllocationError, match=said):
        replace(INTAKE, **wrong)  # type: ignore[arg-type]


def test_rounding_moves_less_than_a_unit_a_charge() -> None:
    moved = CostIntake(
        Decimal("2.0000000003"), 20_000_000_000, Decimal("3E-10"), Decimal(0), 20_000_000_000, 0
    )
    assert moved.adds_up
    with pytest.raises(AllocationError):
        replace(INTAKE, costs={"billed": moved})


def test_the_document_is_plain_json_with_amounts_as_text() -> None:
    document = json.loads(json.dumps(INTAKE.document()))
    assert document["files"][0]["refused"] == {"bad-date": 1}
    assert document["costs"]["billed"] == {
        "read": "3.00000000004",
        "charged": "2.0000000000",
        "moved": "0.00000000004",
        "refused": "1",
        "gross_read": "3.00",
        "gross_charged": "2.00",
        "gross_refused": "1.00",
    }
    assert document["unknown_amounts"] == 0
