"""Every guard of a purge, broken in turn and in combinations: nothing is deleted that any of them keeps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.prices.price_book import PriceBook
from lifecycle import evidence
from lifecycle.decommission.retained import Kind
from lifecycle.errors import LifecycleError, RefusedError, StillBillingError
from lifecycle.purge.guards import refusals_of_line
from lifecycle.purge.ledger import CHECK, DELETE, DELETED, VERIFIED, Ledger
from lifecycle.purge.resource import ORDER, AccountResource, KeyUser
from lifecycle.purge.survey import Survey
from tests.lifecycle.purge import world as worlds
from tests.lifecycle.purge.world import IDS, NOW, TAGS, TERMS, World
from tests.lifecycle.world import KilledError
from tests.sampling import examples
from tiers.portfolio.gates.purge import LegalHold
from tiers.tags import KEYS

Break = Callable[[World], None]


@cache
def prices() -> PriceBook:
    return worlds.prices()


def world_in(folder: Path) -> World:
    return World(folder / "purge.evidence.jsonl").planned(prices())


def each_is(world: World, change: Callable[[AccountResource], dict[str, Any]]) -> None:
    """Every resource of the account is another."""
    held = world.account.held
    world.account.held = {what: each.model_copy(update=change(each)) for what, each in held.items()}


def situation(**changes: Any) -> Break:
    return lambda world: setattr(world, "situation", replace(world.situation, **changes))


def resources(**changes: Any) -> Break:
    return lambda world: each_is(world, lambda _: changes)


def terms(**changes: Any) -> Break:
    return situation(terms=TERMS.model_copy(update=changes))


def approval(**changes: Any) -> Break:
    def change(world: World) -> None:
        if world.approval:
            world.approval = world.approval.model_copy(update=changes)

    return change


def without_approval(phrase: str | None) -> Break:
    def change(world: World) -> None:
        world.approval, world.phrase = None, phrase

    return change


def at(moment: Any) -> Break:
    return lambda world: setattr(world, "clock", moment)


def forged(world: World) -> None:
    """A line that the evidence does not have: everybody's dumps, in a plan that somebody approved."""
    assert world.plan
    first, *rest = world.plan.goes
    everybody = first.line.model_copy(update={"id": "s3://backups/dumps/"})
    goes = (first.model_copy(update={"line": everybody}), *rest)
    world.plan = world.plan.model_copy(update={"goes": goes})
    if world.approval:
        world.approval = world.approval.model_copy(update={"plan_sha256": world.plan.sha256})


@pytest.mark.parametrize(
    ("folder", "its"),
    [("acme", True), ("acme.upload", True), ("acme.uploads", False), ("other.upload", False)],
)
def test_a_folder_of_the_bucket_is_the_tenants_or_its_uploads(
    tmp_path: Path, folder: str, *, its: bool
) -> None:
    world = world_in(tmp_path)
    (line,) = [each for each in world.ledger().lines if each.what is Kind.DUMPS]
    there = line.model_copy(update={"id": f"s3://backups/dumps/{folder}/"})
    (ended,) = world.ledger().ended.values()
    said = list(refusals_of_line(there, ended, world.seen()))
    assert any("it is not the folder dumps of acme" in each for each in said) is not its


def shortened(world: World) -> None:
    """The line in the evidence says another day than the plan."""
    later = [
        each.model_copy(update={"until": each.until + timedelta(days=900)}) for each in world.ledger().lines
    ]
    world.read = Ledger(tuple(later), world.ledger().ended)


def point_brought_forward(world: World) -> None:
    """A recovery point has the day of its vault, whatever the plan says of the point."""
    assert world.plan
    early = {"until": world.plan.made_at - timedelta(days=800)}
    goes = tuple(
        each.model_copy(update={"line": each.line.model_copy(update=early)})
        if each.line.what is Kind.RECOVERY_POINT
        else each
        for each in world.plan.goes
    )
    world.plan = world.plan.model_copy(update={"goes": goes})
    if world.approval:
        world.approval = world.approval.model_copy(update={"plan_sha256": world.plan.sha256})


def purged(moment: Any, count: int, portfolio: str = "local") -> Break:
    """Other purges began so many deletions then."""
    lines = tuple(
        {
            "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "step": DELETE,
            "plan": f"purge.{portfolio}-{number:012x}",
            "inputs": {"what": "dumps", "region": "us-east-1", "id": f"s3://b/dumps/t{number}/"},
        }
        for number in range(count)
    )
    return lambda world: setattr(world, "purged", lines)


