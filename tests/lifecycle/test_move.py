"""Every file that a move can lead to is one that can be had, and no step skips another."""

from __future__ import annotations

import pytest

from lifecycle.errors import RefusedError
from lifecycle.move import STEPS, Step, advance, back, begin, changed, check_deployed, options_of
from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.platform import DatabaseSpec, Platform
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import MoveStage

SHARED, OWN = "shared-namespace", "dedicated-db"


def after(one: Tenant, step: Step) -> Tenant:
    return one.model_copy(update={"tier": step.tier, "move": step.move})


def at(stage: str) -> Tenant:
    return tenant("acme", tier=OWN, move=Move(from_tier=SHARED, stage=MoveStage(stage)))


def test_the_way_there_takes_five_updates() -> None:
    one = tenant("acme")
    one = after(one, begin(one, OWN))
    seen = []
    while one.move:
        seen.append((one.tier, one.move.from_tier, one.move.stage))
        assert not list(faults_of_tenant(one, local_portfolio().platform, catalog()))
        one = after(one, advance(one))
    assert seen == [(OWN, SHARED, stage) for stage in MoveStage]
    assert (one.tier, one.move) == (OWN, None)


@pytest.mark.parametrize("stage", ["expand", "migrate"])
def test_before_the_switch_the_way_back_gives_up_what_was_made(stage: str) -> None:
    step = back(at(stage))
    assert (step.tier, step.move) == (SHARED, Move(from_tier=OWN, stage=MoveStage.CONTRACT))
    assert step.update == STEPS[MoveStage.CONTRACT].format(tenant="acme", origin=OWN)
    home = after(at(stage), advance(after(at(stage), step)))
    assert (home.tier, home.move) == (SHARED, None)


def test_after_the_switch_the_way_back_copies_the_newest_data_home() -> None:
    step = back(at("switch"))
    assert (step.tier, step.move) == (SHARED, Move(from_tier=OWN, stage=MoveStage.MIGRATE))


def with_versions(shared: str, own: str) -> Platform:
    """The local platform with a version of its server, and one of tenants' own."""
    usual = local_portfolio().platform
    told = usual.database.model_dump() | {"engine_version": shared, "tenants_engine_version": own}
    return usual.model_copy(update={"database": DatabaseSpec.model_validate(told)})


def test_a_server_of_ones_own_begins_with_the_version_of_the_data_that_comes() -> None:
    """After an upgrade of the shared server, tenants' own ones stay; data goes to none older."""
    platform, one = with_versions("18", "17"), tenant("acme")
    seen = []
    step = begin(one, OWN)
    while True:
        options = options_of(None, one, step, platform, catalog())
        one = changed(one, step, options)
        assert not list(faults_of_tenant(one, platform, catalog()))
        seen.append(options)
        if one.move is None:
            break
        step = advance(one)
    assert seen == [{"database_engine_version": '"18"'}, {}, {}, {}, {}]
    assert one.options.database_engine_version == "18"
    step, home = begin(one, SHARED), []
    while one.tier == OWN or one.move is not None:
        options = options_of(None, one, step, platform, catalog())
        one = changed(one, step, options)
        assert not list(faults_of_tenant(one, platform, catalog()))
        home.append(options)
        if one.move is not None:
            step = advance(one)
    assert home == [{}, {}, {}, {}, {"database_engine_version": None}]


@pytest.mark.parametrize(("shared", "own"), [("17", "17"), ("17", "18")])
def test_no_version_is_written_that_nobody_needs(shared: str, own: str) -> None:
    one, platform = tenant("acme"), with_versions(shared, own)
    assert options_of(None, one, begin(one, OWN), platform, catalog()) == {}
    leaves = tenant("acme", tier=OWN)
    assert options_of(None, leaves, begin(leaves, SHARED), with_versions("18", "17"), catalog()) == {}


def test_the_size_of_a_server_goes_once_neither_tier_has_one() -> None:
    platform, sized = local_portfolio().platform, {"users": 5, "database_class": "m"}
    one = tenant("acme", tier=OWN, options=sized)
    assert options_of(None, one, begin(one, SHARED), platform, catalog()) == {}
    there = tenant("acme", tier=SHARED, options=sized, move={"from_tier": OWN, "stage": "contract"})
    step = advance(there)
    assert step.move is None
    assert options_of(None, there, step, platform, catalog()) == {"database_class": None}


def test_there_is_no_way_back_from_what_is_given_up() -> None:
    with pytest.raises(
        RefusedError, match="finish with --next, then move it back with --to shared-namespace"
    ):
        back(at("contract"))


def test_who_stands_still_goes_neither_on_nor_back() -> None:
    for step in (advance, back):
        with pytest.raises(RefusedError, match="acme is not moving; begin with --to TIER"):
            step(tenant("acme"))


def test_one_move_at_a_time() -> None:
    with pytest.raises(RefusedError, match="finish that with --next, or undo it with --back"):
        begin(at("expand"), "ha-postgresql")


def test_the_lines_of_the_file() -> None:
    assert begin(tenant("acme"), OWN).lines == {
        "tier": OWN,
        "move": "{from_tier: shared-namespace, stage: expand}",
    }
    assert advance(at("contract")).lines == {"tier": OWN, "move": None}


@pytest.mark.parametrize("stage", list(MoveStage))
def test_a_step_waits_until_the_one_before_was_deployed(stage: MoveStage) -> None:
    one = at(stage)
    deployed = plan_of(one).tenants[0]
    check_deployed(one, deployed, deployed.tier, "local")
    for other in (tenant("acme"), *(at(each) for each in MoveStage if each is not stage)):
        with pytest.raises(RefusedError, match="every update takes one step") as refused:
            check_deployed(one, plan_of(other).tenants[0], deployed.tier, "local")
        assert f"but at stage {stage} of its move from shared-namespace" in str(refused.value)
    with pytest.raises(RefusedError, match="stack 'local' has no tenant 'acme' yet"):
        check_deployed(one, None, deployed.tier, "local")
