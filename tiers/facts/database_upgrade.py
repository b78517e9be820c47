"""An upgrade of a PostgreSQL server to a newer major version: its stages, and which may follow which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from tiers.vocabulary import Frozen, version_numbers

OLDEST_POSTGRESQL: Final = 13
NEWEST_POSTGRESQL: Final = 18
TRIED: Final = (16, 17, 18)
"""The major versions that every job of Costack was tried with; no server is upgraded to another."""
_ENGINE_VERSION: Final = r"^1[3-8](\.\d+)?$"


def _known_postgresql(version: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?", version):
        raise ValueError('Value should be a version of PostgreSQL in quotes, such as "17" or "17.6"')
    if not OLDEST_POSTGRESQL <= major_of(version) <= NEWEST_POSTGRESQL:
        raise ValueError(
            f"Costack does not know PostgreSQL {version} yet; expected {OLDEST_POSTGRESQL} to "
            f"{NEWEST_POSTGRESQL}"
        )
    return version


EngineVersion = Annotated[
    str, AfterValidator(_known_postgresql), Field(json_schema_extra={"pattern": _ENGINE_VERSION})
]
"""A version of PostgreSQL: a major one, kept up to date by AWS, or a minor one, which stays."""


@unique
class UpgradeStage(StrEnum):
    """The stage of an upgrade of a server; every update takes one step."""

    CHECK = "check"
    """A job asks the running server what would make the upgrade fail; people work."""
    WITHOUT_STANDBY = "without-standby"
    """The standby in the second region is removed, because RDS takes none along; people work."""
    UPGRADE = "upgrade"
    """AWS is asked for the new version, and makes it in the server's maintenance window."""
    STATISTICS = "statistics"
    """A job gathers statistics and updates extensions on the upgraded server; people work."""


NEXT: Final[Mapping[UpgradeStage, tuple[UpgradeStage, ...]]] = {
    UpgradeStage.CHECK: (UpgradeStage.WITHOUT_STANDBY, UpgradeStage.UPGRADE),
    UpgradeStage.WITHOUT_STANDBY: (UpgradeStage.UPGRADE,),
    UpgradeStage.UPGRADE: (UpgradeStage.STATISTICS,),
    UpgradeStage.STATISTICS: (),
}
"""The steps that may follow each stage; after the last one the section is taken out of the file."""
BEFORE: Final = frozenset({UpgradeStage.CHECK, UpgradeStage.WITHOUT_STANDBY})
"""The stages in which the server keeps its version, and which have a way back."""


class ServerUpgrade(Frozen):
    """An upgrade of one PostgreSQL server to a newer major version, while it lasts."""

    to: EngineVersion
    """The version it is upgraded to, in quotes."""
    stage: UpgradeStage
    """The stage that the next `pulumi up` deploys; `costack upgrade-database` writes it."""
    now: bool = False
    """Whether stage `upgrade` upgrades it during that update, and not in its maintenance window."""

    @property
    def at_once(self) -> bool:
        """Whether the next update itself upgrades the server."""
        return self.now and self.stage is UpgradeStage.UPGRADE

    @property
    def asks(self) -> bool:
        """Whether its stage asks for the new version."""
        return self.stage not in BEFORE


def major_of(version: str) -> int:
    """The major version; 0 where there is none.

    >>> major_of("17.6"), major_of("")
    (17, 0)
    """
    return (version_numbers(version) or (0,))[0]


def may_follow(there: ServerUpgrade | None, here: ServerUpgrade | None) -> bool:
    """Whether *here* may be deployed after *there*: the same, the next step, or the way back.

    A stack whose check failed has none yet. Once the new version was asked for, nothing leads back.
    """
    if there == here:
        return True
    if there is None:
        return here is not None and here.stage is UpgradeStage.CHECK
    if here is None:
        return there.stage in BEFORE or not NEXT[there.stage]
    if there.to != here.to:
        return False
    if there.stage is here.stage:  # other words about when
        return there.stage in BEFORE or here.at_once
    return here.stage in NEXT[there.stage] or (there.stage in BEFORE and here.stage is UpgradeStage.CHECK)
