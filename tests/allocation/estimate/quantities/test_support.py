from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.estimate.quantities.support import (
    EKS_STANDARD_SUPPORT_ENDS,
    eks_is_extended,
)
from tiers.facts.postgresql_support import EXTENDED_SUPPORT, standard_support_ends, support_years

DAYS = st.dates(date(2023, 1, 1), date(2035, 1, 1))


@pytest.mark.parametrize(
    ("version", "day", "extended"),
    [
        ("1.34", date(2026, 12, 2), False),
        ("1.34", date(2026, 12, 3), True),
        ("1.33", date(2026, 11, 30), True),
        ("1.35", date(2026, 11, 30), False),
        ("1.35", date(2027, 3, 28), True),
        ("1.36", date(2030, 1, 1), False),  # not in the calendar yet
        ("1.30", date(2024, 1, 1), True),  # older than the calendar
        ("1.9", date(2024, 1, 1), True),  # a number, not a decimal
    ],
)
def test_a_cluster_is_extended_from_the_day_after_its_standard_support(
    version: str, day: date, *, extended: bool
) -> None:
    assert eks_is_extended(version, day) is extended


@pytest.mark.parametrize(
    ("version", "day", "years"),
    [
        ("13.20", date(2026, 2, 28), None),
        ("13.20", date(2026, 3, 1), "year 1-2"),
        ("13.20", date(2028, 2, 29), "year 1-2"),
        ("13.20", date(2028, 3, 1), "year 3"),
        ("11.22", date(2026, 3, 31), "year 1-2"),
        ("11.22", date(2026, 4, 1), "year 3"),
        ("14", date(2026, 11, 30), None),
        ("17.6", date(2030, 2, 28), None),
        ("18", date(2033, 3, 1), "year 3"),
        ("19", date(2040, 1, 1), None),  # not in the calendar yet
        ("9.6", date(2026, 11, 30), "year 3"),  # at least as late as the oldest of the calendar
    ],
)
def test_postgresql_is_charged_for_years(version: str, day: date, years: str | None) -> None:
    assert support_years(version, day) == years


def test_calendars_are_in_order() -> None:
    assert list(EKS_STANDARD_SUPPORT_ENDS.values()) == sorted(EKS_STANDARD_SUPPORT_ENDS.values())
    assert list(EXTENDED_SUPPORT.items()) == sorted(EXTENDED_SUPPORT.items())
    assert all(first < third for first, third in EXTENDED_SUPPORT.values())


@given(version=st.sampled_from(sorted(EXTENDED_SUPPORT)), day=DAYS)
def test_support_never_becomes_cheaper_with_time(version: int, day: date) -> None:
    order = [None, "year 1-2", "year 3"]
    today, tomorrow = (
        order.index(support_years(str(version), each)) for each in (day, day + timedelta(days=1))
    )
    assert today <= tomorrow


@given(version=st.sampled_from(sorted(EXTENDED_SUPPORT)))
def test_nothing_is_charged_on_the_last_day_of_standard_support(version: int) -> None:
    last = standard_support_ends(f"{version}.4")
    assert last is not None
    assert support_years(str(version), last) is None
    assert support_years(str(version), last + timedelta(days=1)) == "year 1-2"
    assert standard_support_ends("19") is None
