"""What an upgrade to another major version of Odoo does to a tenant, and for how long it stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.facts.compute import Job
from tiers.facts.data import FileShare, TenantDatabase
from tiers.facts.odoo_upgrade import OdooUpgrade
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.upgrade.stage import UpgradeStage
from tiers.vocabulary import Environment

_EFFECTS: Final[Mapping[UpgradeStage, tuple[EffectKind, str]]] = {
    UpgradeStage.REHEARSE: (
        EffectKind.NOTICE,
        "a neutralised copy of its newest backup is upgraded to {to}, {most} minutes at most; people work",
    ),
    UpgradeStage.UPGRADE: (
        EffectKind.DATA,
        "its database becomes one of {to}, by what was rehearsed; what it is now is kept until confirmed",
    ),
    UpgradeStage.CONFIRM: (
        EffectKind.DATA,
        "the database that it had before the upgrade is dropped for good",
    ),
    UpgradeStage.BACK: (
        EffectKind.DATA,
        "goes back to the database before the upgrade: what was written since stays in the upgraded one",
    ),
    UpgradeStage.DISCARD: (
        EffectKind.DATA,
        "the upgraded database is dropped for good, with all that was written there",
    ),
}
_AGAIN: Final = "mail and scheduled actions that waited go out and run with the new version"
# As jobs are waited for (components/kubernetes/jobs.py): 9 MiB a second, an assumption for one connection.
_MINUTES_PER_GIB: Final = 2
_LEAST_MINUTES: Final = 5
"""What a backup and what a restore take of a small database, with images and pods that start."""


def upgrade_changes(before: TenantPlan, after: TenantPlan) -> Iterator[Change]:
    """What the next step of an upgrade does to data; nothing where no step is taken."""
    upgrade = after.upgrade
    if upgrade is None or (before.upgrade is not None and before.upgrade.stage is upgrade.stage):
        return
    kind, what = _EFFECTS.get(upgrade.stage, (None, ""))
    if kind is not None:
        told = _told(after)
        yield Change(kind, what.format(to=upgrade.to, most=told.minutes if told else 0))
    if upgrade.stage is UpgradeStage.START and after.environment is Environment.PRODUCTION:
        yield Change(EffectKind.NOTICE, _AGAIN)


def while_upgraded(after: TenantPlan) -> str:
    """Why, and for how long, the pods of *after* are stopped."""
    told, upgrade = _told(after), after.upgrade
    if told is None or upgrade is None:
        return "while the database before takes its place again (upgrade, stage back): minutes"
    saved, restored = copying_minutes(after)
    if upgrade.rehearsed_minutes is not None:
        how = f"{upgrade.rehearsed_minutes} minutes to restore and upgrade it, as the rehearsal measured"
        least = saved + upgrade.rehearsed_minutes
    else:
        how = f"{restored} to restore it, and the command, {told.minutes} minutes at most; not measured yet"
        least = saved + restored
    return (
        f"until stage start (upgrade, stage upgrade), from {least} minutes on: {saved} for the backup, "
        f"{how}; with all that the command may take {saved + restored + told.minutes}"
    )


def copying_minutes(tenant: TenantPlan) -> tuple[int, int]:
    """How many minutes the backup of *tenant* takes, and its restore, by the size of its data in GiB."""
    data = max((fact.storage_gib for fact in facts_of(tenant.facts, TenantDatabase)), default=0)
    files = max((fact.storage_gib for fact in facts_of(tenant.facts, FileShare) if fact.mounted), default=0)
    return _LEAST_MINUTES + _MINUTES_PER_GIB * (data + files), _LEAST_MINUTES + _MINUTES_PER_GIB * data


def _told(tenant: TenantPlan) -> OdooUpgrade | None:
    return next((job.upgrade for job in facts_of(tenant.facts, Job) if job.upgrade), None)
