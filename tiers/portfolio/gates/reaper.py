"""Which sandboxes end by themselves, and how many in one run."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from tiers.catalog.folder import CatalogPath
from tiers.vocabulary import Frozen


class ReaperSpec(Frozen):
    """Ends sandboxes by plans that somebody approved in a signed file; never production."""

    enabled: bool
    """Whether approved plans are carried out; `false` stops all of them at once."""
    allowed_signers: CatalogPath
    """File of OpenSSH's allowed signers, seen from this file: who may approve, by which key."""
    most_per_run: Annotated[int, Field(ge=1, le=100)] = 3
    """How many sandboxes one run may end."""
    approval_days: Annotated[int, Field(ge=1, le=30)] = 7
    """For how many days a plan and its approval are valid."""
    grace_days: Annotated[int, Field(ge=0, le=365)] = 14
    """How many days after its cutover a sandbox may end, even before its end date."""

    @property
    def valid_for(self) -> timedelta:
        """For how long a plan and its approval are valid."""
        return timedelta(days=self.approval_days)

    @property
    def grace(self) -> timedelta:
        """How long after its cutover a sandbox may end."""
        return timedelta(days=self.grace_days)
