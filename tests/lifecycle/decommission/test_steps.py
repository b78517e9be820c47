from __future__ import annotations

import itertools
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from allocation.prices.price_book import PriceBook, load_price_book
from lifecycle import evidence
from lifecycle.decommission.outcomes import EXPORT, REMOVE, STEPS, STOP
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import Kind, RemainingResource
from lifecycle.decommission.steps import Decommission
from lifecycle.errors import LifecycleError, ManualStepError, RefusedError, StillBillingError
from lifecycle.stack_resources import Preview
from tests.lifecycle.world import (
    START,
    TYPES,
    KilledError,
    World,
    ending_plan,
    production,
    sandbox,
    urn,
    world_of,
)

PRICES = load_price_book("USD", regions={"us-east-1"})


def ended(world: World, plan: DecommissionPlan, record: Path, **changes: Any) -> Decommission:
    values: dict[str, Any] = {
        "plan": plan,
        "world": world,
        "prices": PRICES,
        "record": record,
        "phrase": plan.phrase,
        "stack": "local",
    }
    return Decommission(**{**values, **changes})


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def test_a_sandbox_ends_and_nothing_is_left(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    remains = ended(world, plan, record).run()
    assert (remains.retained, remains.excess) == ((), ())
    assert world.live is None
    assert world.written is None
    assert [line["step"] for line in evidence.read(record)] == list(STEPS)


def test_production_leaves_what_can_be_restored_for_as_long_as_is_kept(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    remains = ended(world, plan, record).run()
    (kept,) = remains.retained
    assert kept.resource.what is Kind.SNAPSHOT
    # 100 GiB of snapshot at 0.095, for 90 days.
    assert kept.units == 9_5000000000
    assert (kept.until - START).days == 90
    assert world.exports
    assert world.restorable


def test_a_second_run_changes_nothing_and_tells_the_same(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    first = ended(world, plan, record).run()
    lines, calls = evidence.read(record), list(world.calls)
    assert ended(world, plan, record).run() == first
    assert evidence.read(record) == lines
    assert world.calls == calls


SLEEPS = {"users": 3, "schedule": {"awake": "Mon-Fri 07:00-19:00", "timezone": "Europe/Brussels"}}


@pytest.mark.parametrize(
    "one",
    [sandbox(), sandbox(options=SLEEPS), production()],
    ids=["sandbox", "sandbox that sleeps", "production"],
)
@pytest.mark.parametrize("before", [True, False])
def test_killed_at_every_call_it_goes_on_and_ends_the_same(one: Any, before: bool, tmp_path: Path) -> None:  # noqa: FBT001
    plan = ending_plan(one)
    whole = world_of(one)
    expected = ended(whole, plan, tmp_path / "whole.jsonl").run()
    kills = 0
    for fuse in itertools.count(1):
        world = world_of(one)
        world.fuse, world.before = fuse, before
        record = tmp_path / f"{fuse}.jsonl"
        try:
            ended(world, plan, record).run()
            break
        except KilledError:
            kills += 1
        world.fuse = None
        assert world.restorable or one.environment == "migration"
        remains = ended(world, plan, record).run()
        assert [each.resource for each in remains.retained] == [each.resource for each in expected.retained]
        assert world.live is None
        assert len(world.exports) == len(whole.exports)
        assert [line["step"] for line in evidence.read(record)] == list(STEPS)
    assert kills == len(whole.calls)


@pytest.mark.parametrize(
    ("changes", "report"),
    [
        ({"phrase": "yes"}, "the phrase does not match the plan"),
        ({"stack": "production"}, "the plan is for stack 'local'"),
    ],
)
def test_a_guard_stops_before_anything_is_touched(changes: Any, report: str, record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    with pytest.raises(RefusedError, match=report):
        ended(world, plan, record, **changes).run()
    assert world.calls == []
    assert not record.exists()


@pytest.mark.parametrize(
    ("tested", "report"),
    [(None, "no restore of acme was ever tried"), (START - timedelta(days=31), "more than 30 days ago")],
)
def test_without_a_restore_test_nothing_is_touched(
    tested: datetime | None, report: str, record: Path
) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.restored = tested
    with pytest.raises(RefusedError, match=report):
        ended(world, plan, record).run()
    assert (world.calls, record.exists()) == ([], False)


def forged(record: Path, plan: DecommissionPlan, *steps: str) -> None:
    """Lines that nothing but an editor wrote, in a chain that is whole."""
    for step in steps:
        inputs = {"exports": ["exports/acme/x.dump"]} if step == EXPORT else {}
        line = {"at": f"{START + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}", "step": step, "inputs": inputs}
        evidence.append(record, {**line, "plan_sha256": plan.sha256, "result": "ok"})


@pytest.mark.parametrize("count", range(1, len(STEPS)))
def test_forged_evidence_skips_nothing(count: int, record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    forged(record, plan, *STEPS[:count])
    ended(world, plan, record).run()
    assert [call for call in world.calls if call != "delete copies"] == [
        "write lifecycle_stage",
        "up",
        "export",
        "write protected",
        "up",
        "remove file",
        "up",
    ][2 if count > STEPS.index(STOP) else 0 :]
    assert world.restorable
    assert len(world.exports) == 1


def test_forged_evidence_proves_no_restore(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.restored = None
    forged(record, plan, *STEPS[:4])
    with pytest.raises(RefusedError, match="no restore of acme was ever tried"):
        ended(world, plan, record).run()
    assert world.calls == []


def test_forged_evidence_stops_no_clock(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox(), made_at=START - timedelta(days=9))
    forged(record, plan, *STEPS[:2])
    with pytest.raises(RefusedError, match="the plan expired"):
        ended(world, plan, record).run()
    assert world.calls == []


@pytest.mark.parametrize(
    ("changes", "report"),
    [
        ({"needs_restore_test": False}, "the plan says needs_restore_test False, and the stack says True"),
        ({"final_dump": False}, "the plan says final_dump False, and the stack says True"),
        ({"keep_days": 0}, "the plan says keep_days 0, and the stack says 90"),
        ({"client": "another"}, "the plan says client another"),
        ({"regions": ()}, "the plan says regions , and the stack says us-east-1"),
    ],
)
def test_an_edited_plan_is_refused(changes: Any, report: str, record: Path) -> None:
    """Its own hash is computed anew, so only stack and catalog can say that it is another."""
    world, plan = world_of(production()), ending_plan(production(), **changes)
    with pytest.raises(RefusedError, match=report):
        ended(world, plan, record).run()
    assert (world.calls, record.exists()) == ([], False)


@pytest.mark.parametrize(
    "change", [{"also": ("fs-foreign",)}, {"id": "local-borealis-server"}, {"arn": "arn:x"}]
)
def test_a_plan_with_ids_of_others_is_refused(change: Any, record: Path) -> None:
    first, *rest = ending_plan(production()).targets
    plan = ending_plan(production(), targets=(first.model_copy(update=change), *rest))
    world = world_of(production())
    with pytest.raises(RefusedError, match="the plan names other ids for"):
        ended(world, plan, record).run()
    more = first.model_copy(update={"urn": urn("borealis-server", TYPES["server"]), **change})
    with pytest.raises(RefusedError, match="which the stack does not have"):
        ended(world, ending_plan(production(), targets=(first, more, *rest)), record).run()
    assert (world.calls, record.exists()) == ([], False)


def test_a_plan_that_was_begun_in_time_may_be_finished_later(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    world.fuse = 3
    with pytest.raises(KilledError):
        ended(world, plan, record).run()
    world.fuse = None
    world.clock += timedelta(days=3)
    ended(world, plan, record).run()
    assert world.live is None
    late = world_of(sandbox())
    late.clock += timedelta(days=3)
    with pytest.raises(RefusedError, match="the plan expired"):
        ended(late, plan, record.with_name("late.jsonl")).run()


def test_without_a_last_dump_it_waits_for_a_person(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    made = world.dumps.pop()
    world.dumps_work = False
    with pytest.raises(ManualStepError, match="acme-final-backup makes it"):
        ended(world, plan, record).run()
    assert world.live is not None
    assert world.live.protected
    world.dumps.append(made)
    ended(world, plan, record).run()
    assert world.live is None


@pytest.mark.parametrize("ups", [0, 1, 2])
def test_nothing_else_may_go_with_it(ups: int, record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in any of the three updates."""
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    before = World.preview

    def preview(self: World) -> Preview:
        if self.calls.count("up") == ups:
            self.others = frozenset({urn("borealis-logs", "aws:cloudwatch/logGroup:LogGroup")})
        return before(self)

    monkeypatch.setattr(World, "preview", preview)
    with pytest.raises(LifecycleError, match=re.escape("the plan does not name (1 of its resources")):
        ended(world, plan, record).run()
    assert world.live is not None
    assert world.calls.count("up") == ups
    assert REMOVE not in {line["step"] for line in evidence.read(record)}


EXCESS = [
    RemainingResource(Kind.DATABASE, "local-acme-postgresql", "us-east-1", 100),
    RemainingResource(Kind.CACHE, "local-acme-sessions", "us-east-1"),
    RemainingResource(Kind.FILE_SYSTEM, "fs-1", "eu-west-1"),
    RemainingResource(Kind.DIRECTORY, "fsap-1", "us-east-1"),
    RemainingResource(Kind.SECRET, "rds!db-1", "us-east-1"),
    RemainingResource(Kind.LOGS, "/aws/rds/instance/local-acme-postgresql/upgrade", "us-east-1"),
    RemainingResource(Kind.ROLE, "local-acme-backup", "global"),
    RemainingResource(Kind.BACKUP_PLAN, "local-acme-filestores-plan", "us-east-1"),
    RemainingResource(Kind.SCHEDULE, "local-acme-stop", "us-east-1"),
    RemainingResource(Kind.VOLUME, "vol-1", "us-east-1"),
]


@pytest.mark.parametrize("excess", EXCESS, ids=lambda each: str(each.what))
def test_excess_resources_are_named_and_the_same_command_continues(
    excess: RemainingResource, record: Path
) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.holds.add(excess)
    with pytest.raises(StillBillingError, match=excess.id.replace("/", ".")):
        ended(world, plan, record).run()
    world.holds.discard(excess)
    assert ended(world, plan, record).run().excess == ()


def test_a_sandbox_keeps_nothing_but_what_is_on_its_way_out(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    world.holds.add(RemainingResource(Kind.SNAPSHOT, "forgotten", "us-east-1", 10))
    with pytest.raises(StillBillingError, match="forgotten"):
        ended(world, plan, record).run()
    world.holds = {RemainingResource(Kind.KEY, "k", "us-east-1", ends=True)}
    (kept,) = ended(world, plan, record).run().retained
    assert "waits for its deletion" in kept.because


def test_an_unknown_price_is_not_zero(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    remains = ended(world, plan, record, prices=PriceBook([], "USD")).run()
    assert [each.units for each in remains.retained] == [None]
    assert remains.retained[0].document()["per_month"] is None


@pytest.mark.parametrize(
    "what",
    [Kind.BUCKET, Kind.VAULT, Kind.AUTOMATED_BACKUP, Kind.RECOVERY_POINT],
)
def test_an_unknown_size_is_not_zero(what: Kind, record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.holds.add(RemainingResource(what, "local-acme-kept", "us-east-1"))
    kept = {each.resource.id: each for each in ended(world, plan, record).run().retained}
    assert kept["local-acme-kept"].units is None


def test_a_snapshot_that_its_server_made_is_billed_with_the_automated_backup(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    made, asked = "rds:local-acme-2026-11-25-03-10", "local-acme-final"
    world.holds |= {RemainingResource(Kind.SNAPSHOT, each, "us-east-1", gib=40) for each in (made, asked)}
    kept = {each.resource.id: each for each in ended(world, plan, record).run().retained}
    assert kept[made].units == 0
    assert "the automated backup holds it" in kept[made].because
    assert kept[asked].units


def test_who_is_not_deployed_was_not_ended_by_this_plan(record: Path) -> None:
    world, plan = World(written=None), ending_plan(sandbox())
    with pytest.raises(RefusedError, match="no evidence shows that this plan removed it"):
        ended(world, plan, record).run()


@pytest.mark.parametrize(
    "change",
    [
        {"at": "yesterday"},
        {"at": "2026-11-25T08:05:00"},
        {"at": 5},
        {"step": "other"},
        {"step": EXPORT},
        {"step": EXPORT, "inputs": {"exports": 5}},
        {"step": EXPORT, "inputs": {"exports": [{}]}},
        {"inputs": ["x"]},
    ],
)
def test_a_line_that_is_no_step_is_told(change: Any, record: Path) -> None:
    plan = ending_plan(production())
    line = {"at": "2026-11-25T08:05:00Z", "plan_sha256": plan.sha256, "step": STOP, "result": "ok"}
    evidence.append(record, {**line, "inputs": {}, **change})
    world = world_of(production())
    with pytest.raises(LifecycleError, match=r"evidence\.jsonl: a line of this plan was changed"):
        ended(world, plan, record).run()
    assert world.calls == []


def test_a_plan_of_a_clock_ahead_is_finished_later(record: Path) -> None:
    """Begun in time by every clock: a day later it has to be finished, and a new plan cannot be made."""
    ahead = {"made_at": START + timedelta(minutes=2)}
    world, plan = world_of(production()), ending_plan(production(), **ahead)
    world.approved, world.fuse = ahead, 8
    with pytest.raises(KilledError):
        ended(world, plan, record).run()
    world.fuse = None
    world.clock += timedelta(hours=25)
    ended(world, plan, record).run()
    assert world.live is None


def test_edits_of_the_file_that_nobody_planned_are_not_deployed_with_the_end(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.written = production(options={"users": 99})
    with pytest.raises(RefusedError, match="the file of acme has changes that are not deployed"):
        ended(world, plan, record).run()
    assert (world.calls, record.exists()) == ([], False)
