"""The facts of a tenant that fails over: what is closed in its own region at each stage.

What is declared in the second region is in `tiers/plan/failover/part.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import (
    Alerts,
    DatabaseInstance,
    DatabaseStandby,
    DnsRecords,
    Fact,
    FileSystemReplica,
    Job,
    ScheduledJob,
    Traffic,
    UsageExporter,
    Workload,
)
from tiers.facts.names import FENCE_DATABASE, FINAL_BACKUP, OPEN_AGAIN
from tiers.plan.move import awake
from tiers.plan.restore.facts import restore_facts
from tiers.plan.upgrade.facts import upgrade_facts
from tiers.plan.versions.jobs import starts_pods
from tiers.portfolio.failover.cluster import SecondCluster
from tiers.portfolio.failover.faults import second_cluster
from tiers.portfolio.failover.stage import AT_HOME, THERE, Failover, FailoverStage, FirstRegion
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant

_NO_PODS: Final = {"replicas": 0, "max_replicas": 0}
_OF_WORK: Final = (Alerts, ScheduledJob, UsageExporter)
"""What looks at work, or copies it: where nobody works there is none of it."""


def failover_facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    """All facts of *tenant* in its own region, and of its copies, also while it fails over."""
    cluster = second_cluster(platform, tenant)
    if tenant.failover is None or cluster is None:
        yield from upgrade_facts(catalog, platform, tenant)
        return
    # Of a region that is lost nothing may differ from what was deployed: no update reaches it.
    resting = tenant if tenant.failover.first_region is FirstRegion.LOST else awake(tenant)
    # The way home is a restore in the first region, of the second one's last backup.
    restored = resting.model_copy(update={"restore": tenant.failover.restore, "failover": None})
    own = list(restore_facts(catalog, platform, restored))
    server = next(fact for fact in own if isinstance(fact, DatabaseInstance))
    for fact in own:
        yield from _at_stage(fact, tenant.failover, cluster, server)
    yield from _jobs(tenant, tenant.failover, own)


def _at_stage(
    fact: Fact, failover: Failover, cluster: SecondCluster, server: DatabaseInstance
) -> Iterator[Fact]:
    """*fact* as it is at a stage; nothing where it must not be."""
    if isinstance(fact, DatabaseStandby) and failover.is_promoted:
        ends = {"deletion_protection": False} if failover.stage is FailoverStage.CONFIRM else {}
        yield fact.model_copy(update=_taking_over(server) | ends)
    elif isinstance(fact, FileSystemReplica) and failover.ends_replication:
        # AWS ends a replication in both regions, and the provider asks both for it.
        yield fact.model_copy(update={"writable": True, "transfer_gib_per_month": 0})
    elif isinstance(fact, DnsRecords) and failover.stage in THERE:
        target = {"target": cluster.ingress.target, "target_zone_id": cluster.ingress.target_zone_id}
        yield fact.model_copy(update=target)
    elif isinstance(fact, Traffic) and failover.stage in THERE:
        return  # it is charged where it leaves, which is there
    elif not failover.closes_first:
        yield _started(fact, failover)
    elif isinstance(fact, Workload):
        yield fact.model_copy(update=_NO_PODS)
    elif not (isinstance(fact, _OF_WORK) or starts_pods(fact) or fact.name == FINAL_BACKUP):
        yield fact  # what was closed is kept as it is, so no last backup is made of it


def _started(fact: Fact, failover: Failover) -> Fact:
    starts = isinstance(fact, Workload) and failover.stage in AT_HOME
    return fact.model_copy(update={"starts_again": True}) if starts else fact


def _taking_over(server: DatabaseInstance) -> dict[str, Any]:
    """The standby grows to what *server* is, and backs up as that did."""
    as_was = ("instance_class", "vcpus", "performance_insights", "backup_retention_days", "backup_window")
    grown = {name: getattr(server, name) for name in as_was}
    return {**grown, "promoted": True, "takes_over": True, "transfer_gib_per_month": 0}


def _jobs(tenant: Tenant, failover: Failover, own: Sequence[Fact]) -> Iterator[Job]:
    """What closes or opens the database in the first region, by its administrator."""
    if failover.stage is FailoverStage.SWITCH:
        return  # what was closed is kept; made anew, the job would close what takes its place
    if failover.closes_first:
        name = FENCE_DATABASE
    elif failover.stage is FailoverStage.REOPEN:
        name = OPEN_AGAIN
    else:
        return
    setup = next(fact for fact in own if isinstance(fact, Job) and fact.name == "database-setup")
    yield setup.model_copy(update={"id": f"{tenant.tenant}/{name}"})
