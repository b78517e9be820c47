from __future__ import annotations

import pytest

from allocation.money import in_cents
from allocation.preview.break_even import BreakEven
from allocation.preview.comparison import Step
from allocation.preview.preview import Preview
from allocation.report.figures import money, percent
from allocation.report.preview.rows import (
    Shown,
    break_even_words,
    condensed,
    off_hours_words,
    one_off_cents,
    parts,
    rows,
    tier_words,
)
from tests.allocation.report.preview.shown import many, moved, previews

CENT = 10**8


@pytest.mark.parametrize("preview", range(6), indirect=True)
def test_rows_add_up_to_the_bill_and_are_its_cents(preview: Preview) -> None:
    *found, total = rows(preview)
    for side in ("before", "after", "difference"):
        assert sum(getattr(row.cost, side) for row in found) == getattr(total.cost, side)
        assert sum(getattr(row.margin, side) for row in found) == getattr(total.margin, side)
    bill = preview.comparison.charged
    assert [total.cost.before, total.cost.after] == [*in_cents([bill.before]), *in_cents([bill.after])]
    for row, change in zip(found, preview.comparison.tenants, strict=False):
        assert row.name == change.tenant
        assert abs(row.cost.after * CENT - change.cost.after) < CENT
        assert abs(row.fee.before * CENT - change.fee.before) < CENT


def test_many_rows_are_condensed_and_lose_nothing() -> None:
    tenants = rows(many(100))[:-3]
    short = condensed(tenants, 40)
    assert [len(short), short[-1].name] == [41, "60 more"]
    assert sum(row.cost.after for row in short) == sum(row.cost.after for row in tenants)
    assert sum(row.margin.before for row in short) == sum(row.margin.before for row in tenants)
    assert condensed(tenants, 100) == tenants


def test_who_changes_is_condensed_last() -> None:
    tenants = rows(moved())[:-3]
    assert [row.name for row in condensed(tenants, 2)] == ["cobalt", "acme", "5 more"]


def test_parts_add_up_to_the_whole_that_is_shown_elsewhere() -> None:
    steps = [("a", Step(CENT // 2, CENT)), ("b", Step(CENT // 2, 0)), ("c", Step(0, 0))]
    assert parts(steps) == [("a", Shown(1, 1)), ("b", Shown(0, 0))]
    assert parts(steps, Shown(2, 1)) == [("a", Shown(1, 1)), ("b", Shown(1, 0))]


def test_one_off_costs_add_up_and_an_unknown_price_stays_unknown() -> None:
    (people,) = moved().one_off
    assert one_off_cents([people]) == [6000]
    without = type(people)(people.tenant, people.what, people.quantity, people.unit, None)
    assert one_off_cents([people, without, people]) == [6000, None, 6000]


def test_words() -> None:
    assert [tier_words(each) for each in moved().concerned] == ["dedicated-db → ha-postgresql"]
    (words,) = off_hours_words(moved())
    assert words.startswith("off-hours saving, not part of the figures: awake 60")
    assert off_hours_words(previews()[-1]) == []
    even = BreakEven("a", "users", "cost", "x", "y", 11, 99)
    assert break_even_words(even) == "break-even of a in users: y costs no more than x from 11 on"
    assert break_even_words(even.__class__("a", "users", "margin", "x", "y", None, 99)).endswith(
        "y has at least the margin of x at no size up to 99"
    )
    assert [money(-5), money(0, signed=True), money(100000, signed=True)] == ["-0.05", "0.00", "+1,000.00"]
    assert [percent(-1, 3), percent(1, 0)] == ["-33.3 %", ""]
