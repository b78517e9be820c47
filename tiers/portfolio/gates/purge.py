"""When what an ended tenant left is deleted, and what a legal hold keeps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from tiers.catalog.folder import CatalogPath
from tiers.vocabulary import Frozen, TenantId


class PurgeSpec(Frozen):
    """Deletes what ended tenants left, from the day that evidence names, by plans that somebody approved."""

    enabled: bool
    """Whether purge plans are carried out; `false` stops all of them at once, also with a phrase."""
    allowed_signers: CatalogPath
    """File of OpenSSH's allowed signers, seen from this file: who may approve, by which key."""
    most_per_run: Annotated[int, Field(ge=1, le=1000)] = 50
    """How many resources one run may delete; all that is purged within 20 hours is one run."""
    approval_days: Annotated[int, Field(ge=1, le=30)] = 7
    """For how many days a plan and its approval are valid."""
    key_deletion_days: Annotated[int, Field(ge=7, le=30)] = 30
    """For how many days the deletion of a key or secret can be cancelled."""

    @property
    def valid_for(self) -> timedelta:
        """For how long a plan and its approval are valid."""
        return timedelta(days=self.approval_days)


class LegalHold(Frozen):
    """Keeps all that a tenant left, whatever day evidence names."""

    tenant: TenantId
    """The tenant, also one that has ended."""
    because: Annotated[str, Field(min_length=3, max_length=200)]
    """Why, such as the number of a case."""
    until: date | None = None
    """Last day of the hold; left out, it lasts until this entry is removed."""

    def holds(self, day: date) -> bool:
        """Whether it holds on *day*."""
        return self.until is None or day <= self.until


class LegalHolds(Frozen):
    """The file `legal-holds.yaml` in a folder of evidence."""

    legal_holds: tuple[LegalHold, ...]
