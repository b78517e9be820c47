"""What is done once on a tenant's way out, before its resources are taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.classes import WorkloadClass
from tiers.compute_facts import Job
from tiers.dedicated_facts import about
from tiers.hosting import Platform
from tiers.model import Offer, OwnDatabase, OwnFileSystem
from tiers.platform_facts import OPERATIONS_NAMESPACE
from tiers.tenancy import Tenant
from tiers.vocabulary import CostCategory, LifecycleStage

FINAL_BACKUP: Final = "final-backup"
DROP_DATABASE: Final = "drop-database"
EMPTY_FILESTORE: Final = "empty-filestore"
CLOSING_JOBS: Final = (FINAL_BACKUP, DROP_DATABASE, EMPTY_FILESTORE)
"""What a tenant gets on its way out and never had before."""


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
