"""What was tried of promises: the last restore test of a tenant, and its recovery in a second region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Kept:
    """How many backups of a tenant there were on a day, and when the oldest of them began, in UTC."""

    oldest: datetime
    listed_at: datetime
    count: int


@dataclass(frozen=True)
class Recovery:
    """The last restore test of a tenant: when, of which backup, its result; whether it names a portfolio."""

    tried_at: datetime
    succeeded: bool
    minutes: int | None = None
    backup_taken: str = ""
    owner_said: bool = True
    kept: Kept | None = None


@dataclass(frozen=True)
class Rehearsed:
    """The recovery of a tenant in its second region, as the last rehearsal before the month's end showed it.

    Attributes:
        tenant: Whose it is.
        region: Where it comes back.
        state: Whether that proves the promise, in a word; `why` says what is wrong with it.
        rehearsed_at: When, in UTC; None when it never was.
        most_days: How old the newest good rehearsal may be.
        rto_seconds: How long it took to the first answer; None when nothing was measured.
        rpo_seconds: How old the data were; None when nothing was measured.
        owner_said: Whether its evidence says which portfolio it is of; that of older versions does not.
    """

    tenant: str
    region: str
    state: str
    why: str
    rehearsed_at: datetime | None
    most_days: int
    rto_seconds: int | None
    rpo_seconds: int | None
    promised_rto_seconds: int
    promised_rpo_seconds: int
    owner_said: bool = True

    @property
    def proven(self) -> bool:
        """Whether a rehearsal shows that the promise is kept."""
        return not self.why
