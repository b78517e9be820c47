"""The jobs that restore a tenant in place: a database beside the one in use, which takes its name.

Who administers databases has no access to the bucket, and who reads the bucket administers none. A dump is
what a database says, and to restore it is to run it: the container that does has the tenant's own login only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import OdooSettings
from components.places import Administered, BucketPlace, PlatformPlace
from components.restore_test import FETCH, FETCHED, REPORT, RESTORED
from components.scripts import SAMPLE, script
from components.tenant.database import RoleSecret
from components.tenant.restore.origin import Origin, origin_of_another, origin_of_its_own
from components.tenant.restore.side_database import SideDatabase
from tiers.facts.copies import fetched_gib
from tiers.facts.every_fact import FactId, FileShare, Job, LogicalBackup, TenantDatabase
from tiers.facts.names import (
    DROP_SIDE,
    FILL_SIDE,
    MAKE_SIDE,
    RESTORE_FILES,
    SWITCH_SIDE,
)
from tiers.plan.plan import TenantPlan, facts_of, process_of
from tiers.portfolio.restore.anonymised import digest, wanted
from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.vocabulary import Environment

_CONFIGURATION: Final[Manifest] = {
    "name": "configuration",
    "mountPath": pods.CONFIGURATION_DIRECTORY,
    "readOnly": True,
}
_FILL, _ANONYMISE, _READY = "fill", "anonymise", "ready"
# EKS gives the other containers of the pod the role's token, and these neither its variables nor its mount
# (aws/amazon-eks-pod-identity-webhook, pkg/handler/handler.go at 3bf80a3, for both kinds of roles).
_WITHOUT_ROLE: Final = "eks.amazonaws.com/skip-containers"
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
    kept = facts_of(tenant.facts, LogicalBackup)
    origin = None
    if tenant.reads_another:
        origin = origin_of_another(tenant, tenant.reads_another, platform, opts)
    elif kept:
        origin = origin_of_its_own(tenant, kept[0], own_buckets[kept[0].bucket])
    DataRestore(tenant, tenant.restore, side, mounted, opts).declare(origin, *after)


class DataRestore:
    """The jobs of one tenant's restore, as its plan has them.

    Args:
        tenant: The tenant; it is being restored.
        restore: The moment and the stage.
        side: The administrator's part, with the names of the databases.
        mounted: Its directory, and its settings with the login of its role.
        opts: Options of the jobs.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        restore: Restore,
        side: SideDatabase,
        mounted: tuple[Filestore, OdooSettings],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._tenant, self._restore, self._side, self._opts = tenant, restore, side, opts
        self._jobs = {job.name: job for job in facts_of(tenant.facts, Job)}
        self._files, self._settings = mounted

    def declare(
        self, origin: Origin | None, backups: Sequence[pulumi.Resource], still: Sequence[pulumi.Resource]
    ) -> None:
        """Declare the jobs of its stage.

        Args:
            origin: What is restored; None where no job of its stage reads any.
            backups: What has the role of the backups.
            still: What must have happened before a database is renamed: pods have stopped, a last backup.
        """
        stage = self._restore.stage
        ready = origin.ready if origin else ()
        if MAKE_SIDE in self._jobs:
            made = self._side.make(self._jobs[MAKE_SIDE])
            if origin:
                self._fill(origin, self._after(made, *backups, *ready, self._settings))
        if SWITCH_SIDE in self._jobs:
            switched = self._side.act(self._jobs[SWITCH_SIDE], _ACTIONS[stage], still, self._anonymised())
            if origin and RESTORE_FILES in self._jobs:
                self._bring_files_back(
                    origin, self._after(switched, *backups, *ready, self._settings, self._files)
                )
        if DROP_SIDE in self._jobs:
            self._side.act(self._jobs[DROP_SIDE], _ACTIONS[stage], still)

    def _after(self, *before: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(before)))

    @staticmethod
    def _in_bucket(origin: Origin, owner: str) -> dict[str, pulumi.Input[str]]:
        """Where the backups lie, and whose they, or the files here, must be."""
        return {
            "TENANT": origin.tenant,
            "OWNER": owner,
            "BUCKET": origin.bucket.name,
            "PREFIX": origin.prefix,
        }

    def _fill(self, origin: Origin, opts: pulumi.ResourceOptions) -> None:
        """Restore a backup into the side database, in four containers that follow each other."""
        there = {"FETCHED": FETCHED}
        backups = self._in_bucket(origin, origin.owner)
        keeps = "no" if self._restore.origin else "yes"
        fetched = {**there, **backups, "NOT_AFTER": self._restore.moment}
        reported = {**there, "RESTORED": RESTORED, **backups, "KEEP_RESULT": keeps}
        filled = {
            **there,
            "RESTORED": RESTORED,
            **self._side.names,
            "SAMPLE": str(SAMPLE),
            **_texts("MEASURE_SQL", "SEQUENCES_SQL", "AS_SQL", "COUNT"),
        }
        read, marked = _at(FETCHED, read=True), {**there, **self._side.names, **self._expected()}
        steps = [
            self._step(FETCH, "restore_test_fetch.sh", fetched, [_at(FETCHED)]),
            self._step(_FILL, "side_database_fill.sh", filled, [_CONFIGURATION, read, _at(RESTORED)]),
            self._step(REPORT, "restore_test_report.sh", reported, [_at(FETCHED), _at(RESTORED, read=True)]),
            *self._anonymising(),
            self._step(_READY, "side_database_ready.sh", marked, [_CONFIGURATION, read]),
        ]
        alone = ",".join(each["name"] for each in steps if each["name"] not in {FETCH, REPORT})
        volumes = [
            pods.odoo_volumes(self._files.claim_name, self._settings.secret_name)[1],
            pods.empty(FETCHED.strip("/"), self._room_gib()),
            pods.empty(RESTORED.strip("/"), _COUNTS_GIB),
            *(pods.empty(_scratch(each["name"]), _COUNTS_GIB) for each in steps[:-1]),
        ]
        self._pod(FILL_SIDE, origin.account, steps, volumes, opts, {_WITHOUT_ROLE: alone})

    def _expected(self) -> dict[str, str]:
        """What must be true of the database that was filled, and of the one in use, before it is ready."""
        process = process_of(self._tenant)
        expected = {"VERSION": process.version if process else "", **self._anonymised()}
        if self._restore.from_archive:
            expected["UPLOADED"] = "yes"
            # Where people work, an upload is no first day.
            if self._tenant.environment is Environment.PRODUCTION:
                expected["ONLY_IF_NOBODY_WORKED"] = "yes"
        return expected

    def _anonymised(self) -> dict[str, str]:
        """As what the data of another is anonymised, where it is."""
        section = self._tenant.anonymised if self._restore.origin else None
        return {"ANONYMISED": digest(section)} if section else {}

    def _anonymising(self) -> list[Manifest]:
        """The container that takes out what of a person is in the data of another."""
        section = self._tenant.anonymised
        if section is None or not self._restore.origin:
            return []
        env = {
            "FETCHED": FETCHED,
            **self._side.names,
            "COLUMNS": json.dumps(wanted(section)),
            **({"ATTACHMENTS": "yes"} if section.attachments else {}),
        }
        mounts = [_CONFIGURATION, _at(FETCHED, read=True)]
        return [self._step(_ANONYMISE, "side_database_anonymise.sh", env, mounts)]

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

    def _bring_files_back(self, origin: Origin, opts: pulumi.ResourceOptions) -> None:
        """Bring back the files that the database in use now names."""
        fact = self._jobs[RESTORE_FILES]
        # Who goes back must arrive: what the database before lacked, it lacks again. What an upload lacks
        # is nowhere.
        may = self._restore.from_archive or self._restore.stage is RestoreStage.BACK
        lacks = {"MAY_LACK": "yes"} if may else {}
        container = jobs.operations_container(
            fact,
            script("filestore_restore.sh"),
            {**self._in_bucket(origin, self._tenant.owner), **lacks},
            pods.odoo_mounts(),
        )
        volumes = pods.odoo_volumes(self._files.claim_name, self._settings.secret_name)
        self._pod(RESTORE_FILES, origin.account, [container], volumes, opts)

    def _pod(  # noqa: PLR0917 - what a pod is made of
        self,
        name: str,
        account: str,
        containers: Sequence[Manifest],
        volumes: Sequence[Manifest],
        opts: pulumi.ResourceOptions,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        fact = self._jobs[name]
        more: dict[str, Any] = {"initContainers": list(containers[:-1])} if containers[:-1] else {}
        spec = pods.pod(fact.run_as_user, fact.run_as_group, account, containers[-1:], volumes, **more)
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
        "AS_SQL": "database_sql.sh",
        "COUNT": "restored_counts.sh",
    }
    return {name: script(known[name]) for name in names}


def _at(place: str, *, read: bool = False) -> Manifest:
    return {"name": place.strip("/"), "mountPath": place, "readOnly": read}


def _scratch(container: str) -> str:
    """What one container leaves in its own is not read by another's tools."""
    return f"scratch-{container}"
