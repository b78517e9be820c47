"""What a charge's own cost tags say, however a bill spells them: whose it is, or what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from tiers.errors import CatalogError
from tiers.tags import KEYS, CostTags, field_of, plain_key
from tiers.vocabulary import CostDomain

_MOST_KEPT: Final = 4096
"""Of an estimate of a thousand tenants, each of whose previews has nearly the same tags."""
_OF_TENANTS: Final = ("client", "environment", "service_tier", "recovery_class")


class OwnTags(NamedTuple):
    """The cost tags among a charge's tags.

    Attributes:
        all: Every tag of the charge that has a value, as the bill spells it.
        found: Field of `CostTags` -> value without spaces around it, in the case of the bill.
        fault: What contradicts itself, in a few words; '' if nothing does.
        whole: Whether they are exactly the tags that Costack writes: no key missing, no value amended.
    """

    all: Mapping[str, str]
    found: Mapping[str, str]
    fault: str
    whole: bool

    def folded(self, field: str) -> str:
        """The value of a field in lower case, as the ids of tenants and portfolios are; '' without one."""
        return self.found.get(field, "").casefold()

    @property
    def domain(self) -> CostDomain | None:
        """The cost domain, if there is one that can be read."""
        named = self.folded("domain")
        return CostDomain(named) if named in set(CostDomain) else None

    @property
    def nameless(self) -> str:
        """What says that the charge is a tenant's without naming the tenant; '' if nothing does.

        A domain that cannot be read may stand for any of them, so it says so too.
        """
        if "tenant" in self.found or self.domain is CostDomain.SHARED_PLATFORM:
            return ""
        said = [name for name in ("domain", *_OF_TENANTS) if name in self.found]
        return f"{KEYS[said[0]]} is '{self.found[said[0]]}'" if said else ""

    def value(self, key: str) -> str | None:
        """The value of the tag *key*: of that very key, else of one that differs only in its spelling.

        None if there is none, or two spellings of it have different values.
        """
        if key in self.all:
            return self.all[key]
        wanted = plain_key(key)
        alike = {value for name, value in self.all.items() if plain_key(name) == wanted}
        return alike.pop() if len(alike) == 1 else None


@lru_cache(_MOST_KEPT)
def own_tags(text: str) -> OwnTags:
    """Read the tags of a charge: *text* is a flat JSON object."""
    tags = {key: str(value) for key, value in json.loads(text).items() if value not in (None, "")}
    values: dict[str, dict[str, str]] = {}
    for key, value in tags.items():
        field = field_of(key)
        if field is not None and (bare := value.strip()):
            values.setdefault(field, {}).setdefault(bare.casefold(), bare)
    found = {field: next(iter(spelt.values())) for field, spelt in values.items()}
    return OwnTags(tags, found, _fault(values, found), _whole(tags))


def _fault(values: Mapping[str, Mapping[str, str]], found: Mapping[str, str]) -> str:
    for field in sorted(values):
        if len(values[field]) > 1:
            first, second = sorted(values[field].values())[:2]
            return f"{KEYS[field]} is both '{first}' and '{second}'"
    shared = found.get("domain", "").casefold() == CostDomain.SHARED_PLATFORM
    of_one = next((name for name in ("tenant", "client") if name in found), None)
    if shared and of_one:
        return f"{KEYS['domain']} is shared-platform, and {KEYS[of_one]} is '{found[of_one]}'"
    return ""


def _whole(tags: Mapping[str, str]) -> bool:
    try:
        CostTags.from_tags(tags)
    except CatalogError:
        return False
    return True
