"""What an account has for tenants, by cost tags or by name, whoever made it and whether a state knows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from allocation.money import text_of
from lifecycle.decommission.retained import Kind
from lifecycle.drift.untracked import Found, merged
from lifecycle.purge.summary import amount
from tiers.tags import KEYS
from tiers.vocabulary import TenantId


@dataclass(frozen=True)
class Owned:
    """A resource of a tenant or a portfolio; '' where neither tags nor name say whose."""

    found: Found
    tenant: str
    portfolio: str
    by: str
    """How that is known: `tags` or `name`."""

    def document(self) -> dict[str, object]:
        """It as plain data."""
        return {
            "what": self.found.kind,
            "id": self.found.names[0],
            "region": self.found.region,
            "tenant": self.tenant or None,
            "portfolio": self.portfolio or None,
            "known_by": self.by,
            "gib": self.found.gib,
            "per_month": None if self.found.units is None else text_of(self.found.units),
        }


def owned(found: Iterable[Found], tenants: Collection[TenantId]) -> tuple[Owned, ...]:
    """The resources that tags or names give to a tenant or a portfolio, by tenant.

    Args:
        found: Listings and tag search of an account.
        tenants: The names that count where a resource has no tags.
    """
    patterns = {each: re.compile(rf"(^|[^a-z0-9]){re.escape(each)}($|[^a-z0-9])") for each in tenants}
    once = merged(_apart(each) for each in found)
    return in_order(one for each in once if (one := _owned(each, patterns)))


def _apart(found: Found) -> Found:
    """A snapshot is listed with its server's name, too, which must not make one of all that have it."""
    if found.kind not in {Kind.SNAPSHOT, Kind.CACHE_SNAPSHOT}:
        return found
    name, *others = found.names
    return replace(found, names=(name, *(f"{name} of {other}" for other in others)))


def in_order(told: Iterable[Owned], only: Collection[TenantId] = ()) -> tuple[Owned, ...]:
    """What is of *only* these tenants, or of all where it is empty, by tenant and kind."""
    wanted = (each for each in told if not only or each.tenant in only)
    return tuple(
        sorted(wanted, key=lambda one: (one.tenant, one.found.kind, one.found.region, one.found.names))
    )


def _owned(found: Found, patterns: Mapping[TenantId, re.Pattern[str]]) -> Owned | None:
    tags = found.tags or {}
    tenant, portfolio = tags.get(KEYS["tenant"], ""), tags.get(KEYS["portfolio"], "")
    if tenant or portfolio:
        return Owned(found, tenant, portfolio, "tags")
    # `acme-migration` is not `acme`: the longest name that fits is the one that was meant.
    named = [name for name, part in patterns.items() if any(part.search(each) for each in found.names)]
    return Owned(found, max(named, key=len), "", "name") if named else None


def sums(owned_: Iterable[Owned], currency: str) -> Iterator[str]:
    """How many resources there are, what they cost a month, and of how many nobody knows."""
    listed = list(owned_)
    units = [each.found.units for each in listed if each.found.units is not None]
    unknown = len(listed) - len(units)
    known = amount(text_of(sum(units)), currency)
    yield (f"{len(listed)} resources still bill: {known} for {len(units)} of them, unknown for {unknown}")
