"""What no update may do to a tenant that is deployed, whatever its file says: it cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.change.places import left_behind
from tiers.change.routes.cdn import left_in_pages
from tiers.change.versions.odoo import refused_odoo, refused_update, refused_upgrade
from tiers.plan.plan import TenantPlan
from tiers.portfolio.failover.stage import may_follow as may_fail_over
from tiers.portfolio.restore.stage import Restore, RestoreStage, may_follow
from tiers.portfolio.rotation import NEVER, Rotation
from tiers.portfolio.upgrade.stage import UpgradeStage
from tiers.vocabulary import Environment, LifecycleStage, RotationStage

_RESTORES_ON: Final = [RestoreStage.PREPARE] * 2
_UPGRADES_ON: Final = [UpgradeStage.REHEARSE] * 2
"""The stages of record and file between which pods run on the database in use, whichever that is.

`discard` gives the one before its name again before any pod starts. In a failback it is `stay`: people work
on in the second region, whose database was closed meanwhile, and an update to it that failed is made again.
"""


def forbidden(before: TenantPlan, after: TenantPlan, catalog: Catalog, stack: str) -> Iterator[str]:
    """Why the next update may not make *after* of *before*; nothing where it may.

    Args:
        before: The tenant as it is deployed.
        after: The tenant as its file has it.
        catalog: The catalog that both are sold from.
        stack: The stack's name, for the commands that a sentence names.
    """
    name, at = after.tenant, f"--stack {stack}"
    if before.environment is Environment.PRODUCTION and after.environment is not Environment.PRODUCTION:
        yield (
            f"{name}: environment production cannot become {after.environment}: its own database would be "
            "made a harmless copy, without mail and scheduled actions, for good. Write production back; "
            f"a {after.environment} environment is a tenant of its own"
        )
        return
    if left := left_behind(before, after, catalog, stack):
        yield left
    if before.portfolio is not None and before.owner != after.owner:
        was = before.first_client or before.client
        yield (
            f"{name}: its data is marked as that of client {was}, and its file says "
            f"{after.first_client or after.client}: if the client was renamed, add first_client: {was} to "
            "the file; another client needs a tenant of its own"
        )
    yield from refused_odoo(before, after)
    yield from refused_update(before, after)
    yield from refused_upgrade(before, after, stack)
    there, here = before.rotation or NEVER, after.rotation or NEVER
    if here not in (there, *_next(there)):
        yield (
            f"{name}: its rotation is {_words(there)} in the stack, and {_words(here)} in its file, which is "
            f"not the next step: put the file back as it was deployed and run `costack rotate {name} {at}` "
            "with --next or --back"
        )
    yield from _skipped(before, after, at)
    yield from left_in_pages(before, after)
    if not after.protected and before.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
        yield (
            f"{name}: protected: false may not come together with lifecycle_stage: decommissioning: take it "
            f"out of the file; `costack decommission {name} {at}` takes both steps, with a final backup "
            "between them"
        )


def half_switched(before: TenantPlan, after: TenantPlan, stack: str) -> Iterator[str]:
    """Why *after* may start no pods where an update began to rename databases and did not end.

    The record has the stage before it, and whoever puts the file back to that stage would let people, or the
    version of Odoo before, work with the database that may have the name by now.

    Args:
        before: The tenant as it was last deployed completely; an update has begun the next stage since.
        after: The tenant as its file has it.
        stack: The stack's name.
    """
    switch = command = ""
    if [each and each.stage for each in (before.restore, after.restore)] == _RESTORES_ON:
        switch, command = RestoreStage.SWITCH, "failback" if before.failover else _command(before.restore)
    elif [each and each.stage for each in (before.upgrade, after.upgrade)] == _UPGRADES_ON:
        switch, command = UpgradeStage.UPGRADE, "upgrade"
    if switch:
        yield (
            f"{after.tenant}: an update to stage {switch} began and did not end, or one that takes it back: "
            "its pods may be stopped, and which database is in use is not known: "
            f"`costack {command} {after.tenant} --stack {stack} --back` and `pulumi up` lead back to what "
            "people worked with before, whatever began; to go on where it was no way back, put the file back "
            "to that stage and run `pulumi up`"
        )


def _skipped(before: TenantPlan, after: TenantPlan, at: str) -> Iterator[str]:
    """A step of a restore or a failover that is not the next one."""
    name = after.tenant
    if not may_follow(before.restore, after.restore):
        yield (
            f"{name}: it is {_restored(before.restore)} in the stack, and {_restored(after.restore)} in its "
            "file, which is not the next step: put the file back as it was deployed and run `costack "
            f"{_command(before.restore or after.restore)} {name} {at}` with --next or --back"
        )
    came_home = before.failover is not None and after.failover is None and before.failover.comes_home
    if after.failovers != before.failovers + came_home:
        yield (
            f"{name}: failovers is {before.failovers} in the stack, and {after.failovers} in its file: "
            "another number is another standby, so only `costack failback` writes it, at its end; put the "
            "file back"
        )
    if not may_fail_over(before.failover, after.failover):
        yield (
            f"{name}: it is {_failed_over(before)} in the stack, and {_failed_over(after)} in its file, "
            "which is not the next step: put the file back as it was deployed and run `costack failover "
            f"{name} {at}`"
        )


def _next(there: Rotation) -> tuple[Rotation, ...]:
    """The rotations that may follow, also after an update that failed."""
    number = there.number
    if there.stage is None:
        begun = number + 1
        return (
            Rotation(number=begun, stage=RotationStage.SECOND_LOGIN),
            Rotation(number=begun, stage=RotationStage.BACK),
        )
    if there.stage is RotationStage.SECOND_LOGIN:
        return (
            Rotation(number=number, stage=RotationStage.FIRST_LOGIN),
            Rotation(number=number, stage=RotationStage.BACK),
        )
    return (Rotation(number=there.used),)


def _command(restore: Restore | None) -> str:
    return restore.command if restore else "restore"


def _restored(restore: Restore | None) -> str:
    return f"at stage {restore.stage} of a restore to {restore.moment}" if restore else "not being restored"


def _failed_over(tenant: TenantPlan) -> str:
    section = tenant.failover
    if section is None:
        return "in its own region"
    region = f" (first_region: {section.first_region})" if section.first_region != "answers" else ""
    return f"at stage {section.stage} of failover {section.number} to {section.to}{region}"


def _words(rotation: Rotation) -> str:
    stage = f"at stage {rotation.stage}" if rotation.stage else "finished"
    return f"{stage} with number {rotation.number}"
