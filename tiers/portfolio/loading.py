"""Reads a portfolio from its folder, and reports all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tiers.catalog.loading import CLASSES
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.portfolio.controls import control_faults
from tiers.portfolio.end_dates import ending_faults
from tiers.portfolio.move import moving_faults, sold_as
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import tenant_faults, too_many_replications
from tiers.portfolio.sleep import sleeping_faults
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.strict_yaml import Fault, collect, load_model, not_among, sentence


def load_portfolio(directory: Path, catalog: Catalog) -> Portfolio:
    """Read `platform.yaml` and `tenants/*.yaml` of *directory* and hold them against *catalog*.

    Raises:
        CatalogError: With every mistake in every file.
    """
    if not directory.is_dir():
        raise CatalogError(f"{directory}: no such portfolio directory")
    problems: list[str] = []
    platform = collect(problems, lambda: load_model(Platform, directory / "platform.yaml"))
    by_path: dict[Path, Tenant] = {}
    for path in sorted((directory / "tenants").glob("*.yaml")):
        tenant = collect(problems, lambda path=path: load_model(Tenant, path))  # type: ignore[misc]
        if tenant is not None:
            by_path[path] = tenant
    problems += _twice(by_path, "tenant", lambda tenant: tenant.tenant)
    problems += _twice(by_path, "hostname", lambda tenant: tenant.hostname)
    for path, tenant in by_path.items():
        problems += (sentence(path, fault) for fault in faults_of_tenant(tenant, platform, catalog))
    problems += (sentence(path, fault) for path, fault in too_many_replications(by_path, catalog))
    if platform is not None:
        path = directory / "platform.yaml"
        problems += (sentence(path, fault) for fault in faults_of_platform(platform, catalog))
    if problems or platform is None:
        raise CatalogError(*problems)
    return Portfolio(
        platform=platform, tenants=tuple(sorted(by_path.values(), key=lambda tenant: tenant.tenant))
    )


def _twice(by_path: Mapping[Path, Tenant], field: str, key: Callable[[Tenant], str]) -> Iterable[str]:
    first: dict[str, Path] = {}
    for path, tenant in by_path.items():
        known = first.setdefault(key(tenant), path)
        if known != path:
            yield sentence(path, ((field,), f"'{key(tenant)}' is already taken by {known}"))


def faults_of_tenant(tenant: Tenant, platform: Platform | None, catalog: Catalog) -> Iterable[Fault]:
    """Where and why a tenant cannot be had from *catalog* on *platform*."""
    tier = catalog.tiers.get(tenant.tier)
    if tier is None:
        yield ("tier",), not_among(catalog.tiers, tenant.tier, "the catalog")
    elif tenant.environment not in tier.offers:
        sold = ", ".join(tier.offers)
        yield ("environment",), f"{tenant.tier} is not sold for '{tenant.environment}', only for {sold}"
    size = tenant.options.workload_class
    if size is not None and size not in catalog.classes.workload_classes:
        yield ("options", "workload_class"), not_among(catalog.classes.workload_classes, size, CLASSES)
    yield from ending_faults(tenant, catalog.classes)
    if tier is not None:
        yield from moving_faults(tenant, catalog)
    if platform is None:
        return
    yield from _faults_of_sides(tenant, platform, catalog)
    if tenant.region != platform.region:
        yield ("region",), f"'{tenant.region}' is not the region of the platform, '{platform.region}'"
    if tier is not None and tier.currency != platform.currency:
        other = platform.currency
        yield ("tier",), f"{tenant.tier} is sold in {tier.currency}, the platform is accounted in {other}"


def _faults_of_sides(tenant: Tenant, platform: Platform, catalog: Catalog) -> Iterable[Fault]:
    """Why it cannot be had from its tier; while it moves, from the one it comes from either."""
    for name in [tenant.tier] + ([tenant.move.from_tier] if tenant.move else []):
        tier, side = catalog.tiers.get(name), sold_as(catalog, tenant, name)
        if tier is None or tenant.environment not in tier.offers:
            continue
        yield from tenant_faults(side, tier, platform, catalog.classes)
        yield from control_faults(side, tier, platform, catalog.classes)
        yield from sleeping_faults(side, tier.offers[tenant.environment])


def faults_of_platform(platform: Platform, catalog: Catalog) -> Iterable[Fault]:
    """Where and why a platform names what *catalog* does not have."""
    classes = catalog.classes
    if (size := platform.database.database_class) not in classes.database_classes:
        yield ("database", "database_class"), not_among(classes.database_classes, size, CLASSES)
    if (size := platform.cache.cache_class) not in classes.cache_classes:
        yield ("cache", "cache_class"), not_among(classes.cache_classes, size, CLASSES)
    for index, group in enumerate(platform.cluster.node_groups):
        if group.node_class not in classes.node_classes:
            where = ("cluster", "node_groups", index, "node_class")
            yield where, not_among(classes.node_classes, group.node_class, CLASSES)
