"""A plan that is run again: from a fresh checkout, for another tenant of that name, by another clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import evidence
from lifecycle.decommission.approval import COUNTED_FOR, Approval, begun_at, counted
from lifecycle.decommission.outcomes import GUARD, STOP
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.stack_resources import created_at
from tests.lifecycle.decommission.test_approval import DAY, HOUR, REQUESTED, Run
from tests.lifecycle.world import START, ending_plan, sandbox
from tiers.facts.names import TENANT_STACK
from tiers.vocabulary import LifecycleStage

SECONDS: Final = timedelta(seconds=1)
LATER: Final = "2027-01-31T00:00:00Z"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def checked_out_anew(run: Run) -> None:
    """Another job has the file as it was before the end began: nobody has merged what the first one wrote."""
    run.world.written = run.one


def test_a_fresh_checkout_does_not_start_a_tenant_that_was_stopped(record: Path) -> None:
    run = Run()
    run.world.dumps_work = False
    with pytest.raises(LifecycleError, match="its final backup is missing"):
        run.go(record)
    run.world.dumps_work = True
    checked_out_anew(run)
    deployed = []
    up = run.world.up

    def watched() -> None:
        up()
        if run.world.live is not None:
            deployed.append(run.world.live.lifecycle_stage)

    run.world.up = watched  # type: ignore[method-assign]
    run.go(record)
    assert set(deployed) == {LifecycleStage.DECOMMISSIONING}
    assert run.world.live is None


def test_a_fresh_checkout_does_not_bring_back_what_was_removed(record: Path) -> None:
    run = Run()
    run.go(record)
    checked_out_anew(run)
    lines = evidence.read(record)
    run.go(record)
    assert run.world.written is None
    assert run.world.live is None
    assert evidence.read(record) == lines


def test_another_tenants_file_of_that_name_stays(record: Path) -> None:
    run = Run()
    run.go(record)
    run.world.written = sandbox(expires_at=LATER, cutover="2027-01-15")
    with pytest.raises(RefusedError, match="its file asks for another tenant of that name"):
        run.go(record)
    assert run.world.written is not None


@pytest.mark.parametrize("with_evidence", [True, False])
@pytest.mark.parametrize("after", [6 * 60 * SECONDS, 2 * DAY])
def test_an_approval_ends_no_tenant_that_was_made_after_its_plan(
    after: timedelta,
    with_evidence: bool,  # noqa: FBT001
    record: Path,
) -> None:
    """The same file, the same resources by name: only the stack knows that it is another one."""
    run = Run()
    if with_evidence:
        run.go(record)
    run.world.written = run.world.live = run.one
    run.world.holds.clear()
    run.world.dumps.clear()
    run.world.made = run.plan.made_at + after
    run.world.clock = START + 3 * DAY
    with pytest.raises(RefusedError, match="it is another tenant of that name; make a new plan"):
        run.go(record)
    assert run.untouched


def test_no_line_of_the_future_brings_an_end_forward(record: Path) -> None:
    """It ends in three days; somebody wrote down that it began on the fifth, or a clock said so."""
    run = Run()
    ends = START + 3 * DAY
    one = sandbox(
        expires_at=f"{ends:%Y-%m-%dT%H:%M:%SZ}", cutover="2026-11-24", lifecycle_stage="decommissioning"
    )
    run.one = run.world.written = run.world.live = one
    run.plan = ending_plan(one, **REQUESTED)
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)
    at = f"{START + 5 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    line = {"at": at, "plan_sha256": run.plan.sha256, "step": GUARD, "result": "ok", "inputs": {}}
    evidence.append(record, line)
    with pytest.raises(RefusedError, match="acme is not due"):
        run.go(record)
    assert run.untouched
    run.world.clock = ends
    run.go(record)
    assert run.world.live is None


def begun(plan: str, hours: float, **inputs: Any) -> dict[str, Any]:
    at = START - timedelta(hours=hours)
    return {"at": at.isoformat(), "plan_sha256": plan, "step": GUARD, "inputs": inputs}


@given(ages=st.lists(st.floats(-5, 60), max_size=6), fresh=st.integers(0, 3))
def test_what_was_begun_a_short_time_ago_counts_with_what_is_new(ages: list[float], fresh: int) -> None:
    lines = [begun(f"old-{number}", age, approved_by="dana") for number, age in enumerate(ages)]
    within = {f"old-{number}" for number, age in enumerate(ages) if age < COUNTED_FOR / HOUR}
    named = {f"new-{number}" for number in range(fresh)}
    known = begun_at(lines)
    assert counted({*named, *known}, known, START) == (within | named if named else frozenset())


def test_phrases_and_later_steps_do_not_count() -> None:
    lines = [begun("a", 1), {**begun("b", 1, approved_by="dana"), "step": STOP}, {"step": "warned"}]
    assert begun_at(lines) == {}


@pytest.mark.parametrize("said", ["2026-11-25T09:00:00+01:00", "2026-11-25T08:00:00Z", None, "soon"])
def test_the_stack_says_when_it_created_a_tenant(said: str | None) -> None:
    root = {"type": TENANT_STACK, "urn": f"urn:pulumi:local::costack::{TENANT_STACK}::acme", "created": said}
    state = {"deployment": {"resources": [root]}}
    assert created_at(state, "acme") == (START if said and "T" in said else None)
    assert created_at(state, "borealis") is None
