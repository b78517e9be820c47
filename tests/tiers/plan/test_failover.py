"""A tenant in two regions, as facts: at rest, and at each stage of a failover."""

from __future__ import annotations

import pytest

from tests.portfolios import failing_over, plan_of, two_regions, wide_platform
from tiers.facts.compute import NodeGroup, ScheduledJob, Workload
from tiers.facts.copies import DatabaseStandby, FileSystemReplica
from tiers.facts.data import (
    CacheGroup,
    CacheSpace,
    DatabaseInstance,
    FileShare,
    LogicalBackup,
    TenantDatabase,
)
from tiers.facts.dns import DnsRecords
from tiers.facts.every_fact import Fact, Job, Rehearsal
from tiers.facts.monitoring import UsageExporter
from tiers.facts.network import Route, Traffic
from tiers.plan.plan import Plan, TenantPlan, fact_named, facts_of
from tiers.portfolio.failover.stage import FailoverStage
from tiers.vocabulary import CostDomain

STAGES = [None, *FailoverStage]


def planned(stage: str | None = None, **section: str) -> TenantPlan:
    return plan_of(failing_over(stage, **section), platform=two_regions()).tenants[0]


def there(tenant: TenantPlan) -> tuple[Fact, ...]:
    assert tenant.second_region
    assert tenant.second_region.region == "eu-west-1"
    return tenant.second_region.facts


def pods(facts: tuple[Fact, ...]) -> dict[str, int]:
    return {fact.name: fact.replicas for fact in facts_of(facts, Workload)}


def jobs(facts: tuple[Fact, ...]) -> set[str]:
    return {fact.name for fact in facts_of(facts, Job)} & {
        "fence-database",
        "open-database",
        "open-database-again",
    }


def test_without_a_cluster_or_a_standby_there_is_no_part() -> None:
    assert plan_of(failing_over(), platform=wide_platform()).tenants[0].second_region is None
    alone = failing_over().model_copy(
        update={"options": failing_over().options.model_copy(update={"warm_standby": False})}
    )
    assert plan_of(alone, platform=two_regions()).tenants[0].second_region is None
    assert plan_of(alone, platform=wide_platform()).second_regions == ()


def test_at_rest_everything_is_there_but_pods() -> None:
    part = there(planned())
    assert pods(part) == {"web": 0, "cron": 0}
    assert facts_of(part, TenantDatabase)[0].server == "acme/standby"
    assert facts_of(part, FileShare)[0].file_system == "acme/file-system-copy"
    assert facts_of(part, CacheSpace)[0].group == facts_of(part, CacheGroup)[0].id
    assert facts_of(part, Route)[0].class_name == "traefik"
    assert facts_of(part, Route)[0].dns is None
    assert {(fact.region, fact.domain, fact.tenant) for fact in part} == {
        ("eu-west-1", CostDomain.RESILIENCE, "acme")
    }
    assert {fact.id.rpartition("/")[0] for fact in part} == {"acme/eu-west-1"}
    assert facts_of(part, NodeGroup) == []


def test_the_part_changes_nothing_of_the_first_region() -> None:
    """But a rehearsal has nodes of its own there."""
    with_part, without = (
        [each for each in plan.facts if not isinstance(each, Rehearsal)]
        for plan in (planned(), plan_of(failing_over(), platform=wide_platform()).tenants[0])
    )
    assert with_part == without


@pytest.mark.parametrize(
    ("stage", "here", "away"),
    [
        (None, True, False),
        ("fence", False, False),
        ("promote", False, False),
        ("start", False, True),
        ("settled", False, True),
        ("reopen", True, False),
        ("save", False, False),
        ("return", False, False),
        ("switch", False, False),
        ("home", True, False),
        ("confirm", True, False),
        ("stay", False, True),
    ],
)
def test_pods_run_on_one_side_or_on_none(stage: str | None, here: bool, away: bool) -> None:  # noqa: FBT001
    tenant = planned(stage)
    assert any(pods(tenant.facts).values()) is here
    assert any(pods(there(tenant)).values()) is away
    if not here:
        assert not [*facts_of(tenant.facts, ScheduledJob), *facts_of(tenant.facts, UsageExporter)]


@pytest.mark.parametrize(
    ("stage", "here", "away"),
    [
        (None, set(), set()),
        ("fence", {"fence-database"}, set()),
        ("promote", {"fence-database"}, {"open-database"}),
        ("start", {"fence-database"}, {"open-database"}),
        ("settled", {"fence-database"}, set()),
        ("reopen", {"open-database-again"}, set()),
        ("save", {"fence-database"}, {"fence-database"}),
        ("return", {"fence-database"}, {"fence-database"}),
        # A new image makes its Job anew, which would close what came home.
        ("switch", set(), {"fence-database"}),
        ("home", set(), {"fence-database"}),
        ("confirm", set(), {"fence-database"}),
        ("stay", {"fence-database"}, {"open-database-again"}),
    ],
)
def test_a_database_is_closed_before_another_is_opened(
    stage: str | None, here: set[str], away: set[str]
) -> None:
    tenant = planned(stage)
    assert (jobs(tenant.facts), jobs(there(tenant))) == (here, away)


