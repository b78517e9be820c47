"""The plan: every tenant and the platform as facts, which are priced, declared and exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import model_validator

from tiers.catalog.fees import Currency, FeePart, FeeText
from tiers.catalog.folder import CatalogPath
from tiers.catalog.overage import OverageTerms
from tiers.facts.every_fact import (
    CacheSpace,
    DatabaseInstance,
    Fact,
    FactRecord,
    OdooProcess,
    TenantDatabase,
    Workload,
)
from tiers.facts.names import CACHE, DATABASE
from tiers.portfolio.failover.stage import Failover
from tiers.portfolio.restore.anonymised import AnonymisedSection
from tiers.portfolio.restore.source import BackupSource
from tiers.portfolio.restore.stage import READING, Restore
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move
from tiers.portfolio.upgrade.stage import Upgrade
from tiers.portfolio.versions.section import OdooSection
from tiers.tags import CostTags
from tiers.vocabulary import (
    Controls,
    CostDomain,
    Count,
    Environment,
    Frozen,
    Isolation,
    LifecycleStage,
    Positive,
    Region,
    ResilienceClass,
    TagValue,
    TenantId,
    UtcDatetime,
)

Kind = TypeVar("Kind", bound=FactRecord)


class RegionPart(Frozen):
    """What somebody has in a second region's cluster, as facts."""

    region: Region
    facts: tuple[Fact, ...]


class TenantPlan(Frozen):
    """One resolved tenant: its attributes, its fee, and everything that is built for it.

    While its data moves, `tier` and the fee are those of the tier in use.
    """

    tenant: TenantId
    display_name: TenantId | None = None
    portfolio: TagValue | None = None
    """None only in a tenant that Costack 0.2 or older exported and that was read without its plan."""
    client: TagValue
    first_client: TagValue | None = None
    environment: Environment
    tier: TagValue
    tier_version: TagValue
    isolation: Isolation
    resilience_class: ResilienceClass
    controls: Controls
    region: Region
    service_line: TagValue
    lifecycle_stage: LifecycleStage
    protected: bool = True
    """Whether it may not be removed yet."""
    users: Positive
    fee_per_month: FeeText
    fee_parts: tuple[FeePart, ...] = ()
    """What `fee_per_month` is made of; empty where an earlier version exported the plan."""
    overage: OverageTerms | None = None
    """What is charged beyond fair use; None where its offer has no overage prices."""
    budget_per_month: FeeText | None = None
    expires_at: UtcDatetime | None = None
    """Its effective end, extensions included."""
    extended: bool = False
    """Whether that was moved: then it does not end before it, whenever its cutover was."""
    cutover: date | None = None
    move: Move | None = None
    """The tier it comes from and the stage, while it moves."""
    rotation: Rotation | None = None
    """How often its secrets were rotated, and the stage while that goes on."""
    restore: Restore | None = None
    """The moment it is restored to and the stage, while that goes on."""
    restored_from: BackupSource | None = None
    """Whose backup that is, where it is not its own."""
    anonymised: AnonymisedSection | None = None
    """What of a person is taken out of the data of another, before it works with it."""
    upgrade: Upgrade | None = None
    """The version that it is upgraded to and the stage, while that goes on."""
    odoo: OdooSection | None = None
    """What its file says of its version of Odoo, and of updates of its modules."""
    staging_first: bool = False
    """Whether it is a production that takes its version only after another environment of its client."""
    failover: Failover | None = None
    """How far its failover is, and where to."""
    failovers: Count = 0
    """How often it came home from one."""
    facts: tuple[Fact, ...]
    second_region: RegionPart | None = None
    """What it has in the cluster of its second region; None where it cannot start there."""

    @property
    def name(self) -> TenantId:
        """What people call it; `tenant` is its id in the cloud, on bills and in backups."""
        return self.display_name or self.tenant

    @property
    def owner(self) -> str:
        """Whose its data is, as marked on it: portfolio, first client, tenant: `local/acme-gmbh/acme`.

        Raises:
            ValueError: When the portfolio is not known.
        """
        if self.portfolio is None:
            raise ValueError(f"tenant '{self.tenant}': its plan does not say which portfolio it belongs to")
        return f"{self.portfolio}/{self.first_client or self.client}/{self.tenant}"

    @property
    def reads_another(self) -> BackupSource | None:
        """Whose backups its jobs read at this stage of a refresh; None when they are its own, or none are."""
        reading = self.restore is not None and self.restore.stage in READING
        return self.restored_from if reading else None

    def all_facts(self) -> tuple[Fact, ...]:
        """Its facts in both regions."""
        return self.facts + (self.second_region.facts if self.second_region else ())

    def cost_tags(self, domain: CostDomain = CostDomain.TENANT_RUNTIME) -> CostTags:
        """The cost tags of this tenant's resources of one domain."""
        return CostTags(
            portfolio=self.portfolio,
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
    catalog: CatalogPath | None = None
    """Where the catalog that it was made with lies, seen from its portfolio; None: it came with Costack."""
    platform: tuple[Fact, ...]
    second_regions: tuple[RegionPart, ...] = ()
    """What the platform has in second clusters."""
    tenants: tuple[TenantPlan, ...]

    @model_validator(mode="before")
    @classmethod
    def _tells_its_tenants(cls, data: Any) -> Any:
        """Tenants that Costack 0.2 or older exported do not say which portfolio they belong to."""
        if not isinstance(data, Mapping) or not isinstance(tenants := data.get("tenants"), list | tuple):
            return data
        told = [
            {"portfolio": data.get("portfolio"), **each} if isinstance(each, Mapping) else each
            for each in tenants
        ]
        return {**data, "tenants": told}

    def all_facts(self) -> Iterator[FactRecord]:
        """Every fact, the platform's first."""
        yield from self.platform
        for part in self.second_regions:
            yield from part.facts
        for tenant in self.tenants:
            yield from tenant.all_facts()

    def tenant(self, tenant_id: str) -> TenantPlan | None:
        """The tenant of that id; None where there is none."""
        return next((each for each in self.tenants if each.tenant == tenant_id), None)

    def platform_tags(self) -> CostTags:
        """The cost tags of shared resources."""
        return CostTags(
            portfolio=self.portfolio,
            region=self.region,
            domain=CostDomain.SHARED_PLATFORM,
            service_line=self.service_line,
            lifecycle_stage=LifecycleStage.ACTIVE,
        )


def emptied(plan: Plan) -> Plan:
    """An empty *plan*: what a new stack is compared with."""
    return plan.model_copy(update={"platform": (), "second_regions": (), "tenants": ()})


def is_protected(plan: Plan) -> bool:
    """Whether the data of a portfolio refuses deletion, as `deletion_protection` of its platform says."""
    return fact_named(plan.platform, DatabaseInstance, "database").deletion_protection


def uses_own_services(tenant: TenantPlan) -> bool:
    """Whether a tenant works on a server or cache of its own; while it moves, on that of the tier in use."""
    used = [
        *(fact.server for fact in facts_of(tenant.facts, TenantDatabase)[:1]),
        *(fact.group for fact in facts_of(tenant.facts, CacheSpace)[:1]),
    ]
    return not {DATABASE, CACHE}.issuperset(used)


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


def process_of(tenant: TenantPlan) -> OdooProcess | None:
    """How Odoo runs in the pods of *tenant*; all have the same image."""
    return next((pod.odoo for pod in facts_of(tenant.facts, Workload) if pod.odoo), None)
