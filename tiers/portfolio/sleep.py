"""Why a tenant cannot sleep as its file asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Offer, OwnDatabase
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault
from tiers.vocabulary import Environment

_WHERE: Final = ("options", "schedule")


def sleeping_faults(tenant: Tenant, offer: Offer) -> Iterator[Fault]:
    """Why a tenant cannot sleep as its file asks for."""
    if tenant.options.schedule is None:
        return
    if tenant.environment is Environment.PRODUCTION:
        yield _WHERE, "production is awake at all hours; a schedule is for every other environment"
        return
    if not isinstance(offer.database, OwnDatabase):
        return
    if tenant.options.warm_standby:
        yield _WHERE, "its server has a warm standby, and RDS stops no server that has a replica"
    if offer.backup_class is not None:
        yield (
            _WHERE,
            (
                f"its own server would be stopped when backup_class {offer.backup_class} dumps it; "
                "a tenant that sleeps shares a server, or its offer has no backup_class"
            ),
        )
