"""The jobs that restore a tenant in place: a database beside the one in use, which takes its name.

Who administers databases has no access to the bucket, and who reads the bucket administers none. A dump is
what a database says, and to restore it is to run it: the container that does has the tenant's own login only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pulumi

from components.aws.iam import PodRole
from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import OdooSettings
from components.naming import physical_name
from components.places import Administered, BucketPlace, PlatformPlace, Text
from components.restore_test import FETCH, FETCHED, REPORT, RESTORED
from components.scripts import SAMPLE, script
from components.tenant.backups.dumps import backup_account, may_read
from components.tenant.database import RoleSecret
from components.tenant.restore.side_database import SideDatabase
from tiers.facts.copies import fetched_gib
from tiers.facts.every_fact import FactId, FileShare, Job, LogicalBackup, Route, TenantDatabase
from tiers.facts.names import (
    DROP_SIDE,
    FILL_SIDE,
    MAKE_SIDE,
    RESTORE_FILES,
    SWITCH_SIDE,
)
from tiers.plan.plan import TenantPlan, fact_named, facts_of, process_of
from tiers.portfolio.restore.stage import Restore, RestoreStage

_CONFIGURATION: Final[Manifest] = {
    "name": "configuration",
    "mountPath": pods.CONFIGURATION_DIRECTORY,
    "readOnly": True,
}
_FILL, _READY = "fill", "ready"
# EKS gives the other containers of the pod the role's token, and these neither its variables nor its mount
# (aws/amazon-eks-pod-identity-webhook, pkg/handler/handler.go at 3bf80a3, for both kinds of roles).
_WITHOUT_ROLE: Final = {"eks.amazonaws.com/skip-containers": f"{_FILL},{_READY}"}
_COUNTS_GIB: Final = 1
_ACTIONS: Final = {
    RestoreStage.SWITCH: "switch",
    RestoreStage.BACK: "back",
    RestoreStage.CONFIRM: "drop-kept",
    RestoreStage.DISCARD: "drop-side",
}


def declare_restore(
    tenant: TenantPlan,
    platform: PlatformPlace,
    databases: tuple[Administered, RoleSecret],
    *,
    own_buckets: Mapping[FactId, BucketPlace],
    mounted: tuple[Filestore, OdooSettings],
    after: tuple[Sequence[pulumi.Resource], Sequence[pulumi.Resource]],
    opts: pulumi.ResourceOptions,
) -> None:
    """The jobs of a restore, while there is one.

    Args:
        tenant: The tenant.
        platform: Whose bucket has another tenant's backups.
        databases: The server with its administrator, and the tenant's login.
        own_buckets: Where the tenant's own backups are, by fact.
        mounted: Its files and its odoo.conf.
        after: Its backups, and what has stopped or was saved before.
        opts: Options of the jobs.
    """
    if tenant.restore is None:
        return
    side = SideDatabase(tenant, "restored-data", *databases, opts)
    own = own_buckets[facts_of(tenant.facts, LogicalBackup)[0].bucket]
    bucket = platform.bucket if tenant.reads_another else own
    origin = origin_of(tenant, bucket, platform.name, platform.cluster, opts)
    DataRestore(tenant, tenant.restore, side, origin, mounted, opts).declare(*after)


class Origin(NamedTuple):
    """Whose backup is restored: its bucket and prefix, whose it must be, and the account that may read it."""

    account: str
    bucket: BucketPlace
    tenant: str
    owner: str
    prefix: str
    ready: tuple[pulumi.Resource, ...] = ()
    """What a pod of that account must wait for: EKS gives a role to pods that are made after it."""


def origin_of(
    tenant: TenantPlan, bucket: BucketPlace, portfolio: str, cluster: Text, opts: pulumi.ResourceOptions
) -> Origin:
    """Its own backups, or those of another tenant while a stage reads them.

    For the latter it declares an account of its own that may read there and write nothing.
    """
    kept = facts_of(tenant.facts, LogicalBackup)[0]
    if (source := tenant.reads_another) is None:
        return Origin(backup_account(tenant.tenant), bucket, str(kept.tenant), tenant.owner, kept.prefix)
    name, where = physical_name(tenant.tenant, "refresh"), fact_named(tenant.facts, Route, "route").namespace
    account = pods.service_account(name, name, where, opts)
    role = PodRole(
        physical_name(portfolio, tenant.tenant, "refresh"),
        cluster=cluster,
        namespace=where,
        service_account=name,
        statements=may_read(bucket, source.prefix),
        opts=opts,
    )
    return Origin(name, bucket, source.tenant, source.owner, source.prefix, (account, role))


class DataRestore:
    """The jobs of one tenant's restore, as its plan has them.

    Args:
        tenant: The tenant; it is being restored.
        restore: The moment and the stage.
        side: The administrator's part, with the names of the databases.
        origin: Whose backup it is.
        mounted: Its directory, and its settings with the login of its role.
        opts: Options of the jobs.
    """

    def __init__(  # noqa: PLR0917 - what its pods are made of
        self,
        tenant: TenantPlan,
        restore: Restore,
        side: SideDatabase,
        origin: Origin,
        mounted: tuple[Filestore, OdooSettings],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._tenant, self._restore, self._side, self._opts = tenant, restore, side, opts
        self._jobs = {job.name: job for job in facts_of(tenant.facts, Job)}
        self._origin, (self._files, self._settings) = origin, mounted

    def declare(self, backups: Sequence[pulumi.Resource], still: Sequence[pulumi.Resource]) -> None:
        """Declare the jobs of its stage.

        Args:
            backups: What has the role of the backups.
            still: What must have happened before a database is renamed: pods have stopped, a last backup.
        """
        stage = self._restore.stage
        if MAKE_SIDE in self._jobs:
            made = self._side.make(self._jobs[MAKE_SIDE])
            self._fill(self._after(made, *backups, *self._origin.ready, self._settings))
        if SWITCH_SIDE in self._jobs:
            switched = self._side.act(self._jobs[SWITCH_SIDE], _ACTIONS[stage], still)
            self._bring_files_back(
                self._after(switched, *backups, *self._origin.ready, self._settings, self._files)
            )
        if DROP_SIDE in self._jobs:
            self._side.act(self._jobs[DROP_SIDE], _ACTIONS[stage], still)

    def _after(self, *before: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(before)))

    def _in_bucket(self, owner: str) -> dict[str, pulumi.Input[str]]:
        """Where the backups lie, and whose they, or the files here, must be."""
        origin = self._origin
        return {
            "TENANT": origin.tenant,
            "OWNER": owner,
            "BUCKET": origin.bucket.name,
            "PREFIX": origin.prefix,
        }

    def _fill(self, opts: pulumi.ResourceOptions) -> None:
        """Restore a backup into the side database, in four containers that follow each other."""
        there = {"FETCHED": FETCHED}
        backups = self._in_bucket(self._origin.owner)
        keeps = "no" if self._restore.from_tenant else "yes"
        fetched = {**there, **backups, "NOT_AFTER": self._restore.moment}
        reported = {**there, "RESTORED": RESTORED, **backups, "KEEP_RESULT": keeps}
        filled = {
            **there,
            "RESTORED": RESTORED,
            **self._side.names,
            "SAMPLE": str(SAMPLE),
            **_texts("MEASURE_SQL", "SEQUENCES_SQL", "NEWEST_SQL", "AS_SQL", "COUNT"),
        }
        read, marked = _at(FETCHED, read=True), {**there, **self._side.names, "VERSION": self._version()}
        steps = [
            self._step(FETCH, "restore_test_fetch.sh", fetched, [_at(FETCHED)]),
            self._step(_FILL, "side_database_fill.sh", filled, [_CONFIGURATION, read, _at(RESTORED)]),
            self._step(REPORT, "restore_test_report.sh", reported, [_at(FETCHED), _at(RESTORED, read=True)]),
            self._step(_READY, "side_database_ready.sh", marked, [_CONFIGURATION, read]),
        ]
        volumes = [
            pods.odoo_volumes(self._files.claim_name, self._settings.secret_name)[1],
            pods.empty(FETCHED.strip("/"), self._room_gib()),
            pods.empty(RESTORED.strip("/"), _COUNTS_GIB),
            *(pods.empty(_scratch(name), _COUNTS_GIB) for name in (FETCH, _FILL, REPORT)),
        ]
        self._pod(FILL_SIDE, steps, volumes, opts, _WITHOUT_ROLE)

    def _version(self) -> str:
        process = process_of(self._tenant)
        return process.version if process else ""

    def _room_gib(self) -> int:
        source = self._tenant.restored_from
        if source is not None:
            return fetched_gib(source.database_gib, source.filestore_gib)
        data = max((fact.storage_gib for fact in facts_of(self._tenant.facts, TenantDatabase)), default=0)
        files = max((fact.storage_gib for fact in facts_of(self._tenant.facts, FileShare)), default=0)
        return fetched_gib(data, files)

    def _step(
        self, name: str, runs: str, env: Mapping[str, pulumi.Input[str]], mounts: Sequence[Manifest]
    ) -> Manifest:
        """A container of the operations image; each but the last has a scratch directory of its own."""
        fact = self._jobs[FILL_SIDE]
        return pods.container(
            name,
            fact.image,
            fact.compute,
            mounts=mounts,
            scratch="scratch" if name == _READY else _scratch(name),
            disk_gib=self._room_gib() + 2 * _COUNTS_GIB,
            env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **env}),
            **jobs.command(script(runs)),
        )

    def _bring_files_back(self, opts: pulumi.ResourceOptions) -> None:
        """Bring back the files that the database in use now names."""
        fact = self._jobs[RESTORE_FILES]
        # Who goes back must arrive: what the database before lacked, it lacks again.
        lacks = {"MAY_LACK": "yes"} if self._restore.stage is RestoreStage.BACK else {}
        container = jobs.operations_container(
            fact,
            script("filestore_restore.sh"),
            {**self._in_bucket(self._tenant.owner), **_texts("BRING"), **lacks},
            pods.odoo_mounts(),
        )
        volumes = pods.odoo_volumes(self._files.claim_name, self._settings.secret_name)
        self._pod(RESTORE_FILES, [container], volumes, opts)

    def _pod(
        self,
        name: str,
        containers: Sequence[Manifest],
        volumes: Sequence[Manifest],
        opts: pulumi.ResourceOptions,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        fact = self._jobs[name]
        more: dict[str, Any] = {"initContainers": list(containers[:-1])} if containers[:-1] else {}
        spec = pods.pod(
            fact.run_as_user, fact.run_as_group, self._origin.account, containers[-1:], volumes, **more
        )
        jobs.OneOffJob(
            self._tenant.tenant,
            fact,
            gib=jobs.data_gib(self._tenant),
            spec=spec,
            distinguished_by=[self._restore.moment, str(self._restore.stage)],
            notes=notes,
            opts=opts,
        )


def _texts(*names: str) -> dict[str, str]:
    known = {
        "MEASURE_SQL": "measure.sql",
        "SEQUENCES_SQL": "sequences.sql",
        "NEWEST_SQL": "newest.sql",
        "AS_SQL": "database_sql.sh",
        "BRING": "filestore_bring.sh",
        "COUNT": "restored_counts.sh",
    }
    return {name: script(known[name]) for name in names}


def _at(place: str, *, read: bool = False) -> Manifest:
    return {"name": place.strip("/"), "mountPath": place, "readOnly": read}


def _scratch(container: str) -> str:
    """What one container leaves in its own is not read by another's tools."""
    return f"scratch-{container}"
