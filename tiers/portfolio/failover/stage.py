"""The stages of a failover and of the way home, and which update may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum, unique
from typing import Final, Self

from pydantic import model_validator

from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.vocabulary import Frozen, Positive, Region, UtcDatetime


@unique
class FailoverStage(StrEnum):
    """The stage of a failover; every update takes one step."""

    FENCE = "fence"
    """Odoo is stopped, its database closed, and the standby has everything that was committed."""
    PROMOTE = "promote"
    """The second region's server and files become writable; nobody works yet."""
    START = "start"
    """People work in the second region: Odoo runs there, and records of host names lead there."""
    SETTLED = "settled"
    """The same, for as long as it takes; what is left in the first region is closed."""
    REOPEN = "reopen"
    """The database in the first region is opened again, and people work there as before."""
    SAVE = "save"
    """The way home: Odoo is stopped in the second region and backed up, and its database there is closed."""
    RETURN = "return"
    """That backup is restored in the first region, beside the database that was closed there."""
    SWITCH = "switch"
    """What was restored takes the place of the database before, which is kept; files come back."""
    HOME = "home"
    """People work in the first region; the database of before and the promoted server are kept."""
    CONFIRM = "confirm"
    """The database of before is dropped, and the promoted server may go."""
    STAY = "stay"
    """The way home is given up: people work in the second region as before."""


@unique
class FirstRegion(StrEnum):
    """Whether a failover can work in the region that it leaves."""

    ANSWERS = "answers"
    """It can: what is there is closed first."""
    LOST = "lost"
    """It cannot: no update touches what is there, and nothing closes it."""
    LOST_AFTER_FENCE = "lost-after-fence"
    """It was closed by a complete update, and cannot any more: no update touches what is there."""
    LOST_AFTER_PROMOTION = "lost-after-promotion"
    """The same, and the replication of files had ended, so that nothing of it is left to end there."""
    BACK = "back"
    """It could not, and can again: what is there is closed late."""


NEXT: Final[Mapping[FailoverStage, FailoverStage | None]] = {
    FailoverStage.FENCE: FailoverStage.PROMOTE,
    FailoverStage.PROMOTE: FailoverStage.START,
    FailoverStage.START: FailoverStage.SETTLED,
    FailoverStage.SETTLED: None,
    FailoverStage.REOPEN: None,
    FailoverStage.SAVE: FailoverStage.RETURN,
    FailoverStage.RETURN: FailoverStage.SWITCH,
    FailoverStage.SWITCH: FailoverStage.HOME,
    FailoverStage.HOME: FailoverStage.CONFIRM,
    FailoverStage.CONFIRM: None,
    FailoverStage.STAY: FailoverStage.SETTLED,
}
"""The next step of each stage; None where it ends, or stays."""
WAY_BACK: Final[Mapping[FailoverStage, FailoverStage]] = {
    FailoverStage.FENCE: FailoverStage.REOPEN,
    FailoverStage.SAVE: FailoverStage.STAY,
    FailoverStage.RETURN: FailoverStage.STAY,
}
"""The step back of each stage that has one: of a promoted server AWS makes no standby again."""
HOMEWARD: Final = frozenset(
    {
        FailoverStage.SAVE,
        FailoverStage.RETURN,
        FailoverStage.SWITCH,
        FailoverStage.HOME,
        FailoverStage.CONFIRM,
        FailoverStage.STAY,
    }
)
"""The stages of a failback, and of giving it up."""
PROMOTED: Final = frozenset({FailoverStage.PROMOTE, FailoverStage.START, FailoverStage.SETTLED, *HOMEWARD})
"""The stages in which the second region's server follows nobody."""
THERE: Final = frozenset({FailoverStage.START, FailoverStage.SETTLED, FailoverStage.STAY})
"""The stages in which people work in the second region."""
AT_HOME: Final = frozenset({FailoverStage.HOME, FailoverStage.CONFIRM, FailoverStage.REOPEN})
"""The stages in which people work in the first region."""
CLOSED: Final = frozenset({FailoverStage.FENCE, *PROMOTED}) - AT_HOME
"""The stages in which nobody works in the first region."""
ENDING: Final = frozenset({FailoverStage.REOPEN, FailoverStage.CONFIRM})
"""The stages after which it is over."""
_RESTORES: Final = {
    FailoverStage.RETURN: RestoreStage.PREPARE,
    FailoverStage.SWITCH: RestoreStage.SWITCH,
    FailoverStage.HOME: RestoreStage.START,
    FailoverStage.CONFIRM: RestoreStage.CONFIRM,
    FailoverStage.STAY: RestoreStage.DISCARD,
}
_NEWEST: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The last backup of the second region is the newest, whatever its clock said."""


class Failover(Frozen):
    """How often a tenant failed over, and where it stands while it does."""

    number: Positive
    """Counts the attempts; marks of another attempt are not taken for this one's."""
    to: Region
    """The second region, in which it runs."""
    stage: FailoverStage
    """The stage that the next `pulumi up` deploys; `costack failover` writes it."""
    first_region: FirstRegion = FirstRegion.ANSWERS
    """`lost` while its own region does not answer: then no update touches what is there."""
    began_at: UtcDatetime | None = None
    """When `costack failover` wrote the first stage, with time zone: from then on it is measured."""
    lost_at: UtcDatetime | None = None
    """When `costack failover --region-lost` wrote that the region is lost, where that was later."""

    @model_validator(mode="after")
    def _closes_what_answers(self) -> Self:
        if self.is_lost and self.stage in HOMEWARD - {FailoverStage.STAY}:
            raise ValueError(
                f"first_region is lost, and stage {self.stage} leads there: write back once it is"
            )
        if self.first_region is not FirstRegion.ANSWERS and self.stage not in PROMOTED:
            raise ValueError(
                f"first_region is {self.first_region}, and stage {self.stage} works there: begin with promote"
            )
        return self

    @property
    def known_lost_at(self) -> datetime | None:
        """Until when people may have worked in a lost region: what is missing is counted from then."""
        return self.lost_at or self.began_at

    @property
    def is_promoted(self) -> bool:
        """Whether the second region's server follows nobody."""
        return self.stage in PROMOTED

    @property
    def restore(self) -> Restore | None:
        """The restore in the first region that a stage of the way home is."""
        stage = None if self.is_lost else _RESTORES.get(self.stage)
        return None if stage is None else Restore(at=_NEWEST, stage=stage)

    @property
    def comes_home(self) -> bool:
        """Whether the next step ends the way home."""
        return self.stage is FailoverStage.CONFIRM

    @property
    def closes_first(self) -> bool:
        """Whether what is in the first region is stopped and closed at this stage."""
        return self.stage in CLOSED and self.first_region is not FirstRegion.LOST

    @property
    def was_closed(self) -> bool:
        """Whether what is in the first region is closed before anything opens in the second one."""
        return self.first_region not in {FirstRegion.LOST, FirstRegion.BACK}

    @property
    def is_lost(self) -> bool:
        """Whether no update may touch what is in the first region."""
        return self.first_region not in {FirstRegion.ANSWERS, FirstRegion.BACK}

    @property
    def ends_replication(self) -> bool:
        """Whether the replication of files ends at this stage, or has ended; in a lost region nobody can."""
        left = {FirstRegion.LOST, FirstRegion.LOST_AFTER_FENCE}
        return self.is_promoted and self.first_region not in left


