"""Reads the catalog from its folder and reports all mistakes in it at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from tiers.catalog.classes import Classes
from tiers.catalog.folder import CATALOG_DIRECTORY
from tiers.catalog.promises import offer_faults, tier_faults
from tiers.catalog.services import SERVICES, Services, service_faults
from tiers.catalog.tier import CLASSES, Catalog, Offer, OwnCache, OwnDatabase, Tier
from tiers.errors import CatalogError
from tiers.strict_yaml import Fault, collect, load_model, not_among, sentence, sentences

__all__ = ("CATALOG_DIRECTORY", "CLASSES", "load_catalog", "read_catalog")


def load_catalog(directory: Path | None = None) -> Catalog:
    """Read every tier of *directory* and the classes they name; None reads the one that comes with Costack.

    Raises:
        CatalogError: With every mistake in every file.
    """
    problems: list[str] = []
    catalog = read_catalog(directory or CATALOG_DIRECTORY, problems)
    if problems or catalog is None:
        raise CatalogError(*problems)
    return catalog


def read_catalog(directory: Path, problems: list[str]) -> Catalog | None:
    """As much of the catalog as can be read, to check a portfolio against; None without its classes.

    Args:
        directory: The folder with the tier files and the classes.
        problems: Gets a sentence for every mistake in every file.
    """
    if not directory.is_dir():
        problems.append(f"{directory}: no such catalog directory")
        return None
    classes = collect(problems, lambda: load_model(Classes, directory / CLASSES, within=directory))
    paths = [path for path in sorted(directory.glob("*.yaml")) if path.name not in {CLASSES, SERVICES}]
    tiers, files = _load_tiers(paths, problems)
    if not paths:
        problems.append(f"{directory}: has no tier file; expected files such as shared-namespace.yaml")
    if classes is None:
        return None
    unusable = {path.stem for path in paths} - {path.stem for path in files.values()}
    for name, tier in tiers.items():
        unknown = list(_unknown_classes(tier, classes))
        faults = unknown or [*tier_faults(tier, classes), *offer_faults(tier)]
        problems += sentences(files[name], faults)
        unusable |= {name} if unknown else set()
    # A tier whose file has mistakes is sold as soon as these are mended.
    services = _load_services(directory / SERVICES, tiers, {*tiers, *(path.stem for path in paths)}, problems)
    usable = {name: tier for name, tier in tiers.items() if name not in unusable}
    own = directory != CATALOG_DIRECTORY
    return Catalog(
        tiers=usable,
        classes=classes,
        services=services,
        is_own=own,
        folder=directory,
        files={name: path.name for name, path in files.items()},
        unusable=frozenset(unusable),
    )


def _load_tiers(paths: Iterable[Path], problems: list[str]) -> tuple[dict[str, Tier], dict[str, Path]]:
    tiers: dict[str, Tier] = {}
    files: dict[str, Path] = {}
    for path in paths:
        tier = collect(problems, lambda path=path: load_model(Tier, path, within=path.parent))  # type: ignore[misc]
        if tier is None:
            continue
        if tier.tier in tiers:
            problems.append(
                sentence(path, (("tier",), f"'{tier.tier}' is already sold in {files[tier.tier]}"))
            )
        tiers[tier.tier], files[tier.tier] = tier, path
    return tiers, files


def _load_services(
    path: Path, tiers: Mapping[str, Tier], names: Collection[str], problems: list[str]
) -> Services | None:
    """The services of the catalog; None where it has no such file, or one with mistakes."""
    if not path.exists():
        return None
    services = collect(problems, lambda: load_model(Services, path, within=path.parent))
    if services is not None:
        currencies = {tier.currency for tier in tiers.values()}
        problems += sentences(path, service_faults(services, names, currencies))
    return services


def _unknown_classes(tier: Tier, classes: Classes) -> Iterable[Fault]:
    for environment, offer in tier.offers.items():
        for field, class_id, menu in _classes_named(offer, classes):
            if class_id not in menu:
                yield ("offers", str(environment), *field), not_among(menu, class_id, CLASSES)


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
