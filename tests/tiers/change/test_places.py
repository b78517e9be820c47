from __future__ import annotations

from itertools import pairwise, product

import pytest

from tests.portfolios import catalog, plan_of, tenant
from tiers.change.places import place_of, unmoved
from tiers.plan.plan import Plan
from tiers.portfolio.move import data_moves
from tiers.vocabulary import Environment, MoveStage

TIERS = sorted(catalog().tiers)
PRODUCTION = Environment.PRODUCTION


def on(tier: str, origin: str | None = None, stage: MoveStage | None = None) -> Plan:
    move = {"from_tier": origin, "stage": stage} if origin else None
    copied = {"dr_region": "eu-west-1"} if "cross-region-backup" in (tier, origin) else {}
    return plan_of(tenant("acme", tier=tier, move=move, options={"users": 5} | copied))


@pytest.mark.parametrize(("origin", "target"), list(product(TIERS, TIERS)))
def test_a_changed_tier_alone_is_refused_exactly_where_data_would_move(origin: str, target: str) -> None:
    reported = unmoved(on(origin), on(target), catalog())
    assert bool(reported) is bool(data_moves(catalog(), PRODUCTION, origin, target))
    for sentence in reported:
        assert f"`costack move acme --to {target}`" in sentence


@pytest.mark.parametrize(("origin", "target"), list(product(TIERS, TIERS)))
def test_a_move_stage_by_stage_is_allowed_and_back_again(origin: str, target: str) -> None:
    if not data_moves(catalog(), PRODUCTION, origin, target):
        pytest.skip("nothing moves")
    there = [on(origin), *(on(target, origin, stage) for stage in MoveStage), on(target)]
    for before, after in pairwise(there):
        assert unmoved(before, after, catalog()) == ()
    for turned in (MoveStage.EXPAND, MoveStage.MIGRATE):
        assert unmoved(on(target, origin, turned), on(origin, target, MoveStage.CONTRACT), catalog()) == ()
    back = [on(target, origin, MoveStage.SWITCH), on(origin, target, MoveStage.MIGRATE)]
    back.append(on(origin, target, MoveStage.SWITCH))
    for before, after in pairwise(back):
        assert unmoved(before, after, catalog()) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, MoveStage.SWITCH),
        (None, MoveStage.CONTRACT),
        (MoveStage.EXPAND, MoveStage.SWITCH),
        (MoveStage.EXPAND, MoveStage.CONTRACT),
        (MoveStage.EXPAND, None),
        (MoveStage.MIGRATE, MoveStage.CONTRACT),
        (MoveStage.MIGRATE, None),
    ],
)
def test_a_skipped_stage_is_refused(before: MoveStage | None, after: MoveStage | None) -> None:
    origin, target = "shared-namespace", "dedicated-db"
    deployed = on(target, origin, before) if before else on(origin)
    (sentence,) = unmoved(deployed, on(target, origin, after) if after else on(target), catalog())
    assert sentence.startswith("acme: its database would be used in another place that no copy has filled")


def test_a_catalog_that_moves_a_tiers_data_is_refused() -> None:
    before, after = on("shared-namespace"), on("dedicated-db")
    same = after.model_copy(
        update={
            "tenants": tuple(each.model_copy(update={"tier": "shared-namespace"}) for each in after.tenants)
        }
    )
    (sentence,) = unmoved(before, same, catalog())
    assert "because the catalog changed where tier shared-namespace keeps data" in sentence


def test_who_comes_or_goes_is_not_this_functions_question() -> None:
    some, others = plan_of(tenant("a")), plan_of(tenant("b", tier="dedicated-db"))
    assert unmoved(some, others, catalog()) == ()


def test_the_place_of_a_moving_tenant_is_where_it_works() -> None:
    moving = on("dedicated-db", "shared-namespace", MoveStage.MIGRATE).tenants[0]
    assert place_of(moving).server == "platform/database"
    switched = on("dedicated-db", "shared-namespace", MoveStage.SWITCH).tenants[0]
    assert place_of(switched).server == "acme/server"
