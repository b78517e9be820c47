from __future__ import annotations

import pytest

from allocation.adapters.bill.formats.columns import LAYOUTS
from allocation.adapters.bill.formats.layout import Layout
from allocation.engine.tables import CHARGE, COSTS, columns_of

FOCUS_CATEGORIES = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
INTERNAL = {"line_id", "reservation"}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_layout_speaks_of_the_table_of_charges(layout: Layout) -> None:
    assert set(layout.costs) == set(COSTS)
    assert set(layout.texts) - INTERNAL <= set(columns_of(CHARGE))
    assert set(layout.constants) <= set(columns_of(CHARGE))
    assert {category for category, _ in layout.categories.values()} <= FOCUS_CATEGORIES
    assert {kind for _, kind in layout.categories.values()} <= {None, "Correction"}
    assert set(layout.needed) <= set(layout.texts)
    assert set(layout.fallbacks.values()) | set(layout.counts_for) <= set(layout.amounts)
    assert {word for words in layout.counts_for.values() for word in words} <= set(layout.categories)
