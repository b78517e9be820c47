"""The shared platform: network, PostgreSQL, cache, file system, backups, namespaces."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.aws.bucket import BackupBucket
from components.aws.cache import SessionCache
from components.aws.cluster import ManagedCluster
from components.aws.cluster_network import ClusterNetwork
from components.aws.database import PostgresServer
from components.aws.file_system import FileSystemVault, SharedFileSystem
from components.aws.keys import encryption_key
from components.aws.network import PrivateNetwork
from components.aws.nodes import WorkerNodes, node_place
from components.database_upgrade import declare_database_upgrade
from components.kubernetes.database_administrator import DATABASE_ADMIN, database_administrator
from components.kubernetes.isolation import TenantsNamespace
from components.kubernetes.monitoring import GrafanaDashboards
from components.kubernetes.network_policies import operations_policy
from components.kubernetes.parts.log_shipper import ShippedLogs
from components.kubernetes.parts.postgres import PostgresStatistics
from components.kubernetes.parts.redis import RedisStatistics
from components.kubernetes.parts.states import KubeStateMetrics
from components.kubernetes.parts.traefik import Traefik
from components.kubernetes.priority import PriorityClasses
from components.naming import component_type, physical_name
from components.places import Administered, PlatformPlace, SecretPlace, Text, secret_store
from components.record import record
from components.second_cluster import control_plane_arns, second_clusters
from components.tags.cost_tags import cost_tagged
from tiers.facts.every_fact import (
    Bucket,
    CacheGroup,
    ClusterControlPlane,
    Dashboards,
    DatabaseInstance,
    FactId,
    FileSystem,
    FileSystemBackup,
    IngressController,
    Job,
    Key,
    LogGroup,
    LogShipper,
    Namespace,
    NamespaceQuota,
    NatGateway,
    Network,
    NodeGroup,
    Origin,
    PostgresExporter,
    PriorityClass,
    RedisExporter,
    StateExporter,
)
from tiers.facts.names import (
    BACKUP_BUCKET,
    CACHE,
    DATABASE,
    FILE_SYSTEM,
    OPERATIONS_NAMESPACE,
    POSTGRES_LOGIN,
)
from tiers.plan.plan import Plan, fact_named, facts_of, is_protected


class SharedPlatform(pulumi.ComponentResource):
    """The platform of a portfolio. Its adopted parts are accounted for, not declared."""

    def __init__(self, plan: Plan, opts: pulumi.ResourceOptions | None = None) -> None:
        tags, name, facts = plan.platform_tags(), plan.portfolio, plan.platform
        # With the tenants' own inputs `pulumi preview --json` has the whole plan, for a cost preview to read.
        inputs = {"region": plan.region, "plan": plan.model_dump(mode="json", exclude={"tenants"})}
        super().__init__(component_type("SharedPlatform"), name, inputs, cost_tagged(tags, opts))
        child = pulumi.ResourceOptions(parent=self)
        self.name, self.catalog, self._facts = name, plan.catalog, facts
        network = fact_named(facts, Network, "network")
        self.network = PrivateNetwork(physical_name(name, "network"), network, child)
        self.key = encryption_key(
            physical_name(name, "key"),
            f"Data of portfolio {name}",
            fact_named(facts, Key, "key"),
            child,
            alias=physical_name(name, "data"),
        )
        self._build_cluster(plan, child)
        self._build_data_services(plan, child)
        self._build_backups(plan, child)
        self.priorities = self._priorities(plan)
        self.namespaces = self._namespaces(plan)
        (operations,) = (name for name in self.namespaces if name.endswith(OPERATIONS_NAMESPACE))
        self.database_admin = self._database_admin(plan.region, operations, child)
        self._administered = Administered(self.database.place, self.database_admin, DATABASE_ADMIN)
        declare_database_upgrade(name, facts, self._administered, self._inside(operations))
        ready = pulumi.ResourceOptions(parent=self, depends_on=self._ready)
        for fact in facts_of(facts, Dashboards):
            GrafanaDashboards(physical_name(name, fact.name), fact, ready)
        self._build_parts(plan)
        self.second_clusters = second_clusters(plan, child)
        self._control_planes = control_plane_arns(plan, self.key.arn)
        self.protected = is_protected(plan)
        self.applied = record(self, name, {"plan": inputs["plan"]}, protected=self.protected)
        self.register_outputs({})

    @property
    def place(self) -> PlatformPlace:
        """What a tenant's stack needs to know to be built here."""
        return PlatformPlace(
            name=self.name,
            cluster=self.cluster,
            ingress_namespace=self.ingress_namespace,
            nodes=self.nodes,
            key=self.key,
            network=self.network.place,
            server=self.database.place,
            cache=self.cache.place,
            file_system=self.file_system.place,
            bucket=self.bucket.place,
            administrator=self.database_admin,
            namespaces=self.namespaces,
            priorities=self.priorities,
            protected=self.protected,
            cluster_group_id=self.cluster_group_id,
            store=self.store,
            catalog=self.catalog,
            second_clusters=self.second_clusters,
        )

    def cloud_ids(self) -> dict[FactId, pulumi.Input[str]]:
        """The ARN of each resource that bills for a fact."""
        return {
            "platform/key": self.key.arn,
            DATABASE: self.database.place.arn,
            "platform/database-secret": self.database.place.master_secret_arn,
            CACHE: self.cache.place.arn,
            FILE_SYSTEM: self.file_system.place.arn,
            BACKUP_BUCKET: self.bucket.place.arn,
            "platform/file-system-backup": self.vault.vault.arn,
            **self._control_planes,
        }

    def storage_gib(self) -> dict[FactId, pulumi.Input[int]]:
        """The real storage of the shared server."""
        return {DATABASE: self.database.place.storage_gib}

    def _build_parts(self, plan: Plan) -> None:
        facts, place = plan.platform, SecretPlace(self.store, self.key)
        for states in facts_of(facts, StateExporter):
            KubeStateMetrics(physical_name(self.name, states.name), states, self._inside(states.namespace))
        for shipper in facts_of(facts, LogShipper):
            name = physical_name(self.name, shipper.name)
            inside = self._inside(shipper.namespace)
            ShippedLogs(name, shipper, self.cluster, account_of=self.key.arn, opts=inside)
        for postgres in facts_of(facts, PostgresExporter):
            login = fact_named(facts, Job, POSTGRES_LOGIN)
            PostgresStatistics(
                self.name,
                postgres,
                login,
                on=self._administered,
                network=self.network.place,
                place=place,
                opts=self._inside(postgres.namespace, login.namespace),
            )
        for redis in facts_of(facts, RedisExporter):
            RedisStatistics(
                self.name,
                redis,
                cache=self.cache.place,
                network=self.network.place,
                place=place,
                opts=self._inside(redis.namespace),
            )

    def build_ingress(self, routed: Sequence[pulumi.Input[pulumi.Resource]] = ()) -> None:
        """The ingress controller, once the namespaces *routed* of tenants' own let it read their routes.

        A pod of it that may not read one of them would know no route of any tenant.
        """
        for fact in facts_of(self._facts, IngressController):
            shared = [self.namespaces[each] for each in fact.namespaces if each in self.namespaces]
            name = physical_name(self.name, fact.name)
            Traefik(name, fact, [*shared, *routed], self._inside(fact.namespace))

    def _inside(self, *namespaces: str) -> pulumi.ResourceOptions:
        """Options of pods in *namespaces*, which wait for them and for the classes of priority."""
        before = [*(self.namespaces[each] for each in namespaces), self.priorities]
        return pulumi.ResourceOptions(parent=self, depends_on=before)

    def _build_cluster(self, plan: Plan, child: pulumi.ResourceOptions) -> None:
        fact = fact_named(plan.platform, ClusterControlPlane, "control-plane")
        self.ingress_namespace = fact.ingress_namespace
        self.cluster: Text = fact.cluster
        self.nodes = node_place(fact)
        self.cluster_group_id: Text | None = fact.security_group_id
        self.store = secret_store(plan.portfolio, fact.secret_store)
        # Kubernetes objects wait for these; an adopted cluster exists already.
        self._ready: list[pulumi.Resource] = []
        if fact.origin is Origin.ADOPTED:
            return
        name = physical_name(self.name, "cluster")
        network = fact_named(plan.platform, Network, "network")
        nat = fact_named(plan.platform, NatGateway, "nat")
        out = ClusterNetwork(name, network, nat, self.network, child)
        made = ManagedCluster(name, fact, out.subnet_ids, self.key, child)
        self.cluster, self.nodes = made.cluster.name, made.nodes
        self.cluster_group_id = made.group_id if fact.pod_security_groups else None
        groups = [
            WorkerNodes(
                physical_name(self.name, group.name),
                group,
                made.nodes,
                tags=plan.platform_tags().as_tags(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[out]),
            )
            for group in facts_of(plan.platform, NodeGroup)
        ]
        self._ready = [made.cluster, *made.addons, *groups]

    def _build_data_services(self, plan: Plan, child: pulumi.ResourceOptions) -> None:
        def called(part: str) -> str:
            return physical_name(self.name, part)

        facts = plan.platform
        self.database = PostgresServer(
            called("postgresql"),
            fact_named(facts, DatabaseInstance, "database"),
            logs=fact_named(facts, LogGroup, "database-logs"),
            network=self.network.place,
            key=self.key,
            opts=child,
        )
        self.cache = SessionCache(
            called("sessions"), fact_named(facts, CacheGroup, "cache"), self.network.place, self.key, child
        )
        self.file_system = SharedFileSystem(
            called("filestores"),
            fact_named(facts, FileSystem, "file-system"),
            self.network.place,
            self.key,
            child,
        )

    def _build_backups(self, plan: Plan, child: pulumi.ResourceOptions) -> None:
        facts = plan.platform
        self.bucket = BackupBucket(
            physical_name(self.name, "backups"),
            fact_named(facts, Bucket, "backup-bucket"),
            self.key,
            child,
        )
        self.vault = FileSystemVault(
            physical_name(self.name, "filestores"),
            fact_named(facts, FileSystemBackup, "file-system-backup"),
            self.file_system.place,
            self.key,
            opts=child,
        )

    def _priorities(self, plan: Plan) -> PriorityClasses:
        return PriorityClasses(
            physical_name(self.name, "priorities"),
            facts_of(plan.platform, PriorityClass),
            pulumi.ResourceOptions(parent=self, depends_on=self._ready),
        )

    def _namespaces(self, plan: Plan) -> dict[str, TenantsNamespace]:
        facts = plan.platform
        quotas = {fact.namespace: fact for fact in facts_of(facts, NamespaceQuota)}
        return {
            fact.namespace: TenantsNamespace(
                fact.namespace,
                fact,
                pulumi.ResourceOptions(parent=self, depends_on=self._ready),
                quota=quotas.get(fact.namespace),
            )
            for fact in facts_of(facts, Namespace)
        }

    def _database_admin(
        self, region: str, namespace: str, child: pulumi.ResourceOptions
    ) -> k8s.core.v1.ServiceAccount:
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.namespaces[namespace]])
        operations_policy(f"{namespace}-openings", namespace, self.network.subnet_cidrs, after)
        return database_administrator(
            DATABASE_ADMIN,
            physical_name(self.name, DATABASE_ADMIN),
            cluster=self.cluster,
            namespace=namespace,
            region=region,
            server=self.database.place,
            key=self.key,
            child=child,
            inside=after,
            upgrade=fact_named(self._facts, DatabaseInstance, "database").upgrade,
        )
