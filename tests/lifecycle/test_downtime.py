"""What a restore in place took and lost is measured, and adds up; what nobody knows is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import LifecycleError
from lifecycle.in_place.downtime import downtime_of, in_words, moment_of, record_of
from lifecycle.restore_test.result import RestoreResult, restore_result
from tests.portfolios import ROOT, catalog, plan_of, tenant
from tests.sampling import examples
from tiers.plan.plan import Plan
from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.vocabulary import ResilienceClass

NOW: Final = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
AT: Final = datetime(2026, 11, 29, 1, 15, tzinfo=UTC)
SWITCH, START = "2026-11-29T01:30:00.250Z", "2026-11-29T01:36:00.000Z"


def update(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"kind": "update", "startTime": start, "endTime": end, "result": "succeeded", **more}


HISTORY: Final = [
    update("2026-11-29T01:45:00.000Z", "2026-11-29T01:46:00.000Z"),
    update(START, "2026-11-29T01:39:30.000Z"),
    update(SWITCH, "2026-11-29T01:34:00.500Z"),
    update("2026-11-29T01:20:00.000Z", "2026-11-29T01:29:00.000Z"),
]
"""As `pulumi stack history --json` prints it, the newest first."""


def state(owner: str, began: str = "2026-11-29T01:30:02.1Z", ready: str = "2026-11-29T01:39:00.9Z") -> Any:
    """As `pulumi stack export` prints it."""
    token = "random:index/randomId:RandomId"
    stack = "costack:index:SharedPlatform$costack:index:TenantStack"
    made = {f"{owner}-restore-began": began, f"{owner}-restore-answered": ready}
    resources = [
        {"urn": f"urn:pulumi:local::costack::{stack}${token}::{name}", "type": token, "created": at}
        for name, at in made.items()
        if at
    ]
    return {"version": 3, "deployment": {"resources": resources}}


def plan_at_restore(owner: str) -> Plan:
    """A plan with one tenant, which works with what it was at a second."""
    restore = Restore(at=AT, point_in_time=True, stage=RestoreStage.START)
    return plan_of(tenant(owner, tier="dedicated-db", restore=restore))


def result(backup: str, started_at: str, taken_at: str) -> RestoreResult:
    stored = ROOT / "tests" / "data" / "stored" / "0.1" / "lifecycle" / "restore-test.json"
    known = json.loads(stored.read_text(encoding="utf-8"))
    told = {**known, "tenant": "acme", "backup": backup, "started_at": started_at, "taken_at": taken_at}
    return restore_result(json.dumps(told), "acme")


def test_its_parts_add_up_and_are_compared_with_the_promise() -> None:
    (one,) = plan_at_restore("acme").tenants
    took = downtime_of(state("acme"), HISTORY, "acme")
    promise = catalog().classes.resilience_classes[one.resilience_class]
    record = record_of(one, took, AT, promise, NOW)
    assert record["phases"] == {"switch_seconds": 240, "waiting_seconds": 120, "start_seconds": 180}
    assert (record["rto_seconds"], record["rpo_seconds"]) == (540, 900)
    assert (record["way"], record["taken_at"]) == ("point-in-time", "2026-11-29T01:15:00Z")
    assert record["promise_kept"] is (promise.rto_minutes * 60 >= 540 and promise.rpo_minutes * 60 >= 900)
    assert "people waited 9 min 0 s" in in_words(record)
    critical = catalog().classes.resilience_classes[ResilienceClass.MISSION_CRITICAL]
    slow = took._replace(answered=took.answered + timedelta(minutes=critical.rto_minutes))
    assert record_of(one, slow, AT, critical, NOW)["promise_kept"] is False


@examples(30, of=300)
@given(st.lists(st.integers(1, 10**6), min_size=4, max_size=4))
def test_whatever_it_took_no_second_is_lost(lasted: list[int]) -> None:
    moments = [NOW]
    for milliseconds in lasted:
        moments.append(moments[-1] + timedelta(milliseconds=milliseconds))
    stopped, began, switched, starting, answered = (f"{each:%Y-%m-%dT%H:%M:%S.%f}Z" for each in moments)
    history = [update(starting, "2026-12-31T00:00:00Z"), update(stopped, switched)]
    took = downtime_of(state("acme", began, answered), history, "acme")
    total = int((took.answered - took.stopped).total_seconds())
    assert sum(took.seconds.values()) == total
    assert all(each >= 0 for each in took.seconds.values())


def test_a_switch_that_failed_and_was_run_again_is_counted_from_its_beginning() -> None:
    again = update("2026-11-29T01:34:10.000Z", "2026-11-29T01:35:30.000Z")
    took = downtime_of(state("acme"), [*HISTORY[:2], again, *HISTORY[2:]], "acme")
    assert took.seconds == {"switch_seconds": 330, "waiting_seconds": 30, "start_seconds": 180}


def test_however_many_updates_came_since_they_are_read_back_to_the_switch_and_no_further() -> None:
    def told() -> Iterator[dict[str, Any]]:
        yield from (update("2026-11-29T02:00:00Z", "2026-11-29T02:01:00Z") for _ in range(500))
        yield from HISTORY[:3]
        raise AssertionError("older updates are asked for")

    assert downtime_of(state("acme"), told(), "acme") == downtime_of(state("acme"), HISTORY, "acme")


@pytest.mark.parametrize(
    ("marks", "history", "why"),
    [
        ({"began": ""}, HISTORY, "the state has no 'acme-restore-began'"),
        ({"ready": ""}, HISTORY, "the state has no 'acme-restore-answered'"),
        ({}, HISTORY[:2], "history has no update of 2026-11-29T01:30:02Z"),
        ({}, [], "history has no update of"),
        ({"began": "then"}, HISTORY, "expected a time, found 'then'"),
        ({"began": "2026-11-29T01:38:00Z"}, HISTORY, "are of one update"),
    ],
)
def test_what_nobody_knows_is_refused(marks: dict[str, str], history: list[Any], why: str) -> None:
    with pytest.raises(LifecycleError, match=why):
        downtime_of(state("acme", **marks), history, "acme")


def test_a_backup_is_that_of_the_newest_result_of_then_or_before() -> None:
    stopped = datetime(2026, 11, 29, 1, 30, tzinfo=UTC)
    older = result("2026-11-27T02:15:00Z", "2026-11-28T00:00:00Z", "2026-11-27T02:15:01Z")
    used = result("2026-11-28T02:15:00Z", "2026-11-29T01:21:00Z", "2026-11-28T02:15:02Z")
    later = result("2026-11-29T02:15:00Z", "2026-11-29T01:22:00Z", "2026-11-29T02:15:03Z")
    restore = Restore(at=AT, stage=RestoreStage.START)
    assert moment_of(restore, stopped, (later, used, older)) == datetime(2026, 11, 28, 2, 15, 2, tzinfo=UTC)
    assert moment_of(Restore(at=AT, point_in_time=True, stage=RestoreStage.START), stopped, ()) == AT
    with pytest.raises(LifecycleError, match="what was lost cannot be told"):
        moment_of(restore, stopped, (later,))
