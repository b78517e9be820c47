"""What a decommissioned tenant gets before its resources are removed: closing jobs, and room for a dump."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Offer, OwnDatabase, OwnFileSystem
from tiers.facts.compute import Job
from tiers.facts.data import LogicalBackup
from tiers.facts.names import BACKUP_BUCKET, DROP_DATABASE, EMPTY_FILESTORE, FINAL_BACKUP, FINAL_DUMP
from tiers.plan.namespaces.shared import operations_namespace
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain, LifecycleStage


def decommission_facts(
    platform: Platform, tenant: Tenant, offer: Offer, size: WorkloadClass, namespace: str
) -> Iterator[Job | LogicalBackup]:
    """Make the final backup, where the offer has dumps or its file asks for one.

    Once nothing is protected any longer, remove what only a job can reach.

    An own server or file system is removed as a whole and leaves a snapshot; a tenant's part of a shared
    one would stay for ever.
    """
    if tenant.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
        return
    tools, odoo = platform.images.operations, platform.images.odoo

    def job(name: str, where: str, user: int) -> Job:
        return Job(
            **about(tenant, name, CostCategory.COMPUTE),
            namespace=where,
            image=tools.image,
            run_as_user=user,
            run_as_group=odoo.run_as_group,
            compute=size.job,
        )

    if offer.backup_class or tenant.final_dump:
        yield job(FINAL_BACKUP, namespace, tools.run_as_user)
    if tenant.final_dump and not offer.backup_class:
        yield LogicalBackup(
            **about(tenant, FINAL_DUMP, CostCategory.RESILIENCE, CostDomain.RESILIENCE),
            bucket=BACKUP_BUCKET,
            prefix=tenant.tenant,
            retention_days=platform.backup_bucket.expire_after_days,
            storage_gib=offer.database_gib + offer.filestore_gib,
        )
    if tenant.protected:
        return
    if not isinstance(offer.database, OwnDatabase):
        yield job(DROP_DATABASE, operations_namespace(platform), tools.run_as_user)
    if not isinstance(offer.file_system, OwnFileSystem):
        yield job(EMPTY_FILESTORE, namespace, odoo.run_as_user)
