"""Images of Odoo, the versions they may have, and how long Odoo supports these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tiers.facts.compute import OFFICIAL_ADDONS, AddonsFolder
from tiers.vocabulary import Frozen, ImageByDigest, Positive

_OLDEST_ODOO: Final = 16
_NEWEST_ODOO: Final = 19
_ODOO_VERSION: Final = r"^1[6-9]\.\d$"
_VERSION_NAME: Final = r"^[a-z0-9]([a-z0-9.-]{0,28}[a-z0-9])?$"

_MOST_MINUTES: Final = 24 * 60

SUPPORTED_UNTIL: Final[Mapping[str, date]] = {
    "16.0": date(2025, 9, 30),
    "17.0": date(2026, 9, 30),
    "18.0": date(2027, 9, 30),
    "19.0": date(2028, 9, 30),
}
"""Version -> the last day of its standard support, which Odoo gives as a month.

Source: Odoo's documentation, "Standard and extended support" (administration/standard_extended_support,
read 2026-11-30); those of 18.0 and 19.0 are planned. Security updates end with standard support.
"""


def known_odoo(version: str) -> str:
    """The *version* of Odoo, once it is one that Costack knows.

    Raises:
        ValueError: When it is none.
    """
    if not re.fullmatch(r"\d+\.\d", version):
        raise ValueError('Value should be a version of Odoo in quotes, such as "18.0"')
    if not _OLDEST_ODOO <= int(version.partition(".")[0]) <= _NEWEST_ODOO:
        raise ValueError(
            f"Costack does not know Odoo {version} yet; expected {_OLDEST_ODOO}.0 to {_NEWEST_ODOO}.0"
        )
    return version


def _version_name(name: str) -> str:
    if not re.fullmatch(_VERSION_NAME, name):
        raise ValueError(
            "Value should be a name of a version, of lower-case letters, digits, dots and dashes, such as "
            "18.0-lts"
        )
    return name


OdooVersion = Annotated[str, AfterValidator(known_odoo), Field(json_schema_extra={"pattern": _ODOO_VERSION})]
VersionName = Annotated[str, AfterValidator(_version_name)]
"""What a platform calls one of its versions, such as `18.0-lts`."""


TableName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]
"""The name of a table of Odoo's database."""


class UpgradeSpec(Frozen):
    """What makes a database of the version before one of this version (contract: docs/odoo-versions.md)."""

    image: ImageByDigest
    """The image that the command is in, by digest; bash and `timeout` are in it, too."""
    command: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """The command and its arguments; `$(DATABASE)` is the database, `$(ODOO_RC)` its odoo.conf."""
    minutes: Annotated[Positive, Field(le=_MOST_MINUTES)] = 240
    """How many minutes the command may take; one that takes longer is ended, and nothing was changed."""
    may_lose_rows: tuple[TableName, ...] = ()
    """Tables that may have fewer rows afterwards, or be gone; others of the main tables may not."""


class OdooImage(Frozen):
    """The Odoo image by digest, and the numeric ids that own its files.

    The official image names its user instead of numbering it, and `runAsNonRoot` needs a number.
    """

    image: ImageByDigest
    """Your build of Odoo, by digest."""
    version: OdooVersion
    """Odoo's version, in quotes."""
    run_as_user: Positive
    """Numeric id of the image's user `odoo`."""
    run_as_group: Positive
    """Numeric id of its group."""
    addons_path: tuple[AddonsFolder, ...] = (OFFICIAL_ADDONS,)
    """Folders of the image with your addons; Odoo finds its own without."""


class NamedImage(OdooImage):
    """One of the versions that tenants choose by name."""

    supported_until: date | None = None
    """Last day on which you support it; left out, the last day of Odoo's standard support."""
    upgrade: UpgradeSpec | None = None
    """What upgrades a database of the major version before to this one; `costack upgrade` needs it."""
    rollout: Literal["staging-first"] | None = None
    """`staging-first`: production takes it only after another environment of the same client runs it."""


def support_ends(image: OdooImage) -> date | None:
    """The last day on which *image* is supported; None where nobody says."""
    own = image.supported_until if isinstance(image, NamedImage) else None
    return own or SUPPORTED_UNTIL.get(image.version)


def images_problem(odoo: OdooImage, named: Mapping[VersionName, NamedImage]) -> str | None:
    """Why the images of a platform do not fit together, or None: files must stay readable across versions."""
    for name, each in named.items():
        ids = (each.run_as_user, each.run_as_group)
        if ids != (owner := (odoo.run_as_user, odoo.run_as_group)):
            return (
                f"odoo_versions.{name}: run_as_user and run_as_group are {ids[0]} and {ids[1]}, and "
                f"tenants' files belong to {owner[0]} and {owner[1]} of images.odoo; build all images with "
                "the same ids"
            )
    return None
