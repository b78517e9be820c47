"""The facts of a tenant that is restored in place: its own, a database beside the one in use, and the jobs.

Prepare, switch, start, confirm: every stage is one update. A Deployment cannot be stopped and started in one,
so `switch` stops Odoo and `start` lets it run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import Fact, Job, LogicalBackup, TenantDatabase, Workload
from tiers.facts.names import (
    DROP_SIDE,
    FILL_SIDE,
    FINAL_BACKUP,
    MAKE_SIDE,
    ODOO_SETUP,
    RESTORE_FILES,
    SIDE_DATABASE,
    SWITCH_SIDE,
    kept_database,
    side_database,
)
from tiers.plan.move import awake, move_facts
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about
from tiers.plan.tenant import tenant_facts
from tiers.plan.versions.jobs import starts_pods
from tiers.portfolio.platform import Platform
from tiers.portfolio.restore.stage import STOPPED, Restore, RestoreStage
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

# Files come back twice: those that the restored database names, and those of the one before on the way back.
_JOBS: Final[Mapping[RestoreStage, tuple[str, ...]]] = {
    RestoreStage.PREPARE: (MAKE_SIDE, FILL_SIDE),
    RestoreStage.SWITCH: (FINAL_BACKUP, SWITCH_SIDE, RESTORE_FILES),
    RestoreStage.START: (),
    RestoreStage.CONFIRM: (DROP_SIDE,),
    RestoreStage.BACK: (SWITCH_SIDE, RESTORE_FILES),
    RestoreStage.DISCARD: (DROP_SIDE,),
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
_ADMINISTRATORS: Final = (MAKE_SIDE, SWITCH_SIDE, DROP_SIDE)
_CONNECTIONS_OF_A_RESTORE: Final = 2


def restore_facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    """All facts of *tenant*, also while it is restored."""
    if tenant.restore is None:
        yield from move_facts(catalog, platform, tenant)
        return
    own = list(tenant_facts(catalog, platform, awake(tenant)))
    stopped = tenant.restore.stage in STOPPED
    for fact in own:
        if stopped and starts_pods(fact):
            continue
        yield _scaled(fact, tenant.restore.stage) if isinstance(fact, Workload) else fact
    yield from _beside(own, tenant, tenant.restore)
    setup = next(fact for fact in own if isinstance(fact, Job) and fact.name == ODOO_SETUP)
    saved = any(isinstance(fact, LogicalBackup) for fact in own)
    for name in _JOBS[tenant.restore.stage]:
        if saved or name not in _OF_ITS_BACKUPS.get(tenant.restore.stage, ()):
            yield _job(platform, tenant, setup, name)


def _scaled(pods: Workload, stage: RestoreStage) -> Workload:
    if stage in STOPPED:
        return pods.model_copy(update={"replicas": 0, "max_replicas": 0})
    return pods.model_copy(update={"starts_again": stage is not RestoreStage.PREPARE})


def _beside(own: list[Fact], tenant: Tenant, restore: Restore) -> Iterator[TenantDatabase]:
    if called := _CALLED.get(restore.stage):
        used = next(fact for fact in own if isinstance(fact, TenantDatabase))
        named = about(tenant, SIDE_DATABASE, CostCategory.STORAGE)
        beside = {
            "id": named["id"],
            "database": called(used.database),
            # Its role is the one in use, whose limit counts already.
            "connection_limit": _CONNECTIONS_OF_A_RESTORE,
            "changed_mib_per_day": 0,
        }
        yield used.model_copy(update=beside)


def _job(platform: Platform, tenant: Tenant, setup: Job, name: str) -> Job:
    """A job of the operations image, of the size and on the nodes of the tenant's own jobs."""
    tools, odoo = platform.images.operations, platform.images.odoo
    administers = name in _ADMINISTRATORS
    about_it = {
        **about(tenant, name, CostCategory.COMPUTE),
        "namespace": operations_namespace(platform) if administers else setup.namespace,
        "image": tools.image,
        # Files belong to Odoo's user: only as this one can they be written.
        "run_as_user": odoo.run_as_user if name == RESTORE_FILES else tools.run_as_user,
        "run_as_group": odoo.run_as_group,
        "neutralises": False,
    }
    return setup.model_copy(update=about_it)
