from __future__ import annotations

from allocation.adapters.bill.formats.columns import LAYOUTS


def test_no_bill_is_taken_for_another() -> None:
    for layout in LAYOUTS:
        others = [other for other in LAYOUTS if set(other.required) <= set(layout.required)]
        assert others == [layout]
