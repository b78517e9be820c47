"""The rehearsal of a recovery in a tenant's second region: where its copies lie, and what was promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import Labour, Rehearsal
from tiers.plan.owner import about, is_decommissioning
from tiers.plan.second_region import copied_bucket, there
from tiers.portfolio.failover.faults import second_cluster
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain

_DAYS_PER_YEAR: Final = 365
_MONTHS_PER_YEAR: Final = 12
# An assumption: a node that is added for it, images, the restore, Odoo's start, and the node is taken away.
_MINUTES: Final = 60


def rehearsals(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Rehearsal | Labour]:
    """What can be rehearsed of *tenant*, and the work that its tier plans for it.

    Nothing without a second region, or while it is decommissioned.
    """
    region = tenant.options.dr_region
    if region is None or is_decommissioning(tenant):
        return
    promise = catalog.classes.resilience_classes[promised(catalog.tiers[tenant.tier], tenant)]
    name, cluster = f"rehearsal-{tenant.tenant}", second_cluster(platform, tenant)
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
        instance_type=cluster.node_class if cluster else None,
        node_minutes_per_month=_node_minutes(promise.rehearsal_age_days) if cluster else 0,
    )
    copies = catalog.tiers[tenant.tier].offers[tenant.environment].region_copies
    if copies and copies.rehearsal_labour_hours_per_month:
        yield Labour(
            **about(tenant, "rehearsal-labour", CostCategory.RESILIENCE, CostDomain.RESILIENCE),
            activity="restore-test",
            hours_per_month=copies.rehearsal_labour_hours_per_month,
        )


def _node_minutes(age_days: int | None) -> int:
    """How long a month a node is there, where a rehearsal is due as soon as the one before is too old."""
    runs = -(-_DAYS_PER_YEAR // age_days) if age_days else 0
    return -(-_MINUTES * runs // _MONTHS_PER_YEAR)
