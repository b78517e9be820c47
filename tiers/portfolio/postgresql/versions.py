"""The version of PostgreSQL that each server has, and whether it may have it or be upgraded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Catalog, Offer, OwnDatabase
from tiers.facts.database_upgrade import TRIED, ServerUpgrade, UpgradeStage, major_of
from tiers.portfolio.platform import DatabaseSpec, Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location
from tiers.vocabulary import MoveStage

_SECTION: Final[Location] = ("database_upgrade",)
_OPTION: Final[Location] = ("options", "database_engine_version")


def shared_version(database: DatabaseSpec) -> str:
    """The version of the shared server."""
    return _at_its_stage(database.engine_version, database.upgrade)


def named_version(database: DatabaseSpec, tenant: Tenant) -> str:
    """The version that files name for a tenant's own server, whatever the stage of an upgrade."""
    usual = database.tenants_engine_version or database.engine_version
    return tenant.options.database_engine_version or usual


def own_version(database: DatabaseSpec, tenant: Tenant) -> str:
    """The version of a tenant's own server."""
    return _at_its_stage(named_version(database, tenant), tenant.database_upgrade)


def has_standby(tenant: Tenant) -> bool:
    """Whether a tenant has its standby now: an upgrade removes one that follows, and brings it back."""
    upgrade = tenant.database_upgrade
    follows = tenant.options.warm_standby is True
    return bool(tenant.options.warm_standby) and not (
        follows and upgrade is not None and upgrade.stage is not UpgradeStage.CHECK
    )


def version_on(database: DatabaseSpec, tenant: Tenant, offer: Offer) -> str:
    """The version of the server that *offer* keeps a tenant's data on."""
    return own_version(database, tenant) if _is_own(offer) else shared_version(database)


def platform_upgrade_faults(database: DatabaseSpec) -> Iterator[Fault]:
    """Why the upgrade of the shared server is not allowed."""
    where: Location = ("database", "upgrade")
    upgrade = database.upgrade
    if upgrade is None:
        return
    yield from _upgrade_faults(where, upgrade, database.engine_version, database.backup_retention_days)
    if upgrade.stage is UpgradeStage.WITHOUT_STANDBY:
        yield (*where, "stage"), "the shared server has no standby in another region"


def tenant_upgrade_faults(tenant: Tenant, platform: Platform, catalog: Catalog) -> Iterator[Fault]:
    """Why a tenant's own server may not have the version that its file names, or may not be upgraded."""
    origin = tenant.move.from_tier if tenant.move else tenant.tier
    before, after = (_offer(catalog, tenant, name) for name in (origin, tenant.tier))
    if before is None or after is None:
        return  # told where the tier is checked
    own = [each.database for each in (before, after) if isinstance(each.database, OwnDatabase)]
    if tenant.options.database_engine_version and not own:
        yield _OPTION, f"{tenant.tier} has no server of a tenant's own; platform.yaml has its version"
    if tenant.move:
        old, new = (version_on(platform.database, tenant, each) for each in (before, after))
        if major_of(new) < major_of(old):
            kept = f"its data is on PostgreSQL {old}, and {tenant.tier} would keep it on {new}"
            begins = tenant.move.stage is MoveStage.EXPAND and _is_own(after) and not _is_own(before)
            first = _name_it(old) if begins else _upgrade_first(tenant, after)
            yield ("move",), f"{kept}: data goes to no older major version; {first}"
    if (upgrade := tenant.database_upgrade) is None:
        return
    if not own:
        yield _SECTION, f"{tenant.tier} has no server of a tenant's own; `costack upgrade-database platform`"
        return
    named = named_version(platform.database, tenant)
    yield from _upgrade_faults(_SECTION, upgrade, named, own[-1].backup_retention_days)
    yield from _standby_faults(tenant, upgrade)


def older_server(
    platform: Platform, source: tuple[Tenant, Offer], target: tuple[Tenant, Offer]
) -> str | None:
    """Why the backup of *source* cannot be restored for *target*: its server is the older one."""
    its, own = (version_on(platform.database, *each) for each in (source, target))
    if major_of(own) >= major_of(its):
        return None
    return (
        f"{source[0].tenant} is on PostgreSQL {its}, and this tenant on {own}: data goes to no older major "
        f"version; {_upgrade_first(*target)}"
    )


def _standby_faults(tenant: Tenant, upgrade: ServerUpgrade) -> Iterator[Fault]:
    standby = tenant.options.warm_standby
    if standby == "promoted":
        yield _SECTION, "its standby was promoted, and the check looks into one server: take warm_standby out"
    if upgrade.stage is UpgradeStage.WITHOUT_STANDBY and standby is not True:
        yield (*_SECTION, "stage"), "it has no standby that follows its server; leave this stage out"


def _upgrade_faults(where: Location, upgrade: ServerUpgrade, named: str, kept_days: int) -> Iterator[Fault]:
    if major_of(upgrade.to) <= major_of(named):
        yield (*where, "to"), f"is '{upgrade.to}', expected a newer major version than {named}"
    elif major_of(upgrade.to) not in TRIED:
        tried = ", ".join(map(str, TRIED))
        yield (*where, "to"), f"nobody has tried PostgreSQL {upgrade.to} here; expected one of {tried}"
    if not kept_days:
        # RDS User Guide, "How to perform a major version upgrade": the snapshot is for servers with backups.
        yield where, "backup_retention_days is 0, so AWS takes no snapshot before it: nothing would lead back"


def _upgrade_first(tenant: Tenant, offer: Offer) -> str:
    server = tenant.tenant if _is_own(offer) else "platform"
    return f"upgrade that server first with `costack upgrade-database {server}`"


def _name_it(version: str) -> str:
    """What makes a server that is not there yet begin with *version*."""
    return f'write options.database_engine_version: "{version}", which its server begins with'


def _at_its_stage(named: str, upgrade: ServerUpgrade | None) -> str:
    return upgrade.to if upgrade is not None and upgrade.asks else named


def _offer(catalog: Catalog, tenant: Tenant, name: str) -> Offer | None:
    tier = catalog.tiers.get(name)
    return None if tier is None else tier.offers.get(tenant.environment)


def _is_own(offer: Offer) -> bool:
    return isinstance(offer.database, OwnDatabase)
