"""Every file that an upgrade can lead to can be had, and production is upgraded by what was rehearsed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle import move, restore, rotation
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.upgrade import UpgradeResult, advance, back, begin, check_deployed, record_of, result_of
from tests.portfolios import catalog, plan_of, tenant, wide_platform
from tests.sampling import examples
from tiers.change.forbidden import forbidden, half_switched
from tiers.plan.plan import TenantPlan
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move, Tenant
from tiers.portfolio.upgrade.stage import ORDER, Upgrade, UpgradeStage, may_follow
from tiers.vocabulary import LifecycleStage, MoveStage, RotationStage

NOW = datetime(2026, 11, 30, tzinfo=UTC)
UPGRADES = st.none() | st.builds(
    Upgrade, to=st.sampled_from(["19.0", "18.0-lts"]), stage=st.sampled_from(UpgradeStage)
)


def at(stage: UpgradeStage | str | None, to: str = "19.0", **more: Any) -> Tenant:
    upgrade = Upgrade(to=to, stage=UpgradeStage(stage)) if stage else None
    return tenant("acme", tier="dedicated-db", upgrade=upgrade, **more)


def planned(one: Tenant, platform: Platform | None = None) -> TenantPlan:
    made = plan_of(one, platform=platform or wide_platform()).tenant("acme")
    assert made
    return made


def changed(**command: Any) -> Platform:
    """The platform with another command that upgrades to 19.0."""
    document = wide_platform().model_dump(mode="json")
    document["images"]["odoo_versions"]["19.0"]["upgrade"] |= command
    return Platform.model_validate(document)


def refused(before: Tenant, after: Tenant, platform: Platform | None = None) -> list[str]:
    return list(forbidden(planned(before), planned(after, platform), catalog(), "local"))


def faults(one: Tenant) -> list[str]:
    return [message for _, message in faults_of_tenant(one, wide_platform(), catalog())]


def test_an_upgrade_takes_four_updates_and_leaves_the_new_version_in_the_file() -> None:
    one, seen = at(None), []
    step = begin(one, "19.0")
    assert step.fields == {"upgrade": '{to: "19.0", stage: rehearse}'}
    while step.upgrade is not None:
        after = one.model_copy(update={"upgrade": step.upgrade})
        assert not faults(after)
        assert not refused(one, after)
        one, step = after, advance(after, 25)
        seen.append(one.upgrade.stage if one.upgrade else None)
    assert seen == ["rehearse", "upgrade", "start", "confirm"]
    assert step.fields == {"upgrade": None, "odoo": '{version: "19.0"}'}
    assert not refused(one, at(None, odoo={"version": "19.0"}))
    (said,) = refused(one, at(None))
    assert "Odoo takes no database back from 19.0 to 18.0" in said


def test_what_was_upgraded_by_hand_before_does_not_refuse_the_file_that_an_upgrade_leaves() -> None:
    by_hand = {"version": "18.0-lts", "upgraded_to": "18.0"}
    step = advance(at("confirm", odoo=by_hand))
    assert step.fields == {"upgrade": None, "odoo.version": '"19.0"', "odoo.upgraded_to": None}
    assert faults(at(None, odoo=by_hand | {"version": "19.0"}))  # what would be left otherwise
    assert not faults(at(None, odoo={"version": "19.0"}))


def test_what_the_rehearsal_measured_is_kept_for_the_preview() -> None:
    step = advance(at("rehearse"), 25)
    assert step.fields == {"upgrade": '{to: "19.0", stage: upgrade, rehearsed_minutes: 25}'}
    assert may_follow(at("rehearse").upgrade, step.upgrade)


@pytest.mark.parametrize(
    ("stage", "there"), [("rehearse", "discard"), ("upgrade", "back"), ("start", "back")]
)
def test_the_way_back_is_open_until_it_is_confirmed(stage: str, there: str) -> None:
    step = back(at(stage), planned(at(stage)))
    assert step.upgrade == Upgrade(to="19.0", stage=UpgradeStage(there))
    assert not refused(at(stage), at(there))
    assert not refused(at(there), at("discard"))


def test_an_upgrade_that_failed_is_left_with_one_update_and_people_work() -> None:
    """Nobody has worked with what it made: the very next update starts the pods of before."""
    step = back(at("upgrade"), planned(at("rehearse")))
    assert step.upgrade == Upgrade(to="19.0", stage=UpgradeStage.DISCARD)
    assert not refused(at("rehearse"), at("discard"))
    assert not list(half_switched(planned(at("rehearse")), planned(at("discard")), "local"))
    # Where it went well, or its pods were started, they have to be stopped first.
    for file, there in (("upgrade", "upgrade"), ("start", "upgrade"), ("start", "start")):
        step = back(at(file), planned(at(there)))
        assert step.upgrade == Upgrade(to="19.0", stage=UpgradeStage.BACK)


@pytest.mark.parametrize("stage", ["confirm", "back", "discard", None])
def test_there_is_no_way_back_from_there(stage: str | None) -> None:
    with pytest.raises(RefusedError):
        back(at(stage), planned(at(stage)))


@given(there=UPGRADES, here=UPGRADES)
@examples(100, of=1000)
def test_an_update_lets_through_what_the_command_leads_to_and_nothing_else(
    there: Upgrade | None, here: Upgrade | None
) -> None:
    before = None if there is None else there.stage
    steps = [UpgradeStage.REHEARSE] if before is None else [ORDER.next[before], ORDER.way_back.get(before)]
    reached = [before, *(each for each in steps if each or before in ("confirm", "discard"))]
    # A step that failed is in the file alone: from there one may go back.
    reached += [ORDER.way_back[each] for each in steps if each is not None and each in ORDER.way_back]
    wanted = (None if here is None else here.stage) in reached
    same = there is None or here is None or there.to == here.to
    assert may_follow(there, here) is (wanted and same)


def test_production_is_upgraded_by_what_was_rehearsed_and_by_nothing_else() -> None:
    (said,) = refused(at(None), at("upgrade"))
    assert said == (
        "acme: it is not being upgraded in the stack, and at stage upgrade of its upgrade to 19.0 in its "
        "file, "
        "which is not the next step: put the file back as it was deployed and run `costack upgrade acme "
        "--stack "
        "local` with --next or --back"
    )
    for name, value in (
        ("image", f"registry.example.com/upgrade@sha256:{'e' * 64}"),
        ("command", ["other"]),
        ("may_lose_rows", []),
    ):
        (said,) = refused(at("rehearse"), at("upgrade"), changed(**{name: value}))
        assert f"its upgrade to 19.0 was rehearsed with another {name}: write stage: rehearse" in said
    assert not refused(at("rehearse"), at("rehearse"), changed(command=["other"]))
    # The one that failed may be mended as it is: it was never taken for a rehearsal.
    assert not refused(at("upgrade"), at("upgrade"), changed(command=["other"]))


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("17.0", "'17.0' is Odoo 17.0, and this tenant has 18.0: Odoo takes no database back"),
        ("18.0-lts", 'the same major version as this tenant\'s 18.0: write odoo: {version: "18.0-lts"}'),
        ("20.0", "images.odoo_versions of platform.yaml"),
    ],
)
def test_only_a_newer_major_version_is_upgraded_to(to: str, why: str) -> None:
    (said,) = faults(at("rehearse", to))
    assert why in said


def test_a_version_without_a_command_cannot_be_upgraded_to() -> None:
    document = wide_platform().model_dump(mode="json")
    del document["images"]["odoo_versions"]["19.0"]["upgrade"]
    platform = Platform.model_validate(document)
    (said,) = [message for _, message in faults_of_tenant(at("rehearse"), platform, catalog())]
    assert said.startswith(
        "nobody says how a database becomes one of '19.0': write upgrade: {image: …, command"
    )
    assert not list(faults_of_tenant(at("start"), platform, catalog()))


def test_what_makes_no_backups_cannot_be_upgraded() -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    upgrade = {"to": "19.0", "stage": "rehearse"}
    (said,) = faults(tenant("acme", environment="migration", upgrade=upgrade, **ends))
    assert said.startswith("shared-namespace makes no backups for 'migration', so there is none to rehearse")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"rotation": {"number": 1, "stage": "first-login"}}, "upgrade has a stage, and so has rotation"),
        ({"move": {"from_tier": "shared-namespace", "stage": "expand"}}, "and so has move"),
        ({"restore": {"at": "2026-11-29T01:15:00Z", "stage": "start"}}, "and so has upgrade"),
        ({"lifecycle_stage": "suspended"}, "upgrade needs lifecycle_stage active, not suspended"),
    ],
)
def test_a_file_says_one_thing_at_a_time(other: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        at("rehearse", **other)


@pytest.mark.parametrize(
    "one",
    [
        at("start"),
        at(None, move=Move(from_tier="shared-namespace", stage=MoveStage.EXPAND)),
        at(None, rotation=Rotation(number=1, stage=RotationStage.FIRST_LOGIN)),
        at(None, restore={"at": "2026-11-29T01:15:00Z", "stage": "start"}),
        at(None, lifecycle_stage=LifecycleStage.SUSPENDED),
    ],
)
def test_one_thing_at_a_time(one: Tenant) -> None:
    with pytest.raises(RefusedError):
        begin(one, "19.0")


def test_nothing_else_begins_while_it_is_upgraded() -> None:
    for other in (
        lambda: move.begin(at("start"), "shared-namespace"),
        lambda: rotation.begin(at("start")),
        lambda: restore.begin(at("start"), NOW, NOW),
    ):
        with pytest.raises(RefusedError, match=r"acme is being upgraded to 19\.0"):
            other()
    update = {"update": {"number": 1, "modules": ["all"]}}
    (said,) = refused(at("rehearse"), at("rehearse", odoo=update))
    assert "it is being upgraded: finish the upgrade, then update modules" in said


def test_every_step_waits_for_the_update_of_the_one_before_but_the_way_back_of_one_that_failed() -> None:
    check_deployed(at("upgrade"), planned(at("upgrade")), "local")
    with pytest.raises(RefusedError, match="but at stage upgrade of its upgrade to"):
        check_deployed(at("upgrade"), planned(at("rehearse")), "local")
    check_deployed(at("upgrade"), planned(at("rehearse")), "local", going_back=True)
    with pytest.raises(RefusedError, match="has no tenant 'acme' yet"):
        check_deployed(at("upgrade"), None, "local")


FOUND: dict[str, Any] = {
    "tenant": "acme",
    "mode": "rehearsal",
    "from": "18.0.1.3",
    "to": "19.0",
    "backup": "2026-11-29T01:15:00Z",
    "image": "registry.example.com/upgrade",
    "command": "odoo --update=all",
    "finished_at": "2026-11-29T12:00:00Z",
    "seconds": 1441,
    "command_seconds": 900,
    "checks": [{"name": "users", "expected": "3", "found": "3", "ok": True}],
    "modules_gone": [],
    "modules_new": ["html_editor"],
    "rows": {"res_users": [3, 3], "crm_lead": [2, None]},
    "result": "ok",
}


def line(**other: Any) -> str:
    return UpgradeResult.model_validate(FOUND | other).model_dump_json(by_alias=True)


def test_the_last_line_of_the_log_is_evidence_of_the_step() -> None:
    found = result_of(f"loading\n{line()}\n", "acme", "rehearsal", "19.0")
    assert found.minutes == 25
    record = record_of(at("rehearse"), advance(at("rehearse"), found.minutes), found, NOW, "local")
    assert (record["deployed"], record["next"], record["version"]) == ("rehearse", "upgrade", "19.0")
    assert record["found"]["from"] == "18.0.1.3"


@pytest.mark.parametrize(
    ("log", "why"),
    [
        ("", "its log is: nothing"),
        ("Traceback\n", "its log is: Traceback"),
        (line(tenant="other"), "found that of other's rehearsal"),
        (line(mode="upgrade"), "expected the result of its rehearsal to 19.0, found that of acme's upgrade"),
        (line(to="18.0"), "found that of acme's rehearsal to 18.0"),
        (line(result="failed"), "failed its checks"),
        (line(checks=[]), "none was made"),
        (
            line(checks=[{"name": "rows", "expected": "1", "found": "0", "ok": False}]),
            "its rehearsal failed its checks: rows",
        ),
    ],
)
def test_what_is_no_good_result_is_no_evidence(log: str, why: str) -> None:
    with pytest.raises(LifecycleError, match=why):
        result_of(log, "acme", "rehearsal", "19.0")
