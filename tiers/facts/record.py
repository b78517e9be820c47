"""What every fact of a plan says, whatever it is about.

A fact carries everything its price and its declaration depend on, and nothing else: components declare
exactly these numbers, the price book prices exactly these numbers, so a preview needs no cloud.
"""

from __future__ import annotations

from enum import StrEnum, unique

from tiers.vocabulary import CostCategory, CostDomain, Frozen, Region, TenantId

FactId = str
"""`<owner>/<name>`; the owner is a tenant id or `platform`. Stable across tier changes."""


@unique
class Origin(StrEnum):
    """Whether this program creates the thing, or it was there and is only accounted for."""

    CREATED = "created"
    ADOPTED = "adopted"


class FactRecord(Frozen):
    """What every fact says: whose it is, where it is, and how its cost is classified."""

    id: FactId
    tenant: TenantId | None = None
    """None for what all share; a null does not survive every way an inventory may take, so it may lack."""
    domain: CostDomain
    category: CostCategory
    region: Region
    origin: Origin = Origin.CREATED
    kind: str

    @property
    def name(self) -> str:
        """The part of the id after the owner."""
        return self.id.partition("/")[2]
