"""What the plans of a period know of a bill: tenants, resources, and whose an account is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Annotated, Final, Self

from pydantic import AfterValidator, model_validator

from tiers.vocabulary import CostDomain, Frozen

_AWS_ACCOUNT: Final = 12
"""Digits of an account's id (AWS Account Management Reference Guide, "View AWS account identifiers")."""


# Servers, caches and file systems, which an inventory lists one by one (AWS Service Authorization Reference,
# resource types of Amazon RDS, ElastiCache and Elastic File System). Buckets, keys and log groups are not: an
# account has some that nobody declared.
_LISTED: Final = (
    "arn:%:rds:%:db:%",
    "arn:%:elasticache:%:replicationgroup:%",
    "arn:%:elasticfilesystem:%:file-system/%",
)
UNLISTED: Final = "(unlisted)"
"""What stands before the id of a resource of a kind that the inventory lists, and that it has not."""


@dataclass(frozen=True)
class Known:
    """What the plans of a period know: tenants, facts, and the fact of each resource.

    Attributes:
        tenants: Every tenant that was deployed at any time of the period.
        kinds: Kind of each fact.
        owners: Tenant of each fact that has one.
        domains: Cost domain of each fact.
        resources: Id on the bill -> fact.
        portfolios: Whose they are; charges that are tagged with another portfolio are nobody's here.
        clients: The names of each tenant's client in the period, in lower case.
        homes: Portfolio of each tenant; may be empty if there is one portfolio.
        fact_portfolios: Portfolio of each fact; may be empty if there is one portfolio.
        accounts: The cloud accounts in which the inventories have resources, with their portfolios.
        second_regions: The facts of the platform in the clusters of second regions.
        earlier: Month as YYYY-MM -> the tenants of its filed statement, whose corrections stay theirs.
    """

    tenants: frozenset[str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, CostDomain] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    portfolios: frozenset[str] = frozenset()
    clients: Mapping[str, frozenset[str]] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    fact_portfolios: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    earlier: Mapping[str, frozenset[str]] = field(default_factory=dict)
    second_regions: frozenset[str] = frozenset()

    @property
    def listed(self) -> tuple[str, ...]:
        """Patterns for SQL's LIKE of the ids of resources that an inventory lists if they are ours."""
        forms = {pattern: re.compile(re.escape(pattern).replace("%", ".*")) for pattern in _LISTED}
        return tuple(pattern for pattern, form in forms.items() if any(map(form.fullmatch, self.resources)))

    @property
    def only_portfolio(self) -> str | None:
        """The portfolio, if there is exactly one."""
        return next(iter(self.portfolios)) if len(self.portfolios) == 1 else None


@unique
class Ownership(StrEnum):
    """Whose the money in a cloud account is."""

    OURS = "ours"
    SHARED = "shared"
    """Another portfolio lives in it too: only what a tag, an inventory or the rulebook claims is ours."""
    FOREIGN = "foreign"
    UNKNOWN = "unknown"
    """Neither the rulebook nor an inventory has it, while they have others."""
    UNSAID = "unsaid"
    """Nobody says which accounts are ours, or the charge names none."""


def account_of(text: str) -> str:
    """An account without spaces around it; AWS' twelve digits with zeros that a spreadsheet took away."""
    bare = text.strip()
    return bare.zfill(_AWS_ACCOUNT) if bare.isdigit() else bare


AccountId = Annotated[str, AfterValidator(account_of)]
"""An account in a rulebook, as bills are compared with it."""


class Accounts(Frozen):
    """The cloud accounts that are this bill's, by their ids.

    Those in which an inventory has resources need not be named. Of a `shared` account only that is ours which
    a tag, an inventory or a virtual tag claims; nothing of a `foreign` one is.
    """

    ours: tuple[AccountId, ...] = ()
    shared: tuple[AccountId, ...] = ()
    foreign: tuple[AccountId, ...] = ()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        named = [*self.ours, *self.shared, *self.foreign]
        if twice := sorted({account for account in named if named.count(account) > 1}):
            raise ValueError(f"account '{twice[0]}' is named twice")
        return self

    @property
    def named(self) -> bool:
        """Whether it says which accounts are ours."""
        return bool(self.ours or self.shared)
