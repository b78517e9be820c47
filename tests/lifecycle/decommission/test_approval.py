"""Sandboxes that end by an approval: whatever is wrong with it or with the world, nothing is deleted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import evidence
from lifecycle.decommission.approval import Approval
from lifecycle.decommission.outcomes import BACK_UP, GUARD, STEPS
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.steps import Decommission
from lifecycle.errors import LifecycleError, RefusedError
from tests.lifecycle.decommission.test_steps import PRICES
from tests.lifecycle.world import (
    START,
    TYPES,
    KilledError,
    ending_plan,
    production,
    sandbox,
    urn,
    world_of,
)
from tests.portfolios import tenant
from tests.sampling import examples
from tiers.portfolio.gates.reaper import ReaperSpec
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Environment

REQUESTED: Final[dict[str, Any]] = {"requested_dump": True}
TERMS: Final = ReaperSpec(enabled=True, allowed_signers="approvers")
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class Run:
    """A sandbox that is due, its plan and its approval, all as they should be."""

    def __init__(self, one: Tenant | None = None, **plan: Any) -> None:
        self.one = one or sandbox()
        self.world = world_of(self.one)
        self.world.terms = TERMS
        self.world.approved = {**REQUESTED, **plan}
        self.plan = ending_plan(self.one, **REQUESTED, **plan)
        self.approval = Approval.of(self.plan, "dana@example.com", START + HOUR)
        self.world.clock = START + 2 * HOUR
        self.stack = "local"

    def go(self, record: Path) -> None:
        Decommission(self.plan, self.world, PRICES, record, None, self.stack, approval=self.approval).run()

    def approve(self, **changes: Any) -> None:
        self.approval = self.approval.model_copy(update=changes)

    def replan(self, **changes: Any) -> None:
        """Another plan, and an approval of exactly that one."""
        self.plan = self.plan.model_copy(update=changes)
        self.approval = Approval.of(self.plan, "dana@example.com", START + HOUR)

    def deploy(self, **changes: Any) -> None:
        """The world after the plan was made."""
        self.world.written = self.world.live = sandbox(**changes)

    @property
    def untouched(self) -> bool:
        return self.world.live is not None and self.world.live.protected and not self.world.holds


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def test_what_is_right_ends_without_a_phrase_and_says_who_approved_it(record: Path) -> None:
    run = Run()
    run.go(record)
    assert run.world.live is None
    lines = {line["step"]: line for line in evidence.read(record)}
    assert list(lines) == list(STEPS)
    assert "approved by dana@example.com at 2026-11-25T09:00:00Z" in lines[GUARD]["outcome"]
    assert "its sha256 was computed anew" in lines[BACK_UP]["outcome"]


def _switch_off(run: Run) -> None:
    run.world.terms = TERMS.model_copy(update={"enabled": False})


def _no_terms(run: Run) -> None:
    run.world.terms = None


def _another_plan(run: Run) -> None:
    run.approve(plan_sha256="0" * 64)


def _another_tenant(run: Run) -> None:
    run.approve(tenant="borealis")


def _another_stack_approved(run: Run) -> None:
    run.approve(stack="production")


def _too_old(run: Run) -> None:
    run.world.clock = START + HOUR + TERMS.valid_for


def _in_the_future(run: Run) -> None:
    run.approve(approved_at=START + 9 * HOUR)


def _before_the_plan(run: Run) -> None:
    run.approve(approved_at=START - HOUR)


def _old_plan(run: Run) -> None:
    made = START - TERMS.valid_for
    run.world.approved = {**REQUESTED, "made_at": made}
    run.plan = ending_plan(run.one, made_at=made, **REQUESTED)
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)


def _early(run: Run) -> None:
    run.deploy(expires_at="2027-01-31T00:00:00Z", cutover="2027-01-15")
    run.one = run.world.live  # type: ignore[assignment]
    run.world.approved = {**REQUESTED, "early_because": "called off"}
    run.plan = ending_plan(run.one, early_because="called off", **REQUESTED)
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)


def _no_dump(run: Run) -> None:
    run.world.approved = {}
    run.plan = ending_plan(run.one)
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)


def _extended(run: Run) -> None:
    extension = {"until": "2026-12-31T00:00:00Z", "reason": "one more trial load", "by": "dana"}
    run.deploy(extended=[extension])


def _not_due(run: Run) -> None:
    extension = {"until": "2026-12-31T00:00:00Z", "reason": "one more trial load", "by": "dana"}
    run.deploy(extended=[extension])
    run.one = run.world.live  # type: ignore[assignment]
    run.plan = ending_plan(run.one, **REQUESTED)
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)


def _suspended(run: Run) -> None:
    run.deploy(lifecycle_stage="suspended")


def _another_account(run: Run) -> None:
    run.world.account = lambda: "999999999999"  # type: ignore[method-assign]


def _another_stack(run: Run) -> None:
    run.stack = "production"


def _undeployed_edits(run: Run) -> None:
    run.world.written = sandbox(options={"users": 99})


def _more_resources(run: Run) -> None:
    there = run.world.derived

    def derived() -> DecommissionPlan | None:
        plan = there()
        more = plan.targets[0].model_copy(update={"urn": urn("acme-server", TYPES["server"])})  # type: ignore[union-attr]
        return plan.model_copy(update={"targets": (*plan.targets, more)})  # type: ignore[union-attr]

    run.world.derived = derived  # type: ignore[method-assign]


def _other_ids(run: Run) -> None:
    first, *rest = run.plan.targets
    run.replan(targets=(first.model_copy(update={"id": "local-borealis-logs"}), *rest))


def _rotating(run: Run) -> None:
    run.one = sandbox(rotation={"number": 1, "stage": "first-login"})
    run.world.written = run.world.live = run.one
    run.plan = ending_plan(run.one, **REQUESTED)
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)


def _no_plan_now(run: Run) -> None:
    run.world.derived = lambda: None  # type: ignore[method-assign]


def _dump_missing(run: Run) -> None:
    run.world.dumps_work = False


def _dump_torn(run: Run) -> None:
    run.world.torn = True


def _update_touches_others(run: Run) -> None:
    run.world.others = frozenset({urn("borealis-logs", TYPES["logs"])})


BROKEN: Final[tuple[tuple[Callable[[Run], None], str], ...]] = (
    (_switch_off, "reaper.enabled: false"),
    (_no_terms, "platform.yaml has no `reaper`"),
    (_another_plan, "approved the plan with sha256 000000000000"),
    (_another_tenant, "the approval is for tenant borealis, and the plan for acme"),
    (_another_stack_approved, "the approval is for stack production"),
    (_too_old, "more than 7 days ago"),
    (_in_the_future, "which is in the future"),
    (_before_the_plan, "before the plan was made"),
    (_old_plan, "the plan expired at 2026-11-25"),
    (_early, "the plan ends it before its time"),
    (_no_dump, "the plan makes no last dump"),
    (_extended, "something has changed since"),
    (_not_due, "acme is not due"),
    (_suspended, "is suspended, not given up"),
    (_another_account, "these credentials are for 999999999999"),
    (_another_stack, "the plan is for stack 'local'"),
    (_undeployed_edits, "has changes that are not deployed"),
    (_more_resources, "something has changed since"),
    (_other_ids, "the plan names other ids"),
    (_rotating, "are being rotated"),
    (_no_plan_now, "no plan can be made of acme now"),
    (_dump_missing, "its final backup is missing"),
    (_dump_torn, "it is not the dump that was made"),
    (_update_touches_others, "would touch what the plan does not name"),
)


@pytest.mark.parametrize(("breaks", "said"), BROKEN, ids=[each.__name__ for each, _ in BROKEN])
def test_every_guard_that_is_broken_deletes_nothing(
    breaks: Callable[[Run], None], said: str, record: Path
) -> None:
    run = Run()
    breaks(run)
    with pytest.raises(LifecycleError, match=said):
        run.go(record)
    assert run.untouched
    assert "remove file" not in run.world.calls


@pytest.mark.parametrize("one", [production(), tenant("acme", tier="ha-postgresql")])
def test_production_never_ends_by_an_approval(one: Tenant, record: Path) -> None:
    run = Run(one)
    run.plan = ending_plan(one)
    run.world.approved = {}
    run.approval = Approval.of(run.plan, "dana@example.com", START + HOUR)
    with pytest.raises(RefusedError, match="acme is production, which never ends by an approval"):
        run.go(record)
    assert (run.world.calls, record.exists()) == ([], False)


def test_a_plan_that_says_it_is_no_production_ends_none(record: Path) -> None:
    run = Run(production())
    run.replan(environment=Environment.MIGRATION, needs_restore_test=False)
    with pytest.raises(RefusedError, match="which never ends by an approval"):
        run.go(record)
    assert run.world.calls == []


def test_the_switch_stops_what_was_begun_and_lets_it_go_on(record: Path) -> None:
    run = Run()
    ups = run.world.up

    def up() -> None:
        ups()
        run.world.terms = TERMS.model_copy(update={"enabled": False})

    run.world.up = up  # type: ignore[method-assign]
    with pytest.raises(RefusedError, match="stopped before the step unprotect"):
        run.go(record)
    assert run.world.live is not None
    assert run.world.live.protected
    run.world.up, run.world.terms = ups, TERMS  # type: ignore[method-assign]
    run.go(record)
    assert run.world.live is None


@pytest.mark.parametrize("before", [True, False])
def test_killed_at_every_call_it_goes_on_and_no_dump_is_lost(before: bool, tmp_path: Path) -> None:  # noqa: FBT001
    kills = 0
    for fuse in itertools.count(1):
        run, record = Run(), tmp_path / f"{fuse}.jsonl"
        run.world.fuse, run.world.before = fuse, before
        try:
            run.go(record)
            break
        except KilledError:
            kills += 1
        run.world.fuse = None
        run.world.clock += DAY
        assert run.world.restorable
        run.go(record)
        assert run.world.live is None
        assert len(run.world.dumps) == 1
        # Where nothing was deployed yet, it is checked again.
        assert list(dict.fromkeys(line["step"] for line in evidence.read(record))) == list(STEPS)
    assert kills == len(run.world.calls)


def _interrupted(run: Run) -> None:
    """The first update died in its middle: the closing Job is there, the Deployment no longer."""
    there = run.world.derived

    def derived() -> DecommissionPlan | None:
        plan = there()
        if plan is None or run.world.calls.count("up"):
            return plan
        kept = [each for each in plan.targets if not each.urn.endswith("-web")]
        job = kept[0].model_copy(
            update={
                "urn": urn("acme-final-backup", "kubernetes:batch/v1:Job"),
                "type": "kubernetes:batch/v1:Job",
            }
        )
        return plan.model_copy(update={"targets": (*kept, job)})

    run.world.derived = derived  # type: ignore[method-assign]


def test_what_its_own_end_changed_is_no_change(record: Path) -> None:
    run = Run()
    _interrupted(run)
    with pytest.raises(RefusedError, match="something has changed since"):
        run.go(record)
    run.world.fuse = 1
    del run.world.derived
    with pytest.raises(KilledError):
        run.go(record)
    run.world.fuse = None
    run.world.calls.clear()
    _interrupted(run)
    run.go(record)
    assert run.world.live is None


def test_a_forged_beginning_makes_no_old_approval_young(record: Path) -> None:
    run = Run()
    run.world.clock = START + 8 * DAY
    line = {"at": "2026-11-25T10:00:00Z", "plan_sha256": run.plan.sha256, "step": GUARD, "result": "ok"}
    evidence.append(record, {**line, "inputs": {}})
    with pytest.raises(RefusedError, match="more than 7 days ago"):
        run.go(record)
    assert run.untouched


ENDS: Final = ("2026-11-20T00:00:00Z", "2026-11-25T09:30:00Z", "2027-01-31T00:00:00Z")
moments = st.integers(-3 * 24 * 60, 20 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A plan, an approval, a clock, an account and a portfolio, each as it should be or not."""
    environment = draw(st.sampled_from(["migration"] * 6 + ["staging", "production"]))
    stage = draw(st.sampled_from(["active"] * 4 + ["suspended", "decommissioning"]))
    ends = draw(st.sampled_from(ENDS))
    dates = {"expires_at": ends, "cutover": "2026-11-15"} if environment == "migration" else {}
    one = tenant("acme", environment=environment, lifecycle_stage=stage, **dates)
    asked: dict[str, Any] = {"made_at": draw(st.sampled_from([START] * 3 + [START - 9 * DAY]))}
    if environment == "migration" and draw(st.sampled_from([True] * 4 + [False])):
        asked |= REQUESTED
    if draw(st.sampled_from([False] * 5 + [True])):
        asked["early_because"] = "called off"
    run = Run(one)
    run.world.approved, run.plan = asked, ending_plan(one, **asked)
    if draw(st.sampled_from([False] * 4 + [True])):
        edit: dict[str, Any] = draw(
            st.sampled_from([{"environment": Environment.MIGRATION}, {"keep_days": 9}, {"final_dump": True}])
        )
        run.plan = run.plan.model_copy(update=edit)
    run.approval = Approval.of(run.plan, "dana@example.com", draw(moments))
    if draw(st.sampled_from([False] * 5 + [True])):
        run.approve(plan_sha256="0" * 64)
    run.world.clock = draw(moments)
    run.world.terms = draw(st.sampled_from([TERMS] * 6 + [None, TERMS.model_copy(update={"enabled": False})]))
    if draw(st.sampled_from([False] * 5 + [True])):
        _another_account(run)
    if draw(st.sampled_from([False] * 5 + [True])):
        run.world.written = run.world.live = tenant(
            "acme", environment=environment, lifecycle_stage=stage, **dates, options={"users": 77}
        )
    run.world.dumps_work = draw(st.sampled_from([True] * 5 + [False]))
    run.world.torn = draw(st.sampled_from([False] * 5 + [True]))
    return run


