"""An upgrade of a server takes one step after the other, and each says what it does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import plan_of, tenant, wide_platform
from tests.tiers.change.test_upgrades import there
from tests.tiers.test_deployed import refused
from tiers.change.effect import EffectKind
from tiers.change.effects import effects_of
from tiers.plan.plan import Plan
from tiers.portfolio.platform import DatabaseSpec


def at(
    stage: str | None, *, standby: bool = False, now: bool = False, to: str = "18", **options: Any
) -> Plan:
    """A tenant whose own server is upgraded from 17, on a platform with 17."""
    database = wide_platform().database.model_dump() | {"engine_version": "17", "database_class": "s"}
    platform = wide_platform().model_copy(update={"database": DatabaseSpec.model_validate(database)})
    upgrade = None if stage is None else {"to": to, "stage": stage, "now": now}
    chosen = {"users": 50, "warm_standby": standby, **options}
    made = tenant("acme", tier="cross-region-backup", options=chosen, database_upgrade=upgrade)
    return plan_of(made, platform=platform)


RUNS = {"shared": ("17", "17.6"), "own": ("17", "17.6")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "upgrade"),
        (None, "statistics"),
        ("check", "statistics"),
        ("upgrade", "check"),
        ("upgrade", None),
    ],
)
def test_no_stage_is_skipped_and_none_is_taken_back(before: str | None, after: str | None) -> None:
    (sentence,) = refused(there(at(before), **RUNS), at(after))
    assert "which is not the next step: put the file back as it was deployed and run `costack" in sentence
    assert sentence.endswith("upgrade-database acme` with --next or --back; nothing was changed")


@pytest.mark.parametrize(
    ("before", "after"), [(None, "check"), ("check", "upgrade"), ("check", None), ("check", "check")]
)
def test_the_next_stage_and_the_way_back_may_come(before: str | None, after: str | None) -> None:
    assert refused(there(at(before), **RUNS), at(after)) == []


def test_another_version_begins_with_another_check() -> None:
    (sentence,) = refused(there(at("check"), **RUNS), at("upgrade", to="18.1"))
    assert "is at stage check towards PostgreSQL 18 in the stack, and at stage upgrade towards" in sentence


def test_statistics_wait_for_the_window_and_a_refresh() -> None:
    (sentence,) = refused(there(at("upgrade"), **RUNS), at("statistics"))
    assert "acme/server: runs PostgreSQL 17 as far as the stack knows, so there are no statistics" in sentence
    assert "run `pulumi refresh`" in sentence
    upgraded = {**RUNS, "own": ("18", "18.1")}
    assert refused(there(at("upgrade"), **upgraded), at("statistics")) == []
    ended = at(None, database_engine_version="18")
    assert refused(there(at("statistics"), **upgraded), ended) == []
    assert (
        "write options.database_engine_version 18"
        in refused(there(at("statistics"), **upgraded), at(None))[0]
    )


def test_a_standby_is_removed_before_its_server_is_upgraded() -> None:
    """Not in the same update: Pulumi deletes last."""
    follows = {**RUNS, "standby": ("17", "17.6")}
    (sentence,) = refused(there(at("check", standby=True), **follows), at("upgrade", standby=True))
    assert sentence == (
        "acme/server: its standby is still there, and RDS takes none in another region along: write stage: "
        "without-standby into the file and run `pulumi up` first; nothing was changed"
    )
    without = at("without-standby", standby=True)
    assert refused(there(at("check", standby=True), **follows), without) == []
    assert refused(there(without, **RUNS), at("upgrade", standby=True)) == []


def test_what_is_not_deployed_is_not_upgraded() -> None:
    (sentence,) = refused(there(at(None), shared=("17", "17.6")), at("check"))
    assert "acme/server: is not deployed yet" in sentence


def effects(before: Plan, after: Plan) -> list[tuple[EffectKind, str, str | None]]:
    return [
        (each.kind, each.what, each.window)
        for each in effects_of(before, after)
        if "acme/server" in each.subjects
    ]


def test_every_stage_says_what_it_does() -> None:
    (check,) = effects(at(None), at("check"))
    assert check[:2] == (
        EffectKind.NOTICE,
        "a job asks it what would make its upgrade to PostgreSQL 18 fail; people work, and nothing changes",
    )
    said = {each[0]: each for each in effects(at("check"), at("upgrade"))}
    assert said[EffectKind.MAJOR][1].startswith("PostgreSQL 17 → 18, a new major version: it does not answer")
    assert said[EffectKind.MAJOR][2]
    assert "AWS takes a snapshot before and after" in said[EffectKind.NOTICE][1]
    now = {each[0]: each for each in effects(at("check"), at("upgrade", now=True))}
    assert now[EffectKind.MAJOR][2] is None
    ((kind, what, _),) = effects(at("upgrade"), at("statistics"))
    assert (kind, "gathers statistics" in what) == (EffectKind.NOTICE, True)
    alone = effects_of(at("check", standby=True), at("without-standby", standby=True))
    assert any("has no standby until its upgrade to PostgreSQL 18 has ended" in each.what for each in alone)


def test_other_servers_are_not_touched() -> None:
    upgraded = effects_of(at("check"), at("upgrade"))
    assert {fact for each in upgraded for fact in each.subjects} == {"acme/server"}
