from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tiers.retention import LOG_DAYS, LeastLogDays, LogDays, ServerBackupDays, SnapshotDays


def takes(kind: Any, value: int) -> bool:
    try:
        return bool(TypeAdapter(kind).validate_python(value) == value)
    except ValidationError:
        return False


@given(st.integers(-1, 4000))
def test_logs_are_kept_for_days_that_cloudwatch_has(days: int) -> None:
    assert takes(LogDays, days) is (days in LOG_DAYS)
    assert takes(LeastLogDays, days) is (days == 0 or days in LOG_DAYS)


def test_the_nearest_is_named() -> None:
    with pytest.raises(ValidationError, match="a retention that CloudWatch has, such as 30: 1, 3, 5"):
        TypeAdapter(LogDays).validate_python(31)


@given(st.integers(-1, 60))
def test_backups_and_snapshots_are_kept_for_35_days_at_most(days: int) -> None:
    assert takes(ServerBackupDays, days) is (1 <= days <= 35)
    assert takes(SnapshotDays, days) is (0 <= days <= 35)
