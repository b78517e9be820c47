"""What waits for the end of an upgrade of the server that tenants share, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Catalog, OwnDatabase
from tiers.facts.database_upgrade import UpgradeStage
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault

_SECTIONS: Final = {"move": "move it", "restore": "restore it", "upgrade": "upgrade its Odoo"}
"""What makes, fills or renames databases. A rotation does not, and a login that leaked does not wait."""


def shared_server_faults(tenant: Tenant, platform: Platform, catalog: Catalog) -> Iterator[Fault]:
    """Why what goes on with a tenant's data does not go on while the server that it is on is upgraded.

    The check has not looked into what comes after it, and jobs would be cut off when the server stops.
    """
    busy = upgrade_of_shared_server(tenant, platform, catalog)
    for section, then in _SECTIONS.items() if busy else ():
        if getattr(tenant, section) is not None:
            yield (section,), f"{busy}, then {then}"


def upgrade_of_shared_server(tenant: Tenant, platform: Platform, catalog: Catalog) -> str | None:
    """What must end first where the shared server is being upgraded and a tenant's data is, or goes, there.

    None where nothing must.
    """
    upgrade = platform.database.upgrade
    if upgrade is None or not _is_there(tenant, catalog):
        return None
    waits = ""
    if upgrade.stage is UpgradeStage.UPGRADE and not upgrade.now:
        # Nothing leads back, and a window may be a week away: a restore may not wait for it.
        waits = " (in its maintenance window; with now: true beside its stage the next `pulumi up` makes it)"
    return (
        f"the server that tenants share is at stage {upgrade.stage} of its upgrade to PostgreSQL "
        f"{upgrade.to}{waits}: finish that with `costack upgrade-database platform`"
    )


def _is_there(tenant: Tenant, catalog: Catalog) -> bool:
    origin = tenant.move.from_tier if tenant.move else tenant.tier
    tiers = (catalog.tiers.get(name) for name in (origin, tenant.tier))
    offers = (tier.offers.get(tenant.environment) for tier in tiers if tier)
    return any(offer and not isinstance(offer.database, OwnDatabase) for offer in offers)
