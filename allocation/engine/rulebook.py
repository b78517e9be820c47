"""The rulebook: where every charge goes, and which driver divides each pool, from a date on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from allocation.engine.drivers import DIRECT, DriverRule
from allocation.engine.owners.known import AccountId, Accounts
from allocation.engine.owners.virtual_tags import VirtualTag
from allocation.engine.reciprocal import ServingMethod
from allocation.errors import AllocationError
from tiers.facts.every_fact import FACT_TYPES
from tiers.strict_yaml import load_model
from tiers.vocabulary import (
    CostCategory,
    CostDomain,
    Environment,
    Frozen,
    PortfolioName,
    Positive,
    TagValue,
    TenantId,
)

DIRECTORY: Final = Path(__file__).parent.parent / "rulebook"
_KINDS: Final = frozenset(get_args(kind.model_fields["kind"].annotation)[0] for kind in FACT_TYPES)
_WHOLE: Final = 100


@unique
class IdlePolicy(StrEnum):
    """Who pays for capacity that no tenant requested.

    `keep` shows it as the platform's own cost; `weighted` spreads it by usage, `even` in equal parts,
    `entitlement` by the pool's `entitlement` driver.
    """

    KEEP = "keep"
    WEIGHTED = "weighted"
    EVEN = "even"
    ENTITLEMENT = "entitlement"


@unique
class Behaviour(StrEnum):
    """Whether a cost moves with a tenant's activity within a month."""

    FIXED = "fixed"
    VARIABLE = "variable"


class When(Frozen):
    """The conditions for a rule to match a charge: all that are given, with any value of each list.

    `second_region`: whether it is the platform's in the cluster in which tenants start when their own region
    fails, as the inventory says.
    """

    owner: Literal["tenant", "shared"] | None = None
    facts: tuple[str, ...] = ()
    second_region: bool | None = None
    services: tuple[str, ...] = ()
    charge_categories: tuple[str, ...] = ()
    domains: tuple[CostDomain, ...] = ()
    categories: tuple[CostCategory, ...] = ()
    sub_accounts: tuple[AccountId, ...] = ()
    commitment_statuses: tuple[Literal["Used", "Unused"], ...] = ()
    tags: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if unknown := sorted(set(self.facts) - _KINDS):
            raise ValueError(f"facts: no kind of fact is called '{unknown[0]}'")
        return self


class Rule(Frozen):
    """Where the charges go that it matches; the first rule that matches decides.

    `category` applies if neither a tag nor the service's category gives one.
    """

    rule: TagValue
    when: When = When()
    pool: TagValue | None = None
    direct: bool = False
    unallocated_because: str | None = None
    behaviour: Behaviour = Behaviour.FIXED
    category: CostCategory | None = None

    @model_validator(mode="after")
    def _decides(self) -> Self:
        decisions = (self.pool is not None, self.direct, self.unallocated_because is not None)
        if sum(decisions) != 1:
            raise ValueError(
                "a rule has exactly one of `direct: true`, `pool: NAME`, `unallocated_because: REASON`"
            )
        if self.direct and self.when.owner != "tenant":
            raise ValueError("direct needs `when: {owner: tenant}`: a shared charge has no tenant to go to")
        return self


class Members(Frozen):
    """The tenants that a pool serves; they meet all given conditions.

    In a run of several portfolios a pool serves the tenants of the portfolio that a charge belongs to; one
    that names `portfolios` is shared by their tenants.
    """

    portfolios: tuple[PortfolioName, ...] = ()
    environments: tuple[Environment, ...] = ()
    tiers: tuple[TagValue, ...] = ()
    tenants: tuple[TenantId, ...] = ()
    mixes_environments_because: str | None = None

    @model_validator(mode="after")
    def _says_why_it_mixes(self) -> Self:
        if len(self.environments) != 1 and not self.mixes_environments_because:
            raise ValueError(
                "a pool serves one environment (`environments: [production]`), "
                "or gives the reason in `mixes_environments_because`"
            )
        return self


class Pool(Frozen):
    """Charges shared by tenants, and how they are divided.

    `serves` names pools that use this one: a whole number is a percentage of its cost, `usage` takes the
    measured usage of the other pool. `fallback` divides the pool if no member has any usage of the driver;
    the statement says so.
    """

    pool: TagValue
    domain: CostDomain
    driver: DriverRule
    members: Members
    idle: IdlePolicy = IdlePolicy.WEIGHTED
    entitlement: DriverRule | None = None
    weight_by_environment: Mapping[Environment, Positive] = {}
    serves: Mapping[TagValue, Literal["usage"] | Annotated[int, Field(gt=0, le=_WHOLE)]] = {}
    fallback: DriverRule | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if (self.idle is IdlePolicy.ENTITLEMENT) is not (self.entitlement is not None):
            raise ValueError(
                "`entitlement` names the driver of `idle: entitlement`, and belongs to nothing else"
            )
        if sum(part for part in self.serves.values() if isinstance(part, int)) > _WHOLE:
            raise ValueError("serves: other pools cannot take more than 100 percent of this one")
        if "usage" in self.serves.values() and not self.driver.measures:
            raise ValueError("serves: `usage` needs a driver that is measured")
        if self.driver.cost and self.serves:
            raise ValueError("a pool that is shared in proportion to cost serves no other: it comes last")
        if any(rule and rule.cost for rule in (self.fallback, self.entitlement)):
            raise ValueError("`cost` is the driver of a pool, and no fallback or entitlement")
        return self


