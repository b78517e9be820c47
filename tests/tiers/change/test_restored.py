"""What a preview says of each step of a restore, and of a refresh."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.portfolios import plan_of, tenant
from tiers.change.effect import EffectKind
from tiers.change.effects import effects_of
from tiers.plan.plan import Plan
from tiers.portfolio.restore.stage import ORDER, RestoreStage

AT = "2026-11-29T01:15:00Z"


def planned(stage: str | None) -> Plan:
    restore = {"at": AT, "stage": stage} if stage else None
    return plan_of(tenant("acme", tier="dedicated-db", restore=restore))


def said(before: str | None, after: str | None) -> dict[EffectKind, str]:
    return {each.kind: each.what for each in effects_of(planned(before), planned(after))}


def test_people_work_while_a_backup_is_restored_beside() -> None:
    (what,) = said(None, "prepare").items()
    assert what == (
        EffectKind.NOTICE,
        f"the backup of acme of {AT} or before is restored beside the database in use; people work",
    )


@pytest.mark.parametrize(
    ("before", "after", "data"),
    [
        ("prepare", "switch", f"becomes what acme was at {AT}, as its backup says"),
        ("start", "back", "goes back to the database before the restore"),
    ],
)
def test_a_switch_costs_time_and_hides_data(before: str, after: str, data: str) -> None:
    effects = said(before, after)
    assert data in effects[EffectKind.DATA]
    assert f"restore, stage {after}" in effects[EffectKind.DOWNTIME]


def test_what_is_dropped_is_said_and_pods_that_start_again() -> None:
    assert "had before the restore is dropped for good" in said("start", "confirm")[EffectKind.DATA]
    assert "the restored database is dropped for good" in said("prepare", "discard")[EffectKind.DATA]
    assert said("switch", "start").keys() == {EffectKind.NOTICE}


def test_production_is_told_that_mail_of_then_is_sent_again() -> None:
    again = (
        f"mail and scheduled actions that waited at {AT} go out and run, also those that were sent and done"
    )
    started = [each.what for each in effects_of(planned("switch"), planned("start"))]
    assert sorted(started) == ["Odoo starts again", f"{again} since"]
    copy = {"environment": "staging", "client": "acme-ltd"}

    def at(stage: str) -> Plan:
        restore = {"at": AT, "from_tenant": "acme", "stage": stage}
        return plan_of(tenant("acme", client="acme-ltd"), tenant("acme-staging", **copy, restore=restore))

    assert not any("mail" in each.what for each in effects_of(at("switch"), at("start")))


@pytest.mark.parametrize("stage", list(RestoreStage))
def test_every_step_that_can_be_taken_says_what_it_does_unless_it_only_ends(stage: RestoreStage) -> None:
    for following in (ORDER.next[stage], ORDER.way_back.get(stage)):
        assert following is None or said(stage, following)
    assert effects_of(planned(stage), planned(stage)) == ()


def test_of_an_upload_it_names_the_file() -> None:
    copy = {"environment": "staging", "client": "acme-ltd"}

    def at(stage: str | None) -> Plan:
        restore = {"at": AT, "from_archive": "odoo-sh.zip", "stage": stage} if stage else None
        return plan_of(tenant("acme-trial", **copy, restore=restore))

    section = {"anonymised": {"contacts": True, "attachments": True}}
    restore = {"at": AT, "from_archive": "odoo-sh.zip", "stage": "prepare"}
    bare = plan_of(tenant("acme-trial", **copy, **section))
    told = effects_of(bare, plan_of(tenant("acme-trial", **copy, **section, restore=restore)))
    taken = "people are taken out of the copy before it may be switched to: contacts, attachments"
    assert taken in {each.what for each in told}
    (said,) = (each.what for each in effects_of(at(None), at("prepare")) if "odoo-sh" in each.what)
    assert said.startswith(
        "the uploaded odoo-sh.zip of 2026-11-29T01:15:00Z is restored beside the database in use"
    )
    assert any(
        "as the uploaded odoo-sh.zip says" in each.what for each in effects_of(at("prepare"), at("switch"))
    )


def test_of_a_refresh_it_says_whose_backup_it_is() -> None:
    copy = {"environment": "staging", "client": "acme-ltd"}
    restore = {"at": AT, "from_tenant": "acme", "stage": "prepare"}
    source = tenant("acme", client="acme-ltd")
    before = plan_of(source, tenant("acme-staging", **copy))
    after = plan_of(source, tenant("acme-staging", **copy, restore=restore))
    assert any("the backup of acme of" in each.what for each in effects_of(before, after))


def test_of_a_live_refresh_it_says_what_the_other_tenant_notices() -> None:
    copy = {"environment": "staging", "client": "acme-ltd"}
    restore = {"at": AT, "from_tenant": "acme", "live": True}
    source = tenant("acme", client="acme-ltd")
    plans = [
        plan_of(
            source, tenant("acme-staging", **copy, restore={**restore, "stage": stage} if stage else None)
        )
        for stage in ("", "prepare", "switch")
    ]
    first, second = (" ".join(each.what for each in effects_of(*pair)) for pair in pairwise(plans))
    assert "a backup that is made of acme now is restored beside" in first
    assert (
        "acme is backed up in this update while people work: its database of 5 GiB at most is read" in first
    )
    assert "acme is backed up in this update" not in second
