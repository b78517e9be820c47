"""What is declared in a second region so that a tenant can start there: at rest, and while it runs there.

Every fact is the tenant's own of its first region in another place, so both regions cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from tiers.catalog.tier import Catalog
from tiers.facts.copies import DatabaseStandby, FileSystemReplica
from tiers.facts.every_fact import (
    CacheGroup,
    CacheSpace,
    ClusterControlPlane,
    Egress,
    Fact,
    FactRecord,
    FileShare,
    Job,
    LogicalBackup,
    ManagedSecret,
    Namespace,
    NamespaceQuota,
    NodeGroup,
    Origin,
    Route,
    ScheduledJob,
    TenantDatabase,
    Traffic,
    Workload,
)
from tiers.facts.names import BACKUP, FENCE_DATABASE, FINAL_BACKUP, OPEN_AGAIN, OPEN_DATABASE
from tiers.naming import numbered
from tiers.plan.move import awake
from tiers.plan.namespaces.priority import priority_facts
from tiers.plan.namespaces.shared import operations_namespace, platform_namespace
from tiers.plan.plan import RegionPart
from tiers.plan.tenant import tenant_facts
from tiers.portfolio.failover.cluster import SecondCluster
from tiers.portfolio.failover.faults import second_cluster
from tiers.portfolio.failover.stage import THERE, FailoverStage
from tiers.portfolio.platform import Platform, SecondNetwork
from tiers.portfolio.postgresql.versions import has_standby
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain, Region

Kind = TypeVar("Kind", bound=FactRecord)
_COMPUTE: Final = CostCategory.COMPUTE
_JOBS: Final = {
    FailoverStage.PROMOTE: OPEN_DATABASE,
    FailoverStage.START: OPEN_DATABASE,
    FailoverStage.SAVE: FENCE_DATABASE,
    FailoverStage.RETURN: FENCE_DATABASE,
    FailoverStage.SWITCH: FENCE_DATABASE,
    FailoverStage.HOME: FENCE_DATABASE,
    FailoverStage.CONFIRM: FENCE_DATABASE,
    FailoverStage.STAY: OPEN_AGAIN,
}
"""What the administrator of the promoted server does."""
_NODE_VOLUME_GIB: Final = 80
"""The disk that EKS gives a node unasked is 20 GiB; images of Odoo and logs need more."""


def platform_parts(platform: Platform) -> tuple[RegionPart, ...]:
    """What the platform has in each second cluster: its control plane, and where jobs of tenants run."""
    return tuple(
        RegionPart(region=region, facts=tuple(_of_platform(platform, region, network, network.cluster)))
        for region, network in sorted(platform.dr_networks.items())
        if network.cluster is not None
    )


def _of_platform(
    platform: Platform, region: Region, network: SecondNetwork, cluster: SecondCluster
) -> Iterator[Fact]:
    operations = platform_namespace(platform, operations_namespace(platform), _COMPUTE)
    control = ClusterControlPlane(
        id="platform/control-plane",
        domain=CostDomain.SHARED_PLATFORM,
        category=_COMPUTE,
        region=region,
        origin=Origin.ADOPTED,
        cluster=cluster.name,
        version=cluster.version,
        ingress_namespace=cluster.ingress.namespace,
        counted=cluster.counted,
        context=cluster.context,
        data_subnet_ids=network.subnet_ids,
        data_subnet_cidrs=cluster.subnet_cidrs,
        data_group_id=network.security_group_id,
        secret_store=cluster.secret_store,
    )
    for fact in (control, *priority_facts(platform), operations):
        yield _there(fact, region, **_of_cluster(fact, cluster))


def part_of(catalog: Catalog, platform: Platform, tenant: Tenant) -> RegionPart | None:
    """What *tenant* has in its second region's cluster; None where it cannot start there."""
    cluster, region = second_cluster(platform, tenant), tenant.options.dr_region
    follows = tenant.options.warm_standby is True and has_standby(tenant)
    if cluster is None or region is None or not follows:
        return None
    own = list(tenant_facts(catalog, platform, awake(tenant)))
    return RegionPart(region=region, facts=tuple(_Part(catalog, tenant, cluster, region, own).facts()))


