"""The plan: every tenant and the platform as facts. It is what is priced, declared and exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, TypeVar

from pydantic import PlainSerializer

from tiers.controls import controls_of, fee_of
from tiers.facts import Fact, FactId, FactRecord
from tiers.model import Catalog, Currency, Fee
from tiers.moving import moved_facts, working_side
from tiers.platform_facts import platform_facts
from tiers.resilience import promised
from tiers.tags import CostTags
from tiers.tenancy import Move, Portfolio, Tenant, UtcDatetime
from tiers.vocabulary import (
    Controls,
    CostDomain,
    Environment,
    Frozen,
    Isolation,
    LifecycleStage,
    Positive,
    Region,
    ResilienceClass,
    TagValue,
    TenantId,
)

Kind = TypeVar("Kind", bound=FactRecord)
_FeeText = Annotated[Fee, PlainSerializer(str, return_type=str)]


class TenantPlan(Frozen):
    """One tenant, resolved: what it is called, what its client pays, and all that is built for it.

    While its data moves, `tier` and the fee are those of the side where work goes on.
    """

    tenant: TenantId
    client: TagValue
    environment: Environment
    tier: TagValue
    tier_version: TagValue
    isolation: Isolation
    resilience_class: ResilienceClass
    controls: Controls
    region: Region
    service_line: TagValue
    lifecycle_stage: LifecycleStage
    users: Positive
    fee_per_month: _FeeText
    budget_per_month: _FeeText | None = None
    expires_at: UtcDatetime | None = None
    """When it really ends, extensions included."""
    cutover: date | None = None
    move: Move | None = None
    """Where its data comes from and how far it is, while it moves."""
    facts: tuple[Fact, ...]

    def cost_tags(self, domain: CostDomain = CostDomain.TENANT_RUNTIME) -> CostTags:
        """The cost tags of this tenant's resources of one domain."""
        return CostTags(
            client=self.client,
            tenant=self.tenant,
            environment=self.environment,
            region=self.region,
            service_tier=self.tier,
            recovery_class=self.resilience_class,
            domain=domain,
            service_line=self.service_line,
            lifecycle_stage=self.lifecycle_stage,
        )


class Plan(Frozen):
    """A whole portfolio as facts. The price of a change is a function of two of these."""

    portfolio: TagValue
    currency: Currency
    region: Region
    service_line: TagValue
    catalog_version: TagValue
    platform: tuple[Fact, ...]
    tenants: tuple[TenantPlan, ...]

    def all_facts(self) -> Iterator[FactRecord]:
        """Every fact, the platform's first."""
        yield from self.platform
        for tenant in self.tenants:
            yield from tenant.facts

    def platform_tags(self) -> CostTags:
        """The cost tags of what all tenants share."""
        return CostTags(
            region=self.region,
            domain=CostDomain.SHARED_PLATFORM,
            service_line=self.service_line,
            lifecycle_stage=LifecycleStage.ACTIVE,
        )


def emptied(plan: Plan) -> Plan:
    """*plan* before anything of it was there: what a stack that is new is compared with."""
    return plan.model_copy(update={"platform": (), "tenants": ()})


def facts_of(facts: tuple[Fact, ...], kind: type[Kind]) -> list[Kind]:
    """The facts of one kind, in plan order."""
    return [fact for fact in facts if isinstance(fact, kind)]


def fact_named(facts: tuple[Fact, ...], kind: type[Kind], name: str) -> Kind:
    """The one fact of *kind* whose id ends in `/name`.

    Raises:
        LookupError: When there is none; a plan always has the facts its components declare.
    """
    for fact in facts:
        if isinstance(fact, kind) and fact.name == name:
            return fact
    raise LookupError(f"the plan has no {kind.__name__} called '{name}'")


def resolve(catalog: Catalog, portfolio: Portfolio) -> Plan:
    """Turn a catalog and a portfolio that was loaded against it into the plan."""
    tenants = tuple(_resolve_tenant(catalog, portfolio, tenant) for tenant in portfolio.tenants)
    platform = portfolio.platform
    plan = Plan(
        portfolio=platform.portfolio,
        currency=platform.currency,
        region=platform.region,
        service_line=platform.service_line,
        catalog_version=catalog.version,
        platform=tuple(platform_facts(catalog, platform, [tenant.facts for tenant in tenants])),
        tenants=tenants,
    )
    _refuse_duplicates(plan)
    return plan


def _resolve_tenant(catalog: Catalog, portfolio: Portfolio, tenant: Tenant) -> TenantPlan:
    tenant_now = working_side(catalog, tenant)
    tier = catalog.tiers[tenant_now.tier]
    return TenantPlan(
        tenant=tenant.tenant,
        client=tenant.client,
        environment=tenant.environment,
        tier=tier.tier,
        tier_version=tier.version,
        isolation=tier.isolation,
        resilience_class=promised(tier, tenant_now),
        controls=controls_of(tier, tenant_now),
        region=tenant.region,
        service_line=tenant.service_line,
        lifecycle_stage=tenant.lifecycle_stage,
        users=tenant.options.users,
        fee_per_month=fee_of(tier, tenant_now),
        budget_per_month=tenant.budget_per_month,
        expires_at=tenant.ends_at,
        cutover=tenant.cutover,
        move=tenant.move,
        facts=tuple(moved_facts(catalog, portfolio.platform, tenant)),
    )


def _refuse_duplicates(plan: Plan) -> None:
    seen: set[FactId] = set()
    for fact in plan.all_facts():
        if fact.id in seen:
            raise ValueError(f"two facts of the plan are called '{fact.id}'")
        seen.add(fact.id)