HOLD = LegalHold(tenant="acme", because="case 4")
BREAKS: dict[str, tuple[Break, str]] = {
    "legal hold": (situation(holds=(HOLD,)), "a legal hold is on acme: case 4"),
    "legal hold of nobody": (
        situation(holds=(HOLD.model_copy(update={"tenant": "amce"}),)),
        "a legal hold is on amce, which neither the portfolio nor the evidence knows",
    ),
    "tenant again": (situation(tenants=frozenset({"acme"})), "there is a tenant acme again"),
    "account": (situation(account="9" * 12), "the plan is for account"),
    "portfolio": (situation(portfolio="other"), "the plan is for portfolio local, not other"),
    "kill switch": (terms(enabled=False), "purge.enabled: false: nothing is purged"),
    "most per run": (terms(most_per_run=1), "one run deletes 1 at most"),
    "others lately": (
        purged(NOW, TERMS.most_per_run),
        "one run deletes 50 at most",
    ),
    "no terms": (situation(terms=None), "platform.yaml has no `purge`"),
    "too late": (at(NOW + timedelta(days=8)), "and expired at"),
    "clock": (at(NOW - timedelta(hours=1)), "which is in the future; check the clock"),
    "no confirmation": (without_approval(None), "the phrase does not match the plan"),
    "phrase": (without_approval("purge everything"), "the phrase does not match the plan"),
    "other plan": (approval(plan_sha256="0" * 64), "have this one approved"),
    "old approval": (approval(approved_at=NOW - timedelta(days=7)), "more than 7 days ago"),
    "early approval": (approval(approved_at=NOW - timedelta(hours=1)), "before the plan was made"),
    "future approval": (approval(approved_at=NOW + timedelta(hours=1)), "which is in the future"),
    "approved account": (approval(account="9" * 12), "the approval is for account"),
    "forged line": (forged, "the evidence does not have dumps s3://backups/dumps/"),
    "other day": (shortened, "the evidence does not have"),
    "day of a point": (point_brought_forward, "the evidence does not have recovery point 11aa"),
    "evidence unreadable": (
        lambda world: setattr(world, "read", Ledger(problems=("e.evidence.jsonl: is missing",))),
        "e.evidence.jsonl: is missing",
    ),
    "evidence gone": (lambda world: setattr(world, "read", Ledger()), "the evidence does not have"),
    "other portfolio": (
        resources(tags={**TAGS, KEYS["portfolio"]: "other"}),
        "its tags say that it is of portfolio other",
    ),
    "newer": (
        resources(created_at=NOW, newest=NOW),
        "after the evidence",
    ),
    "held": (resources(held="the lock of vault v keeps it"), "the lock of vault v keeps it"),
    "busy": (resources(busy="it is being copied to x"), "it is being copied to x"),
    "another one": (
        lambda world: each_is(world, lambda each: {"handle": f"{each.handle}-two"}),
        "the account has another one of that name",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_guard_alone_keeps_everything(name: str, tmp_path: Path) -> None:
    world = world_in(tmp_path)
    change, why = BREAKS[name]
    change(world)
    with pytest.raises(RefusedError) as said:
        world.run()
    assert any(why in each for each in said.value.problems), said.value.problems
    assert world.account.deleted == []
    steps = [each["step"] for each in evidence.read(world.record)] if world.record.exists() else []
    assert DELETE not in steps


ONLY: dict[str, tuple[dict[str, Any], str, set[Kind]]] = {
    "other tenant": (
        {"tags": {**TAGS, KEYS["tenant"]: "borealis"}},
        "its tags say that it is borealis's",
        set(IDS) - {Kind.DUMPS},
    ),
    "nobody's": (
        {"tags": None},
        "neither tags nor name say that it is acme's",
        {Kind.KEY, Kind.RECOVERY_POINT},
    ),
    "whose bucket": (
        {"tags": None},
        "the tags of its bucket do not say that it is of portfolio local",
        {Kind.DUMPS},
    ),
    "unknown age": ({"created_at": None}, "AWS does not say when it was made", set(IDS) - {Kind.DUMPS}),
    "more objects": ({"contents": 5}, "it holds 5 objects, and the plan says 4", {Kind.BUCKET, Kind.DUMPS}),
}


@pytest.mark.parametrize("name", ONLY)
def test_a_guard_of_some_kinds_keeps_those_and_the_key(name: str, tmp_path: Path) -> None:
    world = world_in(tmp_path)
    changes, why, kept = ONLY[name]
    each_is(world, lambda each: changes if each.what in kept else {})
    with pytest.raises(RefusedError) as said:
        world.run()
    assert any(why in each for each in said.value.problems), said.value.problems
    assert kept <= world.account.bills
    assert not kept & set(world.account.deleted)
    assert (Kind.KEY in world.account.bills) is bool(kept - {Kind.DUMPS})


def test_a_key_that_somebody_uses_stays_alone(tmp_path: Path) -> None:
    world = world_in(tmp_path)
    world.account.others = {KeyUser(what=Kind.VOLUME, id="vol-1", region="eu-west-1")}
    with pytest.raises(RefusedError, match=r"volume vol-1 \(eu-west-1\) cannot be read without it"):
        world.run()
    assert world.account.bills == {Kind.KEY}


def test_what_aws_refuses_to_delete_stays_with_its_key_and_the_rest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_in(tmp_path)
    delete = worlds.Account.delete

    def refusing(self: worlds.Account, there: AccountResource, *, days: int) -> str:
        if there.what is Kind.SNAPSHOT:
            raise LifecycleError("rds in us-east-1: delete_db_snapshot failed: AWS Backup manages it")
        return delete(self, there, days=days)

    monkeypatch.setattr(worlds.Account, "delete", refusing)
    with pytest.raises(RefusedError) as said:
        world.run()
    assert any("AWS Backup manages it" in each for each in said.value.problems)
    assert world.account.bills == {Kind.SNAPSHOT, Kind.KEY}
    steps = [each["step"] for each in evidence.read(world.record)]
    assert (steps.count(DELETED), VERIFIED in steps) == (len(IDS) - 2, False)


def test_a_hold_that_is_over_holds_nothing(tmp_path: Path) -> None:
    world = world_in(tmp_path)
    over = HOLD.model_copy(update={"until": date(2026, 12, 1)})
    situation(holds=(over,))(world)
    world.run()
    assert world.account.bills == set()


def test_what_a_guard_keeps_is_planned_as_kept_with_its_cost(tmp_path: Path) -> None:
    world = World(tmp_path / "e.jsonl")
    each_is(world, lambda each: {"held": "a lock keeps it"} if each.what is Kind.SNAPSHOT else {})
    plan = Survey(world.ledger(), world.account, world.seen(), prices()).plan()
    kept = {each.line.what: each for each in plan.refused}
    assert set(kept) == {Kind.SNAPSHOT, Kind.KEY}
    assert kept[Kind.SNAPSHOT].per_month == "1.90"
    assert "database snapshot local-acme-server-final-0" in kept[Kind.KEY].because
    assert plan.falls_by[1] == 0


def test_a_recovery_point_with_a_later_day_of_its_own_keeps_it_and_its_vault(tmp_path: Path) -> None:
    world = World(tmp_path / "e.jsonl")
    vault = next(each for each in world.ledger().lines if each.what is Kind.VAULT)
    later = vault.point(IDS[Kind.RECOVERY_POINT], 5).model_copy(update={"until": NOW + timedelta(days=9)})
    world.read = Ledger((*world.ledger().lines, later), world.ledger().ended)
    plan = Survey(world.ledger(), world.account, world.seen(), prices()).plan()
    assert [each.line.what for each in plan.waits] == [Kind.RECOVERY_POINT]
    assert {each.line.what for each in plan.refused} == {Kind.VAULT, Kind.KEY}
    assert Kind.RECOVERY_POINT not in {each.line.what for each in plan.goes}


def test_amounts_are_in_the_currency_of_the_prices_and_unknown_where_evidence_has_another(
    tmp_path: Path,
) -> None:
    world = World(tmp_path / "e.jsonl", ended=worlds.ended_plan(currency="EUR"))
    situation(holds=(HOLD,))(world)
    plan = Survey(world.ledger(), world.account, world.seen(), prices()).plan()
    assert (plan.currency, {each.per_month for each in plan.refused}) == ("USD", {None})


def test_one_plan_deletes_no_more_than_it_may_and_the_rest_waits(tmp_path: Path) -> None:
    world = World(tmp_path / "e.jsonl")
    terms(most_per_run=2)(world)
    world.planned(prices())
    assert world.plan
    assert [each.line.what for each in world.plan.goes] == [Kind.DUMPS, Kind.SNAPSHOT]
    # A vault waits for its points, and a key for all that it encrypts.
    assert {each.line.what for each in world.plan.waits} == {Kind.RECOVERY_POINT, Kind.BUCKET}
    world.run()
    assert world.account.deleted == [Kind.DUMPS, Kind.SNAPSHOT]


def test_what_other_plans_deleted_lately_counts_as_the_same_run(tmp_path: Path) -> None:
    world = world_in(tmp_path)
    terms(most_per_run=10)(world)
    purged(NOW - timedelta(hours=19), 5)(world)
    with pytest.raises(
        RefusedError, match="6 resources after the 5 of the last 20 hours, and one run deletes 10"
    ):
        world.run()
    assert world.account.deleted == []
    for others in (purged(NOW - timedelta(hours=21), 5), purged(NOW, 5, "local-2"), purged(NOW, 4)):
        world = world_in(tmp_path)
        terms(most_per_run=10)(world)
        others(world)
        world.run()
        assert world.account.bills == set()


def test_a_purge_that_begins_beside_another_stops_where_both_have_what_one_may(tmp_path: Path) -> None:
    world = world_in(tmp_path)
    terms(most_per_run=10)(world)
    delete = world.account.delete

    def beside(there: AccountResource, *, days: int) -> str:
        purged(NOW, 8)(world)
        return delete(there, days=days)

    world.account.delete = beside  # type: ignore[method-assign]
    with pytest.raises(RefusedError, match="and one run deletes 10 at most"):
        world.run()
    assert len(world.account.deleted) == 2


def test_what_a_plan_began_itself_counts_once_and_a_plan_that_is_through_may_be_repeated(
    tmp_path: Path,
) -> None:
    world = world_in(tmp_path)
    terms(most_per_run=len(IDS))(world)
    world.account.fuse = 3
    with pytest.raises(KilledError):
        world.run()
    world.account.fuse = None
    world.run()
    assert world.account.bills == set()
    purged(NOW, 50)(world)
    world.run()


def test_everything_goes_in_order_with_evidence_before_and_after(tmp_path: Path) -> None:
    world = world_in(tmp_path)
    world.run()
    assert world.account.bills == set()
    assert world.account.deleted == sorted(IDS, key=ORDER.index)
    steps = [each["step"] for each in evidence.read(world.record)]
    assert steps == [CHECK, *(DELETE, DELETED) * len(IDS), VERIFIED]


def test_what_is_still_there_afterwards_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_in(tmp_path)
    monkeypatch.setattr(worlds.Account, "delete", lambda *_, **__: "asked for")
    situation(holds=())(world)
    each_is(world, lambda _: {"key": "", "contents": 0})
    monkeypatch.setattr(worlds.Account, "look", lambda self, line: self.held[line.what])
    with pytest.raises(StillBillingError, match="6 resources are still there, such as dumps"):
        world.run()


@pytest.mark.parametrize(("fuse", "before"), list(itertools.product(range(1, len(IDS) + 1), (True, False))))
def test_a_purge_that_dies_goes_on(fuse: int, before: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    world = world_in(tmp_path)
    world.account.fuse, world.account.before = fuse, before
    with pytest.raises(KilledError):
        world.run()
    world.account.fuse = None
    world.run()
    assert world.account.bills == set()
    assert sorted(world.account.deleted) == sorted(IDS)  # each once
    lines = evidence.read(world.record)
    done = [line["inputs"]["what"] for line in lines if line["step"] == DELETED]
    assert sorted(done) == sorted(map(str, IDS))
    assert any("after an interruption" in line["outcome"] for line in lines) is not before


@examples(60, of=10_000)
@given(st.sets(st.sampled_from(sorted(BREAKS)), max_size=4), st.permutations(sorted(BREAKS)))
def test_no_combination_deletes_anything(names: Collection[str], order: list[str]) -> None:
    with TemporaryDirectory() as folder:
        world = world_in(Path(folder))
        for name in sorted(names, key=order.index):
            BREAKS[name][0](world)
        if not names:
            world.run()
            assert world.account.bills == set()
            return
        with pytest.raises(LifecycleError):
            world.run()
        assert world.account.deleted == []
