"""Whose backup a tenant is refreshed from, and why another's may not be taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from tiers.catalog.tier import Catalog, Offer
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.versions import older_server
from tiers.portfolio.restore.live import live_faults
from tiers.portfolio.restore.stage import READING, RestoreStage
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.versions.chosen import image_of, is_known
from tiers.strict_yaml import Fault, Location
from tiers.vocabulary import Count, Environment, Frozen, TenantId

Place = TypeVar("Place")

_WHERE: Final[Location] = ("restore", "from_tenant")
_SCHEDULE: Final[Location] = ("refresh_schedule", "from_tenant")
_LIVE: Final[Location] = ("restore", "live")


class BackupSource(Frozen):
    """What is restored where it is no backup of its own: that of another tenant, or an upload."""

    tenant: TenantId
    owner: str
    """Whose its data is, as its backups say: portfolio, first client, tenant."""
    prefix: str
    """Where its backups lie in the platform's bucket."""
    database_gib: Count
    filestore_gib: Count


def source_of(
    portfolio: str, tenants: Mapping[str, Tenant], catalog: Catalog, one: Tenant
) -> BackupSource | None:
    """What *one* reads at this stage of a refresh; None where nothing. Its faults were told before."""
    if one.restore is not None and one.restore.from_archive and one.restore.stage in READING:
        return _uploaded(portfolio, catalog, one)
    if (name := _read_by(one)) is None:
        return None
    other = tenants[name]
    database, files = _sizes(other, catalog.tiers[other.tier].offers[other.environment])
    return BackupSource(
        tenant=other.tenant,
        owner=_owner(portfolio, other),
        prefix=other.tenant,
        database_gib=database,
        filestore_gib=files,
    )


def upload_prefix(tenant: TenantId) -> str:
    """Where uploads for *tenant* lie in the platform's bucket; no tenant's name has a dot.

    >>> upload_prefix("acme-trial")
    'acme-trial.upload'
    """
    return f"{tenant}.upload"


def _uploaded(portfolio: str, catalog: Catalog, one: Tenant) -> BackupSource:
    database, files = _sizes(one, catalog.tiers[one.tier].offers[one.environment])
    return BackupSource(
        tenant=one.tenant,
        owner=_owner(portfolio, one),
        prefix=upload_prefix(one.tenant),
        database_gib=database,
        filestore_gib=files,
    )


def _owner(portfolio: str, one: Tenant) -> str:
    return f"{portfolio}/{one.first_client or one.client}/{one.tenant}"


def source_faults(
    by_place: Mapping[Place, Tenant], catalog: Catalog, platform: Platform | None
) -> Iterator[tuple[Place, Fault]]:
    """Where and why a tenant may not be refreshed from the one that its file names.

    Once the backup was read the other tenant may change as it likes, and end.
    """
    known = {tenant.tenant: tenant for tenant in by_place.values()}
    for place, tenant in by_place.items():
        yield from ((place, fault) for fault in _scheduled(tenant, known))
        if (name := _read_by(tenant)) is None:
            continue
        if (other := known.get(name)) is None:
            yield place, (_WHERE, f"'{name}' is no tenant of this portfolio")
            continue
        yield from ((place, (_WHERE, why)) for why in _refused(tenant, other, catalog))
        yield from ((place, (_WHERE, why)) for why in _other_version(tenant, other, platform))
        yield from ((place, (_WHERE, why)) for why in _other_server(tenant, other, platform, catalog))
        yield from ((place, (_LIVE, why)) for why in live_faults(tenant, other, known.values()))


def _scheduled(tenant: Tenant, known: Mapping[TenantId, Tenant]) -> Iterator[Fault]:
    """What is wrong with a schedule whenever it is due; the other tenant may have ended."""
    schedule = tenant.refresh_schedule
    other = known.get(schedule.from_tenant) if schedule else None
    if other is not None:
        yield from ((_SCHEDULE, why) for why in _not_its_own(tenant, other))


def _read_by(tenant: Tenant) -> TenantId | None:
    """Whose backup a job of *tenant* reads at its stage."""
    restore = tenant.restore
    return restore.from_tenant if restore is not None and restore.stage in READING else None


def _other_version(tenant: Tenant, other: Tenant, platform: Platform | None) -> Iterator[str]:
    """What can be known of the versions before the job that restores it asks the backup itself.

    Only while it is prepared: later on the job has asked, and the other one may be upgraded.
    """
    preparing = tenant.restore is not None and tenant.restore.stage is RestoreStage.PREPARE
    if platform is None or not preparing or not all(is_known(platform, each) for each in (tenant, other)):
        return  # a version that nobody offers is told where it is chosen
    own, its = (image_of(platform, each).version for each in (tenant, other))
    if own.partition(".")[0] != its.partition(".")[0]:
        yield (
            f"{other.tenant} runs Odoo {its}, and this tenant Odoo {own}, which does not start on its "
            "database: refresh one that runs the same major version"
        )


def _other_server(
    tenant: Tenant, other: Tenant, platform: Platform | None, catalog: Catalog
) -> Iterator[str]:
    """Backups come from the server that the other one has, and go to this one's."""
    own, its = (_offer(catalog, each) for each in (tenant, other))
    if platform is None or own is None or its is None:
        return  # told where they are checked
    if why := older_server(platform, (other, its), (tenant, own)):
        yield why


def _refused(tenant: Tenant, other: Tenant, catalog: Catalog) -> Iterator[str]:
    own, its = (_offer(catalog, each) for each in (tenant, other))
    # While it moves, its backups lie where one of both tiers has them.
    left = _offer(catalog, other, other.move.from_tier) if other.move else its
    if own is None or its is None or left is None:
        return  # told where the tier is checked
    yield from _not_its_own(tenant, other)
    if its.backup_class is None:
        yield f"{other.tier} makes no backups for '{other.environment}', so {other.tenant} has none"
    elif any(each.region_copies is not None for each in (its, left)):
        yield f"the backups of {other.tenant} lie in a bucket of its own, which only {other.tenant} may read"
    names = ("database_gib", "filestore_gib")
    for name, has, needs in zip(names, _sizes(tenant, own), _sizes(other, its), strict=True):
        if needs > has:
            yield f"{other.tenant} has {name} {needs}, and this tenant {has}: write {needs} into its options"


def _not_its_own(tenant: Tenant, other: Tenant) -> Iterator[str]:
    back = "`costack restore` takes it back to its own backup"
    if tenant.environment is Environment.PRODUCTION:
        yield f"production is never refreshed from another tenant; {back}"
    if other.tenant == tenant.tenant:
        yield f"is {tenant.tenant} itself; {back}"
    elif other.client != tenant.client:
        yield f"{other.tenant} belongs to client {other.client}, and this tenant to {tenant.client}"
    lies_in = {tenant.region, tenant.options.dr_region or tenant.region}
    if other.data_residency is not None and (outside := sorted(lies_in - set(other.data_residency))):
        yield f"data of {other.tenant} may not lie in {', '.join(outside)}, where this tenant's does"


def _offer(catalog: Catalog, tenant: Tenant, name: str | None = None) -> Offer | None:
    tier = catalog.tiers.get(name or tenant.tier)
    return None if tier is None else tier.offers.get(tenant.environment)


def _sizes(tenant: Tenant, offer: Offer) -> tuple[int, int]:
    return (
        tenant.options.database_gib or offer.database_gib,
        tenant.options.filestore_gib or offer.filestore_gib,
    )
