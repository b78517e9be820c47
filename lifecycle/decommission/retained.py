"""What an account still holds of a tenant, and whether anybody knows why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum, unique
from typing import Any, Final

from allocation.money import text_of, units_of
from allocation.prices.price_book import PriceBook
from lifecycle.decommission.plan import EndingPlan


@unique
class What(StrEnum):
    """Kinds of things that outlive a stack."""

    DATABASE = "database"
    SNAPSHOT = "database snapshot"
    AUTOMATED_BACKUP = "automated backup"
    CACHE = "cache"
    CACHE_SNAPSHOT = "cache snapshot"
    FILE_SYSTEM = "file system"
    DIRECTORY = "directory"
    BUCKET = "bucket"
    KEY = "key"
    SECRET = "managed secret"  # noqa: S105 - what it is, not what it says
    LOGS = "log group"
    ROLE = "role"
    VAULT = "backup vault"
    RECOVERY_POINT = "recovery point"
    BACKUP_PLAN = "backup plan"
    SCHEDULE = "schedule"
    VOLUME = "volume"
    OTHER = "resource"


@dataclass(frozen=True)
class Holding:
    """Something that is there.

    Attributes:
        gib: Its size, as its listing tells it; None where nobody says how large it is.
        ends: Whether its end is scheduled already: a key or a secret that waits for its deletion.
    """

    what: What
    id: str
    region: str
    gib: int | None = None
    ends: bool = False


KEPT: Final[Mapping[What, str]] = {
    What.SNAPSHOT: "the last state of its database",
    What.AUTOMATED_BACKUP: "any moment of its last days can be restored",
    What.CACHE_SNAPSHOT: "the last state of its sessions",
    What.BUCKET: "its dumps and files",
    What.VAULT: "recovery points of its files",
    What.RECOVERY_POINT: "the last states of its files",
    What.KEY: "without it nothing of the above can be read",
}
"""What stays for a time after the end, and why. A key that nothing needs waits for its deletion."""

_PRICED: Final[Mapping[What, tuple[str, str]]] = {
    What.SNAPSHOT: ("AmazonRDS", "RDS PostgreSQL backup storage above the free allowance"),
    What.AUTOMATED_BACKUP: ("AmazonRDS", "RDS PostgreSQL backup storage above the free allowance"),
    What.CACHE_SNAPSHOT: ("AmazonElastiCache", "backup storage"),
    What.RECOVERY_POINT: ("AWSBackup", "EFS warm backup"),
    What.KEY: ("awskms", "customer managed key"),
}


@dataclass(frozen=True)
class Kept:
    """A line of the retention ledger; `units` a month, None when nobody knows its price or its size."""

    holding: Holding
    because: str
    until: datetime
    units: int | None

    def document(self) -> dict[str, Any]:
        """The line as plain data."""
        return {
            "what": str(self.holding.what),
            "id": self.holding.id,
            "region": self.holding.region,
            "gib": self.holding.gib,
            "because": self.because,
            "until": f"{self.until:%Y-%m-%dT%H:%M:%SZ}",
            "per_month": None if self.units is None else text_of(self.units),
        }


@dataclass(frozen=True)
class Remains:
    """All that is left of a tenant: what is kept for a reason, and what nobody can explain."""

    kept: tuple[Kept, ...]
    leaked: tuple[Holding, ...]


def remains_of(
    plan: EndingPlan, holdings: Iterable[Holding], ended_at: datetime, prices: PriceBook
) -> Remains:
    """Sort what is there into kept and leaked.

    A sandbox keeps nothing but what protects itself from being deleted at once: everything that is not
    already on its way out is a leak.
    """
    until = ended_at + timedelta(days=plan.keep_days)
    kept: list[Kept] = []
    leaked: list[Holding] = []
    for each in sorted(holdings, key=lambda one: (one.what, one.region, one.id)):
        because = _reason(plan, each)
        if because is None:
            leaked.append(each)
        else:
            kept.append(Kept(each, because, until, _priced(each, prices)))
    return Remains(tuple(kept), tuple(leaked))


def _reason(plan: EndingPlan, holding: Holding) -> str | None:
    if holding.ends:
        return "it waits for its deletion, which AWS allows no sooner"
    return KEPT.get(holding.what) if plan.keep_days else None


def _priced(holding: Holding, prices: PriceBook) -> int | None:
    """What it costs a month; what is in a bucket or a vault bills, and no listing says how much that is.

    Keys and secrets that wait for their deletion bill nothing (KMS and Secrets Manager pricing).
    """
    if holding.ends:
        return 0
    if holding.what not in _PRICED:
        return None
    price = prices.find(holding.region, *_PRICED[holding.what])
    quantity = 1 if holding.what is What.KEY else holding.gib
    if price is None or quantity is None:
        return None
    return units_of(Decimal(quantity) * price.price)
