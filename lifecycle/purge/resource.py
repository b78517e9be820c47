"""What an account has of a retained resource, as far as its deletion needs it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Final, Protocol

from pydantic import Field

from allocation.prices.price_book import PriceBook
from lifecycle.decommission.retained import Kind, RemainingResource, monthly_units, stored_units
from lifecycle.purge.ledger import LedgerLine
from tiers.vocabulary import LARGEST, Count, Frozen, UtcDatetime

_MOST_BYTES: Final = LARGEST * 1_000_000
STORED: Final = frozenset({Kind.DUMPS, Kind.FILES, Kind.EXPORTS, Kind.MANIFESTS})
"""What lies under a tenant's prefix of the platform's bucket."""
ORDER: Final = (
    *(Kind.DUMPS, Kind.FILES, Kind.EXPORTS, Kind.MANIFESTS),
    *(Kind.AUTOMATED_BACKUP, Kind.SNAPSHOT, Kind.CACHE_SNAPSHOT),
    *(Kind.RECOVERY_POINT, Kind.VAULT, Kind.BUCKET, Kind.FILE_SYSTEM, Kind.LOGS, Kind.SECRET, Kind.KEY),
)
"""What can be purged, in the order of deletion: contents before what holds them, a key last."""


class AccountResource(Frozen):
    """A resource of the account.

    Attributes:
        handle: What its deletion names: an ARN, an id or a name.
        created_at: When it was made, in UTC; None where AWS does not say.
        tags: Its tags; None where AWS lists none.
        key: The ARN or id of the KMS key that encrypts it; '' for none.
        inside: The handle of what holds it: the vault of a recovery point, the automated backup of a snapshot
            that its server made and that goes with it; '' for nothing.
        gib: Its size; None where no listing has it.
        size_bytes: The bytes of a bucket or a prefix, all versions.
        contents: How many object versions or recovery points it holds.
        newest: When the newest of them was written.
        held: What of AWS forbids its deletion, as a sentence; '' for nothing.
        busy: What still uses it, as a sentence; '' for nothing.
        ends: Whether its deletion is scheduled already.
    """

    what: Kind
    id: str
    region: str
    handle: str
    created_at: UtcDatetime | None = None
    tags: Mapping[str, str] | None = None
    key: str = ""
    inside: str = ""
    gib: Count | None = None
    size_bytes: Annotated[int, Field(ge=0, le=_MOST_BYTES)] | None = None
    contents: Count = 0
    newest: UtcDatetime | None = None
    held: str = ""
    busy: str = ""
    ends: bool = False

    @property
    def is_part(self) -> bool:
        """Whether it goes with what holds it, and only so."""
        return self.what is Kind.SNAPSHOT and bool(self.inside)

    def units(self, prices: PriceBook) -> int | None:
        """What it costs a month, in units of money; None where size or price is unknown."""
        if self.size_bytes is not None:
            return stored_units(self.size_bytes, self.region, prices)
        if self.what is Kind.VAULT:
            return 0  # what is in it are lines of their own
        return monthly_units(RemainingResource(self.what, self.id, self.region, self.gib, self.ends), prices)


class KeyUser(Frozen):
    """A resource that a KMS key encrypts."""

    what: Kind
    id: str
    region: str


class PurgeAccount(Protocol):
    """What a purge sees and does in an AWS account."""

    @property
    def id(self) -> str:
        """The account number."""

    def look(self, line: LedgerLine) -> AccountResource | None:
        """What is there of a line; None when it is gone.

        Raises:
            LifecycleError: When AWS does not answer; no answer is not a resource that is gone.
        """

    def again(self, line: LedgerLine, before: AccountResource) -> AccountResource | None:
        """What is there now of a line that was looked at *before*; None when it is gone.

        Raises:
            LifecycleError: As `look`.
        """

    def within(self, line: LedgerLine) -> Iterable[LedgerLine]:
        """What must be deleted before it: the recovery points of a vault."""

    def key_users(self, key: AccountResource) -> Collection[KeyUser]:
        """Every resource that a key encrypts, in all regions that are looked at."""

    def delete(self, there: AccountResource, *, days: int) -> str:
        """Delete it, or schedule that, cancellable for *days*; what was done, as a sentence.

        Raises:
            LifecycleError: When AWS refuses.
        """
