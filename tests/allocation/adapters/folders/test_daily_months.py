from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.folders.daily_months import daily_months_before
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.track.document import daily_document
from tests.allocation.track.made import ACME, rows, span_of, whole

NOVEMBER = ChargePeriod.month("2026-11")
OCTOBER = whole(10, rows(ACME, span_of(10)))


def filed(folder: Path, number: int = 0, *, daily: bool = True, **changes: Any) -> Path:
    here = folder / "2026-10"
    here.mkdir(exist_ok=True)
    statement = {"period": {"start": "2026-10-01T00:00:00Z"}, "portfolio": "local", "currency": "USD"}
    (here / f"statement-{number:03}.json").write_text(json.dumps(statement | changes), encoding="utf-8")
    if daily:
        (here / f"daily-{number:03}.json").write_text(json.dumps(daily_document(OCTOBER)), encoding="utf-8")
    return folder


def test_what_is_filed_beside_the_last_statement_is_found(tmp_path: Path) -> None:
    (month,), without = daily_months_before(filed(tmp_path), NOVEMBER, "local", "USD")
    assert (month.daily, month.rulebook, without) == (OCTOBER.daily, "", ())
    changed = filed(tmp_path, versions={"rulebook": "2026-11"})
    ((month,), _) = daily_months_before(changed, NOVEMBER, "local", "USD")
    assert month.rulebook == "2026-11"


def test_a_month_that_was_restated_without_its_days_has_none(tmp_path: Path) -> None:
    filed(tmp_path)
    assert daily_months_before(filed(tmp_path, 1, daily=False), NOVEMBER, "local", "USD") == (
        (),
        ("2026-10",),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "EUR"}, "its currency is EUR, expected USD"),
        ({"portfolio": "other"}, "its portfolio is other, expected local"),
        ({"period": {"start": "2026-09-01T00:00:00Z"}}, "its month is 2026-09, expected 2026-10"),
        ({"period": "2026-10"}, "its month is None, expected 2026-10"),
    ],
)
def test_a_month_of_another_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(AllocationError, match=said):
        daily_months_before(filed(tmp_path, **changes), NOVEMBER, "local", "USD")


def test_a_folder_that_is_not_there_is_refused_and_this_month_and_later_ones_are_not_read(
    tmp_path: Path,
) -> None:
    with pytest.raises(AllocationError, match="expected a folder with a folder for each month, found none"):
        daily_months_before(tmp_path / "none", NOVEMBER, "local", "USD")
    assert daily_months_before(filed(tmp_path), ChargePeriod.month("2026-10"), "local", "USD") == ((), ())
