"""From a catalog and a portfolio to the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tiers.catalog.tier import Catalog, Tier
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.facts.every_fact import Fact, FactId
from tiers.plan.estate.siblings import PlannedPortfolio, faults_between, faults_within, sibling_folders
from tiers.plan.failover.facts import failover_facts
from tiers.plan.failover.part import part_of, platform_parts
from tiers.plan.plan import Plan, TenantPlan
from tiers.plan.platform import platform_facts
from tiers.plan.restore.live import live_backup
from tiers.plan.routes.maintenance import with_maintenance
from tiers.portfolio.controls import controls_of, fee_of, fee_parts
from tiers.portfolio.loading import Catalogs, load_catalog_and_portfolio, read_portfolio
from tiers.portfolio.move import on_working_tier
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.restore.live import live_marks
from tiers.portfolio.restore.source import source_of
from tiers.portfolio.services.overage import overage_of
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.versions.chosen import is_staging_first
from tiers.vocabulary import TenantId


def plan_of_folder(folder: Path) -> Plan:
    """The plan of the portfolio in *folder*, with its catalog.

    Raises:
        CatalogError: With every mistake in every file, or with what it shares with a portfolio beside it.
    """
    return plan_and_catalog(folder)[0]


def plan_and_catalog(folder: Path) -> tuple[Plan, Catalog]:
    """The same, and the catalog that it was made with.

    Raises:
        CatalogError: As `plan_of_folder`.
    """
    catalog, portfolio = load_catalog_and_portfolio(folder)
    return deployable(folder, catalog, portfolio), catalog


def deployable(
    folder: Path, catalog: Catalog, portfolio: Portfolio, resolver: Resolver | None = None
) -> Plan:
    """The plan of a portfolio that was read from *folder*, checked against those beside it.

    A sibling that cannot be read is left out: it must not stop an update of this one.

    Raises:
        CatalogError: When AWS would refuse a name, or two portfolios share what only one may have.
    """
    resolver = resolver or Resolver(catalog, portfolio.platform)
    one = PlannedPortfolio(folder, portfolio, resolver.plan(portfolio))
    problems = [*faults_within(one)]
    catalogs = Catalogs()
    catalogs.know(folder, catalog)
    for sibling in sibling_folders(folder):
        other = planned(sibling, catalogs, [])
        if other is not None:
            problems += faults_between((other, one))
    if problems:
        raise CatalogError(*problems)
    return one.plan


def planned(folder: Path, catalogs: Catalogs, problems: list[str]) -> PlannedPortfolio | None:
    """The portfolio in *folder* with its plan; None if it cannot be read, with its mistakes in *problems*."""
    found: list[str] = []
    catalog = catalogs.of(folder, found)
    portfolio = read_portfolio(folder, catalog, found)
    problems += found
    if found or portfolio is None or catalog is None or catalog.unusable:
        return None
    return PlannedPortfolio(folder, portfolio, resolve(catalog, portfolio))


def resolve(catalog: Catalog, portfolio: Portfolio) -> Plan:
    """Turn a catalog and a portfolio that was checked against it into the plan.

    Raises:
        CatalogError: When numbers that are possible each by itself make one that is not.
    """
    return Resolver(catalog, portfolio.platform).plan(portfolio)


class Resolver:
    """Plans of portfolios that differ little: a tenant that is the same on the same platform keeps its plan.

    What a tenant's facts are, its own file, the platform and the catalog say, and nothing else: only where
    its data came from, and a backup that another one asks of it, depend on others. Of each tenant the newest
    plan on *platform* is kept, however large that is. Plans that are equal are one object, also those that
    are *known* before.
    """

    def __init__(self, catalog: Catalog, platform: Platform, known: Iterable[TenantPlan] = ()) -> None:
        self._catalog = catalog
        self._platform = _without_capacity(platform)
        self._kept: dict[TenantId, tuple[Tenant, object, TenantPlan]] = {}
        self._known = {plan.tenant: plan for plan in known}

    def plan(self, portfolio: Portfolio) -> Plan:
        """The plan of *portfolio*.

        Raises:
            CatalogError: As `resolve`.
        """
        catalog, platform = self._catalog, portfolio.platform
        with _told_of(platform.portfolio):
            others = _Others({each.tenant: each for each in portfolio.tenants}, live_marks(portfolio.tenants))
            keeps = _without_capacity(platform) == self._platform
            tenants = tuple(
                self._tenant(platform, tenant, others, keeps=keeps) for tenant in portfolio.tenants
            )
            plan = Plan(
                portfolio=platform.portfolio,
                currency=platform.currency,
                region=platform.region,
                service_line=platform.service_line,
                catalog_version=catalog.version,
                catalog=platform.catalog,
                platform=tuple(platform_facts(catalog, platform, [tenant.facts for tenant in tenants])),
                second_regions=platform_parts(platform),
                tenants=tenants,
            )
        _refuse_duplicates(plan)
        return plan

    def _tenant(self, platform: Platform, tenant: Tenant, others: _Others, *, keeps: bool) -> TenantPlan:
        origin = source_of(platform.portfolio, others.tenants, self._catalog, tenant)
        outside = (origin, others.marks.get(tenant.tenant))
        if keeps and tenant.tenant in self._kept:
            was, asked, plan = self._kept[tenant.tenant]
            if was is tenant and asked == outside:
                return plan
        plan = _tenant_plan(self._catalog, platform, tenant, others)
        known = self._known.get(tenant.tenant)
        plan = known if known is not None and known == plan else plan
        if keeps:
            self._kept[tenant.tenant] = (tenant, outside, plan)
        return plan


def _without_capacity(platform: Platform) -> Platform:
    """*platform* without what `capacity.add_capacity` adds, on which no tenant's facts depend."""
    groups = tuple(group.model_copy(update={"nodes": 0}) for group in platform.cluster.node_groups)
    cluster = platform.cluster.model_copy(update={"node_groups": groups})
    database = platform.database.model_copy(update={"storage_gib": 0, "max_storage_gib": 0})
    return platform.model_copy(update={"cluster": cluster, "database": database})


