from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.folders.filed_months import History
from allocation.billed.state import ClosedMonthError, MonthState, delta
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError

NOVEMBER, DECEMBER = ChargePeriod.month("2026-11"), ChargePeriod.month("2026-12")


ITEMS: dict[str, Any] = {"items": []}


def statement(direct: str = "1.00", pooled: str = "2.00", idle: str = "0.50") -> dict[str, Any]:
    amounts = [float(text) for text in (direct, pooled, idle)]
    return {
        "period": {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"},
        "tenants": [{"tenant": "acme", "direct": direct, "pooled": {"nodes": pooled}}],
        "idle": {"nodes": idle},
        "unallocated": [],
        "totals": {"charged": f"{sum(amounts):.2f}"},
    }


def test_the_first_statement_closes_the_month(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.filed(NOVEMBER) == []
    left = {("nodes", "use", "acme"): 7}
    assert history.file(NOVEMBER, statement(), ITEMS, left, None) is MonthState.CLOSED
    assert history.filed(NOVEMBER) == [statement()]


def test_the_same_figures_again_change_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.file(NOVEMBER, statement(), ITEMS, {}, None)
    before = sorted(tmp_path.rglob("*"))
    assert history.file(NOVEMBER, statement(), ITEMS, {}, None) is MonthState.CLOSED
    assert sorted(tmp_path.rglob("*")) == before


def test_a_closed_month_does_not_change_without_a_reason(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.file(NOVEMBER, statement(), ITEMS, {}, None)
    with pytest.raises(
        ClosedMonthError, match=r"2026-11 is closed and its cost would change by -0\.25 \(1 fig"
    ):
        history.file(NOVEMBER, statement(pooled="1.75"), ITEMS, {}, None)
    assert history.filed(NOVEMBER) == [statement()]


def test_a_restatement_files_its_difference(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.file(NOVEMBER, statement(), ITEMS, {}, None)
    assert history.file(NOVEMBER, statement(pooled="1.75"), ITEMS, {}, "refund") is MonthState.RESTATED
    assert len(history.filed(NOVEMBER)) == 2
    assert history.file(NOVEMBER, statement(pooled="1.75"), ITEMS, {}, None) is MonthState.RESTATED


def test_what_a_month_leaves_is_carried_into_the_next(tmp_path: Path) -> None:
    history = History(tmp_path)
    left = {("nodes", "use", "acme"): -7, ("nodes", "use", "borealis"): 7}
    assert history.carried_into(DECEMBER) == {}
    history.file(NOVEMBER, statement(), ITEMS, left, None)
    assert history.carried_into(DECEMBER) == left
    assert history.carried_into(NOVEMBER) == {}


def test_a_difference_that_does_not_add_up_is_never_filed() -> None:
    wrong = statement(pooled="1.75") | {"totals": {"charged": "9.00"}}
    with pytest.raises(AllocationError, match=r"parts add up to -0\.25, the bill changed by 5\.50"):
        delta(statement(), wrong, "refund")


def test_who_is_gone_and_who_is_new_are_in_the_difference() -> None:
    after = statement() | {"tenants": [{"tenant": "borealis", "direct": "3.00", "pooled": {}}]}
    changes = {
        (one["tenant"], one["pool"]): one["amount"] for one in delta(statement(), after, "x")["changes"]
    }
    assert changes == {
        ("acme", "direct"): "-1.00",
        ("acme", "nodes"): "-2.00",
        ("borealis", "direct"): "3.00",
    }


def test_a_file_where_the_history_should_be(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("", encoding="utf-8")
    with pytest.raises(AllocationError, match="expected a folder of filed statements, found a file"):
        History(tmp_path / "history").filed(NOVEMBER)