class _Part:
    """The facts of one tenant in one second region."""

    def __init__(
        self, catalog: Catalog, tenant: Tenant, cluster: SecondCluster, region: Region, own: Sequence[Fact]
    ) -> None:
        self._catalog, self._tenant, self._cluster = catalog, tenant, cluster
        self._region, self._own = region, own
        self._stage = tenant.failover.stage if tenant.failover else None
        self._runs = self._stage in THERE

    def facts(self) -> Iterator[Fact]:
        """All of them; pods only while it runs there, nodes and traffic too."""
        for fact in self._own:
            changes = self._changes(fact)
            if changes is not None:
                yield self._there(fact, **changes)
        if self._stage is FailoverStage.SAVE:
            yield from self._last_backup()
        if self._runs:
            yield self._nodes([fact for fact in self._own if isinstance(fact, Workload)])

    def _changes(self, fact: Fact) -> dict[str, Any] | None:
        """What is otherwise there with *fact*; None where it is not there at all."""
        told: dict[type[FactRecord], Callable[[], dict[str, Any] | None]] = {
            Namespace: lambda: _of_cluster(fact, self._cluster),
            NamespaceQuota: dict,
            Egress: dict,
            TenantDatabase: lambda: {"server": self._only(DatabaseStandby).id},
            CacheGroup: lambda: {"nodes": 1, "multi_az": False, "snapshot_retention_days": 0},
            CacheSpace: lambda: {"group": _id(self._only(CacheGroup), self._region)},
            FileShare: lambda: self._files(fact),
            Route: self._ingress,
            Workload: self._pods,
            ManagedSecret: lambda: {"owner": self._only(DatabaseStandby).id},
            Traffic: lambda: {} if self._runs else None,
            Job: lambda: self._job(fact),
        }
        kind = type(fact)
        return told[kind]() if kind in told else None

    def _last_backup(self) -> Iterator[Fact]:
        """What the tenant goes home with, in the bucket of this region."""
        nightly = next(fact for fact in self._own if isinstance(fact, ScheduledJob) and fact.name == BACKUP)
        setup = next(fact for fact in self._own if isinstance(fact, Job))
        told = ("namespace", "image", "run_as_user", "run_as_group", "compute")
        last = {name: getattr(nightly, name) for name in told}
        yield self._there(
            setup.model_copy(update={"id": f"{self._tenant.tenant}/{FINAL_BACKUP}"}), **last, nodes=None
        )
        kept = self._only(LogicalBackup)
        yield self._there(kept, bucket=f"{kept.bucket}-copy", storage_gib=0)

    def _there(self, fact: FactRecord, **changes: Any) -> Fact:
        made: Fact = _there(fact, self._region, domain=CostDomain.RESILIENCE, **changes)
        return made

    def _files(self, fact: Fact) -> dict[str, Any] | None:
        if not isinstance(fact, FileShare) or not fact.mounted:
            return None
        # Another replica is another volume: of a bound claim nobody changes where it leads.
        called = numbered(_id(fact, self._region), self._tenant.failovers)
        return {"file_system": self._only(FileSystemReplica).id, "id": called}

    def _job(self, fact: Fact) -> dict[str, Any] | None:
        """Who opens the database; it stays at the next stage, whose update makes nothing of it anew."""
        name = _JOBS.get(self._stage) if self._stage else None
        if fact.name != "database-setup" or name is None:
            return None
        return {"id": f"{self._tenant.tenant}/{self._region}/{name}", "nodes": None}

    def _only(self, kind: type[Kind]) -> Kind:
        return next(fact for fact in self._own if isinstance(fact, kind))

    def _ingress(self) -> dict[str, Any]:
        """No record leads there before it runs there, also none that external-dns would make."""
        told = self._cluster.ingress
        dns = {} if self._runs else {"dns": None}
        return {"controller": told.controller, "class_name": told.class_name, "alb": told.alb, **dns}

    def _pods(self) -> dict[str, Any]:
        """On the cluster's own nodes: a tenant's node group exists in its first region."""
        if self._runs:
            return {"nodes": None, "starts_again": True}
        return {"nodes": None, "replicas": 0, "max_replicas": 0}

    def _nodes(self, workloads: Sequence[Workload]) -> NodeGroup:
        """The nodes that its pods fill, which the cluster adds when they start."""
        room = self._catalog.classes.node_classes[self._cluster.node_class]
        cpu = sum(pod.replicas * pod.compute.cpu_request_millicores for pod in workloads)
        memory = sum(pod.replicas * pod.compute.memory_request_mib for pod in workloads)
        nodes = max(-(-cpu // room.allocatable_cpu_millicores), -(-memory // room.allocatable_memory_mib), 1)
        return NodeGroup(
            id=f"{self._tenant.tenant}/{self._region}/failover-nodes",
            tenant=self._tenant.tenant,
            domain=CostDomain.RESILIENCE,
            category=_COMPUTE,
            region=self._region,
            origin=Origin.ADOPTED,
            instance_type=self._cluster.node_class,
            nodes=nodes,
            allocatable_cpu_millicores=room.allocatable_cpu_millicores,
            allocatable_memory_mib=room.allocatable_memory_mib,
            volume_gib=_NODE_VOLUME_GIB,
        )


def _of_cluster(fact: FactRecord, cluster: SecondCluster) -> dict[str, Any]:
    """What a namespace is told of its cluster."""
    if not isinstance(fact, Namespace):
        return {}
    return {
        "pod_security_version": cluster.version,
        "dns_peers": cluster.dns_peers,
        "routed_from": None,
        "middlewares": False,
    }


def _there(fact: FactRecord, region: Region, **changes: Any) -> Any:
    return fact.model_copy(update={"id": _id(fact, region), "region": region} | changes)


def _id(fact: FactRecord, region: Region) -> str:
    owner, _, name = fact.id.partition("/")
    return f"{owner}/{region}/{name}"
