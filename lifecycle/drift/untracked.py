"""Resources of the account that no stack here has made, and rules that somebody added to its security groups.

A resource is known when the state names it, or when AWS made it for one that the state names: a server's own
snapshots, its log groups, its password.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from allocation.adapters.pulumi.stack_state import StateResource
from lifecycle.drift.changes import OBJECT
from lifecycle.drift.owners import Owners
from tiers.portfolio.gates.drift import DriftEffect
from tiers.tags import KEYS
from tiers.vocabulary import Region

_NAME: Final = re.compile(r"[A-Za-z][\w./-]{5,}")
_OF_AWS: Final = re.compile(
    r"(^|[:/])(default($|[.:/-])|aws/|AWSServiceRole|Default$|aws-service-role/|rds-monitoring-role)"
)
"""What AWS makes in every account: default groups and users, service-linked roles, keys and vaults."""
_MADE_BY: Final = ("aws:", "eks:", "kubernetes.io/")
"""Tags by which AWS and Kubernetes say for what they made a resource; nobody else may write the first two."""
_ACCOUNT: Final = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:(\d{12}):")
_SIMULATED: Final = "/localcloud/"
_NAMES_OF: Final = ("arn", "identifier", "name", "bucket", "replicationGroupId", "userId", "keyId")


@dataclass(frozen=True)
class Found:
    """A resource as a listing or the tag search of an account has it.

    Attributes:
        kind: A plain word, such as `bucket`.
        names: Its ARN, id and name, as far as they are listed; the first is shown.
        tags: None where the listing has no tags.
        gib: Its size; None where the listing has none.
        units: What it costs a month in units of money; None where that is unknown.
    """

    kind: str
    names: tuple[str, ...]
    region: str
    tags: Mapping[str, str] | None = None
    gib: int | None = None
    units: int | None = None


@dataclass(frozen=True)
class AddedRule:
    """A rule of a security group: who may reach it, and by which ports."""

    id: str
    group: str
    from_port: int | None
    to_port: int | None
    protocol: str
    source: str

    @property
    def said(self) -> str:
        """The rule in words."""
        ports = "all ports" if self.from_port in {None, -1} else f"port {self.from_port}"
        if self.to_port not in {None, -1, self.from_port}:
            ports = f"ports {self.from_port} to {self.to_port}"
        return f"{ports} open to {self.source}"


@dataclass(frozen=True)
class OwnedRule:
    """A rule with the owner and the logical name of its security group."""

    owner: str
    group: str
    rule: AddedRule


@dataclass(frozen=True)
class Untracked:
    """A resource of the account that is in no stack here.

    Attributes:
        owner: The tenant that its cost tags name; "" where they name none.
        why: What its tags say of it.
    """

    found: Found
    owner: str
    why: str
    effects: frozenset[DriftEffect] = field(default=frozenset({DriftEffect.UNTRACKED}))


@dataclass(frozen=True)
class Known:
    """Every name by which the state knows a resource, with its owner; security groups by id."""

    owners: Mapping[str, str]
    groups: Mapping[str, str] = field(default_factory=dict)
    rules: frozenset[str] = frozenset()
    regions: tuple[Region, ...] = ()

    def has(self, names: Iterable[str]) -> bool:
        """Whether one of *names* is known, or begins or ends with a known one as what AWS derives does."""
        return any(self._has(name) for each in names for name in _spelled(each))

    def _has(self, name: str) -> bool:
        if name in self.owners:
            return True
        parts = re.split(r"[:/]", name)
        return any(part in self.owners or self._derived(part) for part in parts if _NAME.fullmatch(part))

    def _derived(self, part: str) -> bool:
        """`local-postgresql-2026-11-30-05-30` and `local-postgresql-final-0a1b2c3d` are the server's."""
        stem = re.sub(r"(-final-\w+|-\d{4}-\d\d.*|-[0-9a-f]{7,8})$", "", part)
        return stem != part and stem in self.owners


def known_of(resources: Iterable[StateResource], owners: Owners) -> Known:
    """What the state of a stack names."""
    names: dict[str, str] = {}
    groups: dict[str, str] = {}
    rules, regions = set(), set()
    for each in resources:
        if not each.custom or each.type.startswith(OBJECT):
            continue
        owner = owners.of_urn(each.urn)
        for name in _names(each):
            names.setdefault(name, owner)
        if each.type.startswith("aws:ec2/") and each.type.endswith("ecurityGroup"):
            groups[each.id] = each.name
        if each.type.startswith("aws:vpc/securityGroup"):
            rules.add(each.id)
        region = each.outputs.get("region") or each.inputs.get("region")
        regions |= {region} if isinstance(region, str) else set()
    return Known(names, groups, frozenset(rules), tuple(sorted(regions)))


