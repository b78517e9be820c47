"""What a preview says of an upgrade: what happens to data, and for how long people wait."""

from __future__ import annotations

import pytest

from tests.portfolios import plan_of, tenant, wide_platform
from tiers.change.effect import EffectKind
from tiers.change.effects import effects_of
from tiers.plan.plan import Plan
from tiers.portfolio.upgrade.stage import ORDER, UpgradeStage


def planned(stage: str | None, minutes: int | None = None) -> Plan:
    upgrade = {"to": "19.0", "stage": stage, "rehearsed_minutes": minutes} if stage else None
    options = {"users": 5, "database_gib": 10, "filestore_gib": 20}
    return plan_of(tenant("acme", options=options, upgrade=upgrade), platform=wide_platform())


def said(before: str | None, after: str | None, minutes: int | None = None) -> dict[str, EffectKind]:
    return {each.what: each.kind for each in effects_of(planned(before), planned(after, minutes))}


def test_a_rehearsal_stops_nobody() -> None:
    found = said(None, "rehearse")
    assert list(found) == [
        "a neutralised copy of its newest backup is upgraded to 19.0, 90 minutes at most; people work"
    ]


@pytest.mark.parametrize(
    ("minutes", "least", "how"),
    [
        (None, 90, "25 to restore it, and the command, 90 minutes at most; not measured yet"),
        (40, 105, "40 minutes to restore and upgrade it, as the rehearsal measured"),
    ],
)
def test_how_long_people_wait_follows_from_data_and_from_what_was_measured(
    minutes: int | None, least: int, how: str
) -> None:
    found = said("rehearse", "upgrade", minutes)
    (stopped,) = [what for what, kind in found.items() if kind is EffectKind.DOWNTIME]
    assert stopped == (
        f"Odoo is stopped until stage start (upgrade, stage upgrade), from {least} minutes on: 65 for the "
        f"backup, {how}; with all that the command may take 180"
    )
    kept = "its database becomes one of 19.0, by what was rehearsed; what it is now is kept until confirmed"
    assert found[kept] is EffectKind.DATA


def test_the_new_version_is_no_surprise_when_it_starts() -> None:
    found = said("upgrade", "start")
    words = "Odoo 18.0 → 19.0, another major version, on the database that goes with it"
    assert found[words] is EffectKind.MAJOR
    assert found["mail and scheduled actions that waited go out and run with the new version"]


@pytest.mark.parametrize("stage", list(UpgradeStage))
def test_every_step_that_can_be_taken_says_what_it_does_unless_it_only_ends(stage: UpgradeStage) -> None:
    for following in (ORDER.next[stage], ORDER.way_back.get(stage)):
        assert following is None or said(stage, following)
    assert effects_of(planned(stage), planned(stage)) == ()
