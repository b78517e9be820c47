from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from allocation.adapters.folders.earlier_months import ITEMS, STATEMENT, month_in, months_before
from allocation.adapters.folders.filed_months import History
from allocation.adapters.folders.run import write_json
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.report.statement.document import document, items_document
from allocation.statement.filed import FiledStatement
from tests.allocation.previews import now
from tests.allocation.showbacks import filed

NOVEMBER = ChargePeriod.month("2026-11")


@cache
def december() -> FiledStatement:
    """Filed when it is asked for: to collect the tests of a run must cost nothing."""
    return filed(now().statement, "2026-12")


def run_in(folder: Path, *, items: bool = True) -> None:
    folder.mkdir(parents=True)
    write_json(folder / STATEMENT, document(now().statement))
    if items:
        write_json(folder / ITEMS, items_document(now().statement))


def test_a_run_and_a_filed_month_are_found_by_their_folders(tmp_path: Path) -> None:
    run_in(tmp_path / "runs" / "2026-11")
    reported, items = document(now().statement), items_document(now().statement)
    History(tmp_path / "filed").file(NOVEMBER, reported, items, {}, None)
    for folder in ("runs", "filed"):
        (month,) = months_before(tmp_path / folder, december())
        assert month.totals.charged == now().statement.charged
        assert sum(item.amount for item in month.items) == month.totals.charged
        assert months_before(tmp_path / folder, filed(now().statement)) == ()


def test_a_month_filed_without_items_is_read_all_the_same(tmp_path: Path) -> None:
    run_in(tmp_path / "2026-11", items=False)
    assert month_in(tmp_path / "2026-11").items == ()


def test_a_folder_that_is_called_something_else_is_no_month(tmp_path: Path) -> None:
    run_in(tmp_path / "2026-11-old")
    assert months_before(tmp_path, december()) == ()


def test_a_month_in_another_months_folder_is_refused(tmp_path: Path) -> None:
    run_in(tmp_path / "2026-10")
    with pytest.raises(AllocationError, match=r"2026-10: holds the statement of 2026-11"):
        months_before(tmp_path, december())


def test_an_empty_month_is_reported_with_what_makes_one(tmp_path: Path) -> None:
    (tmp_path / "2026-11").mkdir()
    with pytest.raises(AllocationError, match=r"holds no statement; create one with `costack allocate"):
        months_before(tmp_path, december())


@pytest.mark.parametrize("what", ["portfolio", "currency"])
def test_a_month_that_cannot_be_compared_is_refused(tmp_path: Path, what: str) -> None:
    run_in(tmp_path / "2026-11")
    with pytest.raises(AllocationError, match=f"2026-11: its {what} is .*, that of 2026-12 is other"):
        months_before(tmp_path, december().model_copy(update={what: "other"}))
