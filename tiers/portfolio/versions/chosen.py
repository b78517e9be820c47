"""The version of Odoo that a tenant runs, whether it may, and how long it is supported."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, TypeVar

from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.upgrade.stage import UPGRADED, UpgradeStage
from tiers.portfolio.versions.image import NamedImage, OdooImage, VersionName, support_ends
from tiers.strict_yaml import Fault, not_among
from tiers.vocabulary import Environment, LifecycleStage

Key = TypeVar("Key", bound=Hashable)

SOON: Final = timedelta(days=180)
"""How long before its end a version is warned of: an upgrade needs a rehearsal, and a quiet weekend."""


def image_of(platform: Platform, tenant: Tenant) -> OdooImage:
    """The Odoo that *tenant* runs: the version it names, else that of the platform."""
    return image_named(platform, version_of(tenant))


def image_named(platform: Platform, name: VersionName | None) -> OdooImage:
    """The Odoo of that name; the platform's own without one."""
    return platform.images.odoo if name is None else platform.images.odoo_versions[name]


def version_of(tenant: Tenant) -> VersionName | None:
    """The name of its version, after an upgrade the new one; None for the platform's own."""
    if tenant.upgrade is not None and tenant.upgrade.stage in UPGRADED:
        return tenant.upgrade.to
    return tenant.odoo.version if tenant.odoo else None


def version_ahead(tenant: Tenant) -> VersionName | None:
    """The name of the version that its database is to have, also while Odoo is stopped for its upgrade."""
    upgrade = tenant.upgrade
    return upgrade.to if upgrade is not None and upgrade.stage is UpgradeStage.UPGRADE else version_of(tenant)


def versions_of(platform: Platform) -> dict[str, VersionName | None]:
    """Each version of Odoo that tenants may have -> its name in their files; None for the platform's own."""
    found: dict[str, VersionName | None] = {platform.images.odoo.version: None}
    for name, image in platform.images.odoo_versions.items():
        found.setdefault(image.version, name)
    return found


def is_staging_first(platform: Platform, tenant: Tenant) -> bool:
    """Whether *tenant* is a production that takes its version after another environment of its client."""
    image = image_named(platform, version_ahead(tenant))
    staged = isinstance(image, NamedImage) and image.rollout is not None
    return staged and tenant.environment is Environment.PRODUCTION


def version_faults(tenant: Tenant, platform: Platform) -> Iterator[Fault]:
    """Why a tenant may not have the version that it names."""
    name, known = tenant.odoo.version if tenant.odoo else None, platform.images.odoo_versions
    if name is not None and name not in known:
        yield ("odoo", "version"), not_among(known, name, "images.odoo_versions of platform.yaml")
    elif tenant.odoo and (by_hand := tenant.odoo.upgraded_to):
        runs = image_named(platform, name).version
        if by_hand.partition(".")[0] != runs.partition(".")[0]:
            yield ("odoo", "upgraded_to"), f"is '{by_hand}', and its version runs Odoo {runs}"


def rollout_faults(tenants: Mapping[Key, Tenant], platform: Platform | None) -> Iterator[tuple[Key, Fault]]:
    """Productions that name a version for staging first, which no other environment of their client names."""
    sandboxes = _sandboxes(tenants.values())
    for key, tenant in tenants.items() if platform else ():
        others = sandboxes.get(tenant.client, ())
        if platform is None or not is_known(platform, tenant) or not is_staging_first(platform, tenant):
            continue
        name = version_ahead(tenant)
        if others and all(version_of(each) != name for each in others):
            ran = ", ".join(f"{each.tenant} has {version_of(each) or 'images.odoo'}" for each in others)
            why = (
                f"'{name}' is for staging first, and no other environment of client {tenant.client} has it "
                f"({ran}): write it there, deploy it and try it, then here"
            )
            upgrading = tenant.upgrade is not None and name == tenant.upgrade.to
            yield key, (("upgrade", "to") if upgrading else ("odoo", "version"), why)


def version_advice(portfolio: Portfolio) -> Iterator[str]:
    """A sentence for each production that takes a version for staging first without anywhere to try it."""
    sandboxes = _sandboxes(portfolio.tenants)
    for tenant in portfolio.tenants:
        staged = is_staging_first(portfolio.platform, tenant)
        if staged and tenant.client not in sandboxes:
            yield (
                f"{tenant.tenant}: odoo.version {version_ahead(tenant)} is for staging first, and client "
                f"{tenant.client} has no other environment here that could try it"
            )


def support_advice(portfolio: Portfolio, today: date) -> Iterator[str]:
    """A sentence for each tenant whose version is supported no longer, or not for long, as of *today*."""
    for tenant in portfolio.tenants:
        image = image_of(portfolio.platform, tenant)
        last = support_ends(image)
        if last is None or tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING or last - today > SOON:
            continue
        named = f" ({name})" if (name := version_of(tenant)) else ""
        when = f"ended on {last}" if last < today else f"ends on {last}, in {(last - today).days} days"
        yield f"{tenant.tenant}: support of Odoo {image.version}{named} {when}; plan its upgrade"


def is_known(platform: Platform, tenant: Tenant) -> bool:
    """Whether *platform* has the version that *tenant* names."""
    names = (tenant.odoo.version if tenant.odoo else None, version_ahead(tenant))
    return all(name is None or name in platform.images.odoo_versions for name in names)


def _sandboxes(tenants: Iterable[Tenant]) -> dict[str, list[Tenant]]:
    """The environments of each client that are no production and stay."""
    found: dict[str, list[Tenant]] = {}
    for each in tenants:
        if (
            each.environment is not Environment.PRODUCTION
            and each.lifecycle_stage is not LifecycleStage.DECOMMISSIONING
        ):
            found.setdefault(each.client, []).append(each)
    return found
