from __future__ import annotations

from datetime import date

from allocation.estimate.assumptions import Assumptions, KnownBy


def test_a_day_alone_says_nothing_about_use() -> None:
    assumptions = Assumptions.on(date(2026, 11, 30))
    assert (assumptions.as_of, dict(assumptions.usage)) == (date(2026, 11, 30), {})


def test_a_quantity_is_known_in_four_ways() -> None:
    assert [str(each) for each in KnownBy] == ["declared", "assumed", "usage-file", "measured"]
