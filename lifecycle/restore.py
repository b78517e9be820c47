"""The next step of a tenant's restore or refresh, forward or back, as a line of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from lifecycle.errors import RefusedError
from lifecycle.going_on import deployed_plan, refuse_next_step, refuse_to_begin
from tiers.catalog.tier import Catalog
from tiers.facts.archive import MOST_HOURS
from tiers.facts.every_fact import DatabaseInstance, LogicalBackup
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.restore.source import source_faults
from tiers.portfolio.restore.stage import ORDER, ArchiveName, Restore, RestoreStage, may_follow
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import TenantId

STEPS: Final[Mapping[RestoreStage, str]] = {
    RestoreStage.PREPARE: "restores {data} into a database beside the one in use and checks it; people work "
    "meanwhile",
    RestoreStage.SWITCH: "stops {tenant}, backs it up{saved}, lets the restored database take the place of "
    "the one in use and brings back files that it names; users wait meanwhile",
    RestoreStage.START: "starts {tenant} on what was restored; the database before is kept",
    RestoreStage.CONFIRM: "drops the database that {tenant} had before; there is no way back",
    RestoreStage.BACK: "stops {tenant} and gives the database before its place again; users wait meanwhile",
    RestoreStage.DISCARD: "lets {tenant} work with the database that it had before, and drops the restored "
    "one with all that was written there",
}
"""What the update of each stage does."""
_ENDED: Final = "changes nothing more of {tenant}; the restore is finished"
_ONLY_BY_DUMP: Final = (
    "{tenant} has a server of its own, of which AWS can make a second one as it was in any minute of the "
    "last {days} days (aws rds restore-db-instance-to-point-in-time). This command does not do that: what "
    "was written after the backup is lost"
)

_ARCHIVED: Final = (
    "{whose}'s dumps that are older than {days} days lie in {where}, where none is read at once: before "
    "`pulumi up`, ask for it with `aws s3api restore-object --bucket BUCKET --key dumps/{whose}/TIME.dump "
    '--restore-request Days=3` and wait until `aws s3api head-object` shows ongoing-request="false", up to '
    "{hours} hours"
)


class Step(NamedTuple):
    """The tenant's file after a step; `update` is what the next `pulumi up` does."""

    restore: Restore | None
    update: str

    @property
    def line(self) -> str | None:
        """The value of `restore` in the file, None to remove it."""
        restore = self.restore
        if restore is None:
            return None
        origin = f"from_tenant: {restore.from_tenant}, " if restore.from_tenant else ""
        if restore.from_archive:
            origin = f"from_archive: {json.dumps(restore.from_archive)}, "
        for name in ("live", "scheduled"):
            origin += f"{name}: true, " if getattr(restore, name) else ""
        return f"{{at: {restore.moment}, {origin}stage: {restore.stage}}}"


def begin(
    tenant: Tenant,
    at: datetime,
    now: datetime,
    source: TenantId | None = None,
    archive: ArchiveName | None = None,
    *,
    live: bool = False,
    scheduled: bool = False,
) -> Step:
    """The first step of a restore to *at*, or of a refresh from *source*'s backup or an uploaded *archive*.

    A *live* one has a backup of its own made of *source*; a *scheduled* one is led without anybody asking.

    Raises:
        RefusedError: When something else goes on with the tenant, or *at* is in the future.
    """
    refuse_to_begin(tenant, "restore", "is restored")
    if at > now:
        raise RefusedError(f"{at:%Y-%m-%dT%H:%M:%SZ} is in the future: there is no backup of then or before")
    how = {"live": live, "scheduled": scheduled}
    first = Restore(at=at, from_tenant=source, from_archive=archive, stage=RestoreStage.PREPARE, **how)
    return _step(tenant.tenant, first)


def advance(tenant: Tenant) -> Step:
    """The next step.

    Raises:
        RefusedError: When it is not being restored.
    """
    now = _going_on(tenant)
    following = ORDER.next[now.stage]
    if following is None:
        return Step(None, _ENDED.format(tenant=tenant.tenant))
    return _step(tenant.tenant, now.model_copy(update={"stage": following}))


def back(tenant: Tenant, deployed: TenantPlan | None) -> Step:
    """The step back to the database before, where *deployed* is what the last update left.

    Raises:
        RefusedError: When it is not being restored, or one of the two databases is being dropped already.
    """
    now = _going_on(tenant)
    if now.stage is RestoreStage.CONFIRM:
        raise RefusedError(
            f"the database that {tenant.tenant} had before is dropped with this step: finish with --next; "
            "the backup that was made before the switch can be restored like any other"
        )
    stage = ORDER.back(now.stage, deployed.restore.stage if deployed and deployed.restore else None)
    if stage is None:
        raise RefusedError(f"{tenant.tenant} is going back already: finish with --next")
    return _step(tenant.tenant, now.model_copy(update={"stage": stage}))


