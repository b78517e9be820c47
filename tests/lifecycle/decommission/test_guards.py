from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lifecycle.decommission import guards
from lifecycle.decommission.guards import Situation, refusals, unplanned
from lifecycle.decommission.plan import DecommissionPlan, facts_sha256
from lifecycle.errors import LifecycleError
from lifecycle.stack_resources import Preview
from tests.lifecycle.decommission.test_steps import ended
from tests.lifecycle.world import (
    ACCOUNT,
    START,
    TYPES,
    KilledError,
    World,
    ending_plan,
    production,
    resolved,
    sandbox,
    targets,
    urn,
    world_of,
)
from tests.portfolios import tenant
from tiers.facts.names import CLOSING_JOBS
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Environment, LifecycleStage

GUARDS = (
    "_not_the_plan",
    "_not_derivable",
    "_not_its_time",
    "_not_what_was_planned",
    "_not_to_end",
    "_not_restorable",
)
COMBINATIONS = 10_000


def seen(one: Tenant, plan: DecommissionPlan, **changes: Any) -> Situation:
    values: dict[str, Any] = {
        "now": START + timedelta(hours=1),
        "account": ACCOUNT,
        "stack": "local",
        "deployed": resolved(one),
        "urns": frozenset(target.urn for target in targets(one)),
        "phrase": plan.phrase,
        "restore_tested_at": START - timedelta(days=1),
    }
    return Situation(**{**values, **changes})


@pytest.mark.parametrize("one", [sandbox(), production()], ids=["sandbox", "production"])
def test_what_is_right_is_let_through(one: Tenant) -> None:
    plan = ending_plan(one)
    assert refusals(plan, seen(one, plan)) == ()


def test_a_tenant_whose_secrets_are_being_rotated_does_not_end() -> None:
    turning = sandbox(rotation={"number": 1, "stage": "first-login"})
    plan = ending_plan(turning)
    assert refusals(plan, seen(turning, plan)) == (
        "the secrets of acme are being rotated: finish that with `costack rotate` first",
    )
    turned = sandbox(rotation={"number": 1})
    plan = ending_plan(turned)
    assert refusals(plan, seen(turned, plan)) == ()


def test_a_tenant_that_is_restored_does_not_end() -> None:
    restoring = sandbox(restore={"at": "2026-11-29T01:15:00Z", "stage": "start"})
    plan = ending_plan(restoring)
    assert refusals(plan, seen(restoring, plan)) == (
        "the data of acme is being restored: finish that with `costack restore` first",
    )


def test_a_tenant_whose_server_is_upgraded_does_not_end() -> None:
    going = tenant("acme", tier="ha-postgresql", database_upgrade={"to": "18", "stage": "check"})
    plan = ending_plan(going)
    assert "the server of acme is being upgraded: finish `costack upgrade-database` first" in refusals(
        plan, seen(going, plan)
    )


def _subjects() -> Iterator[Tenant]:
    for stage in LifecycleStage:
        yield tenant("acme", tier="ha-postgresql", lifecycle_stage=str(stage))
        yield tenant("acme", environment="staging", lifecycle_stage=str(stage))
        for ends in ("2026-11-20T00:00:00Z", "2027-01-31T00:00:00Z"):
            for cutover in ("2026-11-15", "2027-01-15"):
                if cutover > ends[:10]:
                    continue
                yield sandbox(lifecycle_stage=str(stage), expires_at=ends, cutover=cutover)


