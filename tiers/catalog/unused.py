"""What lies in a catalog and is used by nothing: rows of the menus, and files that nobody reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tiers.catalog.classes import Classes
from tiers.catalog.folder import CATALOG_DIRECTORY
from tiers.catalog.loading import CLASSES
from tiers.catalog.tier import Catalog, OwnCache, OwnDatabase
from tiers.strict_yaml import load_model

PRICES: Final = "pricebook"
RULES: Final = "rulebook"


class Row(NamedTuple):
    """A row of a menu of `classes.yaml`."""

    menu: str
    class_id: str


def unread_files(folder: Path) -> list[str]:
    """The names of what lies in the catalog's *folder* and is neither tier, class, price nor rule.

    Folders, hidden files and Markdown are left out but for folders of tiers, which would be missed.
    """
    misread = [path for path in folder.iterdir() if path.suffix in {".yml", ".json"}]
    below = (path for path in folder.glob("*/*.yaml") if path.parent.name not in {PRICES, RULES})
    return sorted(str(path.relative_to(folder)) for path in (*misread, *below))


def unused_rows(catalog: Catalog, used: Iterable[Row]) -> list[Row]:
    """The rows of the menus that no tier names, and that are not *used* by a portfolio either.

    A row that is as Costack has it is none of them: a catalog begins as a copy, whose menu is wider than what
    its tiers need.
    """
    named = {*used, *_named_by_tiers(catalog), *_named_by_controls(catalog.classes)}
    copied = _rows(load_model(Classes, CATALOG_DIRECTORY / CLASSES, within=CATALOG_DIRECTORY))
    return [
        row
        for row, size in _rows(catalog.classes).items()
        if row not in named and (row not in copied or copied[row] != size)
    ]


def _rows(classes: Classes) -> dict[Row, object]:
    menus: dict[str, Mapping[str, object]] = {
        "workload_classes": classes.workload_classes,
        "backup_classes": classes.backup_classes,
        "database_classes": classes.database_classes,
        "cache_classes": classes.cache_classes,
        "node_classes": classes.node_classes,
    }
    return {Row(menu, class_id): size for menu, rows in menus.items() for class_id, size in rows.items()}


def _named_by_controls(classes: Classes) -> Iterator[Row]:
    for control in classes.control_classes.values():
        if control.dedicated_nodes is not None:
            yield Row("node_classes", control.dedicated_nodes.node_class)


def _named_by_tiers(catalog: Catalog) -> Iterator[Row]:
    for tier in catalog.tiers.values():
        for offer in tier.offers.values():
            yield Row("workload_classes", offer.workload_class)
            if offer.backup_class is not None:
                yield Row("backup_classes", offer.backup_class)
            if isinstance(offer.database, OwnDatabase):
                yield Row("database_classes", offer.database.database_class)
            if isinstance(offer.cache, OwnCache):
                yield Row("cache_classes", offer.cache.cache_class)
            if offer.region_copies and offer.region_copies.standby_database_class:
                yield Row("database_classes", offer.region_copies.standby_database_class)


def unused(folder: Path, catalog: Catalog, used: Iterable[Row]) -> Iterator[str]:
    """A sentence for each file and row of the catalog in *folder* that nothing uses."""
    for name in unread_files(folder):
        known = f"tiers are {folder}/*.yaml, prices {folder / PRICES}/*.yaml, rules {folder / RULES}/*.yaml"
        yield f"{folder / name}: is read by nothing; {known}"
    for row in unused_rows(catalog, used):
        yield f"{folder / CLASSES}: {row.menu}.{row.class_id}: no tier and no portfolio uses it"
