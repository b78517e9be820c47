"""Which version of PostgreSQL each server has, and which upgrades and moves of data are refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.portfolios import catalog, plan_of, tenant, wide_platform
from tests.sampling import examples
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import DatabaseInstance
from tiers.facts.database_upgrade import NEXT, ServerUpgrade, UpgradeStage, may_follow
from tiers.facts.names import CHECK_UPGRADE, GATHER_STATISTICS
from tiers.plan.plan import Plan
from tiers.plan.postgresql.support import server_support_advice
from tiers.portfolio.loading import faults_of_platform, faults_of_tenant
from tiers.portfolio.platform import DatabaseSpec, Platform
from tiers.portfolio.restore.source import source_faults
from tiers.portfolio.tenant import Tenant

UPGRADES = st.none() | st.builds(
    ServerUpgrade,
    to=st.sampled_from(["17", "18"]),
    stage=st.sampled_from(UpgradeStage),
    now=st.booleans(),
)


def platform(**changes: Any) -> Platform:
    """A wide platform with *changes* of its database."""
    spec = wide_platform().database.model_dump() | changes
    return wide_platform().model_copy(update={"database": DatabaseSpec.model_validate(spec)})


def own(name: str = "acme", upgrade: dict[str, Any] | None = None, **options: Any) -> Tenant:
    """A tenant with a server of its own, and a standby where it asks for one."""
    return tenant(
        name, tier="cross-region-backup", options={"users": 50, **options}, database_upgrade=upgrade
    )


def versions(plan: Plan) -> dict[str, str]:
    servers = (each for each in plan.all_facts() if isinstance(each, DatabaseInstance | DatabaseStandby))
    return {each.id: each.engine_version for each in servers}


def test_each_server_has_a_version_of_its_own() -> None:
    tenants = own("acme", warm_standby=True), own("borealis", database_engine_version="16")
    assert versions(plan_of(*tenants, platform=platform(engine_version="17"))) == {
        "platform/database": "17",
        "acme/server": "17",
        "acme/standby": "17",
        "borealis/server": "16",
    }
    kept = platform(engine_version="18", tenants_engine_version="17.6")
    assert versions(plan_of(*tenants, platform=kept)) == {
        "platform/database": "18",
        "acme/server": "17.6",
        "acme/standby": "17.6",
        "borealis/server": "16",
    }


@pytest.mark.parametrize("stage", UpgradeStage)
def test_an_upgrade_changes_one_server_from_its_stage_on(stage: UpgradeStage) -> None:
    begun = own(upgrade={"to": "18", "stage": stage}, warm_standby=True)
    plan = plan_of(begun, own("borealis", warm_standby=True), platform=platform(engine_version="17"))
    asked = stage in (UpgradeStage.UPGRADE, UpgradeStage.STATISTICS)
    found = versions(plan)
    assert found.pop("acme/server") == ("18" if asked else "17")
    assert found.pop("acme/standby", None) == ("17" if stage is UpgradeStage.CHECK else None)
    assert set(found.values()) == {"17"}
    jobs = [each.id for each in plan.all_facts() if each.name in (CHECK_UPGRADE, GATHER_STATISTICS)]
    assert jobs == {
        UpgradeStage.CHECK: [f"acme/{CHECK_UPGRADE}"],
        UpgradeStage.STATISTICS: [f"acme/{GATHER_STATISTICS}"],
    }.get(stage, [])
    shared = platform(engine_version="17", upgrade={"to": "18", "stage": stage})
    found = versions(plan_of(own(), platform=shared))
    assert found == {"platform/database": "18" if asked else "17", "acme/server": "17"}


def test_a_server_is_not_upgraded_beside_one_that_no_check_looks_into() -> None:
    beside = own(upgrade={"to": "18", "stage": "check"}, warm_standby="promoted")
    (found,) = faults_of_tenant(beside, platform(), catalog())
    assert found == (
        ("database_upgrade",),
        "its standby was promoted, and the check looks into one server: take warm_standby out",
    )


BUSY: list[dict[str, Any]] = [
    {"restore": {"at": "2026-11-29T01:15:00Z", "stage": "prepare"}},
    {"upgrade": {"to": "19.0", "stage": "rehearse"}},
    {"move": {"from_tier": "dedicated-db", "stage": "expand"}},
    {"tier": "dedicated-db", "move": {"from_tier": "shared-namespace", "stage": "migrate"}},
]


@pytest.mark.parametrize("stage", [UpgradeStage.CHECK, UpgradeStage.UPGRADE, UpgradeStage.STATISTICS])
@pytest.mark.parametrize("busy", BUSY)
def test_nothing_goes_on_with_data_on_the_shared_server_while_that_is_upgraded(
    busy: dict[str, Any], stage: UpgradeStage
) -> None:
    usual = {"engine_version": "17", "tenants_engine_version": "17"}
    upgraded = platform(**usual, upgrade={"to": "18", "stage": stage})
    found = list(faults_of_tenant(tenant(**busy), upgraded, catalog()))[-1]
    assert found[0] == (next(name for name in busy if name != "tier"),)
    told = f"the server that tenants share is at stage {stage} of its upgrade to PostgreSQL 18"
    assert found[1].startswith(told)
    assert ": finish that with `costack upgrade-database platform`, then " in found[1]
    # Its window may be a week away, and nothing leads back from there.
    at_once = ServerUpgrade.model_validate({"to": "18", "stage": stage, "now": True})
    waits = stage is UpgradeStage.UPGRADE
    assert ("now: true beside its stage" in found[1]) is waits
    assert not waits or may_follow(at_once.model_copy(update={"now": False}), at_once)
    assert not list(faults_of_tenant(tenant(**busy), platform(engine_version="17"), catalog()))


def test_who_has_a_server_of_his_own_waits_for_no_other() -> None:
    upgraded = platform(engine_version="17", upgrade={"to": "18", "stage": "check"})
    alone = own().model_copy(update={"restore": tenant(**BUSY[0]).restore})
    assert not list(faults_of_tenant(alone, upgraded, catalog()))
    turning = tenant(rotation={"number": 1, "stage": "second-login"})
    assert not list(faults_of_tenant(turning, upgraded, catalog()))


@pytest.mark.parametrize(
    ("made", "where", "why"),
    [
        (
            own(upgrade={"to": "17", "stage": "check"}),
            "to",
            "is '17', expected a newer major version than 17",
        ),
        (own(upgrade={"to": "17.9", "stage": "check"}), "to", "expected a newer major version than 17"),
        (own(upgrade={"to": "18", "stage": "without-standby"}), "stage", "it has no standby that follows"),
        (
            tenant(database_upgrade={"to": "18", "stage": "check"}),
            "database_upgrade",
            "shared-namespace has no server of a tenant's own; `costack upgrade-database platform`",
        ),
        (
            tenant(options={"users": 5, "database_engine_version": "17"}),
            "database_engine_version",
            "shared-namespace has no server of a tenant's own; platform.yaml has its version",
        ),
    ],
)
def test_what_cannot_be_upgraded_is_refused_where_it_is_written(made: Tenant, where: str, why: str) -> None:
    (found,) = faults_of_tenant(made, platform(), catalog())
    assert (found[0][-1], why in found[1]) == (where, True), found


def test_versions_that_nobody_tried_are_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="Costack does not know PostgreSQL 19 yet; expected 13 to 18"):
        platform(engine_version="19")
    old = platform(engine_version="13", upgrade={"to": "15", "stage": "check"})
    (found,) = faults_of_platform(old, catalog())
    assert found == (
        ("database", "upgrade", "to"),
        "nobody has tried PostgreSQL 15 here; expected one of 16, 17, 18",
    )
    assert not list(faults_of_platform(platform(engine_version="13"), catalog()))


def test_a_server_without_backups_is_not_upgraded() -> None:
    bare = platform(upgrade={"to": "18", "stage": "check"}).database.model_copy(
        update={"backup_retention_days": 0}
    )
    (found,) = faults_of_platform(platform().model_copy(update={"database": bare}), catalog())
    assert "backup_retention_days is 0, so AWS takes no snapshot before it" in found[1]


@pytest.mark.parametrize("stage", ["expand", "migrate", "switch"])
def test_data_is_moved_to_no_older_major_version(stage: str) -> None:
    """Both ways: from a server of one's own that is newer than the shared one, and the other way round."""
    move = {"stage": stage, "from_tier": "dedicated-db"}
    back = tenant(tier="shared-namespace", move=move, options={"users": 5, "database_engine_version": "18"})
    (found,) = faults_of_tenant(back, platform(engine_version="17"), catalog())
    assert found[0] == ("move",)
    assert found[1] == (
        "its data is on PostgreSQL 18, and shared-namespace would keep it on 17: data goes to no older major "
        "version; upgrade that server first with `costack upgrade-database platform`"
    )
    assert not list(faults_of_tenant(back, platform(engine_version="18"), catalog()))
    move["from_tier"] = "shared-namespace"
    forth = tenant(tier="dedicated-db", move=move, options={"users": 5, "database_engine_version": "17"})
    (found,) = faults_of_tenant(forth, platform(engine_version="18"), catalog())
    assert found[1].endswith(
        'write options.database_engine_version: "18", which its server begins with'
        if stage == "expand"  # nothing is on that server yet, and before the first update there is none
        else "upgrade that server first with `costack upgrade-database acme`"
    )


