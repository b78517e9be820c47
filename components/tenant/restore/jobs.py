"""The jobs that restore a tenant in place: a database beside the one in use, which takes its name.

Who administers databases has no access to the bucket, and who reads the bucket administers none. A dump is
what a database says, and to restore it is to run it: the container that does has the tenant's own login only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pulumi

from components.kubernetes import pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.workload import OdooSettings
from components.places import Administered, BucketPlace, PlatformPlace
from components.tenant.restore.fill import BackupFill
from components.tenant.restore.marks import leave_marks
from components.tenant.restore.origin import REFRESH_TESTS, REFRESHES, Origin, origin_of
from components.tenant.restore.point_in_time import MomentFill, open_server
from components.tenant.restore.side_database import SideDatabase
from components.tenant.restore.side_jobs import SideJobs
from tiers.facts.every_fact import FactId, LogicalBackup, RestoredServer
from tiers.facts.names import FILL_SIDE, MAKE_SIDE, OPEN_RESTORED
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.vocabulary import Environment

_ACTIONS: Final = {
    RestoreStage.SWITCH: "switch",
    RestoreStage.BACK: "back",
    RestoreStage.CONFIRM: "drop-kept",
    RestoreStage.DISCARD: "drop-side",
}


def declare_restore(
    tenant: TenantPlan,
    platform: PlatformPlace,
    side: SideDatabase | None,
    *,
    own_buckets: Mapping[FactId, BucketPlace],
    mounted: tuple[Filestore, OdooSettings],
    after: tuple[Sequence[pulumi.Resource], Sequence[pulumi.Resource]],
    opts: pulumi.ResourceOptions,
    saved_there: tuple[BucketPlace, pulumi.Output[str] | None] | None = None,
    servers: Mapping[FactId, Administered] = MappingProxyType({}),
) -> None:
    """The jobs of a restore, while there is one.

    Args:
        tenant: The tenant.
        platform: Whose bucket has another tenant's backups.
        side: The database beside its own; None where there is none.
        own_buckets: Where the tenant's own backups are, by fact.
        mounted: Its files and its odoo.conf.
        after: Its backups and the one that was made for it, and what has stopped or was saved before.
        opts: Options of the jobs.
        saved_there: The bucket of its second region, where it comes home from there, and the mark of the
            backup that it comes home with.
        servers: All servers with a database of it, by fact.
    """
    if tenant.restore is None or side is None:
        return
    own = next((own_buckets[kept.bucket] for kept in facts_of(tenant.facts, LogicalBackup)), platform.bucket)
    there, mark = saved_there or (None, None)
    bucket = platform.bucket if tenant.reads_another else there or own
    origin = origin_of(tenant, bucket, platform.name, platform.cluster, opts)
    restore = DataRestore(tenant, tenant.restore, side, origin, mounted, opts, mark)
    leave_marks(tenant, tenant.restore, after[1], opts)
    pasts = [servers[each.id] for each in facts_of(tenant.facts, RestoredServer)]
    if OPEN_RESTORED in restore.jobs:
        restore.copy_moment(pasts[0], after[0])
    else:
        restore.declare(*after)


class DataRestore(SideJobs):
    """The jobs of one tenant's restore, as its plan has them.

    Args:
        tenant: The tenant; it is being restored.
        restore: The moment and the stage.
        side: The administrator's part, with the names of the databases.
        origin: Whose backup it is.
        mounted: Its directory, and its settings with the login of its role.
        opts: Options of the jobs.
        mark: Of the very backup that is restored, where it was made for this.
    """

    def __init__(  # noqa: PLR0917 - what its pods are made of
        self,
        tenant: TenantPlan,
        restore: Restore,
        side: SideDatabase,
        origin: Origin,
        mounted: tuple[Filestore, OdooSettings],
        opts: pulumi.ResourceOptions,
        mark: pulumi.Output[str] | None = None,
    ) -> None:
        told_apart = [restore.moment, str(restore.stage)]
        super().__init__(tenant, side, origin, mounted, told_apart, opts)
        self._restore, self._marked = restore, mark
        if restore.from_tenant and restore.stage is RestoreStage.SWITCH:
            self.results = f"{tenant.tenant}/{REFRESHES}"

    def declare(self, backups: Sequence[pulumi.Resource], still: Sequence[pulumi.Resource]) -> None:
        """Declare the jobs of its stage.

        Args:
            backups: What has the role of the backups.
            still: What must have happened before a database is renamed: pods have stopped, a last backup.
        """
        stage = self._restore.stage
        if MAKE_SIDE in self.jobs:
            made = self.side.make(self.jobs[MAKE_SIDE])
            self._fill(self.after(made, *backups))
        # What an upload lacks is nowhere; so is what came and went between two backups.
        may_lack = (
            stage is RestoreStage.BACK
            or self._restore.point_in_time
            or self._restore.from_archive is not None
        )
        said = self.side.expected
        self.switch_or_drop(_ACTIONS.get(stage, ""), backups, still, may_lack=may_lack, expected=said)

    def copy_moment(self, past: Administered, backups: Sequence[pulumi.Resource]) -> None:
        """Copy the database of the server as it was: its role gets the password of today first.

        Args:
            past: That server.
            backups: What has the role that lists the copy of the files.
        """
        opened = open_server(self.tenant, past, self.side.role, self._restore.moment, self._opts)
        made = self.side.make(self.jobs[MAKE_SIDE], [opened])
        fact = self.jobs[FILL_SIDE]
        fill = MomentFill(self.tenant, fact, self.side.names, self.origin, past.server, self._restore.moment)
        volumes = [*pods.odoo_volumes(self.files.claim_name, self.settings.secret_name), *fill.volumes()]
        opts = self.after(made, *backups, self.files)
        self.pod(FILL_SIDE, fill.steps(), volumes, opts, fill.without_role)

    def _fill(self, opts: pulumi.ResourceOptions) -> None:
        """Restore a backup into the side database."""
        which: dict[str, pulumi.Input[str]] = {"NOT_AFTER": self._restore.moment}
        if self._restore.live:
            which = {"ASKED_FOR": self._restore.asked_for_by(self.tenant.tenant)}
        if self._marked is not None:  # clocks of two regions prove nothing
            which["LAST"] = self._marked
        fill = BackupFill(
            self.tenant,
            self.jobs[FILL_SIDE],
            self.side.names,
            self.origin,
            which,
            keeps=not self._restore.from_archive,
            results=f"{self.tenant.tenant}/{REFRESH_TESTS}" if self._restore.from_tenant else "",
            expected={**self.side.expected, **self._first_day()},
            anonymised=self.tenant.anonymised if self._restore.origin else None,
        )
        self.pod(FILL_SIDE, fill.steps(), [self.configuration, *fill.volumes()], opts, fill.without_role)

    def _first_day(self) -> dict[str, str]:
        """What is asked of an upload: where people work in production, it is no first day."""
        if not self._restore.from_archive:
            return {}
        works = self.tenant.environment is Environment.PRODUCTION
        return {"UPLOADED": "yes", **({"ONLY_IF_NOBODY_WORKED": "yes"} if works else {})}
