"""The jobs that move a tenant's data from one place to another; each checks its own result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_random as random

from components.kubernetes import jobs, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import OdooSettings
from components.places import Administered
from components.scripts import script
from components.tenant.database import RoleSecret, database_job, identity_of, named, setup_environment
from tiers.facts.every_fact import FactId, FileShare, Job, TenantDatabase
from tiers.facts.names import (
    COPY_DATABASE,
    COPY_FILES,
    CUT_OVER,
    DROP_OLD_DATABASE,
    EMPTY_OLD_FILESTORE,
    OTHER_DATABASE,
)
from tiers.plan.plan import TenantPlan, fact_named, facts_of

_TARGET: Final = "/var/lib/target"
_WAIT_SECONDS: Final = 600
"""How long a copy waits for the last connection to the database to end."""


class DataMove:
    """The jobs of one tenant's move, as its plan has them; a tenant that does not move has none.

    Args:
        tenant: The tenant.
        servers: The servers with a database of it.
        role: The password of its role, the same on all of them.
        opts: Options of the jobs.
    """

    def __init__(
        self,
        tenant: TenantPlan,
        servers: Mapping[FactId, Administered],
        role: RoleSecret,
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._tenant, self._servers, self._role, self._opts = tenant, servers, role, opts
        self._jobs = {job.name: job for job in facts_of(tenant.facts, Job)}
        self._used = fact_named(tenant.facts, TenantDatabase, "database")
        others = [each for each in facts_of(tenant.facts, TenantDatabase) if each.name == OTHER_DATABASE]
        self._other = others[0] if others else self._used
        # It connects copy and cut-over; another attempt has another mark.
        self._mark: pulumi.Input[str] = ""
        if others and not self._jobs.keys().isdisjoint({COPY_DATABASE, CUT_OVER}):
            self._mark = random.RandomId(f"{tenant.tenant}-copied-data", byte_length=8, opts=opts).hex

    def cut_over(self) -> list[pulumi.Resource]:
        """Cut over: check that the copy is the one that was verified, and close the original."""
        if CUT_OVER not in self._jobs:
            return []
        env = {
            **named(self._used),
            "SOURCE_HOST": self._servers[self._other.server].server.address,
            "TARGET_HOST": self._servers[self._used.server].server.address,
            "MOVE": self._mark,
            **_measuring(),
        }
        return [self._about_database(CUT_OVER, "database_hand_over.sh", env, self._used, self._opts)]

    def copy(
        self, files: Mapping[FactId, Filestore], settings: OdooSettings, still: Sequence[pulumi.Resource]
    ) -> None:
        """Copy database and files after Odoo has stopped."""
        if COPY_DATABASE in self._jobs:
            target = self._servers[self._other.server]
            env = {
                **setup_environment(self._other, target, self._tenant.owner),
                "SOURCE_HOST": self._servers[self._used.server].server.address,
                "TARGET_HOST": target.server.address,
                "MOVE": self._mark,
                "WAIT_SECONDS": str(_WAIT_SECONDS),
                "SETUP": script("database_setup.sh"),
                "DROP": script("database_drop.sh"),
                "AS_SQL": script("database_sql.sh"),
                **_measuring(),
            }
            after = self._after(*still)
            self._about_database(COPY_DATABASE, "database_copy.sh", env, self._other, after)
        if COPY_FILES in self._jobs:
            used, other = (files[share.id] for share in _mounted(self._tenant))
            more = ({"name": "target", "mountPath": _TARGET}, _claimed("target", other))
            places = {"SOURCE": pods.DATA_DIRECTORY, "TARGET": _TARGET, "OWNER": self._tenant.owner}
            after = self._after(*still, used, other)
            self._about_files(COPY_FILES, "filestore_copy.sh", places, used, settings, after, more)

    def remove_old(
        self, files: Mapping[FactId, Filestore], settings: OdooSettings, saved: Sequence[pulumi.Resource]
    ) -> None:
        """Remove the old data from a shared server or file system, after a backup of the data in use."""
        if DROP_OLD_DATABASE in self._jobs:
            on = self._servers[self._other.server]
            env = {**setup_environment(self._other, on, self._tenant.owner), "ONLY_LEFT": "yes"}
            self._about_database(DROP_OLD_DATABASE, "database_drop.sh", env, self._other, self._after(*saved))
        if EMPTY_OLD_FILESTORE in self._jobs:
            _, left = (files[share.id] for share in _mounted(self._tenant))
            self._about_files(
                EMPTY_OLD_FILESTORE,
                "filestore_empty.sh",
                {"OWNER": self._tenant.owner},
                left,
                settings,
                self._after(*saved, left),
            )

    def _after(self, *before: pulumi.Input[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(before)))

    def _about_database(
        self,
        name: str,
        script_name: str,
        env: Mapping[str, pulumi.Input[str]],
        on: TenantDatabase,
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Resource:
        administered = self._servers[on.server]
        ready = pulumi.ResourceOptions(depends_on=[administered.administrator, self._role.secret])
        return database_job(
            self._tenant,
            self._jobs[name],
            script(script_name),
            env,
            administrator=administered.administrator_name,
            role=self._role,
            distinguished_by=[identity_of(self._used), identity_of(self._other)],
            opts=pulumi.ResourceOptions.merge(opts, ready),
        )

    def _about_files(  # noqa: PLR0917 - what a pod is made of
        self,
        name: str,
        script_name: str,
        env: Mapping[str, pulumi.Input[str]],
        files: Filestore,
        settings: OdooSettings,
        opts: pulumi.ResourceOptions,
        more: tuple[Manifest, Manifest] | None = None,
    ) -> None:
        fact, text = self._jobs[name], script(script_name)
        mounts, volumes = pods.odoo_mounts(), pods.odoo_volumes(files.claim_name, settings.secret_name)
        if more:
            mounts, volumes = [*mounts, more[0]], [*volumes, more[1]]
        container = jobs.operations_container(fact, text, env, mounts)
        spec = pods.pod(fact.run_as_user, fact.run_as_group, settings.service_account, [container], volumes)
        shares = [share.id for share in _mounted(self._tenant)]
        jobs.OneOffJob(
            self._tenant.tenant,
            fact,
            gib=jobs.data_gib(self._tenant),
            spec=spec,
            distinguished_by=[text, shares, self._tenant.owner],
            opts=opts,
        )


def _claimed(name: str, files: Filestore) -> Manifest:
    return {"name": name, "persistentVolumeClaim": {"claimName": files.claim_name}}


def _mounted(tenant: TenantPlan) -> list[FileShare]:
    """The share in use first, then the other."""
    return [share for share in facts_of(tenant.facts, FileShare) if share.mounted]


def _measuring() -> dict[str, pulumi.Input[str]]:
    return {"MEASURE_SQL": script("measure.sql"), "SEQUENCES_SQL": script("sequences.sql")}
