"""The rehearsal of a recovery in a tenant's second region: where its copies lie, and what was promised."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import Labour, Rehearsal
from tiers.plan.owner import about, is_decommissioning
from tiers.plan.second_region import copied_bucket, there
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain


def rehearsals(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Rehearsal | Labour]:
    """What can be rehearsed of *tenant*, and the work that its tier plans for it.

    Nothing without a second region, or while it is decommissioned.
    """
    region = tenant.options.dr_region
    if region is None or is_decommissioning(tenant):
        return
    promise = catalog.classes.resilience_classes[promised(catalog.tiers[tenant.tier], tenant)]
    name = f"rehearsal-{tenant.tenant}"
    yield Rehearsal(
        **there(tenant, "rehearsal", region),
        bucket=copied_bucket(tenant),
        prefix=tenant.tenant,
        # Tenants' own namespaces begin otherwise, so no tenant's name leads here.
        namespace=platform.cluster.namespace(name),
        service_account=name,
        rpo_minutes=promise.rpo_minutes,
        rto_minutes=promise.rto_minutes,
        age_days=promise.rehearsal_age_days,
    )
    copies = catalog.tiers[tenant.tier].offers[tenant.environment].region_copies
    if copies and copies.rehearsal_labour_hours_per_month:
        yield Labour(
            **about(tenant, "rehearsal-labour", CostCategory.RESILIENCE, CostDomain.RESILIENCE),
            activity="restore-test",
            hours_per_month=copies.rehearsal_labour_hours_per_month,
        )
