"""Reads the catalog and a portfolio from their folders, and tells all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from tiers.classes import Classes
from tiers.controls import control_faults, offer_faults
from tiers.errors import CatalogError
from tiers.expiring import ending_faults
from tiers.hosting import Platform
from tiers.loader import Location, line_of, load_model
from tiers.model import Catalog, Offer, OwnCache, OwnDatabase, Tier
from tiers.moving import moving_faults, sold_as
from tiers.resilience import tenant_faults, tier_faults, too_many_replications
from tiers.sleeping import sleeping_faults
from tiers.tenancy import Portfolio, Tenant

CATALOG_DIRECTORY: Final = Path(__file__).parent / "catalog"
_CLASSES: Final = "classes.yaml"
Model = TypeVar("Model")
Fault = tuple[Location, str]


def load_catalog(directory: Path = CATALOG_DIRECTORY) -> Catalog:
    """Read every tier of *directory* and the classes they name.

    Raises:
        CatalogError: With every mistake in every file.
    """
    if not directory.is_dir():
        raise CatalogError(f"{directory}: no such catalog directory")
    problems: list[str] = []
    classes = _collect(problems, lambda: load_model(Classes, directory / _CLASSES))
    paths = [path for path in sorted(directory.glob("*.yaml")) if path.name != _CLASSES]
    tiers, files = _load_tiers(paths, problems)
    if not paths:
        problems.append(f"{directory}: holds no tier; expected files such as shared-namespace.yaml")
    if classes and not problems:
        problems += _unknown_classes(tiers, files, classes)
    if classes and not problems:
        for name, tier in tiers.items():
            problems += (_told(files[name], fault) for fault in tier_faults(tier, classes))
            problems += (_told(files[name], fault) for fault in offer_faults(tier))
    if problems or classes is None:
        raise CatalogError(*problems)
    return Catalog(tiers=tiers, classes=classes)


def _load_tiers(paths: Iterable[Path], problems: list[str]) -> tuple[dict[str, Tier], dict[str, Path]]:
    tiers: dict[str, Tier] = {}
    files: dict[str, Path] = {}
    for path in paths:
        tier = _collect(problems, lambda path=path: load_model(Tier, path))  # type: ignore[misc]
        if tier is None:
            continue
        if tier.tier in tiers:
            problems.append(_told(path, (("tier",), f"'{tier.tier}' is already sold in {files[tier.tier]}")))
        tiers[tier.tier], files[tier.tier] = tier, path
    return tiers, files


def load_portfolio(directory: Path, catalog: Catalog) -> Portfolio:
    """Read `platform.yaml` and `tenants/*.yaml` of *directory* and hold them against *catalog*.

    Raises:
        CatalogError: With every mistake in every file.
    """
    if not directory.is_dir():
        raise CatalogError(f"{directory}: no such portfolio directory")
    problems: list[str] = []
    platform = _collect(problems, lambda: load_model(Platform, directory / "platform.yaml"))
    by_path: dict[Path, Tenant] = {}
    for path in sorted((directory / "tenants").glob("*.yaml")):
        tenant = _collect(problems, lambda path=path: load_model(Tenant, path))  # type: ignore[misc]
        if tenant is not None:
            by_path[path] = tenant
    problems += _twice(by_path, "tenant", lambda tenant: tenant.tenant)
    problems += _twice(by_path, "hostname", lambda tenant: tenant.hostname)
    for path, tenant in by_path.items():
        problems += (_told(path, fault) for fault in faults_of_tenant(tenant, platform, catalog))
    problems += (_told(path, fault) for path, fault in too_many_replications(by_path, catalog))
    if platform is not None:
        path = directory / "platform.yaml"
        problems += (_told(path, fault) for fault in faults_of_platform(platform, catalog))
    if problems or platform is None:
        raise CatalogError(*problems)
    return Portfolio(
        platform=platform, tenants=tuple(sorted(by_path.values(), key=lambda tenant: tenant.tenant))
    )


def _collect(problems: list[str], load: Callable[[], Model]) -> Model | None:
    try:
        return load()
    except CatalogError as error:
        problems += error.problems
        return None


def _unknown_classes(tiers: Mapping[str, Tier], paths: Mapping[str, Path], classes: Classes) -> Iterable[str]:
    for name, tier in tiers.items():
        for environment, offer in tier.offers.items():
            for field, class_id, menu in _classes_named(offer, classes):
                if class_id not in menu:
                    where = ("offers", str(environment), *field)
                    yield _told(paths[name], (where, _not_on(menu, class_id, _CLASSES)))


def _classes_named(offer: Offer, classes: Classes) -> Iterable[tuple[tuple[str, ...], str, Iterable[str]]]:
    yield ("workload_class",), offer.workload_class, classes.workload_classes
    if offer.backup_class is not None:
        yield ("backup_class",), offer.backup_class, classes.backup_classes
    if isinstance(offer.database, OwnDatabase):
        where = ("database", "database_class")
        yield where, offer.database.database_class, classes.database_classes
    if offer.region_copies and offer.region_copies.standby_database_class:
        standby = offer.region_copies.standby_database_class
        yield ("region_copies", "standby_database_class"), standby, classes.database_classes
    if isinstance(offer.cache, OwnCache):
        yield ("cache", "cache_class"), offer.cache.cache_class, classes.cache_classes


def _twice(by_path: Mapping[Path, Tenant], field: str, key: Callable[[Tenant], str]) -> Iterable[str]:
    first: dict[str, Path] = {}
    for path, tenant in by_path.items():
        known = first.setdefault(key(tenant), path)
        if known != path:
            yield _told(path, ((field,), f"'{key(tenant)}' is already taken by {known}"))


def faults_of_tenant(tenant: Tenant, platform: Platform | None, catalog: Catalog) -> Iterable[Fault]:
    """Where and why a tenant cannot be had from *catalog* on *platform*."""
    tier = catalog.tiers.get(tenant.tier)
    if tier is None:
        yield ("tier",), _not_on(catalog.tiers, tenant.tier, "the catalog")
    elif tenant.environment not in tier.offers:
        sold = ", ".join(tier.offers)
        yield ("environment",), f"{tenant.tier} is not sold for '{tenant.environment}', only for {sold}"
    size = tenant.options.workload_class
    if size is not None and size not in catalog.classes.workload_classes:
        yield ("options", "workload_class"), _not_on(catalog.classes.workload_classes, size, _CLASSES)
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
        yield ("database", "database_class"), _not_on(classes.database_classes, size, _CLASSES)
    if (size := platform.cache.cache_class) not in classes.cache_classes:
        yield ("cache", "cache_class"), _not_on(classes.cache_classes, size, _CLASSES)
    for index, group in enumerate(platform.cluster.node_groups):
        if group.node_class not in classes.node_classes:
            where = ("cluster", "node_groups", index, "node_class")
            yield where, _not_on(classes.node_classes, group.node_class, _CLASSES)


def _told(path: Path, fault: Fault) -> str:
    where, message = fault
    return f"{path}:{line_of(path, where)}: {'.'.join(map(str, where))}: {message}"


def _not_on(menu: Iterable[str], name: str, where: str) -> str:
    return f"'{name}' is not in {where}; there are {', '.join(sorted(menu)) or 'none'}"