def test_what_takes_over_is_as_large_as_what_it_follows() -> None:
    server = fact_named(planned().facts, DatabaseInstance, "server")
    for stage in STAGES:
        standby = facts_of(planned(stage).facts, DatabaseStandby)[0]
        takes_over = stage not in {None, "fence", "reopen"}
        assert (standby.promoted, standby.takes_over) == (takes_over, takes_over)
        assert (standby.instance_class == server.instance_class) is takes_over
        assert standby.backup_retention_days == (server.backup_retention_days if takes_over else 0)
        assert facts_of(planned(stage).facts, FileSystemReplica)[0].writable is takes_over


def test_of_a_lost_region_nothing_differs_that_an_update_would_send_there() -> None:
    resting, lost = planned(), planned("promote", first_region="lost")
    away = {"eu-west-1"}
    assert [fact for fact in lost.facts if fact.region not in away] == [
        fact for fact in resting.facts if fact.region not in away
    ]
    assert facts_of(lost.facts, DatabaseStandby)[0].takes_over
    # AWS ends a replication of files in both regions, so the provider would ask the lost one.
    assert not facts_of(lost.facts, FileSystemReplica)[0].writable
    started = planned("start", first_region="lost")
    kept = [fact for fact in resting.facts if fact.region not in away and not isinstance(fact, Traffic)]
    assert [fact for fact in started.facts if fact.region not in away] == kept
    assert pods(there(started)) == pods(resting.facts)


def test_of_a_region_that_is_lost_after_the_fence_nothing_differs_from_what_the_fence_left() -> None:
    """Pods that it stopped would else be started there again, by an update that cannot reach them."""
    fenced = planned("fence")
    away, after = {"eu-west-1"}, {"first_region": "lost-after-fence"}
    for stage in ("promote", "start", "settled"):
        lost = planned(stage, **after)
        kept = [fact for fact in fenced.facts if fact.region not in away]
        if stage != "promote":
            kept = [fact for fact in kept if not isinstance(fact, Traffic)]
        assert [fact for fact in lost.facts if fact.region not in away] == kept
        assert not facts_of(lost.facts, FileSystemReplica)[0].writable
    assert set(pods(lost.facts).values()) == {0}
    assert any(pods(there(lost)).values())


def test_a_region_that_is_back_is_closed() -> None:
    back = planned("settled", first_region="back")
    assert set(pods(back.facts).values()) == {0}
    assert jobs(back.facts) == {"fence-database"}
    assert facts_of(back.facts, FileSystemReplica)[0].writable


def test_it_comes_home_with_the_last_backup_of_the_second_region() -> None:
    kept = facts_of(there(planned("save")), LogicalBackup)
    assert [each.bucket for each in kept] == ["acme/backup-bucket-copy"]
    assert "final-backup" in {job.name for job in facts_of(there(planned("save")), Job)}
    restores = {
        "return": "prepare",
        "switch": "switch",
        "home": "start",
        "confirm": "confirm",
        "stay": "discard",
    }
    for stage, wanted in restores.items():
        restore = planned(stage).restore
        assert restore
        assert restore.stage == wanted
    # What was closed in the first region is kept as it is.
    assert "final-backup" not in {job.name for job in facts_of(planned("switch").facts, Job)}


def test_what_was_promoted_goes_only_after_it_was_confirmed() -> None:
    standby = facts_of(planned("confirm").facts, DatabaseStandby)[0]
    assert (standby.promoted, standby.deletion_protection) == (True, False)
    home = failing_over().model_copy(update={"failovers": 1})
    after = plan_of(home, platform=two_regions()).tenants[0]
    assert (facts_of(after.facts, DatabaseStandby)[0].number, planned().failovers) == (1, 0)
    assert facts_of(there(after), FileShare)[0].id == "acme/eu-west-1/own-filestore-2"


def test_records_lead_there_while_it_runs_there() -> None:
    platform = two_regions()
    dns = {"zones": [{"id": "Z0123456789ABCDEFGHIJ", "domain": "odoo.example.com"}]}
    more = {**dns, "target": "a.elb.us-east-1.amazonaws.com", "queries_per_month": 1000}
    document = platform.model_dump(mode="json")
    document["ingress"]["dns"] = more
    platform = type(platform).model_validate(document)

    def target(stage: str | None) -> str:
        one = failing_over(stage)
        routed = one.model_copy(update={"routes": one.routes.model_copy(update={"dns": "route-53"})})
        return facts_of(plan_of(routed, platform=platform).tenants[0].facts, DnsRecords)[0].target

    standby = "standby-0a1b2c3d.elb.eu-west-1.amazonaws.com"
    assert [target(stage) == standby for stage in (None, "fence", "promote", "start", "settled")] == [
        *(False, False, False),
        *(True, True),
    ]


def test_the_platform_has_what_tenants_wait_for() -> None:
    plan: Plan = plan_of(failing_over(), platform=two_regions())
    (part,) = plan.second_regions
    assert part.region == "eu-west-1"
    assert {fact.id.partition("/eu-west-1/")[0] for fact in part.facts} == {"platform"}
    assert {fact.id for fact in plan.all_facts()} >= {fact.id for fact in part.facts}
