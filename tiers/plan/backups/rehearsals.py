"""The rehearsal of a recovery in a tenant's second region: where its copies lie, and what was promised."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Catalog
from tiers.facts.copies import Rehearsal
from tiers.plan.owner import is_decommissioning
from tiers.plan.second_region import copied_bucket, there
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Tenant


def rehearsals(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Rehearsal]:
    """What can be rehearsed of *tenant*; nothing without a second region, or while it is decommissioned."""
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
