"""Virtual tags: what the rulebook says of charges that neither a tag of their own nor the inventory names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple, Self

from pydantic import model_validator

from allocation.engine.owners.known import AccountId
from allocation.engine.owners.own_tags import OwnTags
from tiers.tags import KEYS, field_of
from tiers.vocabulary import Frozen, TagValue, TenantId

_COST_CATEGORIES: Final = ("costCategory/", "cost_category/")
"""How bills spell the key of an AWS Cost Category; the reader keeps each under a key of its own."""


class Traits(Frozen):
    """What a virtual tag looks at: all that are given must be met, with any value of each list.

    `resources` are ids of resources in which `*` stands for any text.
    """

    accounts: tuple[AccountId, ...] = ()
    services: tuple[str, ...] = ()
    charge_categories: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = {}
    cost_categories: Mapping[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("a virtual tag looks at something: name it below `when`")
        return self

    @property
    def names_a_tenant(self) -> bool:
        """Whether it looks at the tenant's own cost tag, and so may mend one that cannot be read."""
        return any(field_of(key) == "tenant" for key in self.tags)


class VirtualTag(Frozen):
    """Gives the charges it matches to a tenant, into a pool, or to nobody with a reason; the first decides.

    It counts from the day `since`, until the day before `until`, by the first day of a charge.
    """

    tag: TagValue
    when: Traits
    tenant: TenantId | None = None
    pool: TagValue | None = None
    unallocated_because: str | None = None
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if sum(each is not None for each in (self.tenant, self.pool, self.unallocated_because)) != 1:
            raise ValueError(
                "a virtual tag has exactly one of `tenant: ID`, `pool: NAME`, `unallocated_because: REASON`"
            )
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"until {self.until}: expected a day after {self.since}")
        if self.when.names_a_tenant and self.tenant is None:
            raise ValueError(
                f"a virtual tag that looks at {KEYS['tenant']} names a tenant: "
                "what names one tenant is never paid by others"
            )
        return self


class Look(NamedTuple):
    """What a virtual tag sees of a charge; '' where the bill says nothing.

    Attributes:
        matched: Names of the virtual tags whose pattern the resource's id matches, with spaces between.
        since: The first day on which the same virtual tags are in force as on the charge's.
    """

    account: str
    service: str
    charge_category: str
    region: str
    matched: str
    since: date


def first_that_applies(
    virtual_tags: Iterable[VirtualTag], look: Look, tags: OwnTags, *, mending: bool
) -> VirtualTag | None:
    """The first virtual tag for a charge; *mending* leaves only those that look at the tenant's own tag."""
    return next(
        (
            one
            for one in virtual_tags
            if (one.when.names_a_tenant or not mending) and _is_in_force(one, look) and _sees(one, look, tags)
        ),
        None,
    )


def like_patterns(virtual_tags: Iterable[VirtualTag]) -> list[tuple[str, str]]:
    """(name of the virtual tag, pattern for SQL's LIKE with the escape `!`) of every resource pattern."""
    return [(one.tag, _like(pattern)) for one in virtual_tags for pattern in one.when.resources]


def days_of_change(virtual_tags: Iterable[VirtualTag]) -> list[date]:
    """The days on which a virtual tag begins or ends, in order."""
    return sorted({day for one in virtual_tags for day in (one.since, one.until) if day is not None})


def _is_in_force(one: VirtualTag, look: Look) -> bool:
    return (one.since is None or one.since <= look.since) and (one.until is None or look.since < one.until)


def _sees(one: VirtualTag, look: Look, tags: OwnTags) -> bool:
    when = one.when
    return (
        (not when.accounts or look.account in when.accounts)
        and (not when.services or look.service in when.services)
        and (not when.charge_categories or look.charge_category in when.charge_categories)
        and (not when.regions or look.region in when.regions)
        and (not when.resources or one.tag in look.matched.split())
        and all(tags.value(key) in values for key, values in when.tags.items())
        and all(
            any(tags.value(f"{prefix}{name}") in values for prefix in _COST_CATEGORIES)
            for name, values in when.cost_categories.items()
        )
    )


def _like(pattern: str) -> str:
    for special in "!%_":
        pattern = pattern.replace(special, f"!{special}")
    return pattern.replace("*", "%")
