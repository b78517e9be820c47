"""One tenant's Odoo in one environment: database, files, pods, route, backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pulumi
from pulumi_aws import cloudwatch

from components.database_upgrade import declare_database_upgrade
from components.kubernetes import jobs, odoo
from components.kubernetes.filestore import Filestore
from components.kubernetes.monitoring import watch
from components.kubernetes.network_policies import TenantBoundary
from components.kubernetes.workload import OdooSettings, OdooWorkload
from components.naming import component_type, physical_name
from components.places import Administered, PlatformPlace, SecretPlace
from components.record import record
from components.tags.cost_tags import cost_tagged
from components.tenant.backups.dumps import backups_of
from components.tenant.database import RoleSecret, reader_secret, role_secret, set_up
from components.tenant.decommission import close_down
from components.tenant.dedicated import services_of
from components.tenant.failover.fence import failover_mark, fence_jobs, saved_mark
from components.tenant.failover.part import SecondRegionPart, check_cluster_is_there
from components.tenant.files import files_of
from components.tenant.first_start import administrator_secret, set_up_odoo
from components.tenant.move import DataMove
from components.tenant.restore.jobs import declare_restore
from components.tenant.restore.side_database import side_of
from components.tenant.rotation import TenantPasswords
from components.tenant.route import build_route
from components.tenant.sessions import session_secrets
from components.tenant.sleep import put_to_sleep
from components.tenant.update import ModulesUpdate
from components.tenant.upgrade.jobs import declare_upgrade
from components.tenant.usage import TenantUsage
from tiers.deployed import RELEASED, is_released
from tiers.facts.every_fact import (
    CacheSpace,
    Egress,
    FactId,
    FactRecord,
    FileShare,
    Job,
    LogGroup,
    OdooProcess,
    Route,
    TenantDatabase,
    UsageExporter,
    Workload,
)
from tiers.facts.names import FENCE_DATABASE, ODOO_SETUP, OPEN_AGAIN, log_group
from tiers.plan.plan import TenantPlan, fact_named, facts_of

Kind = TypeVar("Kind", bound=FactRecord)


class TenantStack(pulumi.ComponentResource):
    """All resources of one tenant, declared from its facts and tagged with its name.

    Neither the tier nor the environment is part of a URN or of the name of anything that holds data.
    *copied* is the `live_backup` of whom it is refreshed from.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        platform: PlatformPlace,
        opts: pulumi.ResourceOptions | None = None,
        copied: Sequence[pulumi.Resource] = (),
    ) -> None:
        own = {} if platform.catalog is None else {"catalog": platform.catalog}
        props, tagged = {"plan": tenant.model_dump(mode="json"), **own}, cost_tagged(tenant.cost_tags(), opts)
        super().__init__(component_type("TenantStack"), tenant.tenant, props, tagged)
        self.tenant, self.platform = tenant, platform
        self._child = pulumi.ResourceOptions(parent=self)
        self._database = fact_named(tenant.facts, TenantDatabase, "database")
        self.services = services_of(tenant, platform, self._child)
        # Objects in a namespace must wait for it, and no pod starts without its priority class.
        first = [self.services.namespace, platform.priorities, *self.services.access.joined]
        self._inside = pulumi.ResourceOptions(parent=self, depends_on=first)
        self.files = files_of(tenant, platform, self.services.key, self.services.servers, self._child)
        self.filestores = self._filestores()
        # Of two mounted shares the first is in use; a move fills or empties the other.
        self.filestore = next(iter(self.filestores.values()))
        self.logs = self._log_group()
        self.passwords = TenantPasswords(tenant, self._child)
        self.role = self._role()
        self.move = DataMove(tenant, self.services.servers, self.role, self._child)
        self._mark, self._saved = failover_mark(tenant, self._child), saved_mark(tenant, self._child)
        database = self._prepare_database([*self.move.cut_over(), *self._fenced(OPEN_AGAIN)])
        self.settings = self._settings(database)
        self.update = ModulesUpdate(tenant, platform, self.files.buckets, self._inside)
        # Before an update stops pods, whoever wakes them knows of it.
        sleep = self._build_sleep()
        still = self._build_workloads(self._prepare_odoo(database, sleep))
        self.move.copy(self.filestores, self.settings, still)
        self._build_boundary()
        self.live_backup = self._build_jobs(still, copied)
        self.second_region = self._build_second_region()
        watch(tenant, self._inside)
        self.applied = self._record()
        # A removal that is interrupted has removed the record already; the component goes last.
        self.register_outputs({RELEASED: self.applied.apply(is_released)})

    def cloud_ids(self) -> dict[FactId, pulumi.Input[str]]:
        """The ARN of each resource that bills for a fact."""
        owner = self.tenant.tenant
        return {
            self.filestore.fact_id: self.filestore.access_point.arn,
            f"{owner}/logs": self.logs.arn,
            **self.services.cloud_ids,
            **self.files.cloud_ids,
            **(self.second_region.cloud_ids if self.second_region else {}),
        }

    def storage_gib(self) -> dict[FactId, pulumi.Input[int]]:
        """The real storage of its own servers."""
        return self.services.storage_gib

    def _fact(self, kind: type[Kind], name: str) -> Kind:
        return fact_named(self.tenant.facts, kind, name)

    def _filestores(self) -> dict[FactId, Filestore]:
        """The directories that pods can mount; files from before a move stay reachable."""
        made = {
            share: Filestore(
                self.tenant.tenant, share, self.files.file_systems[share.file_system], self._inside
            )
            for share in facts_of(self.tenant.facts, FileShare)
        }
        return {share.id: filestore for share, filestore in made.items() if share.mounted}

    def _log_group(self) -> cloudwatch.LogGroup:
        return cloudwatch.LogGroup(
            physical_name(self.tenant.tenant, "logs"),
            name=log_group(self.platform.name, self.tenant.tenant),
            retention_in_days=self._fact(LogGroup, "logs").retention_days,
            kms_key_id=self.services.key.arn,
            opts=self._child,
        )

    def _settings(self, database: jobs.OneOffJob) -> OdooSettings:
        process, wanted, passwords = self._odoo_process(), self._database, self.passwords
        text = pulumi.Output.all(
            self.services.server.address, passwords.login_password, passwords.master
        ).apply(
            lambda known: odoo.configuration(wanted, known[0], (passwords.login, known[1]), known[2], process)
        )
        # Whoever reads it can log in: a nightly backup may begin at any moment of an update.
        after = pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=[database]))
        return OdooSettings(
            self.tenant.tenant,
            self._fact(Route, "route").namespace,
            text,
            session_secrets(self.tenant, self.services.cache, passwords, self._child),
            place=self._secrets(),
            opts=after,
        )

    def _odoo_process(self) -> OdooProcess:
        return next(fact.odoo for fact in facts_of(self.tenant.facts, Workload) if fact.odoo)

    def _administered(self) -> Administered:
        return self.services.servers[self._database.server]

    def _role(self) -> RoleSecret:
        joined = self.services.access.joined
        before = [self._administered().administrator, self.platform.priorities, *joined]
        opts = pulumi.ResourceOptions(parent=self, depends_on=before)
        where = self._fact(Job, "database-setup").namespace
        return role_secret(self.tenant.tenant, where, self.passwords, place=self._secrets(), opts=opts)

    def _secrets(self) -> SecretPlace:
        return SecretPlace(self.platform.store, self.services.key)

    def _prepare_database(self, before: list[pulumi.Resource]) -> jobs.OneOffJob:
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.role.secret, *before])
        job, inside = self._fact(Job, "database-setup"), self._fact(Route, "route").namespace
        server = self._administered().server
        place = self._secrets()
        reader_secret(self._database, inside, self.passwords, server, place=place, opts=self._inside)
        return set_up(self.tenant, job, self._database, self._administered(), self.role, opts=after)

    def _prepare_odoo(self, database: jobs.OneOffJob, sleep: list[pulumi.Resource]) -> jobs.OneOffJob:
        route = self._fact(Route, "route")
        secret = administrator_secret(
            self.tenant.tenant, route.namespace, self.passwords, place=self._secrets(), opts=self._inside
        )
        before: list[pulumi.Resource] = [database, self.filestore, self.settings, *self.services.cdns]
        self.side = side_of(self.tenant, self._administered(), self.role, self._inside)
        before += self.side.before_pods([database]) if self.side else []
        before += self.update.before_pods(self.filestore, self.settings, [*before, *sleep])
        return set_up_odoo(
            self.tenant,
            self._fact(Job, ODOO_SETUP),
            self._odoo_process(),
            route,
            files=self.filestore,
            settings=self.settings,
            administrator=secret,
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )

    def _build_workloads(self, ready: jobs.OneOffJob) -> list[pulumi.Resource]:
        sessions = (self._fact(CacheSpace, "sessions"), self.services.cache.address)
        route = self._fact(Route, "route")
        after = pulumi.ResourceOptions(parent=self, depends_on=[ready])
        built: list[pulumi.Resource] = [
            OdooWorkload(
                self.tenant.tenant,
                fact,
                files=self.filestore,
                settings=self.settings,
                sessions=sessions,
                route=route,
                grouped=self.services.access.grouped,
                opts=after,
            )
            for fact in facts_of(self.tenant.facts, Workload)
        ]
        where, inside, child = self.platform.ingress_namespace, self._inside, self._child
        build_route(self.tenant, route, where, inside=inside, child=child)
        self.update.after_pods(built)
        self._build_usage(after)
        return built

    def _build_usage(self, after: pulumi.ResourceOptions) -> None:
        for fact in facts_of(self.tenant.facts, UsageExporter):
            TenantUsage(
                self.tenant,
                fact,
                self.platform,
                bucket=self.files.buckets[fact.bucket] if fact.bucket else None,
                mounted=(self.filestore, self.settings),
                grouped=self.services.access.grouped,
                opts=after,
            )

    def _fenced(self, name: str, after: Sequence[pulumi.Resource] = ()) -> list[pulumi.Resource]:
        opts = pulumi.ResourceOptions(parent=self, depends_on=[self.platform.priorities, *after])
        return fence_jobs(
            self.tenant, self._mark, self._administered(), self.role, (name,), followed=True, opts=opts
        )

    def _build_second_region(self) -> SecondRegionPart | None:
        part, copies = self.tenant.second_region, self.files.there
        if part is None or copies is None:
            return None
        check_cluster_is_there(self.tenant.tenant, part, self.platform)
        known = (self.services.masters[copies.standby_of], self.passwords, self._mark, self._saved)
        return SecondRegionPart(self.tenant, part, self.platform, copies, known, self._child)

    def _build_boundary(self) -> None:
        TenantBoundary(
            self.tenant.tenant,
            self._fact(Route, "route"),
            self._fact(Egress, "egress"),
            ingress_namespace=self.platform.ingress_namespace,
            data_cidrs=self.platform.network.subnet_cidrs,
            opts=self._inside,
        )

    def _build_sleep(self) -> list[pulumi.Resource]:
        name, server, after = self.platform.name, self.services.server, self.update.job_called
        inside, child = self._inside, self._child
        return put_to_sleep(self.tenant, name, server, inside=inside, child=child, after_job=after)

    def _record(self) -> pulumi.Output[Mapping[str, Any]]:
        plan = self.tenant.model_dump(mode="json")
        protected = self.platform.protected and not is_released(plan)
        return record(
            self, self.tenant.tenant, {"portfolio": self.platform.name, "plan": plan}, protected=protected
        )

    def _build_jobs(
        self, still: list[pulumi.Resource], copied: Sequence[pulumi.Resource]
    ) -> Sequence[pulumi.Resource]:
        """Backups, and what a stage does with data once it was saved; the one for another's refresh."""
        mounted = (self.filestore, self.settings)
        made = backups_of(self.tenant, self.platform, self.files.buckets, mounted, still, self._inside)
        backups, saved = ([made], made.last) if made else ([], [])
        self.move.remove_old(self.filestores, self.settings, saved)
        given = (self.tenant, self.platform, self.side)
        more: dict[str, Any] = {"own_buckets": self.files.buckets, "mounted": mounted, "opts": self._inside}
        there = (self.files.there.bucket, self._saved) if self.tenant.failover and self.files.there else None
        done, mark = [*still, *saved], made.mark if made else None
        own = {"saved_there": there, "servers": self.services.servers, **more}
        declare_restore(*given, after=([*backups, *copied], done), **own)
        declare_upgrade(*given, after=(backups, done), last=mark, **more)
        declare_database_upgrade(self.tenant.tenant, self.tenant.facts, self._administered(), self._inside)
        dropped = (self.platform.server, self._administered().administrator_name)
        close_down(self.tenant, dropped, mounted, pulumi.ResourceOptions(parent=self, depends_on=done))
        self._fenced(FENCE_DATABASE, still)
        return made.live if made else ()
