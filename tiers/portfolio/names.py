"""Ids and names of tenants.

A tenant's id is part of its database, files, backups, resources and cost tags, so it never changes. Its name
is what people read, and it may. Commands take either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault
from tiers.vocabulary import NEWER_PART_NAMES, TenantId

Place = TypeVar("Place")


class Named(Protocol):
    """A tenant, its plan, or its row of a statement."""

    @property
    def tenant(self) -> TenantId:
        """Its id."""

    @property
    def name(self) -> str:
        """What people call it."""


def id_of(tenants: Iterable[Named], word: str) -> TenantId:
    """The id of the tenant whose id or name is *word*; *word* itself where none has it."""
    return next((each.tenant for each in tenants if word in {each.tenant, each.name}), word)


def ambiguous_names(by_place: Mapping[Place, Tenant]) -> Iterator[tuple[Place, Fault]]:
    """The tenants whose name is the id or the name of another one, or whose id is that of another's part."""
    yield from _parts(by_place)
    for place, tenant in by_place.items():
        if tenant.display_name is None:
            continue
        for other, each in by_place.items():
            if other != place and tenant.display_name in {each.tenant, each.name}:
                yield place, (("display_name",), f"'{tenant.display_name}' is already used in {other}")
                break


def _parts(by_place: Mapping[Place, Tenant]) -> Iterator[tuple[Place, Fault]]:
    ids = {tenant.tenant for tenant in by_place.values()}
    for place, tenant in by_place.items():
        for part in sorted(NEWER_PART_NAMES):
            if (other := tenant.tenant.removesuffix(f"-{part}")) != tenant.tenant and other in ids:
                said = (
                    f"'{tenant.tenant}' is the name of a part of '{other}'; the newer of them needs another"
                )
                yield place, (("tenant",), said)