def may_end(run: Run, now: datetime) -> bool:
    """The rules, written here a second time."""
    terms, approval, plan, live = run.world.terms, run.approval, run.plan, run.world.live
    if terms is None or not terms.enabled or live is None:
        return False
    return (
        live.environment == plan.environment == "migration"
        and live.lifecycle_stage != "suspended"
        and run.one.options == live.options
        and plan == run.world.derived()
        and plan.final_dump
        and plan.early_because is None
        and approval.plan_sha256 == plan.sha256
        and run.world.account() == plan.account
        and approval.approved_at - timedelta(minutes=5) <= now < approval.approved_at + timedelta(days=7)
        and plan.made_at - timedelta(minutes=5) <= min(now, approval.approved_at)
        and now < plan.made_at + timedelta(days=7)
        # The end, or two weeks after the day of the cutover.
        and now >= min(live.ends_at, datetime.fromisoformat("2026-11-30T00:00:00Z"))  # type: ignore[type-var,operator]
        and run.world.dumps_work
        and not run.world.torn
    )


DELETED: Final[list[bool]] = []


@given(run=runs())
@examples(60, of=10_000)
def test_no_plan_approval_clock_account_and_portfolio_delete_what_they_may_not(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    record = tmp_path_factory.mktemp("run") / "evidence.jsonl"
    may = may_end(run, run.world.clock + timedelta(seconds=7))
    with suppress(LifecycleError):
        run.go(record)
    assert (run.world.live is None) is may
    assert run.untouched or may
    DELETED.append(may)


def test_some_of_them_deleted_what_they_may() -> None:
    """A run that deletes nothing at all would pass as well; it stands after the sweep."""
    if len(DELETED) > 100:
        assert 0.01 < sum(DELETED) / len(DELETED) < 0.5
