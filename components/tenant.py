"""One tenant's Odoo in one environment: database, files, pods, the way in, backups."""

from __future__ import annotations

from typing import Final, TypeVar

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi_aws import cloudwatch

from components import jobs, odoo, pods
from components.backups import TenantBackups
from components.dedicated import services_of
from components.ending import close_down
from components.filestore import Filestore
from components.isolation import TenantBoundary
from components.naming import component_type, physical_name
from components.own_files import files_of
from components.places import PlatformPlace
from components.sleeping import put_to_sleep
from components.tagging import cost_tagged
from components.workload import OdooRoute, OdooSettings, OdooWorkload
from tiers.ending_facts import FINAL_BACKUP
from tiers.facts import (
    CacheSpace,
    Egress,
    FactId,
    FactRecord,
    FileShare,
    Job,
    LogGroup,
    LogicalBackup,
    Route,
    ScheduledJob,
    TenantDatabase,
    Workload,
)
from tiers.plan import TenantPlan, fact_named, facts_of
from tiers.platform_facts import FILE_SYSTEM
from tiers.vocabulary import CostDomain

Kind = TypeVar("Kind", bound=FactRecord)

_PASSWORD_LENGTH: Final = 40
_DATABASE_IDENTITY: Final = {"server", "database", "role", "connection_limit"}
_TENANT_SECRET_MOUNT: Final = "/run/secrets/tenant"  # noqa: S105 - a path


