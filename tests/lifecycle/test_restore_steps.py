"""Every file that a restore can lead to is one that can be had, and no step skips another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import move, rotation
from lifecycle.errors import RefusedError
from lifecycle.restore import advance, back, begin, check_deployed, in_words, left_out
from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tests.sampling import examples
from tiers.change.forbidden import forbidden
from tiers.facts.archive import Archive, ArchiveClass
from tiers.facts.data import LogicalBackup
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.restore.stage import ORDER, Restore, RestoreStage, may_follow
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move, Tenant
from tiers.vocabulary import LifecycleStage, MoveStage, RotationStage

AT = datetime(2026, 11, 29, 1, 15, tzinfo=UTC)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
MOMENTS = st.sampled_from([AT, AT.replace(minute=16)])
RESTORES = st.none() | st.builds(Restore, at=MOMENTS, stage=st.sampled_from(RestoreStage))


def at(stage: RestoreStage | str | None, **more: object) -> Tenant:
    restore = Restore(at=AT, stage=RestoreStage(stage)) if stage else None
    return tenant("acme", tier="dedicated-db", restore=restore, **more)


def planned(one: Tenant) -> TenantPlan:
    made = plan_of(one).tenant("acme")
    assert made
    return made


def steps_from(stage: RestoreStage | None) -> list[RestoreStage | None]:
    """Where the command leads from a stage."""
    if stage is None:
        return [RestoreStage.PREPARE]
    return [ORDER.next[stage], *([ORDER.way_back[stage]] if stage in ORDER.way_back else [])]


def test_a_restore_takes_four_updates_and_leaves_nothing_in_the_file() -> None:
    one, seen = at(None), []
    step = begin(one, AT, NOW)
    assert step.line == "{at: 2026-11-29T01:15:00Z, stage: prepare}"
    while step.restore is not None:
        one = one.model_copy(update={"restore": step.restore})
        assert not list(faults_of_tenant(one, local_portfolio().platform, catalog()))
        seen.append(step.restore.stage)
        assert step.update == in_words("acme", step.restore)
        step = advance(one)
    assert seen == ["prepare", "switch", "start", "confirm"]
    assert step.line is None


def test_a_switch_that_failed_is_left_with_one_update_and_people_work() -> None:
    step = back(at("switch"), planned(at("prepare")))
    assert step.restore == Restore(at=AT, stage=RestoreStage.DISCARD)
    for file, there in (("switch", "switch"), ("start", "switch")):
        assert back(at(file), planned(at(there))).restore == Restore(at=AT, stage=RestoreStage.BACK)


@pytest.mark.parametrize(("stage", "there"), [("prepare", "discard"), ("switch", "back"), ("start", "back")])
def test_the_way_back_is_open_until_it_is_confirmed(stage: str, there: str) -> None:
    step = back(at(stage), planned(at(stage)))
    assert step.restore == Restore(at=AT, stage=RestoreStage(there))
    assert may_follow(at(stage).restore, step.restore)


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        ("confirm", "is dropped with this step: finish with --next"),
        ("back", "acme is going back already: finish with --next"),
        ("discard", "acme is going back already: finish with --next"),
        (None, "acme is not being restored; begin with `costack restore acme --at TIME`"),
    ],
)
def test_there_is_no_way_back_from_there(stage: str | None, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        back(at(stage), planned(at(stage)))


@pytest.mark.parametrize(
    ("one", "moment", "why"),
    [
        (at("start"), AT, "restored to 2026-11-29T01:15:00Z: finish that with `costack restore`"),
        (
            tenant(
                "acme", tier="dedicated-db", move=Move(from_tier="shared-namespace", stage=MoveStage.EXPAND)
            ),
            AT,
            "is moving from shared-namespace to dedicated-db: finish that with `costack move`",
        ),
        (
            at(None, rotation=Rotation(number=1, stage=RotationStage.FIRST_LOGIN)),
            AT,
            "is at stage first-login: finish that with `costack rotate`",
        ),
        (at(None, lifecycle_stage=LifecycleStage.SUSPENDED), AT, "acme is suspended"),
        (at(None), NOW.replace(hour=1), "is in the future"),
    ],
)
def test_one_thing_at_a_time_and_none_of_the_future(one: Tenant, moment: datetime, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        begin(one, moment, NOW)


def test_nothing_else_begins_while_it_is_restored() -> None:
    with pytest.raises(RefusedError, match="acme is being restored"):
        move.begin(at("start"), "shared-namespace")
    with pytest.raises(RefusedError, match="acme is being restored"):
        rotation.begin(at("start"))


def test_nothing_else_begins_while_its_server_is_upgraded() -> None:
    upgraded = tenant("acme", tier="dedicated-db", database_upgrade={"to": "18", "stage": "check"})
    for begins in (
        lambda: begin(upgraded, AT, NOW),
        lambda: move.begin(upgraded, "shared-namespace"),
        lambda: rotation.begin(upgraded),
    ):
        with pytest.raises(RefusedError, match="the server of acme is at stage check of its upgrade to"):
            begins()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"rotation": {"number": 1, "stage": "first-login"}}, "restore has a stage, and so has rotation"),
        (
            {"move": {"from_tier": "shared-namespace", "stage": "expand"}},
            "restore has a stage, and so has move",
        ),
        ({"lifecycle_stage": "suspended"}, "restore needs lifecycle_stage active, not suspended"),
        ({"restore": {"at": "2026-11-29T01:15:00.5Z", "stage": "start"}}, "whole seconds"),
        ({"restore": {"at": "2026-11-29T01:15:00", "stage": "start"}}, "timezone"),
    ],
)
def test_a_file_says_one_thing_at_a_time(other: dict[str, object], why: str) -> None:
    restore = {"at": "2026-11-29T01:15:00Z", "stage": "start"}
    with pytest.raises(ValueError, match=why):
        tenant("acme", tier="dedicated-db", **{"restore": restore, **other})


def test_what_makes_no_backups_cannot_be_restored() -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    restore = {"at": "2026-11-29T01:15:00Z", "stage": "prepare"}
    sandbox = tenant("acme", environment="migration", restore=restore, **ends)
    (found,) = faults_of_tenant(sandbox, local_portfolio().platform, catalog())
    why = "shared-namespace makes no backups for 'migration', so there is none to restore"
    assert found == (("restore",), why)


@given(there=RESTORES, here=RESTORES)
@examples(100, of=1000)
def test_the_check_at_an_update_lets_through_what_the_command_leads_to_and_nothing_else(
    there: Restore | None, here: Restore | None
) -> None:
    """Also when the update of the step before failed, so that the stack does not have it."""
    before = None if there is None else there.stage
    reached = [before, *steps_from(before)]
    # A step that failed is in the file alone: from there one may go back.
    reached += [
        ORDER.way_back[each] for each in steps_from(before) if each is not None and each in ORDER.way_back
    ]
    wanted = (None if here is None else here.stage) in reached
    same = there is None or here is None or there.at == here.at
    assert may_follow(there, here) is (wanted and same)


def test_a_skipped_step_is_refused_before_anything_changes() -> None:
    before = planned(at("prepare"))
    for stage, fine in ((None, False), ("switch", True), ("start", False), ("confirm", False)):
        found = list(forbidden(before, planned(at(stage)), catalog(), "local"))
        assert bool(found) is not fine
    moment = "of a restore to 2026-11-29T01:15:00Z"
    (sentence,) = found
    assert sentence == (
        f"acme: it is at stage prepare {moment} in the stack, and at stage confirm {moment} in its file, "
        "which is not the next step: put the file back as it was deployed and run `costack restore acme "
        "--stack local` with --next or --back"
    )


def test_every_step_waits_for_the_update_of_the_one_before_but_the_way_back_of_one_that_failed() -> None:
    check_deployed(at("switch"), planned(at("switch")), "local")
    with pytest.raises(RefusedError, match="but at stage switch of its restore to"):
        check_deployed(at("switch"), planned(at("prepare")), "local")
    check_deployed(at("switch"), planned(at("prepare")), "local", going_back=True)
    with pytest.raises(RefusedError, match="has no tenant 'acme' yet"):
        check_deployed(at("switch"), None, "local")


def test_who_has_a_server_of_its_own_is_told_what_is_not_done() -> None:
    assert "in any minute of the last 14 days" in left_out(planned(at(None)), begin(at(None), AT, NOW), NOW)
    assert left_out(planned(tenant("acme")), begin(tenant("acme"), AT, NOW), NOW) == ""


@pytest.mark.parametrize(
    ("storage_class", "age_days", "asked"),
    [
        ("DEEP_ARCHIVE", 35, "up to 12 hours"),
        ("GLACIER", 40, "up to 5 hours"),
        ("DEEP_ARCHIVE", 34, None),
        ("GLACIER_IR", 40, None),
    ],
)
def test_a_dump_that_cannot_be_read_at_once_is_asked_for_first(
    storage_class: str, age_days: int, asked: str | None
) -> None:
    archive = Archive(storage_class=ArchiveClass(storage_class), after_days=35, stored_gib=1, charged_gib=1)
    kept = facts_of(planned(at(None)).facts, LogicalBackup)[0].model_copy(update={"archive": archive})
    plan = planned(at(None)).model_copy(update={"facts": (kept,)})
    then = NOW - timedelta(days=age_days)
    said = left_out(plan, begin(at(None), then, NOW), NOW)
    assert (asked in said and "aws s3api restore-object" in said) if asked else said == ""
