"""The jobs about a database beside the one in use, whatever fills it: it takes the place, or goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import pulumi

from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import OdooSettings
from components.scripts import script
from components.tenant.restore.origin import Origin
from components.tenant.restore.side_database import SideDatabase
from tiers.facts.every_fact import Job
from tiers.facts.names import DROP_SIDE, RESTORE_FILES, SWITCH_SIDE
from tiers.plan.plan import TenantPlan, facts_of

_RENAMES: Final = ("switch", "back")


class SideJobs:
    """The jobs of one tenant, as its plan has them.

    Args:
        tenant: The tenant.
        side: The administrator's part, with the names of the databases.
        origin: Whose backups they read.
        mounted: Its directory, and its settings with the login of its role.
        told_apart: What makes other jobs of them: each stage has its own.
        opts: Options of the jobs.
    """

    def __init__(  # noqa: PLR0917 - what its pods are made of
        self,
        tenant: TenantPlan,
        side: SideDatabase,
        origin: Origin,
        mounted: tuple[Filestore, OdooSettings],
        told_apart: list[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self.tenant, self.side, self._opts, self._told_apart = tenant, side, opts, told_apart
        self.jobs = {job.name: job for job in facts_of(tenant.facts, Job)}
        self.origin, (self.files, self.settings) = origin, mounted
        self.results = ""
        """Where the result of a refresh is left, below the manifests in the bucket."""

    def switch_or_drop(
        self,
        action: str,
        backups: Sequence[pulumi.Resource],
        still: Sequence[pulumi.Input[pulumi.Resource]],
        *,
        may_lack: bool,
        expected: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Do *action* of side_database_switch.sh once *still* has ended, if the plan has a job for it.

        Then bring back the files that the database in use names from where *backups* are. Who goes back must
        arrive: what the database before lacked, it may lack again. Nothing else than what is *expected* is
        switched.
        """
        if SWITCH_SIDE in self.jobs and action in _RENAMES:  # else SideDatabase.before_pods has it
            switched = self.side.act(self.jobs[SWITCH_SIDE], action, still, expected)
            if RESTORE_FILES in self.jobs:
                self._bring_files_back(self.after(switched, *backups, self.files), may_lack=may_lack)
        if DROP_SIDE in self.jobs:
            self.side.act(self.jobs[DROP_SIDE], action, still)

    @property
    def configuration(self) -> Manifest:
        """The volume with odoo.conf."""
        return pods.odoo_volumes(self.files.claim_name, self.settings.secret_name)[1]

    def after(self, *before: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
        """The options of a job of the tenant that comes after all of *before*."""
        needed = [*before, *self.origin.ready, self.settings]
        return pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=needed))

    def pod(
        self,
        name: str,
        containers: Sequence[Manifest],
        volumes: Sequence[Manifest],
        opts: pulumi.ResourceOptions,
        without_role: Collection[str] = (),
        *,
        retries: int = jobs.RETRIES,
    ) -> pulumi.Resource:
        """The job *name*, whose containers follow each other; those *without_role* reach no bucket."""
        fact = self.jobs[name]
        more: dict[str, Any] = {"initContainers": list(containers[:-1])} if containers[:-1] else {}
        # EKS gives the other containers of the pod the role's token, and these neither its variables nor its
        # mount (aws/amazon-eks-pod-identity-webhook, pkg/handler/handler.go at 3bf80a3, for both kinds of
        # roles).
        notes = {"eks.amazonaws.com/skip-containers": ",".join(without_role)} if without_role else None
        return jobs.OneOffJob(
            self.tenant.tenant,
            fact,
            gib=jobs.data_gib(self.tenant),
            spec=pods.pod(
                fact.run_as_user, fact.run_as_group, self.origin.account, containers[-1:], volumes, **more
            ),
            distinguished_by=self._told_apart,
            notes=notes,
            retries=retries,
            opts=opts,
        )

    def _bring_files_back(self, opts: pulumi.ResourceOptions, *, may_lack: bool) -> None:
        more = {"MAY_LACK": "yes"} if may_lack else {}
        if self.results:
            more["REFRESHES"] = self.results
        env = {**self.origin.in_bucket(self.tenant.owner), "BRING": script("filestore_bring.sh"), **more}
        container = jobs.operations_container(
            self.jobs[RESTORE_FILES], script("filestore_restore.sh"), env, pods.odoo_mounts()
        )
        volumes = pods.odoo_volumes(self.files.claim_name, self.settings.secret_name)
        self.pod(RESTORE_FILES, [container], volumes, opts)
