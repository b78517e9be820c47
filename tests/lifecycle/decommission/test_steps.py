from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from allocation.prices.price_book import PriceBook, load_price_book
from lifecycle import evidence
from lifecycle.decommission.plan import EndingPlan
from lifecycle.decommission.retained import Holding, What
from lifecycle.decommission.steps import STEPS, TAKE_AWAY, Decommission
from lifecycle.errors import HandOverError, LifecycleError, RefusedError, StillBillingError
from tests.lifecycle.world import START, KilledError, World, ending_plan, production, sandbox, urn, world_of

PRICES = load_price_book("USD", regions={"us-east-1"})


def ended(world: World, plan: EndingPlan, record: Path, **changes: Any) -> Decommission:
    values: dict[str, Any] = {
        "plan": plan,
        "hands": world,
        "prices": PRICES,
        "record": record,
        "phrase": plan.phrase,
        "stack": "local",
        "restore_tested_at": START - timedelta(days=3),
    }
    return Decommission(**{**values, **changes})


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def test_a_sandbox_ends_and_nothing_is_left(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    remains = ended(world, plan, record).run()
    assert (remains.kept, remains.leaked) == ((), ())
    assert world.live is None
    assert world.written is None
    assert [line["step"] for line in evidence.read(record)] == list(STEPS)


def test_production_leaves_what_can_be_restored_for_as_long_as_is_kept(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    remains = ended(world, plan, record).run()
    (kept,) = remains.kept
    assert kept.holding.what is What.SNAPSHOT
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


@pytest.mark.parametrize("one", [sandbox(), production()], ids=["sandbox", "production"])
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
        assert [each.holding for each in remains.kept] == [each.holding for each in expected.kept]
        assert world.live is None
        assert len(world.exports) == len(whole.exports)
        assert [line["step"] for line in evidence.read(record)] == list(STEPS)
    assert kills == len(whole.calls)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"phrase": "yes"}, "the phrase is not the plan's"),
        ({"stack": "production"}, "the plan is for stack 'local'"),
        ({"restore_tested_at": None}, "no restore of acme was ever tried"),
        ({"restore_tested_at": START - timedelta(days=31)}, "more than 30 days ago"),
    ],
)
def test_a_guard_stops_before_anything_is_touched(changes: Any, told: str, record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    with pytest.raises(RefusedError, match=told):
        ended(world, plan, record, **changes).run()
    assert world.calls == []
    assert not record.exists()


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
    with pytest.raises(HandOverError, match="acme-final-backup makes it"):
        ended(world, plan, record).run()
    assert world.live is not None
    assert world.live.protected
    world.dumps.append(made)
    ended(world, plan, record).run()
    assert world.live is None


def test_nothing_else_may_go_with_it(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    world.others = frozenset({urn("borealis-logs", "aws:cloudwatch/logGroup:LogGroup")})
    with pytest.raises(LifecycleError, match="would take 1 other resources with it"):
        ended(world, plan, record).run()
    assert world.live is not None
    assert TAKE_AWAY not in {line["step"] for line in evidence.read(record)}


LEAKS = [
    Holding(What.DATABASE, "local-acme-postgresql", "us-east-1", 100),
    Holding(What.CACHE, "local-acme-sessions", "us-east-1"),
    Holding(What.FILE_SYSTEM, "fs-1", "eu-west-1"),
    Holding(What.DIRECTORY, "fsap-1", "us-east-1"),
    Holding(What.SECRET, "rds!db-1", "us-east-1"),
    Holding(What.LOGS, "/aws/rds/instance/local-acme-postgresql/upgrade", "us-east-1"),
    Holding(What.ROLE, "local-acme-backup", "global"),
    Holding(What.BACKUP_PLAN, "local-acme-filestores-plan", "us-east-1"),
    Holding(What.SCHEDULE, "local-acme-stop", "us-east-1"),
    Holding(What.VOLUME, "vol-1", "us-east-1"),
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda each: str(each.what))
def test_what_nothing_explains_is_named_and_the_same_command_asks_again(leak: Holding, record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.holds.add(leak)
    with pytest.raises(StillBillingError, match=leak.id.replace("/", ".")):
        ended(world, plan, record).run()
    world.holds.discard(leak)
    assert ended(world, plan, record).run().leaked == ()


def test_a_sandbox_keeps_nothing_but_what_is_on_its_way_out(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    world.holds.add(Holding(What.SNAPSHOT, "forgotten", "us-east-1", 10))
    with pytest.raises(StillBillingError, match="forgotten"):
        ended(world, plan, record).run()
    world.holds = {Holding(What.KEY, "k", "us-east-1", ends=True)}
    (kept,) = ended(world, plan, record).run().kept
    assert "waits for its deletion" in kept.because


def test_a_price_nobody_knows_is_no_nought(record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    remains = ended(world, plan, record, prices=PriceBook([], "USD")).run()
    assert [each.units for each in remains.kept] == [None]
    assert remains.kept[0].document()["per_month"] is None


@pytest.mark.parametrize("what", [What.BUCKET, What.VAULT, What.AUTOMATED_BACKUP, What.RECOVERY_POINT])
def test_a_size_nobody_knows_is_no_nought(what: What, record: Path) -> None:
    world, plan = world_of(production()), ending_plan(production())
    world.holds.add(Holding(what, "local-acme-kept", "us-east-1"))
    kept = {each.holding.id: each for each in ended(world, plan, record).run().kept}
    assert kept["local-acme-kept"].units is None


def test_who_is_not_deployed_was_not_ended_by_this_plan(record: Path) -> None:
    world, plan = World(written=None), ending_plan(sandbox())
    with pytest.raises(RefusedError, match="no evidence says that this plan ended it"):
        ended(world, plan, record).run()
