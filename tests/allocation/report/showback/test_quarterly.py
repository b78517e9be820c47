from __future__ import annotations

from dataclasses import replace

from allocation.report.showback.content import Sentences, Table
from allocation.report.showback.quarterly import Curve, quarterly
from tests.allocation.showbacks import moved


def table(name: str, curve: Curve | None = None) -> Table:
    return next(each for each in quarterly(moved(), {}, curve).tables if each.name == name)


def test_why_there_is_no_curve_is_reported() -> None:
    page = quarterly(moved(), {}, Curve("shared-namespace", (), "10.0.0.0/24: has no address left"))
    (reported,) = (each for each in page.sections if isinstance(each, Sentences))
    assert reported.sentences == ("Unknown: 10.0.0.0/24: has no address left",)
    assert "curve" not in {each.name for each in page.tables}


def test_utilisation_is_what_of_a_pool_is_not_idle_in_each_month() -> None:
    showback = moved()
    found = table("utilisation")
    assert found.heads == ("pool", "2026-11", "2026-12")
    (nodes,) = (row for row in found.rows if row[0].shown == "nodes")
    for cell, month in zip(nodes[1:], (*showback.past, showback.statement), strict=True):
        idle, whole = month.idle["nodes"], month.pool_totals["nodes"]
        assert 0 < idle < whole
        assert cell.shown == f"{round(1000 * (whole - idle) / whole) / 10} %"


def test_without_idle_parts_nothing_is_said_of_utilisation() -> None:
    showback = moved()
    month = replace(showback.month, statement=showback.statement.model_copy(update={"idle": {}}))
    page = quarterly(replace(showback, month=month, past=()), {}, None)
    assert "utilisation" not in {each.name for each in page.tables}
