"""The catalogs of the portfolios that a program deploys, wherever their folders lie.

Pulumi starts a pack in Python in the folder of the program, with the configuration of the stack
(pulumi 3.259, sdk/go/common/resource/plugin/analyzer_plugin.go:
`newPlugin(ctx, ctx.Pwd, …)`, `constructEnv`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pulumi
from pydantic import TypeAdapter, ValidationError

from policies.properties import Properties
from tiers.catalog.folder import CATALOG_DIRECTORY, CatalogPath, beside_portfolio, catalog_folder
from tiers.catalog.loading import load_catalog
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.portfolio.folders import PORTFOLIOS, portfolio_folders, portfolio_named

_KEY: Final = "costack:portfolio"
_NAMED: Final[TypeAdapter[str | None]] = TypeAdapter(CatalogPath | None)


class Catalogs:
    """Finds the catalog of a portfolio by the components of the program, or by its `platform.yaml`."""

    def __init__(self) -> None:
        self._told: dict[str, str | None] = {}
        """Portfolio -> what its program names as its own catalog; None: it has Costack's."""
        self._read: dict[Path, Catalog] = {}

    def see(self, type_token: str, props: Properties) -> None:
        """Remember what a component of Costack says; the engine asks for it before what is in it."""
        if type_token not in (SHARED_PLATFORM, TENANT_STACK):
            return
        plan = props.get("plan")
        holder = plan if type_token == SHARED_PLATFORM else props
        if isinstance(plan, Mapping) and isinstance(holder, Mapping):
            try:
                self._told[str(plan.get("portfolio"))] = _NAMED.validate_python(holder.get("catalog"))
            except ValidationError:
                return  # no component of ours: its resources are told that there is no catalog

    def of(self, portfolio: str) -> Catalog:
        """The catalog that *portfolio* is sold from.

        Raises:
            CatalogError: When it is not found, or cannot be read.
        """
        folder = self._folder(portfolio)
        if folder not in self._read:
            self._read[folder] = load_catalog(folder)
        return self._read[folder]

    def _folder(self, portfolio: str) -> Path:
        where = _folder_of(portfolio)
        if portfolio not in self._told:
            if where is None:
                raise CatalogError(
                    f"neither {_KEY} nor a folder in {PORTFOLIOS} leads to a platform.yaml of portfolio "
                    f"'{portfolio}', and the program declares no platform of it; name the folder there, or "
                    "set kept-promises to advisory with --policy-pack-config"
                )
            return catalog_folder(where)
        named = self._told[portfolio]
        if named is None:
            return CATALOG_DIRECTORY
        # A program in another language has no folder of a portfolio: its catalog is seen from its own.
        seen_from = [each for each in (where, Path()) if each is not None]
        found = [beside_portfolio(each, named) for each in seen_from]
        for folder in found:
            if folder.is_dir():
                return folder
        raise CatalogError(f"{found[0]}: no such folder, and portfolio '{portfolio}' is sold from it")


def _folder_of(portfolio: str) -> Path | None:
    """The folder whose `platform.yaml` has *portfolio*: the one that the stack names, before all others."""
    named = pulumi.Config(_KEY.partition(":")[0]).get(_KEY.partition(":")[2])
    return next((each for each in _candidates(named) if portfolio_named(each) == portfolio), None)


def _candidates(named: str | None) -> Iterator[Path]:
    if named:
        yield PORTFOLIOS / named
    yield from portfolio_folders(Path())
