"""The section `odoo` of a tenant's file: which version it runs, and which modules an update takes along."""

from __future__ import annotations

from tiers.portfolio.versions.image import OdooVersion, VersionName
from tiers.vocabulary import Frozen


class OdooSection(Frozen):
    """Which Odoo a tenant runs, where that is not `images.odoo` of the platform."""

    version: VersionName | None = None
    """Its version: a name of `images.odoo_versions` in `platform.yaml`; left out, `images.odoo`."""
    upgraded_to: OdooVersion | None = None
    """The version its database was upgraded to by hand; without it another major version is refused."""
