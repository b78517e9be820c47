"""A server that waits in the second region, for tenants that buy one."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.classes import Classes
from tiers.dedicated_facts import is_protected, own_server
from tiers.facts import DatabaseStandby, Fact, LogGroup
from tiers.hosting import Platform
from tiers.model import Offer, OwnDatabase, RegionCopies
from tiers.region_facts import there
from tiers.tenancy import Tenant
from tiers.use_facts import changed_gib_per_month


def warm_standby(
    classes: Classes, platform: Platform, tenant: Tenant, offer: Offer, copies: RegionCopies, *, audited: bool
) -> Iterator[Fact]:
    """The server and its log, in the network that the platform has in the second region."""
    region = tenant.options.dr_region
    if region is None or copies.standby_database_class is None or not isinstance(offer.database, OwnDatabase):
        raise ValueError(f"tenant {tenant.tenant} cannot have a standby; the loader lets none through")
    size, network = classes.database_classes[copies.standby_database_class], platform.dr_networks[region]

    yield DatabaseStandby(
        **there(tenant, "standby", region),
        server=own_server(tenant),
        instance_class=size.instance_class,
        engine_version=platform.database.engine_version,
        storage_gib=offer.database.storage_gib,
        max_storage_gib=offer.database.max_storage_gib,
        subnet_ids=network.subnet_ids,
        security_group_id=network.security_group_id,
        maintenance_window=tenant.options.maintenance_window or platform.database.maintenance_window,
        deletion_protection=is_protected(platform, tenant),
        performance_insights=size.performance_insights,
        audited=audited,
        vcpus=size.vcpus,
        from_region=tenant.region,
        transfer_gib_per_month=changed_gib_per_month(offer),
    )
    yield LogGroup(
        **there(tenant, "standby-logs", region),
        ingest_gib_per_month=size.log_gib_per_month,
        retention_days=offer.log_retention_days,
    )
