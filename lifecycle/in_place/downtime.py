"""What a restore in place took and lost: measured from Pulumi's state and history, against the promise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from allocation.report.figures import duration
from lifecycle.errors import LifecycleError
from lifecycle.restore_test.result import RestoreResult
from tiers.catalog.classes import ResilienceRequirements
from tiers.facts.names import RESTORE_ANSWERED, RESTORE_BEGAN
from tiers.naming import physical_name
from tiers.plan.plan import TenantPlan
from tiers.portfolio.restore.stage import Restore, named_moment

STEP: Final = "restore"
"""The step name in the evidence."""
_SECONDS_PER_MINUTE: Final = 60
_MARK: Final = "random:index/randomId:RandomId"


class Update(NamedTuple):
    """An update of the stack: from when until when it ran, in UTC."""

    started: datetime
    ended: datetime


class Downtime(NamedTuple):
    """When people of a tenant waited; to the second, so that its parts add up.

    Attributes:
        stopped: The update began that stops Odoo.
        switched: The last update before Odoo started had ended.
        starting: The update began that starts Odoo.
        answered: Odoo had answered.
    """

    stopped: datetime
    switched: datetime
    starting: datetime
    answered: datetime

    @property
    def seconds(self) -> Mapping[str, int]:
        """What each part took."""
        return {
            "switch_seconds": _between(self.stopped, self.switched),
            "waiting_seconds": _between(self.switched, self.starting),
            "start_seconds": _between(self.starting, self.answered),
        }


def downtime_of(state: Mapping[str, Any], history: Iterable[Mapping[str, Any]], tenant: str) -> Downtime:
    """How long *tenant* stood still for its restore.

    Args:
        state: What `pulumi stack export` prints.
        history: What `pulumi stack history --json` prints, the newest first; read back to the switch.
        tenant: Its id.

    Raises:
        LifecycleError: When either does not say.
    """
    marks = (RESTORE_BEGAN, RESTORE_ANSWERED)
    began, answered = (_made(state, physical_name(tenant, mark)) for mark in marks)
    updates = list(_back_to(began, _updates(history)))
    switch, start = (_within(updates, moment, tenant) for moment in (began, answered))
    before = [each.ended for each in updates if switch.started <= each.started < start.started]
    if not before:
        raise LifecycleError(
            f"{tenant}: its switch and its start are of one update, so nothing can be measured of its restore"
        )
    return Downtime(*map(_to_the_second, (switch.started, max(before), start.started, answered)))


def moment_of(restore: Restore, stopped: datetime, results: Iterable[RestoreResult]) -> datetime:
    """The moment that a tenant went back to.

    Args:
        restore: The restore.
        stopped: When it was switched.
        results: Those of the restores and restore tests of its backups.

    Raises:
        LifecycleError: When none of them says it.
    """
    if restore.point_in_time:
        return restore.at
    known = [
        each
        for each in results
        if each.backup
        and each.backup <= restore.moment
        and _read(each.started_at) < stopped
        and each.taken_at
    ]
    if not known:
        raise LifecycleError(
            f"no result in the bucket says which backup of {restore.moment} or before was restored, so what "
            "was lost cannot be told; restore tests that were made since may have pushed it out of the newest"
        )
    return _read(max(known, key=lambda each: each.backup).taken_at)


def record_of(
    tenant: TenantPlan, took: Downtime, moment: datetime, promise: ResilienceRequirements, now: datetime
) -> Mapping[str, Any]:
    """The record of a restore in an evidence file.

    RPO is what was written between the moment and the switch: it is in the database that is kept until
    somebody confirms. RTO is from the update that stops Odoo to its first answer.
    """
    lost, waited = _between(moment, took.stopped), _between(took.stopped, took.answered)
    promised = {
        "promised_rpo_seconds": promise.rpo_minutes * _SECONDS_PER_MINUTE,
        "promised_rto_seconds": promise.rto_minutes * _SECONDS_PER_MINUTE,
    }
    kept = lost <= promised["promised_rpo_seconds"] and waited <= promised["promised_rto_seconds"]
    return {
        "at": named_moment(now),
        "step": STEP,
        "version": 1,
        "portfolio": tenant.portfolio,
        "tenant": tenant.tenant,
        "resilience_class": str(tenant.resilience_class),
        "way": "point-in-time" if tenant.restore and tenant.restore.point_in_time else "backup",
        "taken_at": named_moment(moment),
        "stopped_at": named_moment(took.stopped),
        "answered_at": named_moment(took.answered),
        "rpo_seconds": lost,
        "rto_seconds": waited,
        "phases": dict(took.seconds),
        **promised,
        "promise_kept": kept,
    }


def in_words(record: Mapping[str, Any]) -> str:
    """What was measured, as a sentence."""
    told = {name: duration(record[name]) for name in record if name.endswith(("rpo_seconds", "rto_seconds"))}
    return (
        f"{record['tenant']} went back to {record['taken_at']}: {told['rpo_seconds']} of work are in the "
        f"database of before ({told['promised_rpo_seconds']} promised at most), and people waited "
        f"{told['rto_seconds']} ({told['promised_rto_seconds']} promised)"
    )


def _made(state: Mapping[str, Any], name: str) -> datetime:
    """When the mark *name* was made."""
    for each in state.get("deployment", {}).get("resources", ()):
        if (
            each.get("type") == _MARK
            and str(each.get("urn", "")).endswith(f"::{name}")
            and each.get("created")
        ):
            return _read(str(each["created"]))
    raise LifecycleError(
        f"the state has no '{name}': a restore is measured once its stage `start` is deployed, and until it "
        "is confirmed and finished"
    )


def _updates(history: Iterable[Mapping[str, Any]]) -> Iterator[Update]:
    for each in history:
        if each.get("startTime") and each.get("endTime"):
            yield Update(_read(str(each["startTime"])), _read(str(each["endTime"])))


def _back_to(moment: datetime, updates: Iterable[Update]) -> Iterator[Update]:
    """Those of *updates*, the newest first, down to the one in which *moment* was."""
    for each in updates:
        yield each
        if each.started <= moment:
            return


def _within(updates: Iterable[Update], moment: datetime, tenant: str) -> Update:
    for each in updates:
        if each.started <= moment <= each.ended:
            return each
    raise LifecycleError(
        f"{tenant}: Pulumi's history has no update of {moment:%Y-%m-%dT%H:%M:%SZ}, so nobody can tell when "
        "people began to wait; use the backend that the stack was updated with"
    )


def _read(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LifecycleError(f"expected a time, found '{text[:60]}'") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _to_the_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _between(first: datetime, last: datetime) -> int:
    return int((last - first).total_seconds())
