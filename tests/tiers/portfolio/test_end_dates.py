from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.portfolios import catalog, plan_of, tenant
from tiers.portfolio.end_dates import end_date_faults
from tiers.portfolio.tenant import Tenant

WHY = "the client's auditor asked for one more trial load"
DAYS = catalog().classes.environments["migration"].most_days  # type: ignore[index]


def migration(**changes: Any) -> Tenant:
    values = {
        "environment": "migration",
        "begins_on": "2026-11-01",
        "cutover": "2027-01-15",
        "expires_at": "2027-01-30T00:00:00Z",
    }
    return tenant("acme-move", **(values | changes))


def extension(until: str, reason: str = WHY) -> dict[str, str]:
    return {"until": until, "reason": reason, "by": "dana"}


def faults(**changes: Any) -> list[tuple[str, str]]:
    found = end_date_faults(migration(**changes), catalog().classes)
    return [(".".join(map(str, where)), message) for where, message in found]


def test_an_environment_may_last_as_long_as_the_catalog_says() -> None:
    assert DAYS == 90
    assert faults() == []
    assert faults(expires_at="2027-01-30T00:00:01Z") == [
        (
            "expires_at",
            (
                "2027-01-30 00:00 UTC is more than 90 days after begins_on 2026-11-01; "
                "end it by 2027-01-30 00:00 UTC, and extend it later with a reason"
            ),
        )
    ]


def test_without_a_beginning_the_cutover_is_what_counts() -> None:
    """So that files from before `begins_on` stay valid."""
    assert faults(begins_on=None, expires_at="2027-04-15T00:00:00Z") == []
    ((where, message),) = faults(begins_on=None, expires_at="2027-05-01T00:00:00Z")
    assert where == "expires_at"
    assert message.startswith(
        "2027-05-01 00:00 UTC is more than 90 days after cutover 2027-01-15; end it by 2027-04-15 00:00"
    )


def test_an_extension_starts_to_count_where_the_last_end_was() -> None:
    steps = [extension("2027-04-30T00:00:00Z"), extension("2027-07-29T00:00:00Z")]
    assert faults(extended=steps) == []
    ((where, message),) = faults(extended=[steps[0], extension("2027-07-30T00:00:00Z")])
    assert where == "extended.1.until"
    assert "more than 90 days after extended.0.until 2027-04-30; end it by 2027-07-29" in message
    ((where, message),) = faults(extended=[extension("2027-01-30T00:00:00Z")])
    assert (where, "is not after expires_at, 2027-01-30 00:00 UTC" in message) == ("extended.0.until", True)


def test_the_last_extension_is_the_end() -> None:
    extended = migration(extended=[extension("2027-04-30T00:00:00Z")])
    assert plan_of(extended).tenants[0].expires_at == datetime(2027, 4, 30, tzinfo=UTC)
    assert plan_of(migration()).tenants[0].expires_at == datetime(2027, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"extended": [extension("2027-04-30T00:00:00Z", reason="later")]}, "at least 10 characters"),
        ({"extended": [{"until": "2027-04-30T00:00:00Z", "reason": WHY}]}, "Field required"),
        ({"extended": [extension("2027-04-30T00:00:00")]}, "timezone"),
        (
            {"environment": "staging", "expires_at": None, "cutover": None},
            "begins_on is only for environment migration, not staging",
        ),
    ],
)
def test_an_extension_without_a_reason_or_where_nothing_ends(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        migration(**changes)


def test_a_cutover_before_the_beginning() -> None:
    assert faults(begins_on="2027-01-16") == [
        ("cutover", "2027-01-15 is before begins_on 2027-01-16"),
    ]


@given(st.lists(st.integers(-10, 120), max_size=5))
def test_no_chain_of_extensions_outlasts_its_reasons(steps: list[int]) -> None:
    """Whatever is written: without a fault it ends within as many stretches as there are reasons, and one."""
    until = datetime(2027, 1, 30, tzinfo=UTC)
    extended = []
    for days in steps:
        until += timedelta(days=days)
        extended.append(extension(until.isoformat()))
    made = migration(extended=extended)
    sound = not list(end_date_faults(made, catalog().classes))
    assert sound is all(0 < days <= DAYS for days in steps)
    if sound:
        assert made.ends_at is not None
        begins = datetime(2026, 11, 1, tzinfo=UTC)
        assert made.ends_at - begins <= timedelta(days=DAYS * (1 + len(steps)))
