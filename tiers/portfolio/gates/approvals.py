"""The approval rules of `platform.yaml`: who approves a change, by what it does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum, unique
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from tiers.vocabulary import Environment, Frozen, Positive


@unique
class ChangeKind(StrEnum):
    """What a rule asks of a change."""

    ANY = "any"
    """It changes anything."""
    COST = "cost"
    """The bill rises by more than the rule's limit."""
    MARGIN = "margin"
    """A tenant's margin falls below the rule's limit."""
    RESTART = "restart"
    """Something stops or starts anew."""
    DOWNTIME = "downtime"
    """People cannot work for a time, or a major version changes."""
    MAJOR = "major"
    """A major version of PostgreSQL or Odoo changes."""
    DATA = "data"
    """Data is left behind, deleted or less protected."""
    TIER = "tier"
    """A tenant moves to another tier."""
    DECOMMISSION = "decommission"
    """A tenant ends, or is gone."""
    YARDSTICK = "yardstick"
    """What changes are measured by is another: prices, fees, usage, rules, budgets, gates, these rules."""


_OF_TENANTS: Final = frozenset(ChangeKind) - {ChangeKind.ANY, ChangeKind.COST, ChangeKind.YARDSTICK}
"""The kinds that happen to tenants, so that a rule may be for those of some environments."""

Person = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A login at the host of the repository, such as GitHub or GitLab."""
GroupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,49}$")]
Limit = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2, allow_inf_nan=False)]
_Percent = Annotated[Decimal, Field(ge=-1000, le=100, max_digits=6, decimal_places=2, allow_inf_nan=False)]


class ApprovalRule(Frozen):
    """A change of this kind needs so many approvals of people in these groups."""

    change: ChangeKind
    """What the change does."""
    over_per_month: Limit | None = None
    """Of `cost`: the bill rises by more than this a month, in the portfolio's currency."""
    over_percent: Limit | None = None
    """Of `cost`: the bill rises by more than this part of what it was."""
    below_percent: _Percent | None = None
    """Of `margin`: the margin of a tenant falls below this part of its fee."""
    environments: Annotated[tuple[Environment, ...], Field(max_length=len(Environment))] = ()
    """Only of tenants of these environments; left out, of all."""
    approvers: tuple[GroupName, ...]
    """Names under `groups`: whose approval counts."""
    count: Positive = 1
    """How many people of these groups have to approve."""

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        limits = [self.over_per_month, self.over_percent]
        if (self.change is ChangeKind.COST) != (limits.count(None) == 1):
            raise ValueError(
                "over_per_month or over_percent: a rule for cost has one of them, another has none"
            )
        if (self.change is ChangeKind.MARGIN) != (self.below_percent is not None):
            raise ValueError("below_percent: a rule for margin has it, another has not")
        if self.environments and self.change not in _OF_TENANTS:
            raise ValueError(
                f"environments: a rule for {self.change} is for the whole portfolio; leave them out"
            )
        return self


class Approvals(Frozen):
    """Who approves changes: groups of people, and rules as in a CODEOWNERS file, by what a change does.

    Every rule that a change meets needs its own approvals; one person may give several.
    """

    groups: Mapping[GroupName, tuple[Person, ...]]
    """Logins by the name of a group."""
    rules: tuple[ApprovalRule, ...]
    """The rules; each that a change meets needs its approvals."""

    def people(self, rule: ApprovalRule) -> tuple[Person, ...]:
        """Whose approval counts for *rule*, each once; logins are the same in upper and lower case."""
        named = (person for group in rule.approvers for person in self.groups[group])
        return tuple({person.casefold(): person for person in named}.values())

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        for number, rule in enumerate(self.rules, 1):
            if unknown := [each for each in rule.approvers if each not in self.groups]:
                raise ValueError(
                    f"rule {number} ({rule.change}): approvers: '{unknown[0]}' is no group; "
                    f"groups: {', '.join(self.groups) or 'none'}"
                )
            if rule.count > (most := len(self.people(rule))):
                raise ValueError(
                    f"rule {number} ({rule.change}): count is {rule.count}, and its groups have "
                    f"{most} {'person' if most == 1 else 'people'}"
                )
        return self
