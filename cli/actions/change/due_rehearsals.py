"""`costack failover --rehearse --all-due`: rehearses what is older than the class says, failed or slow."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.table import Table

from allocation.errors import GateError
from allocation.report.figures import duration
from cli.actions.change.rehearsal import (
    Request,
    context_of,
    fault_of,
    record,
    rehearsed,
    run_rehearsal,
    scratch_for,
    show,
)
from cli.actions.change.restore_test import inventory_of, owner_of, refuse_broken
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.decommission_world import rehearsals_of
from lifecycle.adapters.kubectl import Cluster
from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.due import Standing, State, standings, unsaid
from lifecycle.rehearsal.failed_over import FailoverResult
from lifecycle.rehearsal.recovery import Recovery
from lifecycle.rehearsal.tried import tried_recoveries
from tiers.errors import CatalogError, ToldError
from tiers.inventory import Inventory
from tiers.vocabulary import TenantId


def run_rehearsals(request: Request, now: datetime) -> None:
    """Rehearse one tenant, or all that are due.

    Raises:
        CatalogError: When no rehearsal is asked for, or as below.
        GateError: As below.
        LifecycleError: As below.
    """
    if not request.rehearse:
        raise CatalogError(
            "say --rehearse, without options that lead a tenant from stage to stage: it changes nothing"
        )
    if request.all_due:
        run_due_rehearsals(request, now)
    else:
        run_rehearsal(request, now)


def run_due_rehearsals(request: Request, now: datetime) -> None:
    """Say where the recovery of every tenant stands, and rehearse those that are due, one after the other.

    Raises:
        CatalogError: When the inventory cannot be read, or options exclude each other.
        GateError: When something is due, or slower than promised.
        LifecycleError: When a recovery failed, could not be rehearsed, or results cannot be read.
    """
    _refuse_options(request)
    inventory = inventory_of(request)
    recorded = tuple(_recorded(request.evidence))
    found = tuple(standings(inventory.plan, partial(_shown, inventory, recorded), now))
    due = [each for each in found if each.state.is_due]
    if not request.as_json:
        _show(found, now)
    problems: list[str] = []
    slow: list[str] = []
    if not request.dry_run:
        refuse_broken(request.evidence)
        _keep(request, inventory, recorded, found)
        if not request.check:
            problems, slow = _run(request, inventory, due)
    if request.as_json:
        echo(_document(found, now))
    unread = [each.said for each in found if each.state is State.UNREADABLE] + list(unsaid(inventory.plan))
    if request.check and due:
        raise GateError(*(each.said for each in due), *unread)
    if problems or unread:
        raise LifecycleError(*problems, *slow, *unread)
    if slow:
        raise GateError(*slow)


def _refuse_options(request: Request) -> None:
    if request.tenant is not None or request.to is not None:
        raise CatalogError("leave tenant and --to out with --all-due: each is rehearsed in its own region")
    if request.check and request.dry_run:
        raise CatalogError("--check rehearses nothing either; leave out --check or --dry-run")
    if request.parallel > 1:
        raise CatalogError("rehearsals run one after the other: side by side they would measure each other")


def _keep(
    request: Request, inventory: Inventory, recorded: Sequence[Recovery], found: Sequence[Standing]
) -> None:
    """Record the newest result that the bucket has of each tenant, where evidence does not have it yet.

    A line that does not say whose it is has it not: the new one does.
    """
    if request.evidence is None:
        return
    known = {(result.tenant, result.started_at, result.owner) for result in recorded}
    for each in found:
        owner = owner_of(inventory, each.tenant)
        if each.newest is not None and (each.tenant, each.newest.started_at, owner) not in known:
            record(request.evidence, each.newest, each.promise, owner, "")


def _recorded(evidence: Path | None) -> Iterator[Recovery]:
    if evidence is not None and evidence.exists():
        yield from (result for _, result in tried_recoveries(evidence))


def _shown(inventory: Inventory, recorded: Sequence[Recovery], tenant: TenantId) -> Iterator[Recovery]:
    """What rehearsals in the bucket and failovers in the evidence show, the newest first.

    A rehearsal that the evidence has is in the bucket, or was of copies that are no more.
    """
    owner = owner_of(inventory, tenant)
    failovers = [
        each
        for each in recorded
        if isinstance(each, FailoverResult) and each.tenant == tenant and each.owner.may_be(owner)
    ]
    both = (*rehearsals_of(inventory, tenant), *failovers)
    return iter(sorted(both, key=lambda each: each.ended_at, reverse=True))


def _run(request: Request, inventory: Inventory, due: Iterable[Standing]) -> tuple[list[str], list[str]]:
    """Rehearse *due*; a sentence for each that went wrong, and for each that was slower than promised."""
    problems: list[str] = []
    slow: list[str] = []
    for each in due:
        try:
            context = context_of(request, inventory, each.fact.region)
            # Its time begins when its own turn comes.
            asked = datetime.now(UTC)
            scratch, promise = scratch_for(request, inventory, each.tenant, each.fact.region, asked)
            result = rehearsed(Cluster(context, time.sleep), scratch, each.tenant)
        except ToldError as error:
            problems += (said if each.tenant in said else f"{each.tenant}: {said}" for said in error.problems)
            continue
        record(request.evidence, result, promise, owner_of(inventory, each.tenant), context)
        if not request.as_json:
            show(result, promise, as_json=False)
        fault = fault_of(result, promise)
        if fault is not None:
            (slow if isinstance(fault, GateError) else problems).append(str(fault))
    return problems, slow


def _show(found: Sequence[Standing], now: datetime) -> None:
    table = Table(title="Rehearsals of a recovery in the second region", title_justify="left")
    for heading in ("tenant", "region", "rehearsed", "age in days", "at most", "RTO", "RPO", "state"):
        table.add_column(heading)
    for each in found:
        newest, age = each.newest, each.age_days(now)
        table.add_row(
            each.tenant,
            each.fact.region,
            newest.finished_at[:10] if newest else "",
            "" if age is None else str(age),
            str(each.fact.age_days),
            _of(newest.rto_seconds if newest else None, each.promise.rto_seconds),
            _of(newest.lost_seconds if newest else None, each.promise.rpo_seconds),
            each.state if each.state is State.GOOD else each.state.upper(),
        )
    print_table(table, [each.said for each in found if each.why])


def _of(measured: int | None, promised: int) -> str:
    return f"{'not measured' if measured is None else duration(measured)} of {duration(promised)}"


def _document(found: Sequence[Standing], now: datetime) -> str:
    """For programs: where each tenant stands."""
    tenants = [
        {
            "tenant": each.tenant,
            "region": each.fact.region,
            "state": each.state,
            "rehearsed_at": each.newest.finished_at if each.newest else None,
            "age_days": each.age_days(now),
            "most_days": each.fact.age_days,
            "rto_seconds": each.newest.rto_seconds if each.newest else None,
            "rpo_seconds": each.newest.lost_seconds if each.newest else None,
            "promised_rto_seconds": each.promise.rto_seconds,
            "promised_rpo_seconds": each.promise.rpo_seconds,
            "why": each.why or None,
        }
        for each in found
    ]
    return json.dumps({"tenants": tenants}, indent=2)
