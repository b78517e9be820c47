"""A tenant in the cluster of its second region: what starts there, made of the first one's components."""

from __future__ import annotations

from typing import TypeVar

import pulumi

from components.aws.cache import SessionCache
from components.aws.database import master_secret
from components.aws.file_system import mounted_through
from components.aws.region import in_region
from components.kubernetes import odoo
from components.kubernetes.database_administrator import DATABASE_ADMIN, database_administrator
from components.kubernetes.filestore import Filestore
from components.kubernetes.isolation import TenantQuota, TenantsNamespace
from components.kubernetes.network_policies import TenantBoundary
from components.kubernetes.workload import OdooSettings, OdooWorkload
from components.naming import component_type, physical_name
from components.places import Administered, CachePlace, PlatformPlace, SecretPlace, ServerPlace
from components.tags.cost_tags import cost_tagged
from components.tenant.backups.dumps import TenantBackups
from components.tenant.database import RoleSecret, role_secret
from components.tenant.failover.fence import fence_jobs
from components.tenant.files import CopiesThere
from components.tenant.rotation import TenantPasswords
from components.tenant.route import build_route
from components.tenant.sessions import session_secrets
from tiers.facts.every_fact import (
    CacheGroup,
    CacheSpace,
    Egress,
    FactId,
    FactRecord,
    FileShare,
    Job,
    LogicalBackup,
    Namespace,
    NamespaceQuota,
    Route,
    TenantDatabase,
    Workload,
)
from tiers.facts.names import (
    BACKUP,
    FENCE_DATABASE,
    FINAL_BACKUP,
    OPEN_AGAIN,
    OPEN_DATABASE,
    OPERATIONS_NAMESPACE,
)
from tiers.plan.plan import RegionPart, TenantPlan, fact_named, facts_of, process_of
from tiers.vocabulary import CostDomain

Kind = TypeVar("Kind", bound=FactRecord)


def check_cluster_is_there(tenant: str, part: RegionPart, platform: PlatformPlace) -> None:
    """Check that the platform can hand over the cluster that *part* is declared in.

    Raises:
        pulumi.RunError: When another process declares it.
    """
    if part.region not in platform.second_clusters:
        raise pulumi.RunError(
            f"{tenant}: its platform is declared by another process, which cannot hand over the cluster in "
            f"{part.region}; declare both with Costack's own program, or take "
            f"dr_networks.{part.region}.cluster out of platform.yaml"
        )


