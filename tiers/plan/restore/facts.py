"""The facts of a tenant that is restored in place: its own, a database beside the one in use, and the jobs.

Prepare, switch, start, confirm: every stage is one update. A Deployment cannot be stopped and started in one,
so `switch` stops Odoo and `start` lets it run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import Fact, LogicalBackup, TenantDatabase
from tiers.facts.names import (
    DROP_SIDE,
    FILL_SIDE,
    FINAL_BACKUP,
    MAKE_SIDE,
    OPEN_RESTORED,
    RESTORE_FILES,
    SWITCH_SIDE,
    kept_database,
    side_database,
)
from tiers.plan.move import awake, move_facts
from tiers.plan.restore.beside import database_beside, job_beside, working
from tiers.plan.restore.point_in_time import reading_files, restored_server
from tiers.plan.tenant import tenant_facts
from tiers.portfolio.platform import Platform
from tiers.portfolio.restore.stage import READING, STOPPED, Restore, RestoreStage
from tiers.portfolio.tenant import Tenant

# Files come back twice: those that the restored database names, and those of the one before on the way back.
_JOBS: Final[Mapping[RestoreStage, tuple[str, ...]]] = {
    RestoreStage.PREPARE: (MAKE_SIDE, FILL_SIDE),
    RestoreStage.SWITCH: (FINAL_BACKUP, SWITCH_SIDE, RESTORE_FILES),
    # Pods start on what was switched only: who puts the file back to `switch` may do so after a way back.
    RestoreStage.START: (SWITCH_SIDE,),
    RestoreStage.CONFIRM: (DROP_SIDE,),
    RestoreStage.BACK: (SWITCH_SIDE, RESTORE_FILES),
    # Whatever an update to `switch` has done before it failed is taken back before pods start.
    RestoreStage.DISCARD: (SWITCH_SIDE, DROP_SIDE),
}
# A sandbox without backups has none before the switch; on the way back its files are those that it had.
_OF_ITS_BACKUPS: Final[Mapping[RestoreStage, tuple[str, ...]]] = {
    RestoreStage.SWITCH: (FINAL_BACKUP,),
    RestoreStage.BACK: (RESTORE_FILES,),
}
_CALLED: Final = {
    RestoreStage.PREPARE: side_database,
    RestoreStage.SWITCH: kept_database,
    RestoreStage.START: kept_database,
    RestoreStage.BACK: side_database,
}
"""What the database is called after the update that nobody works with; after other stages there is none."""


def restore_facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    """All facts of *tenant*, also while it is restored."""
    if tenant.restore is None:
        yield from move_facts(catalog, platform, tenant)
        return
    own = list(tenant_facts(catalog, platform, awake(tenant)))
    stage = tenant.restore.stage
    yield from working(own, stopped=stage in STOPPED, starts_again=stage is not RestoreStage.PREPARE)
    used = next(fact for fact in own if isinstance(fact, TenantDatabase))
    if called := _CALLED.get(stage):
        yield database_beside(own, tenant, called(used.database))
    saved = any(isinstance(fact, LogicalBackup) for fact in own)
    if tenant.restore.point_in_time and stage in READING:
        yield from restored_server(own, tenant, tenant.restore.at)
    for name in _jobs_of(tenant.restore):
        if saved or name not in _OF_ITS_BACKUPS.get(stage, ()):
            made = job_beside(own, platform, tenant, name)
            reads = tenant.restore.point_in_time and name == FILL_SIDE
            yield reading_files(made, platform) if reads else made


def _jobs_of(restore: Restore) -> tuple[str, ...]:
    """The jobs of its stage, in order."""
    opens = restore.point_in_time and restore.stage is RestoreStage.PREPARE
    return (OPEN_RESTORED, *_JOBS[restore.stage]) if opens else _JOBS[restore.stage]
