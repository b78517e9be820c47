"""The section `odoo` of a tenant's file: which version it runs, and which modules an update takes along."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tiers.facts.compute import ModuleName
from tiers.portfolio.versions.image import OdooVersion, VersionName
from tiers.vocabulary import Frozen, Positive

_ALL = "all"
_MINUTES_PER_DAY = 24 * 60


class UpdateSection(Frozen):
    """An update of modules, with the pods stopped: once, and again with every higher number."""

    number: Positive
    """Counts the updates: a higher one runs with the next `pulumi up`."""
    modules: Annotated[tuple[ModuleName, ...], Field(min_length=1)]
    """The technical names of the modules; `[all]` for all that are installed."""
    minutes: Annotated[Positive, Field(le=_MINUTES_PER_DAY)] = 60
    """How many minutes Odoo may take; an update that takes longer is ended, and the pods start again."""

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if _ALL in self.modules and len(self.modules) > 1:
            raise ValueError("modules: 'all' stands alone; list modules, or write [all]")
        if twice := sorted({name for name in self.modules if self.modules.count(name) > 1}):
            raise ValueError(f"modules: '{twice[0]}' appears twice")
        return self


class OdooSection(Frozen):
    """Which Odoo a tenant runs, where that is not `images.odoo` of the platform."""

    version: VersionName | None = None
    """Its version: a name of `images.odoo_versions` in `platform.yaml`; left out, `images.odoo`."""
    update: UpdateSection | None = None
    """Which modules a new build takes along; left out, none are updated."""
    upgraded_to: OdooVersion | None = None
    """The version its database was upgraded to by hand; without it another major version is refused."""
