"""Every file that a failover can lead to is one that can be had, and no step skips another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import move, restore, rotation
from lifecycle.errors import RefusedError
from lifecycle.failover import (
    Step,
    advance,
    back,
    begin,
    check_deployed,
    find_again,
    in_words,
    lose,
    return_home,
)
from tests.lifecycle.test_restore_steps import AT, NOW
from tests.portfolios import catalog, failing_over, plan_of, tenant, two_regions, wide_platform
from tests.sampling import examples
from tiers.change.effects import effects_of
from tiers.change.failed_over import failover_changes, wrongly_lost
from tiers.change.forbidden import forbidden
from tiers.plan.plan import TenantPlan
from tiers.portfolio.failover.stage import HOMEWARD, Failover, FailoverStage, FirstRegion, may_follow
from tiers.portfolio.loading import faults_of_platform, faults_of_tenant
from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.portfolio.tenant import Tenant

ANY = st.none() | st.sampled_from(
    [
        Failover(number=number, to="eu-west-1", stage=stage, first_region=region)
        for number in (1, 2)
        for stage in FailoverStage
        for region in FirstRegion
        if region is FirstRegion.ANSWERS
        or stage in {"promote", "start", "settled"}
        or (region is FirstRegion.BACK and stage in HOMEWARD)
    ]
)


def planned(one: Tenant) -> TenantPlan:
    return plan_of(one, platform=two_regions()).tenants[0]


def walked(one: Tenant, *, lost: bool = False) -> list[Tenant]:
    """The files on the whole way there."""
    step, seen = begin(one, two_regions(), "eu-west-1", 1, lost=lost), []
    while True:
        one = one.model_copy(update={"failover": step.failover})
        assert not list(faults_of_tenant(one, two_regions(), catalog()))
        seen.append(one)
        if one.failover is None or one.failover.stage is FailoverStage.SETTLED:
            return seen
        assert step.update == in_words(one, one.failover)
        step = advance(one)


def test_a_failover_takes_four_updates_and_three_where_the_region_is_lost() -> None:
    assert [each.failover.stage for each in walked(failing_over()) if each.failover] == [
        *("fence", "promote"),
        *("start", "settled"),
    ]
    lost = walked(failing_over(), lost=True)
    assert [each.failover.stage for each in lost if each.failover] == ["promote", "start", "settled"]
    found = find_again(lost[-1])
    assert found.line == "{number: 1, to: eu-west-1, stage: settled, first_region: back}"
    assert may_follow(lost[-1].failover, found.failover)


@pytest.mark.parametrize("lost", [False, True])
def test_the_stack_takes_every_step_of_the_command_and_says_what_it_does(lost: bool) -> None:  # noqa: FBT001
    before = planned(failing_over())
    for each in walked(failing_over(), lost=lost):
        after = planned(each)
        assert list(forbidden(before, after, catalog(), "production")) == []
        plans = [
            plan_of(failing_over(), platform=two_regions()).model_copy(update={"tenants": (one,)})
            for one in (before, after)
        ]
        assert effects_of(*plans)
        before = after


@examples(40, of=400)
@given(ANY, ANY)
def test_what_may_follow_is_what_the_command_writes(there: Failover | None, here: Failover | None) -> None:
    one = failing_over().model_copy(update={"failover": there})
    written = {there}
    losing = [partial(lose, deployed=there, replicates=each) for each in (True, False)]
    steps: tuple[Callable[[Tenant], Step], ...] = (advance, back, *losing, find_again, return_home)
    for step in steps:
        try:
            written.add(step(one).failover)
        except RefusedError:
            continue
    # The update after --next may have failed because the region is lost.
    for section in tuple(written):
        for leave in losing if there and section and section.stage != "reopen" else ():
            with suppress(RefusedError):
                written.add(leave(one.model_copy(update={"failover": section})).failover)
    if there is None:
        platform = two_regions()
        starts = {
            begin(one, platform, "eu-west-1", number, lost=lost).failover
            for number in (1, 2)
            for lost in (False, True)
        }
        # A first step that failed is taken back before any of it is deployed.
        written |= starts | {
            each.model_copy(update={"stage": FailoverStage.REOPEN})
            for each in starts
            if each and not each.is_lost
        }
    assert may_follow(there, here) is (here in written)


def test_the_way_back_is_open_until_something_is_promoted() -> None:
    step = back(failing_over("fence"))
    assert step.line == "{number: 1, to: eu-west-1, stage: reopen}"
    assert advance(failing_over("reopen")).failover is None
    for stage in ("promote", "start", "settled"):
        with pytest.raises(RefusedError, match="of which AWS makes no standby again"):
            back(failing_over(stage))
    with pytest.raises(RefusedError, match="is going back already"):
        back(failing_over("reopen"))
    with pytest.raises(RefusedError, match="stays there until `costack failback acme`"):
        advance(failing_over("settled"))


def test_the_way_home_takes_five_updates_and_leaves_a_number_in_the_file() -> None:
    one, seen = failing_over("settled"), []
    step = return_home(one)
    while step.failover is not None:
        before, one = planned(one), one.model_copy(update={"failover": step.failover})
        assert not list(faults_of_tenant(one, two_regions(), catalog()))
        assert list(forbidden(before, planned(one), catalog(), "production")) == []
        seen.append(step.failover.stage)
        step = advance(one)
    assert seen == ["save", "return", "switch", "home", "confirm"]
    assert step.fields == {"failover": None, "failovers": "1"}
    home = one.model_copy(update={"failover": None, "failovers": 1})
    assert list(forbidden(planned(one), planned(home), catalog(), "production")) == []
    assert begin(home, two_regions(), "eu-west-1", 2).line == "{number: 2, to: eu-west-1, stage: fence}"


def test_the_way_home_can_be_given_up_until_it_is_switched() -> None:
    for stage in ("save", "return"):
        step = back(failing_over(stage))
        assert step.failover
        assert step.failover.stage is FailoverStage.STAY
        stays = failing_over("stay")
        assert list(forbidden(planned(failing_over(stage)), planned(stays), catalog(), "x")) == []
        assert list(forbidden(planned(stays), planned(failing_over("settled")), catalog(), "x")) == []
    for stage in ("switch", "home", "confirm"):
        with pytest.raises(RefusedError, match="works with what came home already"):
            back(failing_over(stage))
    with pytest.raises(RefusedError, match="the way home begins at stage settled"):
        return_home(failing_over("start"))
    with pytest.raises(RefusedError, match="--region-back"):
        return_home(failing_over("settled", first_region="lost"))


def test_only_the_end_of_the_way_home_counts() -> None:
    """Another number is another standby: a changed line may not replace one."""
    for before, after in (
        (failing_over(), failing_over().model_copy(update={"failovers": 1})),
        (failing_over("confirm"), failing_over()),
        (failing_over("settled"), failing_over("save").model_copy(update={"failovers": 1})),
    ):
        said = list(forbidden(planned(before), planned(after), catalog(), "x"))
        assert any("only `costack failback` writes it" in each for each in said)


def test_a_region_that_is_lost_while_it_is_closed_is_left() -> None:
    fenced = failing_over("fence").failover
    left = lose(failing_over("fence"), fenced, replicates=True)
    assert left.line == "{number: 1, to: eu-west-1, stage: promote, first_region: lost-after-fence}"
    assert "sends nothing to us-east-1, where everything was closed before" in left.update
    # Of an update that failed nobody knows what it closed.
    hangs = lose(failing_over("fence"), None, replicates=True)
    assert hangs.line == "{number: 1, to: eu-west-1, stage: promote, first_region: lost}"
    # The promotion hangs: what is deployed there is what the fence left.
    between = lose(failing_over("promote"), fenced, replicates=True)
    assert between.failover == left.failover
    assert may_follow(fenced, between.failover)
    for stage in ("promote", "start", "settled"):
        reached = failing_over(stage)
        # All of an update but the end of the replication, which Pulumi deletes last.
        hangs = lose(reached, reached.failover, replicates=True)
        assert hangs.line == f"{{number: 1, to: eu-west-1, stage: {stage}, first_region: lost-after-fence}}"
        complete = lose(reached, reached.failover, replicates=False)
        assert complete.failover is not None
        assert complete.failover.first_region == "lost-after-promotion"
        again = reached.model_copy(update={"failover": complete.failover})
        with pytest.raises(RefusedError, match="whose first region answered until now"):
            lose(again, complete.failover, replicates=False)
    for stage in ("switch", "home", "confirm", "reopen"):
        with pytest.raises(RefusedError, match="that has not got its data back"):
            lose(failing_over(stage), failing_over(stage).failover, replicates=False)
    with pytest.raises(RefusedError, match="--region-back is for a failover that began with"):
        find_again(failing_over("start"))


@pytest.mark.parametrize(
    ("region", "said", "same"),
    [
        ("lost-after-promotion", "changes nothing of what acme has in us-east-1", True),
        ("lost-after-fence", "forgets the replication of acme's files in us-east-1", False),
    ],
)
def test_what_was_closed_before_its_region_was_lost_is_as_it_was_once_that_is_back(
    region: str,
    said: str,
    same: bool,  # noqa: FBT001
) -> None:
    """Nothing that was committed is missing: it is measured so; and that region may be lost again."""
    away, there = failing_over("start", first_region=region), failing_over("start")
    found = find_again(away)
    assert found.failover is not None
    assert found.failover == there.failover
    assert found.failover.was_closed
    assert found.update.startswith(said)
    assert may_follow(away.failover, found.failover)
    assert (planned(away).facts == planned(there).facts) is same
    told = [each.what for each in failover_changes(planned(away), planned(there))]
    assert told == ["nothing changes in eu-west-1; what it has in us-east-1 is closed, and stays so"]
    again = lose(there, found.failover, replicates=False)
    assert again.failover is not None
    assert may_follow(found.failover, again.failover)
    told = [each.what for each in failover_changes(planned(there), planned(away))]
    assert told == ["nothing else changes, and nothing is sent to us-east-1"]


@pytest.mark.parametrize("stage", ["save", "return"])
def test_a_way_home_into_a_region_that_is_lost_is_given_up(stage: str) -> None:
    """Odoo is stopped in both regions then; nothing of it may work where nobody answers."""
    going, settled = failing_over(stage), failing_over("settled")
    left = lose(going, going.failover, replicates=False)
    assert left.line == "{number: 1, to: eu-west-1, stage: stay, first_region: lost-after-promotion}"
    assert "opens the database of acme in eu-west-1 again and starts it there" in left.update
    assert "dropped" not in left.update
    stays = going.model_copy(update={"failover": left.failover})
    assert may_follow(going.failover, left.failover)
    assert may_follow(settled.failover, left.failover)
    # What is there is what it was when people worked in the second region.
    assert planned(stays).facts == planned(settled).facts
    there = [fact for fact in planned(going).facts if fact.name != "traffic"]  # no resource
    assert stage == "return" or there == list(planned(settled).facts)
    assert (
        advance(stays).line
        == "{number: 1, to: eu-west-1, stage: settled, first_region: lost-after-promotion}"
    )
    assert find_again(stays).line == "{number: 1, to: eu-west-1, stage: stay}"


@pytest.mark.parametrize(("region", "right"), [("lost-after-fence", True), ("lost-after-promotion", False)])
def test_a_replication_is_neither_begun_anew_nor_ended_where_nobody_answers(
    region: str,
    right: bool,  # noqa: FBT001
) -> None:
    before, after = planned(failing_over("promote")), planned(failing_over("promote", first_region=region))
    assert list(wrongly_lost(before, after, "production", replicates=right)) == []
    (said,) = wrongly_lost(before, after, "production", replicates=not right)
    assert f"first_region is {region} in its file" in said
    assert said.endswith("run `costack failover acme --stack production --region-lost`")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (failing_over("start"), "is at stage start of its failover to eu-west-1 already"),
        (tenant("acme", tier="dedicated-db"), "it has no second region"),
        (tenant("acme", tier="cross-region-backup"), "it needs options.warm_standby: true"),
        (
            failing_over().model_copy(
                update={"options": failing_over().options.model_copy(update={"warm_standby": "promoted"})}
            ),
            "was promoted by hand",
        ),
        (
            failing_over().model_copy(update={"restore": Restore(at=AT, stage=RestoreStage.PREPARE)}),
            "finish that with `costack restore`, or undo it, then fail over",
        ),
        (
            tenant("acme", tier="dedicated-db", move={"from_tier": "shared-namespace", "stage": "expand"}),
            "finish that with `costack move`, or undo it, then fail over",
        ),
    ],
)
def test_who_cannot_fail_over_is_told_why(one: Tenant, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        begin(one, two_regions(), "eu-west-1", 1)


def test_without_a_cluster_it_is_refused_by_name() -> None:
    with pytest.raises(RefusedError, match=r"names no cluster in eu-west-1: set dr_networks\.eu-west-1"):
        begin(failing_over(), wide_platform(), "eu-west-1", 1)
    faults = dict(faults_of_tenant(failing_over("fence"), wide_platform(), catalog()))
    assert "names no cluster in eu-west-1" in faults["failover", "to"]


def test_nothing_else_begins_while_it_fails_over() -> None:
    one = failing_over("settled")
    for start in (
        lambda: move.begin(one, "dedicated-db"),
        lambda: rotation.begin(one),
        lambda: restore.begin(one, AT, NOW),
    ):
        with pytest.raises(RefusedError, match="acme is at stage settled of its failover to eu-west-1"):
            start()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"rotation": {"number": 1, "stage": "first-login"}}, "failover has a stage, and so has rotation"),
        (
            {"restore": {"at": "2026-11-29T01:15:00Z", "stage": "start"}},
            "restore has a stage, and so has failover",
        ),
        ({"lifecycle_stage": "suspended"}, "failover needs lifecycle_stage active"),
        ({"options": {"users": 5, "warm_standby": "promoted"}}, "options.warm_standby is promoted"),
    ],
)
def test_a_file_with_two_of_them_is_refused(other: dict[str, object], why: str) -> None:
    document = failing_over("fence").model_dump(mode="json", exclude_none=True) | other
    with pytest.raises(ValueError, match=why):
        Tenant.model_validate(document)


def test_a_stage_in_a_lost_region_is_refused() -> None:
    with pytest.raises(ValueError, match="first_region is lost, and stage fence works there"):
        Failover.model_validate({"number": 1, "to": "eu-west-1", "stage": "fence", "first_region": "lost"})


def test_every_update_takes_one_step() -> None:
    one = failing_over("promote")
    with pytest.raises(RefusedError, match="run `pulumi up` first; every update takes one step"):
        check_deployed(one, planned(failing_over("fence")), "production")
    check_deployed(one, planned(one), "production")
    said = list(forbidden(planned(failing_over("fence")), planned(failing_over("start")), catalog(), "x"))
    assert len(said) == 1
    assert "at stage start of failover 1 to eu-west-1 in its file, which is not the next step" in said[0]
    left = list(forbidden(planned(failing_over("settled")), planned(failing_over()), catalog(), "x"))
    assert "in its own region in its file, which is not the next step" in left[0]


def test_a_second_cluster_has_what_the_first_has() -> None:
    platform = two_regions()
    network = platform.dr_networks["eu-west-1"]
    assert network.cluster
    other = network.cluster.model_copy(update={"node_class": "m1.tiny", "secret_store": "parameters"})
    changed = network.model_copy(update={"cluster": other})
    wrong = platform.model_copy(update={"dr_networks": {"eu-west-1": changed, platform.region: network}})
    found = {where: why for where, why in faults_of_platform(wrong, catalog()) if where[0] == "dr_networks"}
    at = ("dr_networks", "eu-west-1", "cluster")
    assert "m1.tiny" in found[*at, "node_class"]
    assert "give both a store, or neither" in found[*at, "secret_store"]
    assert "is the platform's own region" in found["dr_networks", platform.region, "cluster"]