class TenantStack(pulumi.ComponentResource):
    """Everything that exists for one tenant, declared from its facts and tagged with its name.

    Neither the tier nor the environment is part of a URN or of the name of anything that holds data.
    """

    def __init__(
        self, tenant: TenantPlan, platform: PlatformPlace, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(
            component_type("TenantStack"),
            tenant.tenant,
            {"plan": tenant.model_dump(mode="json")},
            cost_tagged(tenant.cost_tags(), opts),
        )
        self.tenant = tenant
        self.platform = platform
        self._child = pulumi.ResourceOptions(parent=self)
        self._database = fact_named(tenant.facts, TenantDatabase, "database")
        self.services = services_of(tenant, platform, self._child)
        # What lives in a namespace must wait for it.
        self._inside = pulumi.ResourceOptions(parent=self, depends_on=[self.services.namespace])
        self.files = files_of(tenant, platform, self.services.key, self.services.server, self._child)
        self.filestore = self._filestore()
        self.logs = self._log_group()
        self.password = self._password("database-password")
        self.settings = self._settings()
        still = self._build_workloads(self._prepare_odoo(self._prepare_database()))
        self._build_boundary()
        self._build_sleep()
        saved = self._build_backups(still)
        self._close_down([*still, *saved])
        self.register_outputs({})

    def cloud_ids(self) -> dict[FactId, pulumi.Input[str]]:
        """The ARN of each resource that bills for a fact."""
        owner = self.tenant.tenant
        return {
            self.filestore.fact_id: self.filestore.access_point.arn,
            f"{owner}/logs": self.logs.arn,
            **self.services.cloud_ids,
            **self.files.cloud_ids,
        }

    def storage_gib(self) -> dict[FactId, pulumi.Input[int]]:
        """What the servers of its own really have."""
        return self.services.storage_gib

    def _fact(self, kind: type[Kind], name: str) -> Kind:
        return fact_named(self.tenant.facts, kind, name)

    def _filestore(self) -> Filestore:
        """The directory that pods mount; what lies elsewhere from before stays reachable."""
        shares = facts_of(self.tenant.facts, FileShare)
        made = {
            share.id: Filestore(
                self.tenant.tenant,
                share,
                self.platform.file_system if share.file_system == FILE_SYSTEM else self.files.file_system,
                self._inside,
            )
            for share in shares
        }
        return made[next(share.id for share in shares if share.mounted)]

    def _password(self, purpose: str) -> pulumi.Output[str]:
        name = physical_name(self.tenant.tenant, purpose)
        return random.RandomPassword(name, length=_PASSWORD_LENGTH, special=False, opts=self._child).result

    def _log_group(self) -> cloudwatch.LogGroup:
        return cloudwatch.LogGroup(
            physical_name(self.tenant.tenant, "logs"),
            name=f"/odoo/{self.platform.name}/{self.tenant.tenant}",
            retention_in_days=self._fact(LogGroup, "logs").retention_days,
            kms_key_id=self.services.key.arn,
            opts=self._child,
        )

    def _settings(self) -> OdooSettings:
        version = self._odoo_version()
        database = self._database
        text = pulumi.Output.all(
            self.services.server.address, self.password, self._password("admin-password")
        ).apply(lambda known: odoo.configuration(database, known[0], known[1], known[2], version))
        return OdooSettings(
            self.tenant.tenant,
            self._fact(Route, "route").namespace,
            text,
            self.services.cache.auth_token,
            self._inside,
        )

    def _odoo_version(self) -> str:
        odoos = [fact.odoo for fact in facts_of(self.tenant.facts, Workload) if fact.odoo]
        return odoos[0].version

    def _prepare_database(self) -> jobs.OneOffJob:
        fact = self._fact(Job, "database-setup")
        name = physical_name(self.tenant.tenant, "database")
        secret = k8s.core.v1.Secret(
            name,
            metadata={"name": name, "namespace": fact.namespace},
            string_data={"password": self.password},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.services.administrator]),
        )
        text, wanted = jobs.script("database_setup.sh"), self._database
        container = jobs.operations_container(
            fact,
            text,
            {
                "PGHOST": self.services.server.address,
                "MASTER_SECRET_ARN": self.services.server.master_secret_arn,
                "TENANT_ROLE": wanted.role,
                "TENANT_DATABASE": wanted.database,
                "CONNECTION_LIMIT": str(wanted.connection_limit),
            },
            [{"name": "tenant", "mountPath": _TENANT_SECRET_MOUNT, "readOnly": True}],
        )
        volume = {"name": "tenant", "secret": {"secretName": name, "defaultMode": 0o440}}
        return jobs.OneOffJob(
            self.tenant.tenant,
            fact,
            spec=pods.pod(
                fact.run_as_user, fact.run_as_group, self.services.administrator_name, [container], [volume]
            ),
            told_apart_by=[text, wanted.model_dump(mode="json", include=_DATABASE_IDENTITY)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[secret]),
        )

    def _prepare_odoo(self, database: jobs.OneOffJob) -> jobs.OneOffJob:
        fact = self._fact(Job, "odoo-setup")
        text = jobs.script("odoo_setup.sh")
        container = pods.container(
            fact.name,
            fact.image,
            fact.compute,
            mounts=pods.odoo_mounts(),
            env=pods.variables({"NEUTRALISE": "yes" if fact.neutralises else "no"}),
            **jobs.command(text),
        )
        volumes = pods.odoo_volumes(self.filestore.claim_name, self.settings.secret_name)
        return jobs.OneOffJob(
            self.tenant.tenant,
            fact,
            spec=pods.pod(
                fact.run_as_user,
                fact.run_as_group,
                self.settings.service_account,
                [container],
                volumes,
            ),
            told_apart_by=text,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[database, self.filestore, self.settings]),
        )

    def _build_workloads(self, ready: jobs.OneOffJob) -> list[pulumi.Resource]:
        sessions = (self._fact(CacheSpace, "sessions"), self.services.cache.address)
        after = pulumi.ResourceOptions(parent=self, depends_on=[ready])
        built: list[pulumi.Resource] = [
            OdooWorkload(
                self.tenant.tenant,
                fact,
                files=self.filestore,
                settings=self.settings,
                sessions=sessions,
                opts=after,
            )
            for fact in facts_of(self.tenant.facts, Workload)
        ]
        OdooRoute(self.tenant.tenant, self._fact(Route, "route"), self._inside)
        return built

    def _build_boundary(self) -> None:
        TenantBoundary(
            self.tenant.tenant,
            self._fact(Route, "route"),
            self._fact(Egress, "egress"),
            ingress_namespace=self.platform.ingress_namespace,
            data_cidrs=self.platform.network.subnet_cidrs,
            opts=self._inside,
        )

    def _build_sleep(self) -> None:
        put_to_sleep(
            self.tenant, self.platform.name, self.services.server, inside=self._inside, child=self._child
        )

    def _close_down(self, before: list[pulumi.Resource]) -> None:
        close_down(
            self.tenant,
            server=self.platform.server,
            administrator=self.services.administrator_name,
            files=self.filestore,
            settings=self.settings,
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )

    def _build_backups(self, still: list[pulumi.Resource]) -> list[pulumi.Resource]:
        kept = facts_of(self.tenant.facts, LogicalBackup)
        if not kept:
            return []
        backups = TenantBackups(
            self.tenant.tenant,
            kept[0],
            self._fact(ScheduledJob, "backup"),
            tags=self.tenant.cost_tags(CostDomain.RESILIENCE),
            cluster=self.platform.cluster,
            role_name=physical_name(self.platform.name, self.tenant.tenant, "backup"),
            bucket=self.files.bucket,
            files=self.filestore,
            settings=self.settings,
            still=still,
            last=next((job for job in facts_of(self.tenant.facts, Job) if job.name == FINAL_BACKUP), None),
            opts=self._inside,
        )
        return backups.last
