"""What is done once on a tenant's way out, before its resources are taken away."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Offer, OwnDatabase, OwnFileSystem
from tiers.facts.compute import Job
from tiers.facts.names import DROP_DATABASE, EMPTY_FILESTORE, FINAL_BACKUP, OPERATIONS_NAMESPACE
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, LifecycleStage


def ending_facts(
    platform: Platform, tenant: Tenant, offer: Offer, size: WorkloadClass, namespace: str
) -> Iterator[Job]:
    """Save it all; then, once nothing protects it any longer, take away what only a job can reach.

    An own server or file system goes as a whole and leaves a snapshot; of what is shared a tenant's part
    would stay for ever.
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

    if offer.backup_class:
        yield job(FINAL_BACKUP, namespace, tools.run_as_user)
    if tenant.protected:
        return
    if not isinstance(offer.database, OwnDatabase):
        yield job(DROP_DATABASE, OPERATIONS_NAMESPACE, tools.run_as_user)
    if not isinstance(offer.file_system, OwnFileSystem):
        yield job(EMPTY_FILESTORE, namespace, odoo.run_as_user)
