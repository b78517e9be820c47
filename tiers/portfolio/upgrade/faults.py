"""Why the upgrade in a tenant's file is not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Offer
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.upgrade.stage import RUNNING_IT
from tiers.portfolio.versions.chosen import image_named, is_known
from tiers.strict_yaml import Fault, not_among
from tiers.vocabulary import version_numbers


def upgrade_faults(tenant: Tenant, platform: Platform) -> Iterator[Fault]:
    """What *platform* lacks for the upgrade that a tenant's file asks for."""
    upgrade = tenant.upgrade
    if upgrade is None or not is_known(platform, tenant):
        return  # a version that nobody offers is told where it is chosen
    target = platform.images.odoo_versions.get(upgrade.to)
    if target is None:
        known = platform.images.odoo_versions
        yield ("upgrade", "to"), not_among(known, upgrade.to, "images.odoo_versions of platform.yaml")
        return
    runs = image_named(platform, tenant.odoo.version if tenant.odoo else None).version
    (own, *_), (its, *_) = version_numbers(runs), version_numbers(target.version)
    if its < own:
        newer = f"'{upgrade.to}' is Odoo {target.version}, and this tenant has {runs}"
        yield ("upgrade", "to"), f"{newer}: Odoo takes no database back"
    elif its == own:
        why = (
            f"'{upgrade.to}' is Odoo {target.version}, the same major version as this tenant's {runs}: write "
            f'odoo: {{version: "{upgrade.to}"}} instead; no database is upgraded for that'
        )
        yield ("upgrade", "to"), why
    elif target.upgrade is None and upgrade.stage in RUNNING_IT:
        why = (
            f"nobody says how a database becomes one of '{upgrade.to}': write upgrade: "
            f"{{image: …, command: …}} "
            f"into images.odoo_versions.{upgrade.to} of platform.yaml"
        )
        yield ("upgrade", "to"), why


def upgrade_backup_faults(tenant: Tenant, offer: Offer) -> Iterator[Fault]:
    """What *offer* lacks for the upgrade that a tenant's file asks for."""
    if tenant.upgrade is not None and offer.backup_class is None:
        why = (
            f"{tenant.tier} makes no backups for '{tenant.environment}', so there is none to rehearse with: "
            "upgrade its database by hand and write odoo: {upgraded_to: …}, or begin anew with the new "
            "version"
        )
        yield ("upgrade",), why