@contextmanager
def _told_of(owner: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise CatalogError(
            f"{owner}: its numbers make one that is too large: {first_fault(error)}; make them smaller"
        ) from None


class _Others(NamedTuple):
    """All tenants by id, and the marks of the backups that are made of them for another one's refresh."""

    tenants: Mapping[str, Tenant]
    marks: Mapping[TenantId, str]


def _tenant_plan(catalog: Catalog, platform: Platform, tenant: Tenant, others: _Others) -> TenantPlan:
    with _told_of(tenant.tenant):
        return _resolve_tenant(catalog, platform, tenant, others)


def _resolve_tenant(catalog: Catalog, platform: Platform, tenant: Tenant, others: _Others) -> TenantPlan:
    tenant_now = on_working_tier(catalog, tenant)
    tier = catalog.tiers[tenant_now.tier]
    return TenantPlan(
        tenant=tenant.tenant,
        display_name=tenant.display_name,
        portfolio=platform.portfolio,
        client=tenant.client,
        first_client=tenant.first_client,
        environment=tenant.environment,
        tier=tier.tier,
        tier_version=tier.version,
        isolation=tier.isolation,
        resilience_class=promised(tier, tenant_now),
        controls=controls_of(tier, tenant_now),
        region=tenant.region,
        service_line=tenant.service_line,
        lifecycle_stage=tenant.lifecycle_stage,
        protected=tenant.protected,
        users=tenant.options.users,
        **_fees(catalog, tier, tenant_now),
        budget_per_month=tenant.budget_per_month,
        expires_at=tenant.ends_at,
        extended=bool(tenant.extended),
        cutover=tenant.cutover,
        move=tenant.move,
        rotation=tenant.rotation,
        anonymised=tenant.anonymised,
        odoo=tenant.odoo,
        staging_first=is_staging_first(platform, tenant),
        restore=tenant.failover.restore if tenant.failover else tenant.restore,
        failover=tenant.failover,
        failovers=tenant.failovers,
        restored_from=source_of(platform.portfolio, others.tenants, catalog, tenant),
        upgrade=tenant.upgrade,
        facts=_facts(catalog, platform, tenant, others.marks.get(tenant.tenant)),
        second_region=part_of(catalog, platform, tenant),
    )


def _fees(catalog: Catalog, tier: Tier, tenant: Tenant) -> dict[str, Any]:
    return {
        "fee_per_month": fee_of(tier, tenant, catalog.services),
        "fee_parts": fee_parts(tier, tenant, catalog.services),
        "overage": overage_of(tier, tenant),
    }


def _facts(catalog: Catalog, platform: Platform, tenant: Tenant, mark: str | None) -> tuple[Fact, ...]:
    """Its own, and what another tenant asks of it by a *mark*."""
    own = tuple(with_maintenance(platform, tenant, failover_facts(catalog, platform, tenant)))
    return (*own, *live_backup(tenant, own, mark))


def _refuse_duplicates(plan: Plan) -> None:
    seen: set[FactId] = set()
    for fact in plan.all_facts():
        if fact.id in seen:
            raise ValueError(f"two facts of the plan are called '{fact.id}'")
        seen.add(fact.id)
