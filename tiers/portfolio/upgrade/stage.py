"""The stages of an upgrade to another major version of Odoo, and which update may follow which."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

from tiers.portfolio.restore.order import Order
from tiers.portfolio.versions.image import VersionName
from tiers.vocabulary import Frozen, Positive


@unique
class UpgradeStage(StrEnum):
    """The stage of an upgrade; every update takes one step."""

    REHEARSE = "rehearse"
    """The newest backup is restored beside the database in use, neutralised and upgraded; people work."""
    UPGRADE = "upgrade"
    """Odoo is stopped and backed up; that backup is restored, upgraded, checked and takes the place."""
    START = "start"
    """People work with the new version; the database before is kept."""
    CONFIRM = "confirm"
    """The database before is dropped."""
    BACK = "back"
    """Odoo is stopped, and the database before has its place again."""
    DISCARD = "discard"
    """People work with the version before; what was upgraded is dropped."""


ORDER: Final = Order(
    first=UpgradeStage.REHEARSE,
    next={
        UpgradeStage.REHEARSE: UpgradeStage.UPGRADE,
        UpgradeStage.UPGRADE: UpgradeStage.START,
        UpgradeStage.START: UpgradeStage.CONFIRM,
        UpgradeStage.CONFIRM: None,
        UpgradeStage.BACK: UpgradeStage.DISCARD,
        UpgradeStage.DISCARD: None,
    },
    way_back={
        UpgradeStage.REHEARSE: UpgradeStage.DISCARD,
        UpgradeStage.UPGRADE: UpgradeStage.BACK,
        UpgradeStage.START: UpgradeStage.BACK,
    },
)
STOPPED: Final = frozenset({UpgradeStage.UPGRADE, UpgradeStage.BACK})
"""The stages in which no pod of Odoo runs."""
RUNNING_IT: Final = frozenset({UpgradeStage.REHEARSE, UpgradeStage.UPGRADE})
"""The stages in which a job runs the command that upgrades."""
UPGRADED: Final = frozenset({UpgradeStage.START, UpgradeStage.CONFIRM})
"""The stages in which people work with the new version."""


class Upgrade(Frozen):
    """An upgrade of a tenant to another major version of Odoo, while it lasts."""

    to: VersionName
    """The version: a name of `images.odoo_versions` in `platform.yaml` that has an `upgrade`."""
    stage: UpgradeStage
    """The stage that the next `pulumi up` deploys; `costack upgrade` writes it."""
    rehearsed_minutes: Positive | None = None
    """How long the rehearsal took to restore and to upgrade, as its evidence says; previews read it."""


def may_follow(there: Upgrade | None, here: Upgrade | None) -> bool:
    """Whether *here* may be deployed after *there*; no stage is skipped, and the version stays."""
    if there is not None and here is not None and there.to != here.to:
        return False
    return ORDER.may_follow(*(None if each is None else each.stage for each in (there, here)))
