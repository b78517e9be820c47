"""The controls of a tenant: which governance measures it has, and why a request is refused."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tiers.catalog.classes import Classes, ControlClass
from tiers.catalog.fees import CDN, ENHANCED, OFFER, STANDBY, Fee, FeePart
from tiers.catalog.services import Services
from tiers.catalog.tier import Offer, Tier
from tiers.portfolio.platform import Platform
from tiers.portfolio.services.bought import services_of
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location
from tiers.vocabulary import Controls, Environment

_OPTION: Location = ("options", "controls")


def controls_of(tier: Tier, tenant: Tenant) -> Controls:
    """The class of controls; environments other than production have baseline."""
    if tenant.environment is not Environment.PRODUCTION:
        return Controls.BASELINE
    return tenant.options.controls or tier.controls


def measures_of(classes: Classes, tier: Tier, tenant: Tenant) -> ControlClass:
    """The governance measures of *tenant*'s class of controls."""
    return classes.control_classes[controls_of(tier, tenant)]


def fee_of(tier: Tier, tenant: Tenant, services: Services | None) -> Fee:
    """What the client pays a month."""
    return sum((each.fee_per_month for each in fee_parts(tier, tenant, services)), Decimal(0))


def fee_parts(tier: Tier, tenant: Tenant, services: Services | None) -> tuple[FeePart, ...]:
    """What that is made of: the offer's fee, and the fees of the chosen options and services."""
    offer = tier.offers[tenant.environment]
    enhanced = controls_of(tier, tenant) is Controls.ENHANCED and tier.controls is not Controls.ENHANCED
    options = (
        (OFFER, True, offer.fee_per_month),
        (ENHANCED, enhanced, offer.enhanced_fee_per_month),
        (STANDBY, bool(tenant.options.warm_standby), offer.standby_fee_per_month),
        (CDN, tenant.routes.cdn, offer.cdn_fee_per_month),
        *((name, True, service.fee_per_month) for name, service in services_of(tenant, services).items()),
    )
    return tuple(
        FeePart(part=name, fee_per_month=fee) for name, taken, fee in options if taken and fee is not None
    )


def log_retention_days(offer: Offer, measures: ControlClass) -> int:
    """How long logs are kept: as long as the offer says, but no less than the controls require."""
    return max(offer.log_retention_days, measures.least_log_retention_days)


def control_faults(tenant: Tenant, tier: Tier, platform: Platform, classes: Classes) -> Iterator[Fault]:
    """Why a tenant cannot have the controls its file asks for."""
    wanted = tenant.options.controls
    if wanted is not None and tenant.environment is not Environment.PRODUCTION:
        yield _OPTION, f"a {tenant.environment} environment has baseline controls only"
        return
    if wanted is Controls.BASELINE and tier.controls is Controls.ENHANCED:
        yield _OPTION, f"tier {tier.tier} includes enhanced controls; they cannot be removed"
    if controls_of(tier, tenant) is not Controls.ENHANCED:
        return
    offer, measures = tier.offers[tenant.environment], measures_of(classes, tier, tenant)
    if tier.controls is not Controls.ENHANCED and offer.enhanced_fee_per_month is None:
        yield _OPTION, f"tier {tier.tier} is not sold with enhanced controls"
    if measures.region_pinned and tenant.data_residency is None:
        yield _OPTION, "enhanced controls pin the region: list in data_residency where the data may be stored"
    if measures.dedicated_nodes and not platform.cluster.takes_node_groups:
        yield (
            _OPTION,
            (
                "enhanced controls need the tenant's own nodes: add to platform.yaml "
                "cluster.node_role_arn and cluster.node_subnet_ids"
            ),
        )
