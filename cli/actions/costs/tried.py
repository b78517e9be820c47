"""What evidence files show of a portfolio's tenants: the restores and recoveries that were tried.

A line counts when it is of the same portfolio and client. One of an older version says neither: it counts for
the tenant of its id, and whoever shows it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allocation.review.tried import Kept, Recovery, Rehearsed
from lifecycle.rehearsal.due import standings
from lifecycle.rehearsal.recovery import Recovery as Recovered
from lifecycle.rehearsal.tried import tried_recoveries
from lifecycle.restore_test.owner import Owner
from lifecycle.restore_test.result import tried_restores
from tiers.plan.plan import Plan
from tiers.vocabulary import TenantId


def restored(files: Iterable[Path], plan: Plan, end: datetime) -> dict[str, Recovery]:
    """The last restore of each tenant that was tried before *end*."""
    owners = _owners(plan)
    found: dict[str, Recovery] = {}
    listed: dict[str, Kept] = {}
    for at, record in _restores(files, end):
        tenant, owner = str(record.get("tenant")), Owner.said_by(record)
        if tenant not in owners or not owner.may_be(owners[tenant]):
            continue
        made, last = _recovery(at, record, owner), found.get(tenant)
        # A line that is there twice, once without its owner, is the one that names it.
        if last is None or (last.tried_at, last.owner_said) <= (made.tried_at, made.owner_said):
            found[tenant] = made
        kept = _kept(record)
        if kept and (tenant not in listed or listed[tenant].listed_at < kept.listed_at):
            listed[tenant] = kept
    return {tenant: replace(each, kept=listed.get(tenant)) for tenant, each in found.items()}


def rehearsed_before(files: Iterable[Path], plan: Plan, end: datetime) -> Iterator[Rehearsed]:
    """The recovery of each tenant as rehearsals and failovers before *end* show it."""
    tried = sorted(
        _recoveries(files, end), key=lambda each: (each.ended_at, each.owner.is_said), reverse=True
    )
    owners = _owners(plan)

    def of(tenant: TenantId) -> Iterator[Recovered]:
        return (each for each in tried if each.tenant == tenant and each.owner.may_be(owners[tenant]))

    for each in standings(plan, of, end):
        newest, promise = each.newest, each.promise
        yield Rehearsed(
            each.tenant,
            each.fact.region,
            each.state,
            each.why,
            newest.ended_at if newest else None,
            each.most_days,
            newest.rto_seconds if newest else None,
            newest.lost_seconds if newest else None,
            promise.rto_seconds,
            promise.rpo_seconds,
            newest is None or newest.owner.is_said,
        )


def left_out(files: Iterable[Path], plan: Plan, end: datetime) -> tuple[str, ...]:
    """A phrase for each other owner whose lines name a tenant of *plan*, and count for nobody here."""
    owners, given = _owners(plan), tuple(files)
    said = [(str(record.get("tenant")), Owner.said_by(record)) for _, record in _restores(given, end)]
    said += [(each.tenant, each.owner) for each in _recoveries(given, end)]
    strangers = [
        f"{tenant} of client {owner.client} in portfolio {owner.portfolio}"
        for tenant, owner in said
        if tenant in owners and not owner.may_be(owners[tenant])
    ]
    return tuple(sorted(set(strangers)))


def _owners(plan: Plan) -> Mapping[str, Owner]:
    return {tenant.tenant: Owner.of(tenant) for tenant in plan.tenants}


def _restores(files: Iterable[Path], end: datetime) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    return (each for path in files for each in tried_restores(path) if each[0] < end)


def _recoveries(files: Iterable[Path], end: datetime) -> Iterator[Recovered]:
    return (result for path in files for at, result in tried_recoveries(path) if at < end)


def _kept(record: Mapping[str, Any]) -> Kept | None:
    """The listing of backups that a line has, if it has one that can be read."""
    try:
        said = record["backups"]
        moments = [datetime.fromisoformat(said[name]).astimezone(UTC) for name in ("oldest", "listed_at")]
        return Kept(moments[0], moments[1], int(said["count"]))
    except (KeyError, TypeError, ValueError):
        return None


def _recovery(at: datetime, record: Mapping[str, Any], owner: Owner) -> Recovery:
    seconds = record.get("restore_seconds")
    minutes = -(-int(seconds) // 60) if seconds is not None else None
    taken = str(record.get("taken_at") or "")
    return Recovery(at, record.get("result") == "ok", minutes, taken, owner.is_said)