def goes_on(stage: FailoverStage) -> bool:
    """Whether `--next` leads on from *stage*: to another one, or out of the failover."""
    return NEXT[stage] is not None or stage in ENDING


def may_follow(there: Failover | None, here: Failover | None) -> bool:
    """Whether *here* may be deployed after *there*: the same, the next step, or a way back.

    A region that was lost and answers again is closed at the stage that was reached without it.
    """
    if there == here:
        return True
    if there is None or here is None:
        begins = here is not None and _begins(here)
        return begins or (there is not None and there.stage in ENDING)
    if (there.number, there.to) != (here.number, here.to):
        return False
    return (here.stage, here.first_region) in _after(there)


def _after(there: Failover) -> set[tuple[FailoverStage, FirstRegion]]:
    stages = {NEXT[there.stage], WAY_BACK.get(there.stage)}
    following = {(stage, there.first_region) for stage in stages if stage is not None}
    if there.is_lost and there.stage in THERE:
        following.add((there.stage, found_again(there.first_region)))
    if there.stage is FailoverStage.SETTLED and not there.is_lost:
        following.add((FailoverStage.SAVE, there.first_region))
    if may_be_lost(there):
        # An update that began the next stage may have failed because the region is lost.
        begun = {there.stage, *(stage for stage, _ in following)}
        following |= {(left_at(stage), region) for stage in begun for region in _LATE}
    return following


_LATE: Final = (FirstRegion.LOST_AFTER_FENCE, FirstRegion.LOST_AFTER_PROMOTION)
"""What a region is that was closed, and is lost then."""


_AT_HOME_AGAIN: Final = {FailoverStage.SWITCH, *AT_HOME}


def may_be_lost(failover: Failover) -> bool:
    """Whether the first region may be lost at this stage: until it has its data back."""
    return failover.first_region is FirstRegion.ANSWERS and failover.stage not in _AT_HOME_AGAIN


def left_at(stage: FailoverStage) -> FailoverStage:
    """The stage at which a tenant goes on whose first region is lost at *stage*.

    Once its database is closed there, the standby is promoted; a way home that has begun is given up.
    """
    if stage is FailoverStage.FENCE:
        return FailoverStage.PROMOTE
    return FailoverStage.STAY if stage in {FailoverStage.SAVE, FailoverStage.RETURN} else stage


def found_again(region: FirstRegion) -> FirstRegion:
    """What a lost region is once it answers: where it was closed before, it is as it was.

    So it is still known that nothing is missing, no Job is made anew, and it may be lost once more.
    """
    return FirstRegion.ANSWERS if region in _LATE else FirstRegion.BACK


def _begins(here: Failover) -> bool:
    """A first step that failed may be taken back before any of it is deployed."""
    if here.first_region not in {FirstRegion.ANSWERS, FirstRegion.LOST}:
        return False
    first = FailoverStage.PROMOTE if here.is_lost else FailoverStage.FENCE
    return here.stage in {first, WAY_BACK.get(first)}
