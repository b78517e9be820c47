"""The rulebook: which pool claims a shared charge, and which driver divides it. Dated, signed, versioned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated, Final, Self, get_args

from pydantic import Field, model_validator

from allocation.errors import AllocationError
from tiers.facts import FACT_TYPES
from tiers.loader import load_model
from tiers.vocabulary import CostDomain, Frozen, Positive, TagValue

DIRECTORY: Final = Path(__file__).parent / "rulebook"
_KINDS: Final = frozenset(get_args(kind.model_fields["kind"].annotation)[0] for kind in FACT_TYPES)


@unique
class Driver(StrEnum):
    """The measure a pool is divided by; the tenant's quantity of it is its weight."""

    COMPUTE_REQUESTS = "compute-requests"
    DATABASE_GIB = "database-gib"
    CACHE_MIB = "cache-mib"
    FILESTORE_GIB = "filestore-gib"
    BACKUP_GIB = "backup-gib"
    USERS = "users"


@unique
class IdlePolicy(StrEnum):
    """What becomes of capacity nobody asked for: it stays visible, or those who ask pay for it too."""

    KEEP = "keep"
    SPREAD = "spread"


class ComputeWeights(Frozen):
    """How much a vCPU and a GiB of memory weigh against each other; whole numbers of one unit."""

    vcpu: Positive
    memory_gib: Positive


class Pool(Frozen):
    """Charges shared by the tenants, and how they are divided."""

    pool: TagValue
    claims: Annotated[tuple[str, ...], Field(min_length=1)]
    domain: CostDomain
    driver: Driver
    idle: IdlePolicy = IdlePolicy.SPREAD
    platform_share_to: TagValue | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if unknown := sorted(set(self.claims) - _KINDS):
            raise ValueError(f"claims: there is no kind of fact called '{unknown[0]}'")
        measured = self.driver is Driver.COMPUTE_REQUESTS
        if not measured and (self.idle is IdlePolicy.KEEP or self.platform_share_to):
            raise ValueError(
                f"idle and platform_share_to need a driver with a capacity; {self.driver} has none"
            )
        return self


class Rulebook(Frozen):
    """The rules of one effective date."""

    version: TagValue
    effective: date
    compute_weights: ComputeWeights
    pools: Annotated[tuple[Pool, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        names = [pool.pool for pool in self.pools]
        claims = [kind for pool in self.pools for kind in pool.claims]
        for what, words in (("pool", names), ("kind", claims)):
            if twice := sorted({word for word in words if words.count(word) > 1}):
                raise ValueError(f"{what} '{twice[0]}' appears twice among the pools")
        for index, pool in enumerate(self.pools):
            target = pool.platform_share_to
            if target is not None and target not in names[index + 1 :]:
                raise ValueError(f"platform_share_to '{target}' must be a pool after '{pool.pool}'")
        return self

    def pool_by_kind(self) -> Mapping[str, Pool]:
        """Which pool claims each kind of fact."""
        return {kind: pool for pool in self.pools for kind in pool.claims}


def rules_on(day: date, directory: Path = DIRECTORY) -> Rulebook:
    """The rulebook in force on *day*: the newest that was effective by then.

    Raises:
        AllocationError: When no rulebook was in force yet.
        CatalogError: When a file is not a rulebook.
    """
    books = [load_model(Rulebook, path) for path in sorted(directory.glob("*.yaml"))]
    in_force = [book for book in books if book.effective <= day]
    if not in_force:
        first = min((book.effective for book in books), default=None)
        known = f"the first is effective {first}" if first else f"{directory} holds none"
        raise AllocationError(f"no rulebook is in force on {day}: {known}")
    return max(in_force, key=lambda book: book.effective)
