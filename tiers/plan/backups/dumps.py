"""The nightly dump of a tenant, and the scheduled test that restores one."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Catalog, Offer
from tiers.facts.every_fact import Fact, LogicalBackup, ScheduledJob
from tiers.facts.names import BACKUP, BACKUP_BUCKET
from tiers.plan.backups.archive import archived
from tiers.plan.backups.restore_tests import age_days, restore_tests
from tiers.plan.expected_usage import backup_requests_per_month, dumps_gib
from tiers.plan.owner import about
from tiers.plan.second_region import own_bucket
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain


def backup_facts(
    catalog: Catalog, platform: Platform, tenant: Tenant, offer: Offer, namespace: str
) -> Iterator[Fact]:
    """The dumps of *tenant* in *namespace*, and their restore tests; nothing for an offer without dumps."""
    if offer.backup_class is None:
        return
    backup = catalog.classes.backup_classes[offer.backup_class]
    domain = CostDomain.RESILIENCE
    yield LogicalBackup(
        **about(tenant, "backups", CostCategory.RESILIENCE, domain),
        bucket=own_bucket(tenant) if offer.region_copies else BACKUP_BUCKET,
        prefix=tenant.tenant,
        retention_days=backup.retention_days,
        storage_gib=dumps_gib(backup, offer.database_gib, backup.retention_days) + offer.filestore_gib,
        put_requests_per_month=backup_requests_per_month(backup, offer),
        restore_test_age_days=age_days(catalog, tenant),
        archive=archived(platform.backup_bucket, backup, offer.database_gib),
    )
    nightly = ScheduledJob(
        **about(tenant, BACKUP, CostCategory.COMPUTE, domain),
        namespace=namespace,
        image=platform.images.operations.image,
        run_as_user=platform.images.operations.run_as_user,
        # The filestore belongs to Odoo's group: the job reads it as a member.
        run_as_group=platform.images.odoo.run_as_group,
        schedule=backup.schedule,
        compute=catalog.classes.workload_classes[offer.workload_class].job,
        minutes_per_month=backup.runs_per_month * backup.minutes_per_run,
    )
    yield nightly
    yield from restore_tests(catalog, platform, tenant, offer, nightly)
