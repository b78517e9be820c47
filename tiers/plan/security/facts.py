"""What security costs: services of the cloud that watch over all, and hours of people for all or for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tiers.catalog.classes import ControlClass
from tiers.facts.every_fact import Labour, SecurityService
from tiers.facts.record import Origin
from tiers.plan.owner import about, about_platform
from tiers.portfolio.platform import Platform
from tiers.portfolio.security.section import SecuritySpec
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

_SECURITY = CostCategory.SECURITY


def platform_security(platform: Platform) -> Iterator[SecurityService | Labour]:
    """What the platform's file says of security that all tenants have."""
    for meter in platform.security.services:
        yield SecurityService(
            **about_platform(platform, f"security-{meter.name}", _SECURITY) | {"origin": Origin.ADOPTED},
            service=meter.service,
            item=meter.item,
            quantity_per_month=meter.quantity_per_month,
        )
    yield from _labour(platform.security, lambda name: about_platform(platform, name, _SECURITY))


def tenant_security(tenant: Tenant, measures: ControlClass) -> Iterator[Labour]:
    """The hours that a tenant's class of controls takes for this tenant alone."""
    yield from _labour(measures, lambda name: about(tenant, name, _SECURITY))


def _labour(of: SecuritySpec | ControlClass, about_it: Callable[[str], dict[str, Any]]) -> Iterator[Labour]:
    if of.patching_hours_per_month:
        hours = of.patching_hours_per_month
        yield Labour(**about_it("patching"), activity="patching", hours_per_month=hours)
    if of.review_hours_per_month:
        hours = of.review_hours_per_month
        yield Labour(**about_it("security-review"), activity="security-review", hours_per_month=hours)
