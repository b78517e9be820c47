"""The result of a failover: what it took, as objects in the second region's cluster say, and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, Self

from pydantic import model_validator

from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.recovery import Moment, Promise, Recovery
from lifecycle.restore_test.result import Check
from tiers.portfolio.failover.stage import Failover
from tiers.vocabulary import Count, Frozen, Positive, TenantId

STEP: Final = "failover"
"""The step name in the evidence."""
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


class Stages(Frozen):
    """What a failover took, in seconds; its parts follow each other without a gap.

    Attributes:
        promote: From the command until the promoted database was open: the fence, the promotion, and the
            updates and decisions between them.
        start: From then until a pod of Odoo answered as its readiness probe asks.
    """

    promote: Count
    start: Count

    @property
    def total(self) -> int:
        """Both."""
        return self.promote + self.start


class FailoverResult(Recovery):
    """The result of a failover; see `Recovery` for what every recovery has.

    Attributes:
        number: Of the attempt.
        closed: Whether the first region was closed before; then nothing that was committed is missing,
            because the promoted database is not opened otherwise.
        promoted_at: When the promoted database was open.
        answered_at: When Odoo answered there; empty if it does not.
        standby_lag_seconds: Of a region that was lost: how far the standby was behind when somebody said so,
            as RDS says; None where nobody knows.
    """

    step = STEP

    way: Literal["failover"]
    number: Positive
    closed: bool
    promoted_at: Moment
    answered_at: Moment
    standby_lag_seconds: Count | None
    stages: Stages | None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        measured = self.stages.total if self.stages else None
        if measured != self.rto_seconds:
            raise ValueError(f"its stages take {measured} s, its rto_seconds are {self.rto_seconds}")
        if self.passed and self.rto_seconds is None:
            raise ValueError("it passed, and nothing was measured")
        if self.rpo_seconds != (0 if self.closed else self.standby_lag_seconds):
            raise ValueError(
                f"its rpo_seconds are {self.rpo_seconds}, and what it says of the standby differs"
            )
        return self

    def shortfalls(self, promise: Promise) -> Iterator[str]:
        """In what it is slower than *promise*; what nobody knows keeps no promise."""
        yield from super().shortfalls(promise)
        if self.lost_seconds is None:
            yield "RPO not known: RDS did not say how far the standby was behind"


class Seen(NamedTuple):
    """What was seen of a failover.

    Attributes:
        jobs: The Jobs in the second region that open the database, as Kubernetes has them.
        pods: The pods there that serve people.
        lag: By how many seconds the standby was behind when somebody said that the region is lost; of a lost
            region only.
    """

    jobs: Sequence[Mapping[str, Any]]
    pods: Sequence[Mapping[str, Any]]
    lag: int | None


def failover_result(tenant: TenantId, failover: Failover, seen: Seen, now: datetime) -> FailoverResult:
    """What the failover of *tenant* took.

    Args:
        tenant: The tenant.
        failover: Its failover, at the stage in which Odoo was started in the second region.
        seen: What was seen of it.
        now: The moment of asking, in UTC.

    Raises:
        LifecycleError: When nobody knows when it began, or clocks contradict each other.
    """
    if failover.began_at is None:
        raise LifecycleError(
            f"{tenant}: its file does not say when the failover began (began_at), which an older version of "
            "costack or a person wrote: nothing can be measured"
        )
    began = failover.began_at.astimezone(UTC)
    opened, answered = _first(map(_completed, seen.jobs)), _first(map(_ready, seen.pods))
    lag = None if failover.was_closed else seen.lag
    stages = _stages(tenant, began, opened, answered)
    checks = (_check("promoted database", "open", opened), _check("odoo", "answers", answered))
    return FailoverResult(
        version=1,
        tenant=tenant,
        region=failover.to,
        way="failover",
        number=failover.number,
        closed=failover.was_closed,
        asked_at=began.strftime(_MOMENT),
        started_at=began.strftime(_MOMENT),
        promoted_at=_text(opened),
        answered_at=_text(answered),
        finished_at=_text(answered or now),
        rto_seconds=stages.total if stages else None,
        rpo_seconds=0 if failover.was_closed else lag,
        standby_lag_seconds=lag,
        stages=stages,
        checks=checks,
        result="ok" if all(check.ok for check in checks) else "failed",
    )


def _stages(
    tenant: str, began: datetime, opened: datetime | None, answered: datetime | None
) -> Stages | None:
    if opened is None or answered is None:
        return None
    parts = [int((after - before).total_seconds()) for before, after in ((began, opened), (opened, answered))]
    if min(parts) < 0:
        raise LifecycleError(
            f"{tenant}: the failover began at {_text(began)}, its database was opened at {_text(opened)} and "
            f"Odoo answered at {_text(answered)}: one of these clocks is wrong, so nothing is recorded"
        )
    return Stages(promote=parts[0], start=parts[1])


def _completed(job: Mapping[str, Any]) -> datetime | None:
    """When a Job ended well."""
    status = job.get("status") or {}
    done = any(each.get("type") == "Complete" for each in status.get("conditions") or () if _holds(each))
    return _moment(status.get("completionTime")) if done else None


def _ready(pod: Mapping[str, Any]) -> datetime | None:
    """Since when a pod is ready: a later moment than the first, if it was not in between."""
    found = ((pod.get("status") or {}).get("conditions")) or ()
    since = (each.get("lastTransitionTime") for each in found if each.get("type") == "Ready" and _holds(each))
    return _moment(next(since, None))


def _holds(condition: Mapping[str, Any]) -> bool:
    return condition.get("status") == "True"


def _first(moments: Iterator[datetime | None]) -> datetime | None:
    return min((each for each in moments if each is not None), default=None)


def _moment(said: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)


def _check(name: str, expected: str, seen: datetime | None) -> Check:
    return Check(name=name, expected=expected, found=expected if seen else "not seen", ok=seen is not None)


def _text(moment: datetime | None) -> str:
    return moment.strftime(_MOMENT) if moment else ""
