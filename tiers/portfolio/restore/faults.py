"""Why the restore in a tenant's file is not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Offer
from tiers.portfolio.restore.anonymised import anonymised_faults
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault


def restore_faults(tenant: Tenant, offer: Offer) -> Iterator[Fault]:
    """What *offer* lacks for the restore that a tenant's file asks for."""
    yield from anonymised_faults(tenant.environment, tenant.anonymised)
    if tenant.refresh_schedule is not None and offer.backup_class is None:
        lacks = "there would be no way back"
        yield ("refresh_schedule",), f"{tenant.tier} makes no backups for '{tenant.environment}', so {lacks}"
    if tenant.restore is None or tenant.restore.from_archive:
        return  # a sandbox without backups may start from an upload: what it had is kept until confirmed
    if offer.backup_class is None:
        lacks = "there would be no way back" if tenant.restore.from_tenant else "there is none to restore"
        yield ("restore",), f"{tenant.tier} makes no backups for '{tenant.environment}', so {lacks}"
