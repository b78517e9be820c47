from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.report.webhook import Shape
from lifecycle.expire import findings
from lifecycle.warning import DAYS_BEFORE, EndWarning, told, warnings
from tests.portfolios import plan_of, tenant
from tests.sampling import examples
from tiers.plan.plan import Plan
from tiers.vocabulary import LifecycleStage

END = datetime(2027, 1, 31, tzinfo=UTC)
DAY = timedelta(days=1)
NONE: frozenset[tuple[Any, ...]] = frozenset()


def portfolio(**changes: Any) -> Plan:
    dates: dict[str, Any] = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    return plan_of(tenant("acme-move", environment="migration", **{**dates, **changes}), tenant("acme"))


def given_at(now: datetime, known: frozenset[tuple[Any, ...]] = NONE, **changes: Any) -> list[EndWarning]:
    return list(warnings(portfolio(**changes), "local", now, None, known))


@pytest.mark.parametrize(
    ("before", "days"),
    [(15 * DAY, None), (14 * DAY, 14), (4 * DAY, 14), (3 * DAY, 3), (DAY, 1), (timedelta(seconds=1), 1)],
)
def test_an_end_is_warned_of_fourteen_three_and_one_days_before(before: timedelta, days: int | None) -> None:
    assert [each.days for each in given_at(END - before)] == ([] if days is None else [days])


def test_what_has_ended_is_warned_of_no_more() -> None:
    assert given_at(END) == []


def test_each_is_given_once_and_an_extension_begins_anew() -> None:
    ledger: list[dict[str, Any]] = []
    days = []
    for day in range(30, -1, -1):
        for hour in (1, 13):
            now = END - day * DAY + timedelta(hours=hour)
            for each in given_at(now, told(ledger)):
                ledger.append(each.line(now))
                days.append(each.days)
    assert days == list(DAYS_BEFORE)
    extended = [{"until": "2027-03-01T00:00:00Z", "reason": "one more trial load", "by": "dana"}]
    (again,) = given_at(datetime(2027, 2, 20, tzinfo=UTC), told(ledger), extended=extended)
    assert (again.days, again.ends_at) == (14, datetime(2027, 3, 1, tzinfo=UTC))


def test_the_grace_after_a_cutover_is_an_end_too() -> None:
    (one,) = warnings(portfolio(), "local", datetime(2027, 1, 16, tzinfo=UTC), timedelta(days=5), NONE)
    assert (one.ends_at, one.days) == (datetime(2027, 1, 21, tzinfo=UTC), 14)


@pytest.mark.parametrize("stage", [LifecycleStage.SUSPENDED, LifecycleStage.DECOMMISSIONING])
def test_who_is_kept_or_ends_already_is_not_warned(stage: LifecycleStage) -> None:
    assert given_at(END - DAY, lifecycle_stage=str(stage)) == []


@given(minutes=st.integers(-90 * 24 * 60, 40 * 24 * 60), grace=st.sampled_from([None, 0, 7, 14]))
@examples(200, of=10_000)
def test_no_environment_is_due_without_a_warning_the_day_before(minutes: int, grace: int | None) -> None:
    now, days = END + timedelta(minutes=minutes), None if grace is None else timedelta(days=grace)
    whole = portfolio()
    due = {each.tenant.tenant for each in findings(whole, now, days) if each.is_due}
    before = {each.tenant.tenant for each in findings(whole, now - timedelta(hours=23), days) if each.is_due}
    warned = {each.tenant.tenant for each in warnings(whole, "local", now - timedelta(hours=23), days, NONE)}
    assert due - before <= warned


def test_what_it_says() -> None:
    (one,) = given_at(END - 3 * DAY)
    text = one.text("95.11 USD")
    assert text.startswith(
        "migration acme-move of acme-move-ltd ends on 2027-01-31 00:00 UTC. It costs 95.11 USD a month."
    )
    assert 'costack extend acme-move --until YYYY-MM-DD --reason "…" --by WHO' in text
    assert one.markdown("95.11 USD").startswith("# acme-move ends on 2027-01-31 00:00 UTC\n")
    assert one.message("1 USD", Shape.SLACK) == {"text": one.text("1 USD")}
    (card,) = one.message("1 USD", Shape.TEAMS)["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["body"][0]["text"] == one.text("1 USD")
    assert json.dumps(one.line(END))
    assert one.name == "acme-move-2027-01-31-3-days"