def test_nothing_wrong_is_ever_let_through() -> None:
    """Random mixtures of right and wrong against rules that are written here a second time."""
    subjects = list(_subjects())
    # A plan follows from a tenant and its edits: to make it anew for each mixture is what took the time.
    planned, there = cache(ending_plan), cache(resolved)
    dice = random.Random(20261125)  # noqa: S311 - a fixed sample
    accepted = 0
    for _ in range(COMBINATIONS):
        one, other = dice.choice(subjects), dice.choice(subjects)
        early = dice.choice([None, None, "the move was called off"])
        edits: dict[str, Any] = dice.choice(
            [{}, {}, {"keep_days": 1}, {"needs_restore_test": False}, {"final_dump": False}]
        )
        plan = planned(one, early_because=early, **edits)
        deployed = dice.choice([one, one, one, other, None])
        facts = {
            "now": START
            + dice.choice([timedelta(hours=1), timedelta(hours=1), timedelta(days=2), -timedelta(days=1)]),
            "account": dice.choice([ACCOUNT, ACCOUNT, ACCOUNT, "999999999999"]),
            "stack": dice.choice(["local", "local", "local", "production"]),
            "deployed": there(deployed) if deployed else None,
            "urns": frozenset(t.urn for t in targets(one))
            | dice.choice([frozenset(), frozenset({"urn:x::y"})]),
            "phrase": dice.choice([plan.phrase, plan.phrase, plan.phrase, "yes", ""]),
            "restore_tested_at": dice.choice([None, START, START - timedelta(days=40)]),
            "derived": planned(deployed, early_because=early) if deployed else None,
        }
        found = refusals(plan, Situation(**facts))  # type: ignore[arg-type]
        if found:
            continue
        accepted += 1
        assert facts["phrase"] == plan.phrase
        assert (facts["account"], facts["stack"]) == (ACCOUNT, "local")
        assert timedelta(minutes=-5) <= facts["now"] - START < timedelta(hours=24)  # type: ignore[operator]
        assert facts["urns"] <= {target.urn for target in plan.targets}  # type: ignore[operator]
        if deployed is not None:
            assert facts_sha256(there(deployed)) == plan.facts_sha256
            decided = deployed.lifecycle_stage is LifecycleStage.DECOMMISSIONING
            over = deployed.environment is Environment.MIGRATION and (
                deployed.expires_at < facts["now"] or deployed.cutover < facts["now"].date()  # type: ignore[operator,attr-defined]
            )
            assert decided or over or (deployed.environment is Environment.MIGRATION and early)
            assert plan == facts["derived"]
            if deployed.environment is Environment.PRODUCTION:
                assert facts["restore_tested_at"] == START
    assert accepted > 50