def accounts_of(known: Known) -> frozenset[str]:
    """The AWS accounts in the ARNs of the state."""
    found = (_ACCOUNT.match(name) for name in known.owners)
    return frozenset(each[1] for each in found if each)


def _names(each: StateResource) -> Iterator[str]:
    """Its own names, and every ARN it names: AWS made those for it, as a password or a copy."""
    yield from filter(None, (each.id, each.id.rpartition("/")[2]))
    for key in _NAMES_OF:
        value = each.outputs.get(key)
        if isinstance(value, str) and value:
            yield value
    for value in _texts(each.outputs):
        if value.startswith("arn:"):
            yield from _spelled(value)
    destination = each.outputs.get("destination")
    if isinstance(destination, Mapping) and isinstance(destination.get("fileSystemId"), str):
        yield destination["fileSystemId"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _spelled(name: str) -> Iterator[str]:
    """A name as it is, and what an ARN names: with and without its kind."""
    bare = name.removesuffix(":*")
    yield bare
    if bare.startswith("arn:"):
        resource = bare.split(":", 5)[-1]
        yield resource
        yield re.sub(r"^[\w-]+[:/]", "", resource, count=1)


def untracked(
    found: Iterable[Found], known: Known, portfolio: str, expected: Iterable[str] = ()
) -> tuple[Untracked, ...]:
    """What of *found* no stack here has made.

    Args:
        found: Listings and tag search; a resource may be in both.
        known: What the state names.
        portfolio: The portfolio of the stack; what has the tags of another one is left to that.
        expected: Names with `*`, that somebody else looks after.
    """
    patterns = tuple(expected)
    told = (
        _told(each)
        for each in merged(found)
        if not _is_explained(each, known, patterns)
        and (each.tags or {}).get(KEYS["portfolio"], portfolio) == portfolio
    )
    return tuple(sorted(told, key=lambda each: (each.owner, each.found.kind, each.found.names[0])))


def merged(found: Iterable[Found]) -> list[Found]:
    """Each resource once: a listing has sizes, and the tag search has tags."""
    once: list[Found] = []
    places: dict[tuple[str, str], int] = {}
    for each in found:
        keys = [(each.region, key) for name in each.names for key in _spelled(name)]
        place = next((places[key] for key in keys if key in places), len(once))
        if place == len(once):
            once.append(each)
        else:
            once[place] = _both(once[place], each)
        places |= dict.fromkeys(keys, place)
    return once


def _both(one: Found, other: Found) -> Found:
    return replace(
        one,
        names=(*one.names, *(name for name in other.names if name not in one.names)),
        tags=other.tags if one.tags is None else one.tags,
        gib=other.gib if one.gib is None else one.gib,
        units=other.units if one.units is None else one.units,
    )


def _is_explained(found: Found, known: Known, patterns: Iterable[str]) -> bool:
    """Whether the stack, AWS or somebody who is named has made it."""
    made_by = [value for key, value in (found.tags or {}).items() if key.startswith(_MADE_BY)]
    return (
        known.has((*found.names, *made_by))
        or any(_OF_AWS.search(name) or name.startswith(_SIMULATED) for name in found.names)
        or any(
            fnmatch.fnmatchcase(name, pattern) for name in (*found.names, *made_by) for pattern in patterns
        )
    )


def _told(found: Found) -> Untracked:
    tags = found.tags or {}
    tenant = tags.get(KEYS["tenant"], "")
    if tenant:
        return Untracked(found, tenant, f"has the cost tags of {tenant}, and the stack does not have it")
    if KEYS["portfolio"] in tags:
        return Untracked(found, "", "has the portfolio's cost tags, and the stack does not have it")
    return Untracked(found, "", "has no cost tags, and the stack does not have it")


def added_rules(rules: Iterable[AddedRule], known: Known) -> tuple[OwnedRule, ...]:
    """The rules of the stack's security groups that the stack did not make, each with its group's owner."""
    return tuple(
        OwnedRule(known.owners.get(each.group, ""), known.groups[each.group], each)
        for each in rules
        if each.group in known.groups and each.id not in known.rules
    )
