"""The facts of a tenant that is upgraded: its own, a database beside the one in use, and the jobs.

Rehearse, upgrade, start, confirm: every stage is one update. A Deployment cannot be stopped and started in
one, so `upgrade` stops Odoo and `start` lets it run, with the image of the new version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import Fact, Job, TenantDatabase
from tiers.facts.names import (
    DROP_SIDE,
    FINAL_BACKUP,
    MAKE_SIDE,
    RESTORE_FILES,
    SWITCH_SIDE,
    UPGRADE_SIDE,
    kept_database,
    side_database,
)
from tiers.facts.odoo_upgrade import OdooUpgrade
from tiers.plan.move import awake
from tiers.plan.restore.beside import database_beside, job_beside, working
from tiers.plan.restore.facts import restore_facts
from tiers.plan.tenant import tenant_facts
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.upgrade.stage import RUNNING_IT, STOPPED, Upgrade, UpgradeStage

_JOBS: Final[Mapping[UpgradeStage, tuple[str, ...]]] = {
    UpgradeStage.REHEARSE: (MAKE_SIDE, UPGRADE_SIDE),
    UpgradeStage.UPGRADE: (FINAL_BACKUP, MAKE_SIDE, UPGRADE_SIDE, SWITCH_SIDE),
    UpgradeStage.START: (),
    UpgradeStage.CONFIRM: (DROP_SIDE,),
    # Odoo of the new version may have removed files that only the database before names.
    UpgradeStage.BACK: (SWITCH_SIDE, RESTORE_FILES),
    # Whatever an update to `upgrade` has done before it failed is taken back before pods start.
    UpgradeStage.DISCARD: (SWITCH_SIDE, DROP_SIDE),
}
_CONNECTIONS_OF_COMMAND: Final = 10
"""How many connections the login of the command may have, beside those of the tenant's role."""
_CALLED: Final = {
    UpgradeStage.REHEARSE: side_database,
    UpgradeStage.UPGRADE: kept_database,
    UpgradeStage.START: kept_database,
    UpgradeStage.BACK: side_database,
}
"""What the database is called after the update that nobody works with; after other stages there is none."""


def upgrade_facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    """All facts of *tenant*, also while it is upgraded."""
    if tenant.upgrade is None:
        yield from restore_facts(catalog, platform, tenant)
        return
    own, stage = list(tenant_facts(catalog, platform, awake(tenant))), tenant.upgrade.stage
    yield from working(own, stopped=stage in STOPPED, starts_again=stage is not UpgradeStage.REHEARSE)
    used = next(fact for fact in own if isinstance(fact, TenantDatabase))
    if called := _CALLED.get(stage):
        beside = database_beside(own, tenant, called(used.database))
        own_login = {"connection_limit": _CONNECTIONS_OF_COMMAND} if stage in RUNNING_IT else {}
        yield beside.model_copy(update=own_login)
    for name in _JOBS[stage]:
        job = job_beside(own, platform, tenant, name)
        yield _upgrading(job, platform, tenant.upgrade) if name == UPGRADE_SIDE else job


def _upgrading(job: Job, platform: Platform, upgrade: Upgrade) -> Job:
    target = platform.images.odoo_versions[upgrade.to]
    if target.upgrade is None:
        raise ValueError(f"{job.id}: nobody says how a database becomes one of {upgrade.to}")
    told = OdooUpgrade(
        version=target.version,
        odoo_image=target.image,
        addons_path=target.addons_path,
        rehearses=upgrade.stage is UpgradeStage.REHEARSE,
        **target.upgrade.model_dump(),
    )
    return job.model_copy(update={"upgrade": told})
