"""The remaining resources of a decommissioned tenant: retained ones with a reason, and excess ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum, unique
from typing import Any, Final

from allocation.money import text_of, units_of
from allocation.prices.price_book import PriceBook
from lifecycle.decommission.plan import DecommissionPlan


@unique
class Kind(StrEnum):
    """Kinds of resources that can outlive a stack."""

    DATABASE = "database"
    SNAPSHOT = "database snapshot"
    AUTOMATED_BACKUP = "automated backup"
    CACHE = "cache"
    CACHE_SNAPSHOT = "cache snapshot"
    CACHE_USER = "cache user"
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
    DISTRIBUTION = "distribution"
    VOLUME = "volume"
    DUMPS = "dumps"
    FILES = "copies of files"
    EXPORTS = "exports"
    MANIFESTS = "manifests"
    OTHER = "resource"


@dataclass(frozen=True)
class RemainingResource:
    """A resource of the tenant that is still in the account.

    Attributes:
        gib: Its size as its listing states it; None when the listing has no size.
        ends: Whether its deletion is already scheduled, as for a key or a secret.
    """

    what: Kind
    id: str
    region: str
    gib: int | None = None
    ends: bool = False


KEPT: Final[Mapping[Kind, str]] = {
    Kind.SNAPSHOT: "the last state of its database",
    Kind.AUTOMATED_BACKUP: "any moment of its last days can be restored",
    Kind.CACHE_SNAPSHOT: "the last state of its sessions",
    Kind.BUCKET: "its dumps and files",
    Kind.VAULT: "recovery points of its files",
    Kind.RECOVERY_POINT: "the last states of its files",
    Kind.KEY: "without it nothing of the above can be read",
}
"""What is retained for a time, and why. A key that is no longer needed waits for its deletion."""

_PRICED: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.SNAPSHOT: ("AmazonRDS", "RDS PostgreSQL backup storage above the free allowance"),
    Kind.AUTOMATED_BACKUP: ("AmazonRDS", "RDS PostgreSQL backup storage above the free allowance"),
    Kind.CACHE_SNAPSHOT: ("AmazonElastiCache", "backup storage"),
    Kind.RECOVERY_POINT: ("AWSBackup", "EFS warm backup"),
    Kind.KEY: ("awskms", "customer managed key"),
}

_STORED: Final[Mapping[str, tuple[Kind, bool]]] = {
    "dumps": (Kind.DUMPS, True),
    "filestores": (Kind.FILES, False),
    "exports": (Kind.EXPORTS, False),
    "manifests": (Kind.MANIFESTS, False),
}
"""What each kind in the bucket of backups is, and whether a rule of the bucket deletes it."""
_STORED_PRICE: Final = ("AmazonS3", "Standard storage first 50 TB")
_GIB: Final = 1 << 30


@dataclass(frozen=True)
class RetainedResource:
    """A line of the retention ledger; `units` a month, None when its price or size is unknown."""

    resource: RemainingResource
    because: str
    until: datetime
    units: int | None

    def document(self) -> dict[str, Any]:
        """The line as plain data."""
        return {
            "what": str(self.resource.what),
            "id": self.resource.id,
            "region": self.resource.region,
            "gib": self.resource.gib,
            "because": self.because,
            "until": f"{self.until:%Y-%m-%dT%H:%M:%SZ}",
            "per_month": None if self.units is None else text_of(self.units),
        }


@dataclass(frozen=True)
class RemainingResources:
    """The remaining resources: retained ones with a reason, and excess ones without.

    `savings` is what the evidence says that the end saves; None in evidence of before.
    """

    retained: tuple[RetainedResource, ...]
    excess: tuple[RemainingResource, ...]
    savings: Mapping[str, Any] | None = None

    @property
    def in_excess(self) -> str:
        """The excess resources by name."""
        return ", ".join(f"{each.what} {each.id} ({each.region})" for each in self.excess)


def sort_remaining(
    plan: DecommissionPlan, remaining: Iterable[RemainingResource], ended_at: datetime, prices: PriceBook
) -> RemainingResources:
    """Sort the remaining resources into retained and excess ones.

    A sandbox retains only resources that AWS does not delete at once: everything that is not
    already scheduled for deletion is in excess.
    """
    until = ended_at + timedelta(days=plan.keep_days)
    retained: list[RetainedResource] = []
    excess: list[RemainingResource] = []
    for each in sorted(remaining, key=lambda one: (one.what, one.region, one.id)):
        because = _reason(plan, each)
        if because is None:
            excess.append(each)
        else:
            retained.append(RetainedResource(each, because, until, monthly_units(each, prices)))
    return RemainingResources(tuple(retained), tuple(excess))


def stored_backups(
    plan: DecommissionPlan,
    backup: Mapping[str, Any],
    sizes: Mapping[str, int],
    ended_at: datetime,
    prices: PriceBook,
) -> Iterator[RetainedResource]:
    """What a tenant's prefix of the platform's bucket still holds.

    Args:
        plan: The plan.
        backup: What evidence says of the final backup: `bucket`, `prefix`, `kept_days`.
        sizes: The bytes under the prefix, by kind.
        ended_at: When the tenant was removed.
        prices: The prices of storage.
    """
    expires = ended_at + timedelta(days=int(backup["kept_days"]))
    later = max(expires, ended_at + timedelta(days=plan.keep_days))
    for kind, size in sizes.items():
        what, by_rule = _STORED[kind]
        because = (
            "S3 deletes them by the bucket's rule" if by_rule else "no rule deletes them: delete them then"
        )
        where = RemainingResource(what, f"s3://{backup['bucket']}/{kind}/{backup['prefix']}/", plan.region)
        units = stored_units(size, plan.region, prices)
        yield RetainedResource(where, f"{size:,} bytes; {because}", expires if by_rule else later, units)


def stored_units(size: int, region: str, prices: PriceBook) -> int | None:
    """The monthly cost of *size* bytes in a bucket; None where the price is unknown."""
    price = prices.find(region, *_STORED_PRICE)
    return None if price is None else units_of(Decimal(size) / _GIB * price.price)


def _reason(plan: DecommissionPlan, resource: RemainingResource) -> str | None:
    if resource.ends:
        return "it waits for its deletion, which AWS allows no sooner"
    if _is_of_automated_backup(resource) and plan.keep_days:
        return "its server made it, and the automated backup holds it and is billed for it"
    return KEPT.get(resource.what) if plan.keep_days else None


def _is_of_automated_backup(resource: RemainingResource) -> bool:
    """RDS begins names of its own with `rds:`; others hold no colon (RDS API, CreateDBSnapshot)."""
    return resource.what is Kind.SNAPSHOT and resource.id.startswith("rds:")


def monthly_units(resource: RemainingResource, prices: PriceBook) -> int | None:
    """The monthly cost; buckets and vaults bill by content, which no listing states.

    Keys and secrets that wait for their deletion bill nothing (KMS and Secrets Manager pricing). What a
    server made by itself is in the storage of its automated backup, which is a line of its own.
    """
    if resource.ends or _is_of_automated_backup(resource):
        return 0
    if resource.what not in _PRICED:
        return None
    price = prices.find(resource.region, *_PRICED[resource.what])
    quantity = 1 if resource.what is Kind.KEY else resource.gib
    if price is None or quantity is None:
        return None
    return units_of(Decimal(quantity) * price.price)
