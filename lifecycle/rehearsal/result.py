"""The result of a rehearsal: one line of JSON that its pod prints, and its evidence."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from allocation.errors import AllocationError
from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.recovery import Moment, Recovery, first_fault
from tiers.vocabulary import Count, Frozen

STEP: Final = "rehearsal"
"""The step name in the evidence."""
_Bytes = Annotated[int, Field(ge=0, lt=10**15)]


class Phases(Frozen):
    """What each phase of a rehearsal took, in seconds; they follow each other without a gap.

    Attributes:
        wait: From the start of the command until the pod ran: namespace, scheduling, images.
        fetch: The newest copied backup was read.
        restore: It was restored and counted.
        files: The files that it names were brought, each checked against its name.
        start: Odoo was neutralised, started, and answered its first request.
    """

    wait: Count
    fetch: Count
    restore: Count
    files: Count
    start: Count

    @property
    def total(self) -> int:
        """All of them."""
        return self.wait + self.fetch + self.restore + self.files + self.start


class RehearsalResult(Recovery):
    """The result of a rehearsal; see `Recovery` for what every recovery has.

    Attributes:
        way: What it came back from: the newest copied backup.
        backup: The backup; empty when there was none.
        taken_at: The moment that the data are of.
        standby_lag_seconds: How far the standby was behind then, which a failover promotes; None without one,
            or where nobody knows.
        newest_record_at: When the newest record in them was written. Where nobody worked it is older than the
            backup, and nothing was lost for that.
        newest_file_at: The same of the newest file that they name.
        files: How many files were brought and are what their names say.
    """

    step = STEP

    way: Literal["copy"]
    backup: str
    taken_at: str
    standby_lag_seconds: Count | None = None
    phases: Phases | None
    newest_record_at: Moment
    newest_file_at: Moment
    dump_bytes: _Bytes
    database_bytes: _Bytes
    file_bytes: _Bytes
    files: Count

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        measured = self.phases.total if self.phases else None
        if measured != self.rto_seconds:
            raise ValueError(f"its phases take {measured} s, its rto_seconds are {self.rto_seconds}")
        if self.passed and (self.rto_seconds is None or self.rpo_seconds is None):
            raise ValueError("it passed, and nothing was measured")
        return self

    @property
    def lost_seconds(self) -> int | None:
        """How much work a failover would have lost: by the standby where there is one, else by the copies."""
        return self.rpo_seconds if self.standby_lag_seconds is None else self.standby_lag_seconds


class NotRecoverableError(AllocationError):
    """A rehearsal whose recovery failed; the result is shown and recorded all the same."""


def rehearsal_result(log: str, tenant: str) -> RehearsalResult:
    """The result of *tenant*'s rehearsal: the last JSON line of its pod's log.

    Raises:
        LifecycleError: When there is none, it contradicts itself, or belongs to another tenant.
    """
    lines = log.strip().splitlines()
    candidates = [line for line in lines if line.startswith("{")]
    where = f"rehearsal of '{tenant}'"
    if not candidates:
        last = lines[-1][:300] if lines else "nothing"
        raise LifecycleError(f"{where}: it has no result; the last line of its log is: {last}")
    result = _parsed(candidates[-1], where)
    if result.tenant != tenant:
        raise LifecycleError(f"{where}: the result belongs to '{result.tenant}'")
    return result


def _parsed(said: str, where: str) -> RehearsalResult:
    try:
        return RehearsalResult.model_validate_json(said)
    except ValidationError as error:
        raise LifecycleError(f"{where}: is no result of a rehearsal: {first_fault(error)}") from None
