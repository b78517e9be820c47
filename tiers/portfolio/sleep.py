"""Checks of a tenant's sleep schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import Offer, OwnDatabase
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault
from tiers.vocabulary import Environment

_WHERE: Final = ("options", "schedule")


def sleep_faults(tenant: Tenant, offer: Offer) -> Iterator[Fault]:
    """Why the schedule in a tenant's file is not allowed."""
    if tenant.options.schedule is None:
        return
    if tenant.environment is Environment.PRODUCTION:
        yield _WHERE, "production is always awake; a schedule is for other environments only"
        return
    if not isinstance(offer.database, OwnDatabase):
        return
    if tenant.options.warm_standby:
        yield _WHERE, "its server has a warm standby, and RDS cannot stop a server that has a replica"
    if offer.backup_class is not None:
        yield (
            _WHERE,
            (
                f"its own server would be stopped when backup_class {offer.backup_class} dumps it: "
                "use a tier with a shared server, or an offer without a backup_class"
            ),
        )
