"""The job that updates modules of Odoo while its pods are stopped, and the one that starts them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.aws.iam import PodRole
from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.network_policies import api_policy
from components.kubernetes.workload import OdooSettings
from components.naming import component_type, physical_name
from components.places import BucketPlace, PlatformPlace
from components.scripts import script
from components.tenant.backups.dumps import backup_environment, may_write
from components.tenant.route import maintenance_of
from components.tenant.sleep import may_scale
from tiers.facts.every_fact import FactId, Job, LogicalBackup, MaintenancePage, Route
from tiers.facts.names import MAINTENANCE, ODOO_SETUP, ODOO_START, ODOO_UPDATE
from tiers.plan.plan import TenantPlan, fact_named, facts_of

_ACCESS: Final = "/run/secrets/kubernetes"
_ACCESS_MOUNT: Final[pods.Manifest] = {"name": "access", "mountPath": _ACCESS, "readOnly": True}
_SCRIPT: Final = "odoo_update.sh"
_WAIT_SECONDS: Final = 600
"""How long sessions have to end once pods are stopped: a pod takes a minute, a nightly backup longer."""

_PAUSE_SECONDS: Final = 2


class UpdateRights(pulumi.ComponentResource):
    """An account that may scale the Deployments of one tenant, and write its backups.

    Args:
        tenant: The tenant.
        job: Where the account is, and how its pods reach the Kubernetes API.
        deployments: What it may scale.
        platform: The cluster, and the name that roles begin with.
        bucket: Where backups go, with the fact that says so; None where the tenant has none.
        opts: Options of the component.
    """

    def __init__(
        self,
        tenant: str,
        job: Job,
        deployments: Sequence[str],
        *,
        platform: PlatformPlace,
        bucket: tuple[LogicalBackup, BucketPlace] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        self.account = name = physical_name(tenant, "update")
        super().__init__(component_type("UpdateRights"), name, job.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        pods.service_account(name, name, job.namespace, child)
        may_scale(name, job.namespace, deployments, child, "get", "patch")
        ranges = job.update.api_cidrs if job.update else ()
        for each in (ODOO_UPDATE, ODOO_START):
            where = physical_name(tenant, each, "to-api")
            api_policy(where, job.namespace, pods.identity(tenant, each), ranges, child)
        if bucket:
            PodRole(
                physical_name(platform.name, tenant, "update"),
                cluster=platform.cluster,
                namespace=job.namespace,
                service_account=name,
                statements=may_write(bucket[1], bucket[0]),
                opts=child,
            )
        self.register_outputs({})


class ModulesUpdate:
    """An update of modules, if the tenant's plan has one: a job before its pods, and one after them.

    Pulumi cannot stop a Deployment and start it in one update. So the first job itself scales it to nothing,
    and the update of the Deployment, or the second job where load decides how many pods there are, starts it.

    Args:
        tenant: The tenant.
        platform: The cluster, and the name that roles begin with.
        buckets: Where a backup goes, by the fact's id.
        opts: Options of what it declares.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        platform: PlatformPlace,
        buckets: Mapping[FactId, BucketPlace],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._tenant, self._opts = tenant, opts
        self._neutralised = fact_named(tenant.facts, Job, ODOO_SETUP).neutralises
        self._jobs = {job.name: job for job in facts_of(tenant.facts, Job) if job.update}
        self._bucket = next(
            ((kept, buckets[kept.bucket]) for kept in facts_of(tenant.facts, LogicalBackup)), None
        )
        self._page: list[pulumi.Resource] = []
        # Also where a stage has stopped pods: told otherwise, the job would be another one, and come again.
        self._has_page = bool(facts_of(tenant.facts, MaintenancePage))
        if self._jobs:
            job = self._jobs[ODOO_UPDATE]
            where = platform.ingress_namespace
            route = fact_named(tenant.facts, Route, "route")
            self._page = maintenance_of(tenant, route, where, opts, waits=True)
            names = [*self._replicas(job), *self._pages(1)]
            self._rights = UpdateRights(
                tenant.tenant, job, names, platform=platform, bucket=self._bucket, opts=opts
            )

    def before_pods(
        self, files: Filestore, settings: OdooSettings, after: Sequence[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        """The job that updates, once *after* is there; nothing where the plan has none."""
        if ODOO_UPDATE not in self._jobs:
            return []
        job = self._jobs[ODOO_UPDATE]
        env, text = self._environment(job), script(_SCRIPT)
        tools = fact_named(self._tenant.facts, Job, "database-setup").image
        mounts = [*pods.odoo_mounts(), _ACCESS_MOUNT]

        def step(name: str, image: str, more: Mapping[str, pulumi.Input[str]]) -> pods.Manifest:
            given = pods.variables({"HOME": pods.SCRATCH_DIRECTORY, "STEP": name, **env, **more})
            called = job.name if name == "update" else name
            return pods.container(called, image, job.compute, mounts=mounts, env=given, **jobs.command(text))

        spec = pods.pod(
            job.run_as_user,
            job.run_as_group,
            self._rights.account,
            [step("update", job.image, {})],
            [*pods.odoo_volumes(files.claim_name, settings.secret_name), pods.api_access("access")],
            initContainers=[step("stop", tools, {}), step("backup", tools, self._backup())],
        )
        return [self._once(job, spec, [text, env], [*after, *self._page, self._rights])]

    @property
    def job_called(self) -> str | None:
        """What the job that updates is called; None where the plan has none."""
        if ODOO_UPDATE not in self._jobs:
            return None
        job = self._jobs[ODOO_UPDATE]
        return jobs.called_of(self._tenant.tenant, job, [script(_SCRIPT), self._environment(job)])

    def after_pods(self, started: Sequence[pulumi.Resource]) -> None:
        """The job that starts the pods that nobody else does, once Deployments are declared."""
        if ODOO_START not in self._jobs:
            return
        job = self._jobs[ODOO_START]
        text, env = script("scale.sh"), {**self._scaling(job), "FROM_ZERO": "yes"}
        env["DEPLOYMENTS"] = " ".join(filter(None, (env["DEPLOYMENTS"], _pairs(self._pages(0)))))
        container = jobs.operations_container(job, text, env, [_ACCESS_MOUNT])
        user, group = job.run_as_user, job.run_as_group
        spec = pods.pod(user, group, self._rights.account, [container], [pods.api_access("access")])
        self._once(job, spec, [text, env], [*started, self._rights])

    def _once(
        self, job: Job, spec: pods.Manifest, told_apart: Any, after: Sequence[pulumi.Resource]
    ) -> jobs.OneOffJob:
        return jobs.OneOffJob(
            self._tenant.tenant,
            job,
            gib=jobs.data_gib(self._tenant),
            spec=spec,
            distinguished_by=told_apart,
            # Who fails has started the pods again: nobody is disturbed a second time without being asked.
            retries=0,
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(after))),
        )

    def _scaling(self, job: Job) -> dict[str, str]:
        return {
            "DEPLOYMENTS": _pairs(self._replicas(job)),
            "NAMESPACE": job.namespace,
            "ACCESS": _ACCESS,
            "MANAGER": "costack-update",
        }

    def _replicas(self, job: Job) -> dict[str, int]:
        """Deployment -> how many pods it has when it runs, scaled out or not."""
        runs = job.update.replicas if job.update else {}
        return {physical_name(self._tenant.tenant, name): count for name, count in runs.items()}

    def _pages(self, replicas: int) -> dict[str, int]:
        """The Deployment of the page that answers meanwhile -> how many pods; empty where there is none."""
        return {physical_name(self._tenant.tenant, MAINTENANCE): replicas} if self._has_page else {}

    def _environment(self, job: Job) -> dict[str, str]:
        """The environment variables of odoo_update.sh, in every step."""
        if job.update is None:
            raise ValueError(f"{job.id}: says no update")
        return {
            **self._scaling(job),
            "NONE": _pairs(dict.fromkeys(self._replicas(job), 0)),
            "SCALE": script("scale.sh"),
            **({"PAGE": _pairs(self._pages(1)), "NO_PAGE": _pairs(self._pages(0))} if self._has_page else {}),
            "NEUTRALISED": "yes" if self._neutralised else "no",
            "NUMBER": str(job.update.number),
            "MODULES": ",".join(job.update.modules),
            "MOST_SECONDS": str(60 * job.update.minutes),
            "WAIT_SECONDS": str(_WAIT_SECONDS),
            "PAUSE_SECONDS": str(_PAUSE_SECONDS),
        }

    def _backup(self) -> dict[str, pulumi.Input[str]]:
        if self._bucket is None:
            return {"BACKUP": ""}
        return {"BACKUP": script("backup.sh"), **backup_environment(self._tenant.owner, *self._bucket)}


def _pairs(replicas: Mapping[str, int]) -> str:
    """How scale.sh is told them."""
    return " ".join(f"{name}={count}" for name, count in sorted(replicas.items()))
