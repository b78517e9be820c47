"""Reads a portfolio from its folder and reports all mistakes in it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tiers.catalog.folder import CATALOG_DIRECTORY, UnknownCatalogError, catalog_folder
from tiers.catalog.loading import read_catalog
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.portfolio.budgets.section import budget_faults
from tiers.portfolio.controls import control_faults
from tiers.portfolio.end_dates import end_date_faults
from tiers.portfolio.failover.faults import cluster_faults, failover_faults
from tiers.portfolio.host_names import domain_faults, host_name_faults, shared_names
from tiers.portfolio.move import move_faults, on_tier
from tiers.portfolio.names import ambiguous_names
from tiers.portfolio.network import network_faults
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.shared_server import shared_server_faults
from tiers.portfolio.postgresql.versions import platform_upgrade_faults, tenant_upgrade_faults
from tiers.portfolio.resilience import tenant_faults, too_many_replications
from tiers.portfolio.restore.faults import restore_faults
from tiers.portfolio.restore.source import source_faults
from tiers.portfolio.routes.cdn_faults import cdn_faults
from tiers.portfolio.routes.faults import route_faults
from tiers.portfolio.services.bought import service_option_faults
from tiers.portfolio.services.overage import overage_faults
from tiers.portfolio.sizes.faults import size_faults
from tiers.portfolio.sleep import sleep_faults
from tiers.portfolio.tenant import SENDING, Portfolio, Tenant
from tiers.portfolio.upgrade.faults import upgrade_backup_faults, upgrade_faults
from tiers.portfolio.versions.chosen import rollout_faults, version_faults
from tiers.portfolio.windows import platform_window_faults, tenant_window_faults
from tiers.strict_yaml import Fault, collect, load_model, not_among, sentence, sentences
from tiers.vocabulary import Environment


def load_portfolio(directory: Path, catalog: Catalog) -> Portfolio:
    """Read `platform.yaml` and `tenants/*.yaml` of *directory* and check them against *catalog*.

    Raises:
        CatalogError: With every mistake in every file.
    """
    problems: list[str] = []
    portfolio = read_portfolio(directory, catalog, problems)
    if problems or portfolio is None:
        raise CatalogError(*problems)
    return portfolio


def load_catalog_and_portfolio(
    directory: Path, otherwise: Path = CATALOG_DIRECTORY
) -> tuple[Catalog, Portfolio]:
    """Read the portfolio in *directory* and its catalog: its own, or that in *otherwise* if it names none.

    Raises:
        CatalogError: With every mistake in every file of both.
    """
    problems: list[str] = []
    catalog = Catalogs(otherwise).of(directory, problems)
    portfolio = read_portfolio(directory, catalog, problems)
    if problems or catalog is None or portfolio is None:
        raise CatalogError(*problems)
    return catalog, portfolio


class Catalogs:
    """The catalogs of several portfolios: each is read once, and its mistakes are told once."""

    def __init__(self, otherwise: Path = CATALOG_DIRECTORY) -> None:
        self._otherwise = otherwise
        self.by_folder: dict[Path, Catalog | None] = {}

    def know(self, portfolio: Path, catalog: Catalog) -> None:
        """Take *catalog* for that of the portfolio in a folder, and of all that have the same."""
        self.by_folder[catalog_folder(portfolio, self._otherwise)] = catalog

    def of(self, portfolio: Path, problems: list[str]) -> Catalog | None:
        """As much of its catalog as can be read; None when there is none, with the reasons in *problems*."""
        try:
            folder = catalog_folder(portfolio, self._otherwise)
        except UnknownCatalogError:
            return None  # told with the other mistakes of that file
        except CatalogError as error:
            problems += error.problems
            return None
        if folder not in self.by_folder:
            self.by_folder[folder] = read_catalog(folder, problems)
        return self.by_folder[folder]


def read_portfolio(directory: Path, catalog: Catalog | None, problems: list[str]) -> Portfolio | None:
    """The portfolio in *directory*, as far as it can be read; None without its platform.

    Args:
        directory: The folder with `platform.yaml` and `tenants`.
        catalog: What to check it against; None when the catalog itself cannot be read.
        problems: Gets a sentence for every mistake in every file.
    """
    if not directory.is_dir():
        problems.append(f"{directory}: no such portfolio directory")
        return None
    platform = collect(problems, lambda: load_model(Platform, directory / "platform.yaml", within=directory))
    by_path: dict[Path, Tenant] = {}
    for path in sorted((directory / "tenants").glob("*.yaml")):
        tenant = collect(problems, lambda path=path: load_model(Tenant, path, within=directory))  # type: ignore[misc]
        if tenant is not None:
            by_path[path] = tenant
    problems += _twice(by_path, "tenant", lambda tenant: tenant.tenant)
    together = (
        *ambiguous_names(by_path),
        *host_name_faults(by_path, platform),
        *rollout_faults(by_path, platform),
    )
    problems += (sentence(path, fault) for path, fault in together)
    problems += (sentence(path, fault) for path, fault in shared_names(by_path))
    if catalog is not None:
        problems += _faults_against(catalog, directory / "platform.yaml", platform, by_path)
    if platform is None:
        return None
    return Portfolio(
        platform=platform, tenants=tuple(sorted(by_path.values(), key=lambda tenant: tenant.tenant))
    )


def _faults_against(
    catalog: Catalog, platform_file: Path, platform: Platform | None, tenants: Mapping[Path, Tenant]
) -> Iterable[str]:
    for path, tenant in tenants.items():
        yield from sentences(path, faults_of_tenant(tenant, platform, catalog))
    together = (*too_many_replications(tenants, catalog), *source_faults(tenants, catalog, platform))
    yield from (sentence(path, fault) for path, fault in together)
    if platform is not None:
        yield from sentences(platform_file, faults_of_platform(platform, catalog))


def _twice(by_path: Mapping[Path, Tenant], field: str, key: Callable[[Tenant], str]) -> Iterable[str]:
    first: dict[str, Path] = {}
    for path, tenant in by_path.items():
        known = first.setdefault(key(tenant), path)
        if known != path:
            yield sentence(path, ((field,), f"'{key(tenant)}' is already used in {known}"))


def faults_of_tenant(tenant: Tenant, platform: Platform | None, catalog: Catalog) -> Iterable[Fault]:
    """Where and why *catalog* and *platform* do not allow a tenant."""
    tier = catalog.tiers.get(tenant.tier)
    if tier is None and tenant.tier not in catalog.unusable:
        yield ("tier",), not_among(catalog.tiers, tenant.tier, "the catalog")
    elif tier is not None and tenant.environment not in tier.offers:
        sold = ", ".join(tier.offers)
        yield ("environment",), f"{tenant.tier} is not sold for '{tenant.environment}', only for {sold}"
    yield from size_faults(tenant, catalog)
    yield from _mail_faults(tenant)
    yield from end_date_faults(tenant, catalog.classes)
    if tier is not None:
        yield from move_faults(tenant, catalog)
    if platform is None:
        return
    yield from _faults_by_tier(tenant, platform, catalog)
    yield from route_faults(tenant, platform)
    yield from version_faults(tenant, platform)
    yield from tenant_upgrade_faults(tenant, platform, catalog)
    yield from shared_server_faults(tenant, platform, catalog)
    yield from failover_faults(tenant, platform)
    yield from upgrade_faults(tenant, platform)
    if tenant.region != platform.region:
        yield ("region",), f"is '{tenant.region}', but the platform is in '{platform.region}'"
    if tier is not None and tier.currency != platform.currency:
        other = platform.currency
        yield ("tier",), f"{tenant.tier} is sold in {tier.currency}, but the platform's currency is {other}"


def _mail_faults(tenant: Tenant) -> Iterable[Fault]:
    if tenant.options.mail_ports != SENDING and tenant.environment is not Environment.PRODUCTION:
        why = f"a {tenant.environment} environment reaches no mail server; mail_ports is for production only"
        yield ("options", "mail_ports"), why
    if tenant.options.reader_connections and tenant.environment is Environment.PRODUCTION:
        why = "reports of others do not read production: give the client an analytics environment"
        yield ("options", "reader_connections"), why


def _faults_by_tier(tenant: Tenant, platform: Platform, catalog: Catalog) -> Iterable[Fault]:
    """Why its tier does not allow it; while it moves, why the tier it comes from does not."""
    for name in [tenant.tier] + ([tenant.move.from_tier] if tenant.move else []):
        tier, resting = catalog.tiers.get(name), on_tier(catalog, tenant, name)
        if tier is None or tenant.environment not in tier.offers:
            continue
        yield from tenant_faults(resting, tier, platform, catalog.classes)
        yield from control_faults(resting, tier, platform, catalog.classes)
        yield from service_option_faults(resting, tier, catalog)
        yield from overage_faults(resting, tier)
        yield from sleep_faults(resting, tier.offers[tenant.environment])
        yield from restore_faults(resting, tier.offers[tenant.environment])
        yield from upgrade_backup_faults(resting, tier.offers[tenant.environment])
        yield from cdn_faults(resting, tier.offers[tenant.environment], platform)
        yield from tenant_window_faults(resting, tier.offers[tenant.environment], platform)


def faults_of_platform(platform: Platform, catalog: Catalog) -> Iterable[Fault]:
    """Where and why a platform names something that *catalog* does not have, or that AWS refuses."""
    classes = catalog.classes
    yield from platform_window_faults(platform)
    yield from network_faults(platform)
    yield from domain_faults(platform)
    yield from platform_upgrade_faults(platform.database)
    yield from budget_faults(platform.budgets, catalog)
    if (size := platform.database.database_class) not in classes.database_classes:
        yield ("database", "database_class"), not_among(classes.database_classes, size, catalog.classes_file)
    if (size := platform.cache.cache_class) not in classes.cache_classes:
        yield ("cache", "cache_class"), not_among(classes.cache_classes, size, catalog.classes_file)
    for index, group in enumerate(platform.cluster.node_groups):
        if group.node_class not in classes.node_classes:
            where = ("cluster", "node_groups", index, "node_class")
            yield where, not_among(classes.node_classes, group.node_class, catalog.classes_file)
    yield from cluster_faults(platform, catalog)
