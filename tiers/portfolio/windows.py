"""Where windows of a platform and of its tenants' own servers and caches cannot go together.

Sources: RDS API reference, CreateDBInstance (`PreferredBackupWindow` must not conflict with the maintenance
window); ElastiCache API reference, CreateReplicationGroup (at least 60 minutes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Offer, OwnCache, OwnDatabase
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault
from tiers.windows import CACHE_LEAST, daily, overlap, weekly

_DAY: Final = 24 * 60


def platform_window_faults(platform: Platform) -> Iterator[Fault]:
    """Why the windows of the shared server cannot go together."""
    database = platform.database
    if overlap(weekly(database.maintenance_window), daily(database.backup_window)):
        both = f"{database.maintenance_window} overlaps backup_window {database.backup_window}"
        yield ("database", "maintenance_window"), f"{both}; RDS asks for windows that do not"


def tenant_window_faults(tenant: Tenant, offer: Offer, platform: Platform) -> Iterator[Fault]:
    """Why a tenant's own server or cache cannot have the window of its file."""
    window = tenant.options.maintenance_window
    if window is None:
        return
    where = ("options", "maintenance_window")
    backup = platform.database.backup_window
    if isinstance(offer.database, OwnDatabase) and overlap(weekly(window), daily(backup)):
        yield (
            where,
            f"{window} overlaps the platform's backup_window {backup}; RDS asks for windows that do not",
        )
    if isinstance(offer.cache, OwnCache) and (length := weekly(window).length) < CACHE_LEAST:
        yield (
            where,
            f"{window} lasts {length} minutes; AWS asks for {CACHE_LEAST} for the tenant's own cache",
        )


def long_windows(platform: Platform, tenants: tuple[Tenant, ...]) -> Iterator[str]:
    """A warning for each window longer than a day: AWS may restart a server at any time within it."""
    windows = [
        ("database.maintenance_window", platform.database.maintenance_window),
        ("cache.maintenance_window", platform.cache.maintenance_window),
        *(
            (f"{each.tenant}: options.maintenance_window", each.options.maintenance_window)
            for each in tenants
        ),
    ]
    for name, window in windows:
        if window is not None and (length := weekly(window).length) > _DAY:
            yield f"{name} {window} lasts {length // 60} hours; AWS may restart at any time within it"