def check_deployed(
    tenant: Tenant, deployed: TenantPlan | None, stack: str, *, going_back: bool = False
) -> None:
    """Check that the step before was deployed: every update takes one step.

    Who goes back may do so after an update that failed, when the stack does not have its step yet.

    Raises:
        RefusedError: When file and stack differ.
    """
    there, here = deployed_plan(tenant, deployed, stack).restore, tenant.restore
    if there != here and not (going_back and may_follow(there, here)):
        refuse_next_step(tenant.tenant, whereabouts(there), whereabouts(here), stack)


def check_has_backups(*deployed: TenantPlan) -> None:
    """Check that there is anything to restore.

    Raises:
        RefusedError: When a deployed tenant makes no backups.
    """
    for each in deployed:
        if not facts_of(each.facts, LogicalBackup):
            raise RefusedError(
                f"{each.tenant}: {each.tier} makes no backups for '{each.environment}', so there is none to "
                "restore"
            )


def deployed_source(plan: Plan, source: TenantId, stack: str) -> TenantPlan:
    """The tenant that is copied live, as the deployed *plan* has it.

    Raises:
        RefusedError: When there is nothing to copy yet.
    """
    deployed = plan.tenant(source)
    if deployed is None:
        raise RefusedError(f"stack '{stack}' has no tenant '{source}' yet, so there is nothing to copy")
    return deployed


def check_source(after: Tenant, portfolio: Portfolio, catalog: Catalog) -> None:
    """Check that *after* may have the backup that it asks for, before anything stops.

    Raises:
        RefusedError: When that belongs to somebody else, does not fit, or is not there.
    """
    known = {each.tenant: each for each in portfolio.tenants} | {after.tenant: after}
    faults = source_faults(known, catalog, portfolio.platform)
    found = [message for place, (_, message) in faults if place == after.tenant]
    if found:
        raise RefusedError(f"{after.tenant} cannot be refreshed: {'; '.join(found)}")


def left_out(deployed: TenantPlan, step: Step, now: datetime) -> str:
    """What a restore of this tenant does not do, '' where it does all that could be done."""
    if step.restore is None or step.restore.from_archive or step.restore.live:
        return ""
    if asked := _must_be_asked_for(deployed, step.restore, now):
        return asked
    if step.restore.from_tenant:
        return ""
    for server in facts_of(deployed.facts, DatabaseInstance):
        return _ONLY_BY_DUMP.format(tenant=deployed.tenant, days=server.backup_retention_days)
    return ""


def _must_be_asked_for(deployed: TenantPlan, restore: Restore, now: datetime) -> str:
    """What somebody must do before a dump can be read that lies where nothing is read at once."""
    for kept in facts_of(deployed.facts, LogicalBackup):
        old = kept.archive
        if old is None or not (hours := MOST_HOURS[old.storage_class]):
            continue
        if now - restore.at < timedelta(days=old.after_days):
            continue
        whose = restore.from_tenant or deployed.tenant
        return _ARCHIVED.format(whose=whose, days=old.after_days, where=old.storage_class, hours=hours)
    return ""


def whereabouts(restore: Restore | None) -> str:
    """Where a restore stands, to follow a name and `is`."""
    if restore is None:
        return "not being restored"
    if restore.origin:
        how = "live " if restore.live else ""
        return f"at stage {restore.stage} of its {how}refresh from {restore.origin} of {restore.moment}"
    return f"at stage {restore.stage} of its restore to {restore.moment}"


def _going_on(tenant: Tenant) -> Restore:
    if tenant.restore is None:
        raise RefusedError(
            f"{tenant.tenant} is not being restored; begin with `costack restore {tenant.tenant} --at TIME` "
            f"or `costack refresh {tenant.tenant} --from TENANT`"
        )
    return tenant.restore


def _step(tenant: str, restore: Restore) -> Step:
    return Step(restore, in_words(tenant, restore))


def in_words(tenant: str, restore: Restore) -> str:
    """What the update of its stage does, to follow `the next update`."""
    saved = " where its offer has backups" if restore.from_archive else ""
    return STEPS[restore.stage].format(tenant=tenant, data=restore.data_of(tenant), saved=saved)
