"""Where windows of a platform and of its tenants' own servers and caches cannot go together.

Sources: RDS API reference, CreateDBInstance (`PreferredBackupWindow` must not conflict with the maintenance
window); AWS re:Post, "How long is the Amazon RDS maintenance window?" (at most 23 hours and 30 minutes);
moto, rds/utils.py (less than 24 hours); ElastiCache API reference, CreateReplicationGroup (at least 60
minutes). It names no longest window for a cache; less than a day is our own rule.
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
_SERVER: Final = "RDS takes no longer window"
_CACHE: Final = "AWS may restart the cache at any time within it"


def platform_window_faults(platform: Platform) -> Iterator[Fault]:
    """Why the windows of the shared server and cache cannot go together."""
    window, backup = platform.database.maintenance_window, platform.database.backup_window
    if fault := _server_fault(window, backup, f"backup_window {backup}"):
        yield ("database", "maintenance_window"), fault
    if fault := _too_long(platform.cache.maintenance_window, _CACHE):
        yield ("cache", "maintenance_window"), fault


def tenant_window_faults(tenant: Tenant, offer: Offer, platform: Platform) -> Iterator[Fault]:
    """Why a tenant's own server or cache cannot have the window of its file."""
    window = tenant.options.maintenance_window
    if window is None:
        return
    where = ("options", "maintenance_window")
    backup = platform.database.backup_window
    if isinstance(offer.database, OwnDatabase):
        if fault := _server_fault(window, backup, f"the platform's backup_window {backup}"):
            yield where, fault
    elif isinstance(offer.cache, OwnCache) and (fault := _too_long(window, _CACHE)):
        yield where, fault
    if isinstance(offer.cache, OwnCache) and (length := weekly(window).length) < CACHE_LEAST:
        yield (
            where,
            f"{window} lasts {length} minutes; AWS asks for {CACHE_LEAST} for the tenant's own cache",
        )


def _server_fault(window: str, backup: str, called: str) -> str:
    """What is wrong with a server's window; '' where nothing is. One of a day meets every backup."""
    if fault := _too_long(window, _SERVER):
        return fault
    if overlap(weekly(window), daily(backup)):
        return f"{window} overlaps {called}; RDS asks for windows that do not"
    return ""


def _too_long(window: str, why: str) -> str:
    length = weekly(window).length
    return f"{window} lasts {length // 60} hours; expected less than 24: {why}" if length >= _DAY else ""
