"""The result of a rehearsal: one line of JSON that its pod prints, and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from allocation.errors import AllocationError
from allocation.report.figures import duration
from lifecycle import evidence
from lifecycle.errors import LifecycleError
from lifecycle.restore_test.result import Check
from tiers.facts.every_fact import Rehearsal
from tiers.vocabulary import Count, Frozen, TenantId

STEP: Final = "rehearsal"
"""The step name in the evidence."""
_SECONDS_PER_MINUTE: Final = 60
_Bytes = Annotated[int, Field(ge=0, lt=10**15)]
_Moment = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?$")]
"""A moment in UTC; empty where it is not known."""


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


class Promise(Frozen):
    """What a tenant's resilience class promises, in seconds."""

    rpo_seconds: Count
    rto_seconds: Count

    @classmethod
    def of(cls, fact: Rehearsal) -> Promise:
        """The promise that *fact* has."""
        return cls(
            rpo_seconds=fact.rpo_minutes * _SECONDS_PER_MINUTE,
            rto_seconds=fact.rto_minutes * _SECONDS_PER_MINUTE,
        )


class RehearsalResult(Frozen):
    """The result of a rehearsal.

    Attributes:
        version: Of this format.
        way: What it came back from: the newest copied backup.
        backup: The backup; empty when there was none.
        taken_at: The moment that the data are of.
        asked_at: When the command began: the loss of the region, as it were.
        rto_seconds: From then to Odoo's first answer; None when it never answered.
        rpo_seconds: How old the data were when it began; None when none were restored.
        standby_lag_seconds: How far the standby was behind then, which a failover promotes; None without one,
            or where nobody knows.
        newest_record_at: When the newest record in them was written. Where nobody worked it is older than the
            backup, and nothing was lost for that.
        newest_file_at: The same of the newest file that they name.
        files: How many files were brought and are what their names say.
    """

    version: Literal[1]
    tenant: TenantId
    region: str
    way: Literal["copy"]
    backup: str
    taken_at: str
    asked_at: _Moment
    started_at: _Moment
    finished_at: _Moment
    rto_seconds: Count | None
    rpo_seconds: Count | None
    standby_lag_seconds: Count | None = None
    phases: Phases | None
    newest_record_at: _Moment
    newest_file_at: _Moment
    dump_bytes: _Bytes
    database_bytes: _Bytes
    file_bytes: _Bytes
    files: Count
    checks: tuple[Check, ...]
    result: Literal["ok", "failed"]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        measured = self.phases.total if self.phases else None
        if measured != self.rto_seconds:
            raise ValueError(f"its phases take {measured} s, its rto_seconds are {self.rto_seconds}")
        if self.passed is not (bool(self.checks) and not self.faults):
            raise ValueError(f"the result is '{self.result}', its checks say otherwise")
        if self.passed and (self.rto_seconds is None or self.rpo_seconds is None):
            raise ValueError("it passed, and nothing was measured")
        return self

    @property
    def passed(self) -> bool:
        """Whether Odoo answered on whole data."""
        return self.result == "ok"

    @property
    def faults(self) -> tuple[Check, ...]:
        """The failed checks."""
        return tuple(check for check in self.checks if not check.ok)

    @property
    def ended_at(self) -> datetime:
        """When it ended, in UTC."""
        return datetime.fromisoformat(self.finished_at).astimezone(UTC)

    @property
    def lost_seconds(self) -> int | None:
        """How much work a failover would have lost: by the standby where there is one, else by the copies."""
        return self.rpo_seconds if self.standby_lag_seconds is None else self.standby_lag_seconds

    def shortfalls(self, promise: Promise) -> Iterator[str]:
        """In what it is slower than *promise*, one phrase each."""
        for name, found, most in (
            ("RTO", self.rto_seconds, promise.rto_seconds),
            ("RPO", self.lost_seconds, promise.rpo_seconds),
        ):
            if found is not None and found > most:
                yield f"{name} measured {duration(found)}, promised {duration(most)}"

    def as_evidence(self, promise: Promise) -> Mapping[str, Any]:
        """Its record in an evidence file, with what was promised then."""
        kept = self.passed and not list(self.shortfalls(promise))
        promised = {
            "promised_rto_seconds": promise.rto_seconds,
            "promised_rpo_seconds": promise.rpo_seconds,
            "promise_kept": kept,
        }
        return {"at": self.finished_at, "step": STEP, **self.model_dump(mode="json"), **promised}


class NotRecoverableError(AllocationError):
    """A rehearsal whose recovery failed; the result is shown and recorded all the same."""


def tried_rehearsals(path: Path) -> Iterator[tuple[datetime, RehearsalResult]]:
    """Every rehearsal in an evidence file: when it ended, in UTC, and its result.

    Raises:
        EvidenceError: When the file cannot be read, or was changed.
        LifecycleError: When a line is of a rehearsal and cannot be read as one.
    """
    known = RehearsalResult.model_fields.keys()
    for number, line in enumerate(evidence.read(path), start=1):
        if line.get("step") == STEP:
            result = _parsed(
                {name: value for name, value in line.items() if name in known}, f"{path}:{number}"
            )
            yield result.ended_at, result


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


def _parsed(said: str | Mapping[str, Any], where: str) -> RehearsalResult:
    try:
        if isinstance(said, str):
            return RehearsalResult.model_validate_json(said)
        return RehearsalResult.model_validate(dict(said))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        raise LifecycleError(
            f"{where}: is no result of a rehearsal: {place + ': ' if place else ''}{first['msg']}"
        ) from None
