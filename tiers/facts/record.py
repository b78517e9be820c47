"""The fields that every fact of a plan has.

A fact has everything its price and its declaration depend on, and nothing else: components declare
exactly these numbers, the price book prices exactly these numbers, so a preview needs no cloud.
"""

from __future__ import annotations

from enum import StrEnum, unique

from tiers.vocabulary import CostCategory, CostDomain, Frozen, Region, TenantId

FactId = str
"""`<owner>/<name>`; the owner is a tenant id or `platform`. Stable across tier changes.

In a second region's part it is `<owner>/<region>/<name>`.
"""


@unique
class Origin(StrEnum):
    """Whether this program creates the resource, or adopts an existing one and only accounts for it."""

    CREATED = "created"
    ADOPTED = "adopted"


class FactRecord(Frozen):
    """The common fields: owner, region, and how the cost is classified."""

    id: FactId
    tenant: TenantId | None = None
    """None for shared facts. The key may be missing, because not every export of an inventory keeps nulls."""
    domain: CostDomain
    category: CostCategory
    region: Region
    origin: Origin = Origin.CREATED
    kind: str

    @property
    def name(self) -> str:
        """The last part of the id; before it stand the owner and, in a second region's part, the region."""
        return self.id.rpartition("/")[2]

    @property
    def is_part(self) -> bool:
        """Whether it belongs to what somebody has in a second region's cluster."""
        return self.id.count("/") > 1
