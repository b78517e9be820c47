from __future__ import annotations

from datetime import UTC, datetime

import pytest

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError


def test_a_month_is_half_open_and_utc() -> None:
    period = ChargePeriod.month("2026-02")
    assert period == (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    assert str(period) == "2026-02-01 to 2026-03-01 (UTC, end excluded)"


def test_december_ends_in_the_next_year() -> None:
    assert ChargePeriod.month("2026-12").end == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "next", "²026-01", "0000-01"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(AllocationError, match=r"period '.*': (expected a month|no such month exists)"):
        ChargePeriod.month(text)