@pytest.mark.parametrize("missing", GUARDS)
def test_a_running_production_tenant_survives_without_any_one_guard(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No decision, no restore test, a guessed phrase: four reasons against it."""
    running = tenant("acme", tier="ha-postgresql")
    monkeypatch.setattr(guards, missing, lambda *_: ())
    world, plan = world_of(running), ending_plan(running)
    world.restored = None
    with pytest.raises(LifecycleError):
        ended(world, plan, tmp_path / "e.jsonl", phrase="decommission acme").run()
    assert world.live == running
    assert world.calls == []


@pytest.mark.parametrize("missing", list(itertools.combinations(GUARDS, 5)))
def test_any_one_of_three_guards_is_enough(missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    running = tenant("acme", tier="ha-postgresql")
    plan = ending_plan(running)
    for each in missing:
        monkeypatch.setattr(guards, each, lambda *_: ())
    wrong = seen(running, plan, phrase="yes", restore_tested_at=None)
    stopped = bool(refusals(plan, wrong))
    assert stopped is bool({"_not_the_plan", "_not_to_end", "_not_restorable"} - set(missing))


def test_what_was_not_planned_is_named() -> None:
    plan, none = ending_plan(production()), frozenset[str]()
    logs, server = (urn(f"acme-{name}", TYPES[name]) for name in ("logs", "server"))
    closing = {urn(f"acme-{job}", "kubernetes:batch/v1:Job") for job in CLOSING_JOBS}
    other = urn("borealis-logs", "aws:cloudwatch/logGroup:LogGroup")
    namesake = urn("acme-final-backup", "kubernetes:batch/v1:CronJob")  # the nightly one of `acme-final`
    namespace = urn("odoo-production", "costack:index:TenantsNamespace$kubernetes:core/v1:Namespace")
    assert unplanned(plan, Preview(frozenset({namespace}), none), removing=True) == []
    assert unplanned(plan, Preview(frozenset({namespace}), none), removing=False) == [namespace]
    for kind in ("ResourceQuota", "LimitRange"):
        bound = urn("odoo-production", f"costack:index:TenantsNamespace$kubernetes:core/v1:{kind}")
        for removing in (True, False):
            assert unplanned(plan, Preview(none, none, frozenset({bound})), removing=removing) == []
            assert unplanned(plan, Preview(none, frozenset({bound})), removing=removing) == [bound]
        assert unplanned(plan, Preview(frozenset({bound}), none), removing=False) == [bound]
    assert unplanned(plan, Preview(none, none, frozenset({namespace})), removing=True) == [namespace]
    for removing in (True, False):
        mine = Preview(frozenset({logs}), none, frozenset({server, *closing}))
        assert unplanned(plan, mine, removing=removing) == []
        assert unplanned(plan, Preview(frozenset({logs, other}), none), removing=removing) == [other]
        assert unplanned(plan, Preview(none, none, frozenset({logs, other})), removing=removing) == [other]
        assert unplanned(plan, Preview(none, frozenset({other})), removing=removing) == [other]
        assert unplanned(plan, Preview(frozenset({namesake}), none), removing=removing) == [namesake]
    assert unplanned(plan, Preview(frozenset({server}), none), removing=True) == []
    assert unplanned(plan, Preview(frozenset({server}), none), removing=False) == [server]
    assert unplanned(plan, Preview(none, frozenset({logs})), removing=True) == [logs]
    assert unplanned(plan, Preview(none, frozenset({logs})), removing=False) == []
    assert unplanned(plan, Preview(none, frozenset({server})), removing=False) == [server]


# A model check: every state that six actions lead to, and whether production can still be had back.

Story = tuple[World, DecommissionPlan | None, str]


def test_no_history_leaves_production_without_a_copy(tmp_path: Path) -> None:
    """Every state within six of {provision, tier change, kill, retry, decommission, restore}."""
    frontier: list[Story] = [(World(written=None), None, "")]
    known = {_signature(frontier[0])}
    steps = 0
    for _ in range(6):
        following: list[Story] = []
        for story in frontier:
            for after in _actions(story, tmp_path / "evidence.jsonl"):
                steps += 1
                if after[0].written is not None or after[0].live is not None or after[1] is not None:
                    assert after[0].restorable, _signature(after)
                if _signature(after) not in known:
                    known.add(_signature(after))
                    following.append(after)
        frontier = following
    assert steps > 90
    assert len(known) > 30


def _actions(story: Story, path: Path) -> Iterator[Story]:
    world, plan, _ = story
    if world.live is None and plan is None:
        yield _provisioned(story)
    if world.live is not None and world.live.lifecycle_stage is LifecycleStage.ACTIVE:
        yield _moved(story)
        begun = _decided(story)
        yield _run(begun, path, None, before=True)
        for fuse in range(1, 9):
            for before in (True, False):
                yield _run(begun, path, fuse, before=before)
    if plan is not None:
        yield _run(story, path, None, before=True)
    if world.live is None and plan is not None and world.written is None and world.restorable:
        yield _provisioned((deepcopy(world), None, ""))


def _provisioned(story: Story) -> Story:
    world = deepcopy(story[0])
    world.written = tenant("acme", tier="ha-postgresql")
    return world.deploy(), None, ""


def _moved(story: Story) -> Story:
    world = deepcopy(story[0])
    assert world.written is not None
    tier = "dedicated-db" if world.written.tier == "ha-postgresql" else "ha-postgresql"
    world.written = tenant("acme", tier=tier)
    return world.deploy(), None, ""


def _decided(story: Story) -> Story:
    world = deepcopy(story[0])
    world._write("lifecycle_stage", "decommissioning")
    world.deploy()
    assert world.live is not None
    world.approved = {"needs_restore_test": False}
    return world, ending_plan(world.live, **world.approved), ""


def _run(story: Story, path: Path, fuse: int | None, *, before: bool) -> Story:
    world, plan = deepcopy(story[0]), story[1]
    assert plan is not None
    path.write_text(story[2], encoding="utf-8")
    path.with_name(f"{path.name}.head").unlink(missing_ok=True)  # of another history
    world.fuse, world.before = fuse, before
    with suppress(KilledError, LifecycleError):
        ended(world, plan, path).run()
    world.fuse = None
    return world, plan, path.read_text(encoding="utf-8")


def _signature(story: Story) -> tuple[Any, ...]:
    world, plan, record = story
    done = tuple(line.split('"step":"')[1].split('"')[0] for line in record.splitlines())
    file, live = (repr(each) for each in (world.written, world.live))
    return (file, live, len(world.dumps), frozenset(world.holds), plan is not None, done)