def test_a_copy_is_refreshed_from_no_newer_server() -> None:
    production = own("acme", database_engine_version="18")
    refreshed = {"at": "2026-11-29T01:15:00Z", "from_tenant": "acme", "stage": "prepare"}
    usual = tenant("acme-staging", environment="staging", client="acme-ltd", restore=refreshed)
    both = {"a": production, "b": usual}
    told = [why for _, (_, why) in source_faults(both, catalog(), platform(engine_version="17"))]
    assert any(
        "acme is on PostgreSQL 18, and this tenant on 17: data goes to no older" in why for why in told
    )
    told = [why for _, (_, why) in source_faults(both, catalog(), platform(engine_version="18"))]
    assert not any("PostgreSQL" in why for why in told)


def test_the_end_of_standard_support_is_said_half_a_year_before() -> None:
    plan = plan_of(own("acme", database_engine_version="16"), platform=platform(engine_version="17"))
    assert not list(server_support_advice(plan, date(2028, 8, 31)))
    (sentence,) = server_support_advice(plan, date(2028, 9, 1))
    assert sentence == (
        "acme: standard support of PostgreSQL 16 ends on 2029-02-28, in 180 days; after it AWS charges "
        "extended support for each vCPU and hour. Plan its upgrade: `costack upgrade-database acme`"
    )
    said = list(server_support_advice(plan, date(2030, 3, 1)))
    assert [each.partition(";")[0] for each in said] == [
        "platform: standard support of PostgreSQL 17 ended on 2030-02-28",
        "acme: standard support of PostgreSQL 16 ended on 2029-02-28",
    ]
    going = own("acme", database_engine_version="16", upgrade={"to": "18", "stage": "upgrade"})
    assert not list(server_support_advice(plan_of(going, platform=platform()), date(2029, 3, 1)))


@pytest.mark.parametrize(
    "other", [{"move": {"from_tier": "dedicated-db", "stage": "expand"}}, {"lifecycle_stage": "suspended"}]
)
def test_nothing_else_goes_on_with_a_tenant_whose_server_is_upgraded(other: dict[str, Any]) -> None:
    made = own(upgrade={"to": "18", "stage": "check"}).model_dump()
    with pytest.raises(ValidationError, match=r"database_upgrade (has a stage|needs lifecycle)"):
        Tenant.model_validate(made | other)


@examples(50, of=1000)
@given(there=UPGRADES, here=UPGRADES)
def test_no_step_leads_back_once_aws_was_asked(
    there: ServerUpgrade | None, here: ServerUpgrade | None
) -> None:
    if not may_follow(there, here) or there == here:
        return
    if there is not None and there.asks:
        assert here is None or (here.asks and here.to == there.to)
        assert here is not None or there.stage is UpgradeStage.STATISTICS
    if here is not None and here.asks:
        assert there is not None
        assert here.stage is there.stage or here.stage in NEXT[there.stage]
