"""The stages of a restore in place, and which update may follow which."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum, unique
from typing import Annotated, Final, Self

from pydantic import StringConstraints, field_validator, model_validator

from tiers.portfolio.restore.order import Order
from tiers.vocabulary import Frozen, TenantId, UtcDatetime


@unique
class RestoreStage(StrEnum):
    """The stage of a restore; every update takes one step."""

    PREPARE = "prepare"
    """A backup is restored into a database beside the one in use, and is checked; people work."""
    SWITCH = "switch"
    """Odoo is stopped and backed up; the restored database takes the place of the one before."""
    START = "start"
    """People work with what was restored; the database before is kept."""
    CONFIRM = "confirm"
    """The database before is dropped."""
    BACK = "back"
    """Odoo is stopped, and the database before has its place again."""
    DISCARD = "discard"
    """People work with the database before; what was restored is dropped."""


ORDER: Final = Order(
    first=RestoreStage.PREPARE,
    next={
        RestoreStage.PREPARE: RestoreStage.SWITCH,
        RestoreStage.SWITCH: RestoreStage.START,
        RestoreStage.START: RestoreStage.CONFIRM,
        RestoreStage.CONFIRM: None,
        RestoreStage.BACK: RestoreStage.DISCARD,
        RestoreStage.DISCARD: None,
    },
    way_back={
        RestoreStage.PREPARE: RestoreStage.DISCARD,
        RestoreStage.SWITCH: RestoreStage.BACK,
        RestoreStage.START: RestoreStage.BACK,
    },
)
STOPPED: Final = frozenset({RestoreStage.SWITCH, RestoreStage.BACK})
"""The stages in which no pod of Odoo runs."""
READING: Final = frozenset({RestoreStage.PREPARE, RestoreStage.SWITCH})
"""The stages in which a job reads the backup that is restored."""
RESTORED: Final = frozenset({RestoreStage.START, RestoreStage.CONFIRM})
"""The stages in which people work with what was restored."""


ArchiveName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._+-]{0,199}$")]
"""The name of an uploaded file, without folders."""


def named_moment(moment: datetime) -> str:
    """A moment as backups are named.

    >>> named_moment(datetime.fromisoformat("2026-11-29T02:15:00+01:00"))
    '2026-11-29T01:15:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Restore(Frozen):
    """A restore of a tenant's database and files to an earlier moment, while it lasts."""

    at: UtcDatetime
    """The moment, with time zone: the newest complete backup of then or before is restored."""
    from_tenant: TenantId | None = None
    """The tenant whose backup it is, where it is not its own; `costack refresh` writes it."""
    from_archive: ArchiveName | None = None
    """The uploaded file that it comes from, where it is no backup; `costack refresh` writes it."""
    live: bool = False
    """Whether the other tenant is backed up for it, while people work; `costack refresh --live` writes it."""
    scheduled: bool = False
    """Whether `costack refresh --all-due` began it, and leads it to its end; it writes this."""
    stage: RestoreStage
    """The stage that the next `pulumi up` deploys; `costack restore` or `costack refresh` writes it."""

    @field_validator("at")
    @classmethod
    def _to_the_second(cls, value: datetime) -> datetime:
        if value.microsecond:
            raise ValueError("Value should be whole seconds: backups are named by the second")
        return value

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if self.from_tenant and self.from_archive:
            raise ValueError("from_tenant and from_archive: expected one of them")
        if self.live and not self.from_tenant:
            raise ValueError("live: expected from_tenant beside it, the tenant that is backed up")
        if self.scheduled and not self.from_tenant:
            raise ValueError("scheduled: expected from_tenant beside it, the tenant of the schedule")
        return self

    @property
    def command(self) -> str:
        """What of Costack leads it: `restore` or `refresh`."""
        return "refresh" if self.origin else "restore"

    @property
    def origin(self) -> str | None:
        """The tenant or the uploaded file that the data comes from; None for a tenant's own backup."""
        return self.from_tenant or self.from_archive

    def data_of(self, tenant: str) -> str:
        """What is restored, in words.

        >>> Restore(at="2026-11-29T01:15:00Z", from_archive="acme.zip", stage="prepare").data_of("acme-trial")
        'the uploaded acme.zip of 2026-11-29T01:15:00Z'
        """
        if self.from_archive:
            return f"the uploaded {self.from_archive} of {self.moment}"
        if self.live:
            return f"a backup that is made of {self.from_tenant} now"
        return f"{self.from_tenant or tenant}'s newest complete backup of {self.moment} or before"

    def asked_for_by(self, tenant: str) -> str:
        """The mark of the backup that is made for *tenant*'s refresh, and for no other one.

        >>> Restore(at="2026-11-29T01:15:00Z", stage="prepare").asked_for_by("acme-staging")
        'refresh of acme-staging, 2026-11-29T01:15:00Z'
        """
        return f"refresh of {tenant}, {self.moment}"

    @property
    def moment(self) -> str:
        """`at` as backups are named.

        >>> Restore(at="2026-11-29T02:15:00+01:00", stage="prepare").moment
        '2026-11-29T01:15:00Z'
        """
        return named_moment(self.at)


def may_follow(there: Restore | None, here: Restore | None) -> bool:
    """Whether *here* may be deployed after *there*: the same, the next step, or a way back.

    The way back of a step that failed, too: the stack has the one before it then.
    """
    if there and here and (there.at, there.origin, there.live) != (here.at, here.origin, here.live):
        return False
    return ORDER.may_follow(*(None if each is None else each.stage for each in (there, here)))
