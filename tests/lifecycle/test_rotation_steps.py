"""Every file that a rotation can lead to is one that can be had, and no step skips another."""

from __future__ import annotations

import pytest

from lifecycle import move
from lifecycle.errors import RefusedError
from lifecycle.rotation import STEPS, Step, advance, back, begin, check_deployed
from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import LifecycleStage, MoveStage, RotationStage


def after(one: Tenant, step: Step) -> Tenant:
    return one.model_copy(update={"rotation": step.rotation})


def at(stage: str | None, number: int = 3) -> Tenant:
    return tenant("acme", rotation=Rotation(number=number, stage=RotationStage(stage) if stage else None))


@pytest.mark.parametrize("before", [None, 0, 7])
def test_a_rotation_takes_three_updates_and_keeps_its_number(before: int | None) -> None:
    one = tenant("acme") if before is None else at(None, before)
    one = after(one, begin(one))
    seen = []
    while one.rotation and one.rotation.stage:
        seen.append((one.rotation.number, one.rotation.stage))
        assert not list(faults_of_tenant(one, local_portfolio().platform, catalog()))
        one = after(one, advance(one))
    number = (before or 0) + 1
    assert seen == [(number, RotationStage.SECOND_LOGIN), (number, RotationStage.FIRST_LOGIN)]
    assert one.rotation == Rotation(number=number)


def test_the_way_back_keeps_the_number_of_before() -> None:
    step = back(at("second-login"))
    assert (step.rotation, step.line) == (
        Rotation(number=3, stage=RotationStage.BACK),
        "{number: 3, stage: back}",
    )
    assert step.update == STEPS[RotationStage.BACK].format(tenant="acme")
    assert advance(after(at("second-login"), step)).line == "{number: 2}"


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        ("first-login", "has its new password, and the old one is gone: finish with --next"),
        ("back", "rotation 3 of acme is going back already: finish with --next"),
        (None, "the secrets of acme are not being rotated; begin with --begin"),
    ],
)
def test_there_is_no_way_back_from_there(stage: str | None, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        back(at(stage))


def test_who_does_not_rotate_has_no_next_step() -> None:
    for one in (tenant("acme"), at(None)):
        with pytest.raises(RefusedError, match="begin with --begin"):
            advance(one)


def test_one_thing_at_a_time() -> None:
    moving = tenant(
        "acme", tier="dedicated-db", move=Move(from_tier="shared-namespace", stage=MoveStage.EXPAND)
    )
    ending = tenant("acme", lifecycle_stage=LifecycleStage.DECOMMISSIONING)
    for one, why in (
        (at("second-login"), "rotation 3 of acme is at stage second-login: finish it with --next"),
        (moving, "acme is moving from shared-namespace to dedicated-db: finish that with `costack move`"),
        (ending, "acme is being decommissioned: its secrets end with it"),
    ):
        with pytest.raises(RefusedError, match=why):
            begin(one)
    with pytest.raises(RefusedError, match="is at stage second-login: finish that with `costack rotate`"):
        move.begin(at("second-login"), "dedicated-db")
    assert move.begin(at(None), "dedicated-db").move is not None


@pytest.mark.parametrize("stage", [None, *RotationStage])
def test_a_step_waits_until_the_one_before_was_deployed(stage: RotationStage | None) -> None:
    one = at(stage)
    check_deployed(one, plan_of(one).tenants[0], "local")
    others = [at(each) for each in (None, *RotationStage) if each is not stage]
    for other in (tenant("acme"), at(stage, 4), *others):
        with pytest.raises(RefusedError, match="every update takes one step"):
            check_deployed(one, plan_of(other).tenants[0], "local")
    with pytest.raises(RefusedError, match="stack 'local' has no tenant 'acme' yet"):
        check_deployed(one, None, "local")
