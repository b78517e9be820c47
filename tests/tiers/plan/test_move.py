"""A move between every two tiers, stage by stage: data is always somewhere, and never in danger."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import pytest

from tests.portfolios import WORKING_HOURS, catalog, local_portfolio, plan_of, tenant, wide_platform
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import Bucket, DatabaseInstance, FileShare, FileSystem, Key, TenantDatabase
from tiers.facts.every_fact import Fact, FactId, Job, Workload
from tiers.facts.names import FALL_ASLEEP, MOVE_JOBS, OTHER_DATABASE
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.move import data_moves
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import Environment, MoveStage

PRODUCTION = Environment.PRODUCTION
MOVES = [
    (origin, target)
    for origin, target in permutations(sorted(catalog().tiers), 2)
    if data_moves(catalog(), PRODUCTION, origin, target)
]
HOLDERS = (Bucket, DatabaseInstance, FileSystem, FileShare, Key)
PROTECTED = local_portfolio().platform.model_copy(update={"deletion_protection": True})


def moving(origin: str, target: str, stage: str | None, **changes: Any) -> Tenant:
    """The tenant of a file at one stage; at rest on *target* without one."""
    move = Move(from_tier=origin, stage=MoveStage(stage)) if stage else None
    copied = any(catalog().tiers[each].offers[PRODUCTION].region_copies for each in (origin, target))
    options = {"users": 5} | ({"dr_region": "eu-west-1"} if copied and stage else {})
    return tenant("acme", tier=target, move=move, **({"options": options} | changes))


def planned(one: Tenant) -> TenantPlan:
    return plan_of(one, platform=PROTECTED).tenants[0]


def way(origin: str, target: str) -> list[TenantPlan]:
    """The plans from rest to rest."""
    files = [moving(target, origin, None)]
    files += [moving(origin, target, stage) for stage in MoveStage]
    return [planned(one) for one in [*files, moving(origin, target, None)]]


def holders(plan: TenantPlan) -> dict[FactId, Fact]:
    return {fact.id: fact for fact in plan.facts if isinstance(fact, HOLDERS)}


def jobs(plan: TenantPlan) -> set[str]:
    return {job.name for job in facts_of(plan.facts, Job)} & {*MOVE_JOBS, "final-backup"}


def test_data_moves_between_most_tiers() -> None:
    assert len(MOVES) == 10
    assert ("dedicated-db", "ha-postgresql") not in MOVES
    assert data_moves(catalog(), PRODUCTION, "shared-namespace", "dedicated-db") == ("database",)
    assert data_moves(catalog(), PRODUCTION, "ha-postgresql", "cross-region-backup") == ("files",)
    both = data_moves(catalog(), PRODUCTION, "cross-region-backup", "shared-namespace")
    assert both == ("database", "files")
    assert data_moves(catalog(), Environment.DEVELOPMENT, "dedicated-db", "cross-region-backup") == ()


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_no_update_both_makes_and_takes_away_what_holds_data(origin: str, target: str) -> None:
    for before, after in pairwise(way(origin, target)):
        made, gone = holders(after).keys() - holders(before).keys(), holders(before).keys() - holders(after)
        assert not (made and gone), (made, gone)


@pytest.mark.parametrize(("origin", "target"), MOVES)
@pytest.mark.parametrize("stage", MoveStage)
def test_a_server_with_a_standby_has_a_password_that_aws_does_not_manage(
    origin: str, target: str, stage: MoveStage
) -> None:
    """RDS makes no replica of another (RDS User Guide, "Password management", limitations)."""
    options = {"users": 50, "dr_region": "eu-west-1", "warm_standby": True}
    rotated = Rotation(number=3)
    moved = moving(origin, target, stage, options=options, rotation=rotated)
    plan = plan_of(moved, platform=wide_platform()).tenants[0]
    servers = {each.id: each for each in facts_of(plan.facts, DatabaseInstance)}
    followed = [servers[each.server] for each in facts_of(plan.facts, DatabaseStandby)]
    assert bool(followed) is ("cross-region-backup" in {origin, target})
    assert all(each.may_have_replica and each.master_number == rotated.ended for each in followed)


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_both_sides_are_there_until_the_last_update_and_only_what_is_left_may_go(
    origin: str, target: str
) -> None:
    start, expand, migrate, switch, contract, end = way(origin, target)
    everything = holders(start).keys() | holders(end).keys()
    for plan in (expand, migrate, switch, contract):
        assert holders(plan).keys() == everything
    for plan in (expand, migrate, switch):
        assert all(getattr(fact, "deletion_protection", True) for fact in holders(plan).values())
    free = {id_ for id_, fact in holders(contract).items() if not getattr(fact, "deletion_protection", True)}
    guarded = {id_ for id_, fact in holders(start).items() if hasattr(fact, "deletion_protection")}
    assert free == guarded - holders(end).keys()


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_work_stops_for_the_copy_alone_and_goes_on_where_the_data_is(origin: str, target: str) -> None:
    plans = way(origin, target)
    pods = [sum(fact.replicas for fact in facts_of(plan.facts, Workload)) for plan in plans]
    assert [count == 0 for count in pods] == [False, False, True, False, False, False]
    assert [plan.tier for plan in plans] == [*[origin] * 3, *[target] * 3]
    fees = [plan.fee_per_month for plan in plans]
    assert fees == [*[fees[0]] * 3, *[fees[-1]] * 3]
    used = [facts_of(plan.facts, TenantDatabase)[0] for plan in plans]
    assert [fact.name for fact in used] == ["database"] * 6
    assert [fact.server for fact in used] == [*[used[0].server] * 3, *[used[-1].server] * 3]
    shares = [next(fact for fact in facts_of(plan.facts, FileShare) if fact.mounted) for plan in plans]
    assert [share.id for share in shares] == [*[shares[0].id] * 3, *[shares[-1].id] * 3]


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_what_is_done_at_each_stage(origin: str, target: str) -> None:
    _, expand, migrate, switch, contract, _ = way(origin, target)
    moved = data_moves(catalog(), PRODUCTION, origin, target)
    database, files = "database" in moved, "files" in moved
    from_shared = catalog().tiers[origin].offers[PRODUCTION]
    assert jobs(expand) == set()
    copies = ({"copy-database"} if database else set()) | ({"copy-filestore"} if files else set())
    assert jobs(migrate) == copies
    assert jobs(switch) == ({"hand-over-database"} if database else set())
    drops = {"drop-left-database"} if database and from_shared.database.placement == "shared" else set()
    empties = {"empty-left-filestore"} if files and from_shared.file_system.placement == "shared" else set()
    assert jobs(contract) == drops | empties | {"final-backup"}
    for plan in (migrate, switch, contract):
        others = [fact for fact in facts_of(plan.facts, TenantDatabase) if fact.name == OTHER_DATABASE]
        assert bool(others) is database
        assert all(fact.server != facts_of(plan.facts, TenantDatabase)[0].server for fact in others)
    assert OTHER_DATABASE not in {fact.name for fact in facts_of(expand.facts, TenantDatabase)}


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_the_way_back_is_open_until_contract(origin: str, target: str) -> None:
    """From the switch the newest data is copied back; before it, what was made for nothing is given up."""
    switch = planned(moving(origin, target, "switch"))
    back = planned(moving(target, origin, "migrate"))
    assert holders(back).keys() == holders(switch).keys()
    assert back.tier == target
    given_up = planned(moving(target, origin, "contract"))
    for stage in ("expand", "migrate"):
        assert holders(given_up).keys() == holders(planned(moving(origin, target, stage))).keys()
    assert given_up.tier == origin


def faults(one: Tenant) -> list[str]:
    found = faults_of_tenant(one, local_portfolio().platform, catalog())
    return [f"{'.'.join(map(str, where))}: {message}" for where, message in found]


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_every_move_can_be_had(origin: str, target: str) -> None:
    for stage in MoveStage:
        assert faults(moving(origin, target, stage)) == []


@pytest.mark.parametrize(
    ("origin", "target", "said"),
    [
        (
            "gold",
            "dedicated-db",
            "move.from_tier: 'gold' is not in the catalog; there are cross-region-backup,",
        ),
        ("dedicated-db", "dedicated-db", "move.from_tier: is dedicated-db, the tier it moves to"),
        (
            "dedicated-db",
            "ha-postgresql",
            "move: database and files are in the same place on dedicated-db and",
        ),
    ],
)
def test_a_move_that_is_none(origin: str, target: str, said: str) -> None:
    (only,) = faults(tenant("acme", tier=target, move=Move(from_tier=origin, stage=MoveStage.EXPAND)))
    assert only.startswith(said)


def test_a_move_from_where_its_environment_is_not_sold() -> None:
    one = tenant(
        "acme", environment="development", move=Move(from_tier="ha-postgresql", stage=MoveStage.EXPAND)
    )
    assert (
        "move.from_tier: ha-postgresql is not sold for 'development', so no tenant can move from it"
        in faults(one)
    )


def test_a_copy_needs_its_region_from_the_first_stage_on() -> None:
    one = moving("shared-namespace", "cross-region-backup", "expand")
    missing = one.model_copy(update={"options": one.options.model_copy(update={"dr_region": None})})
    assert faults(missing)[0].startswith("options: dr_region is missing")


def test_nothing_wakes_what_moves() -> None:
    options = {"users": 3, "schedule": WORKING_HOURS}
    one = tenant("acme", environment="staging", options=options, tier="dedicated-db")
    resting = planned(one.model_copy(update={"tier": "shared-namespace"}))
    assert any(fact.name == FALL_ASLEEP for fact in resting.facts)
    for stage in MoveStage:
        move = Move(from_tier="shared-namespace", stage=stage)
        assert not any(
            fact.name == FALL_ASLEEP for fact in planned(one.model_copy(update={"move": move})).facts
        )


def test_a_move_is_for_who_is_active() -> None:
    with pytest.raises(ValueError, match="move needs lifecycle_stage active, not decommissioning"):
        moving("shared-namespace", "dedicated-db", "expand", lifecycle_stage="decommissioning")