class SecondRegionPart(pulumi.ComponentResource):
    """What one tenant has in the cluster of its second region; its copies are there already.

    Args:
        tenant: The tenant.
        part: Its facts there.
        platform: Where it is in its first region.
        copies: The standby, the replica of its files, and their key.
        known: The secret of the first server's master user, the tenant's passwords, a failover's mark, and
            that of the backup with which it comes home.
        opts: Options of the component.
    """

    def __init__(  # noqa: PLR0917 - what it is made of
        self,
        tenant: TenantPlan,
        part: RegionPart,
        platform: PlatformPlace,
        copies: CopiesThere,
        known: tuple[
            pulumi.Output[str], TenantPasswords, pulumi.Output[str] | None, pulumi.Output[str] | None
        ],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        place = platform.second_clusters[part.region]
        tags = tenant.cost_tags(CostDomain.RESILIENCE).model_copy(update={"region": part.region})
        props = {"region": part.region, "facts": [fact.model_dump(mode="json") for fact in part.facts]}
        super().__init__(
            component_type("SecondRegionPart"),
            tenant.tenant,
            props,
            in_region(part.region, cost_tagged(tags, opts)),
        )
        self._tenant = tenant.model_copy(update={"facts": part.facts, "region": part.region})
        self._place, self._copies, self._platform = place, copies, platform
        self._master, self._passwords, self._mark, self._saved = known
        self.cloud_ids: dict[FactId, pulumi.Input[str]] = {}
        self._child = pulumi.ResourceOptions(parent=self)
        # The component's own children are AWS resources; objects name their provider.
        self._objects = pulumi.ResourceOptions(parent=self, provider=place.provider)
        self._build(part)
        self.register_outputs({})

    def _fact(self, kind: type[Kind], name: str) -> Kind:
        return fact_named(self._tenant.facts, kind, name)

    def _after(self, *before: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self._objects, pulumi.ResourceOptions(depends_on=[self._place.priorities, *before])
        )

    def _build(self, part: RegionPart) -> None:
        namespace = self._namespace()
        inside = self._after(namespace)
        cache = self._cache()
        settings = self._settings(cache.place, inside)
        files = self._files(inside)
        administered = self._administered()
        opened = self._fenced(administered, (OPEN_DATABASE, OPEN_AGAIN), self._copies.standby.instance)
        route = self._fact(Route, "route")
        after = self._after(namespace, settings, files, *opened)
        still: list[pulumi.Resource] = [
            OdooWorkload(
                self._tenant.tenant,
                fact,
                files=files,
                settings=settings,
                sessions=(self._fact(CacheSpace, "sessions"), cache.place.address),
                route=route,
                opts=after,
            )
            for fact in facts_of(part.facts, Workload)
        ]
        self._fenced(administered, (FENCE_DATABASE,), *self._save((files, settings), still, inside))
        where = self._place.ingress_namespace
        build_route(self._tenant, route, where, inside=inside, child=self._child)
        TenantBoundary(
            self._tenant.tenant,
            route,
            self._fact(Egress, "egress"),
            ingress_namespace=where,
            data_cidrs=self._place.network.subnet_cidrs,
            opts=inside,
        )

    def _namespace(self) -> TenantsNamespace:
        fact = self._fact(Namespace, "namespace")
        made = TenantsNamespace(fact.namespace, fact, self._objects)
        for quota in facts_of(self._tenant.facts, NamespaceQuota):
            TenantQuota(physical_name(self._tenant.tenant, "quota"), quota, self._after(made))
        return made

    def _cache(self) -> SessionCache:
        """People log in anew there: sessions stay in the first region."""
        fact = self._fact(CacheGroup, "cache")
        name = self._named("sessions")
        made = SessionCache(name, fact, self._place.network, self._copies.key, self._child)
        self.cloud_ids[fact.id] = made.place.arn
        return made

    def _settings(self, cache: CachePlace, inside: pulumi.ResourceOptions) -> OdooSettings:
        database, process = self._fact(TenantDatabase, "database"), process_of(self._tenant)
        if process is None:
            raise ValueError(f"{self._tenant.tenant}: its plan has no pods of Odoo in the second region")
        passwords = self._passwords
        text = pulumi.Output.all(
            self._copies.standby.instance.address, passwords.login_password, passwords.master
        ).apply(
            lambda known: odoo.configuration(
                database, known[0], (passwords.login, known[1]), known[2], process
            )
        )
        return OdooSettings(
            self._tenant.tenant,
            self._fact(Route, "route").namespace,
            text,
            session_secrets(self._tenant, cache, passwords, self._child),
            place=self._secrets(),
            opts=inside,
        )

    def _files(self, inside: pulumi.ResourceOptions) -> Filestore:
        """The directory on the replica, under the same path as on its original."""
        (share,) = facts_of(self._tenant.facts, FileShare)
        name = self._named("filestores-copy")
        entrances = mounted_through(name, self._copies.files, self._place.network, self._child)
        after = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=entrances))
        made = Filestore(self._tenant.tenant, share, self._copies.files, after)
        self.cloud_ids[share.id] = made.access_point.arn
        return made

    def _administered(self) -> tuple[Administered, RoleSecret]:
        """The administrator of the standby, and the secret of the tenant's role for its jobs."""
        (operations,) = (name for name in self._place.namespaces if name.endswith(OPERATIONS_NAMESPACE))
        server = self._server()
        account = physical_name(self._tenant.tenant, DATABASE_ADMIN)
        inside = self._after(self._place.namespaces[operations])
        administrator = database_administrator(
            account,
            self._named(self._tenant.region, DATABASE_ADMIN),
            cluster=self._place.cluster,
            namespace=operations,
            region=self._tenant.region,
            server=server,
            key=self._copies.key,
            child=self._child,
            inside=inside,
        )
        role = role_secret(
            self._tenant.tenant, operations, self._passwords, place=self._secrets(), opts=inside
        )
        return Administered(server, administrator, account), role

    def _fenced(
        self, on: tuple[Administered, RoleSecret], names: tuple[str, ...], *before: pulumi.Resource
    ) -> list[pulumi.Resource]:
        return fence_jobs(self._tenant, self._mark, *on, names, followed=False, opts=self._after(*before))

    def _save(
        self,
        mounted: tuple[Filestore, OdooSettings],
        still: list[pulumi.Resource],
        inside: pulumi.ResourceOptions,
    ) -> list[pulumi.Resource]:
        """The last backup before the way home, once pods have stopped; it goes into this region's bucket."""
        for kept in facts_of(self._tenant.facts, LogicalBackup):
            made = TenantBackups(
                self._tenant,
                kept,
                None,
                tags=self._tenant.cost_tags(CostDomain.RESILIENCE),
                cluster=self._place.cluster,
                role_name=self._named(self._tenant.region, BACKUP),
                bucket=self._copies.bucket,
                files=mounted[0],
                settings=mounted[1],
                still=still,
                last=self._fact(Job, FINAL_BACKUP),
                mark=self._saved,
                opts=inside,
            )
            return [*made.last]
        return still

    def _server(self) -> ServerPlace:
        """The standby has its source's master user; its secret needs nothing of the first region."""
        instance = self._copies.standby.instance
        secret = master_secret(self._named("postgresql-standby"), self._master, self._copies.key, self._child)
        self.cloud_ids[f"{self._tenant.tenant}/{self._tenant.region}/server-secret"] = secret
        return ServerPlace(instance.arn, instance.address, secret, instance.allocated_storage)

    def _secrets(self) -> SecretPlace:
        return SecretPlace(self._place.store, self._copies.key)

    def _named(self, *parts: str) -> str:
        return physical_name(self._platform.name, self._tenant.tenant, *parts)