Limit = Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)]


class Readiness(Frozen):
    """The limits a statement must meet before it is booked to clients, in percent and days."""

    tag_coverage_percent: Limit = Decimal(90)
    driver_coverage_percent: Limit = Decimal(0)
    driver_missing_days: Limit = Decimal(0)
    unallocated_percent: Limit = Decimal(1)
    reconciliation_error_percent: Limit = Decimal("0.1")
    catalog_age_days: Limit = Decimal(120)


class Rulebook(Frozen):
    """The rules of one effective date.

    Attributes:
        accounts: Whose the accounts of a bill are.
        virtual_tags: What stands for the tags of charges that have none, the first that applies.
        cost: The one of the four costs of a charge that the statement shows; all four are divided.
        service_categories: The cost category of each FOCUS service category.
        categories_by_service: That of a service whose FOCUS category says something else, or is missing.
        untaggable_services: Services whose charges bear no tags, whatever is tagged: they count in no tag
            coverage, unless one has tags.
        availability: Whether a line of a bill that pays for a second zone, too, is divided: a single zone's
            part keeps its category, the rest is resilience (`allocation.billed.availability`).
        chargeback: Tenants whose cost is booked to their client; the cost of all others is shown only.
        readiness: The limits a statement must meet before anything is booked.
    """

    version: TagValue
    effective: date
    cost: Literal["billed", "effective", "listed", "contracted"] = "effective"
    serving: ServingMethod = ServingMethod.STEP_DOWN
    service_categories: Mapping[str, CostCategory]
    categories_by_service: Mapping[str, CostCategory] = {}
    untaggable_services: tuple[str, ...] = ()
    availability: Literal["whole", "itemised"] = "whole"
    chargeback: tuple[TenantId, ...] = ()
    readiness: Readiness = Readiness()
    accounts: Accounts = Accounts()
    virtual_tags: tuple[VirtualTag, ...] = ()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    pools: Annotated[tuple[Pool, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        pools = [pool.pool for pool in self.pools]
        named = [
            *(("rule", rule.rule, rule.pool) for rule in self.rules),
            *(("virtual tag", virtual.tag, virtual.pool) for virtual in self.virtual_tags),
        ]
        for what, names in (("pool", pools), ("rule", [name for _, name, _ in named])):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what} '{twice[0]}' appears twice")
        for what, name, into in named:
            if into is not None and into not in pools:
                raise ValueError(f"{what} '{name}': no pool is called '{into}'")
        return self

    @model_validator(mode="after")
    def _follows_known_costs(self) -> Self:
        pools = {pool.pool for pool in self.pools}
        by_cost = {pool.pool for pool in self.pools if pool.driver.cost}
        if DIRECT in pools:
            raise ValueError(f"pool '{DIRECT}': is what drivers call direct charges; choose another name")
        for pool in self.pools:
            if wrong := sorted(set(pool.driver.cost or ()) - (pools - by_cost) - {DIRECT}):
                raise ValueError(
                    f"pool '{pool.pool}': cost: expected {DIRECT} and pools with a driver of their own, "
                    f"found '{wrong[0]}'"
                )
        return self

    @model_validator(mode="after")
    def _serves_known_pools(self) -> Self:
        pools = [pool.pool for pool in self.pools]
        for index, pool in enumerate(self.pools):
            if unknown := sorted(set(pool.serves) - set(pools)):
                raise ValueError(f"pool '{pool.pool}': serves: no pool is called '{unknown[0]}'")
            if self.serving is ServingMethod.STEP_DOWN and (
                earlier := sorted(set(pool.serves) & set(pools[: index + 1]))
            ):
                raise ValueError(f"pool '{pool.pool}': step-down serves later pools only, not '{earlier[0]}'")
        return self

    def pool_named(self, name: str) -> Pool:
        """The pool with that name."""
        return next(pool for pool in self.pools if pool.pool == name)


def rulebooks(directory: Path = DIRECTORY) -> dict[str, Rulebook]:
    """Every rulebook of *directory* by the name of its file, such as `2026-11.yaml`.

    Raises:
        CatalogError: When a file is not a rulebook.
    """
    return {
        path.name: load_model(Rulebook, path, within=directory) for path in sorted(directory.glob("*.yaml"))
    }


def rules_on(day: date, directory: Path = DIRECTORY) -> Rulebook:
    """The rulebook in force on *day*: the newest that is effective by then.

    Raises:
        AllocationError: When no rulebook was in force yet.
        CatalogError: When a file is not a rulebook.
    """
    books = rulebooks(directory).values()
    in_force = [book for book in books if book.effective <= day]
    if not in_force:
        first = min((book.effective for book in books), default=None)
        known = f"the first is effective {first}" if first else f"{directory} holds none"
        raise AllocationError(f"no rulebook is in force on {day}: {known}")
    return max(in_force, key=lambda book: book.effective)
