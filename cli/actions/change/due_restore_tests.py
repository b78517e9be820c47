"""`costack restore-test --all-due`: tests the backups whose last good test is older than it may be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rich.table import Table

from allocation.errors import GateError
from cli.actions.change.restore_test import (
    Request,
    fault_of,
    inventory_of,
    job_of,
    owner_of,
    record,
    refuse_broken,
    show,
    tested,
)
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.decommission_world import backups_kept_of, restore_tests_of
from lifecycle.adapters.kubectl import Cluster, current_context
from lifecycle.errors import LifecycleError
from lifecycle.restore_test.due import Standing, State, standings
from lifecycle.restore_test.owner import Owner
from lifecycle.restore_test.result import RestoreResult, tried_restores
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError, ToldError
from tiers.inventory import Inventory
from tiers.vocabulary import TenantId


def run_all_due(request: Request, now: datetime) -> None:
    """Say where the backups of every tenant stand, and test those that are due.

    Raises:
        CatalogError: When the inventory cannot be read, or options exclude each other.
        GateError: When something is due and only that was asked.
        LifecycleError: When a backup failed its test, a test could not be made, or results cannot be read.
    """
    _refuse_options(request)
    inventory = inventory_of(request)
    usual = load_catalog().classes.signals.most_restore_test_age_days
    found = tuple(standings(inventory.plan, partial(restore_tests_of, inventory), now, usual))
    due = [each.tenant for each in found if each.state.is_due]
    unread = [f"{each.tenant}: its restore tests cannot be read: {each.why}" for each in found if each.why]
    if not request.as_json:
        _show(found, now)
    results: list[RestoreResult] = []
    problems: list[str] = []
    if not request.dry_run:
        refuse_broken(request.evidence)
        _keep(request, inventory, found, now)
        if not request.check:
            problems = _run(request, inventory, due, now, results.append)
    if request.as_json:
        echo(_document(found, results, now))
    if request.check and due:
        raise GateError(f"{len(due)} restore tests are due and were not made: {', '.join(due)}", *unread)
    if problems or unread:
        raise LifecycleError(*problems, *unread)


def _refuse_options(request: Request) -> None:
    if request.tenant is not None:
        raise CatalogError("leave the tenant out with --all-due, or --all-due with a tenant")
    if request.backup is not None:
        raise CatalogError("--backup names a backup of one tenant; leave it out with --all-due")
    if request.check and request.dry_run:
        raise CatalogError("--check makes no test either; leave out --check or --dry-run")


def _keep(request: Request, inventory: Inventory, found: Sequence[Standing], now: datetime) -> None:
    """Record the newest result that the bucket has of each tenant, where evidence does not have it yet.

    A line that does not say whose it is, or since when there are backups, has it not: the new one does.
    """
    if request.evidence is None:
        return
    there = tried_restores(request.evidence) if request.evidence.exists() else ()
    known = {
        (each.get("tenant"), each.get("started_at"), Owner.said_by(each), "backups" in each)
        for _, each in there
    }
    for each in found:
        owner = owner_of(inventory, each.tenant)
        if each.newest is None or (each.tenant, each.newest.started_at, owner, True) in known:
            continue
        kept = _kept(inventory, each.tenant, now)
        if kept or (each.tenant, each.newest.started_at, owner, False) not in known:
            record(request.evidence, each.newest, owner, **kept)


def _kept(inventory: Inventory, tenant: TenantId, now: datetime) -> Mapping[str, Any]:
    """The backups that the bucket has, as a field of evidence: since when shows for how long they are kept.

    A bucket that cannot be listed takes no result of a test away; then nothing is said.
    """
    try:
        kept = backups_kept_of(inventory, tenant)
    except LifecycleError:
        return {}
    return {"backups": {**kept, "listed_at": f"{now:%Y-%m-%dT%H:%M:%SZ}"}} if kept else {}


def _run(
    request: Request,
    inventory: Inventory,
    due: Sequence[TenantId],
    now: datetime,
    made: Callable[[RestoreResult], None],
) -> list[str]:
    """Test *due*, at most as many at once as was asked for; a sentence for each that went wrong."""
    if not due:
        return []
    context, stopped = request.context or current_context(), threading.Event()
    problems: list[str] = []
    one = partial(_test, request, inventory, now, Cluster(context, paused_until(stopped)))
    with ThreadPoolExecutor(max_workers=request.parallel) as pool:
        running = {pool.submit(one, tenant): tenant for tenant in due}
        try:
            for future in as_completed(running):
                problems += _ended(request, running[future], future, context, made)
        except BaseException:
            # Those that have not begun never do, and before a thread is free for them; each that waits then
            # deletes its Job.
            pool.shutdown(wait=False, cancel_futures=True)
            stopped.set()
            raise
    return problems


def _ended(
    request: Request,
    tenant: TenantId,
    future: Future[tuple[Mapping[str, Any], Owner, RestoreResult]],
    context: str,
    made: Callable[[RestoreResult], None],
) -> Iterator[str]:
    try:
        more, owner, result = future.result()
    except ToldError as error:
        yield from (each if tenant in each else f"{tenant}: {each}" for each in error.problems)
        return
    made(result)
    record(request.evidence, result, owner, context=context, **more)
    if not request.as_json:
        show(result, as_json=False)
    if not result.passed:
        yield fault_of(result)


def _test(
    request: Request, inventory: Inventory, now: datetime, cluster: Cluster, tenant: TenantId
) -> tuple[Mapping[str, Any], Owner, RestoreResult]:
    job = job_of(request, inventory, tenant, now)
    owner = owner_of(inventory, tenant)
    result = tested(cluster, job, tenant)
    more = {"job": job["metadata"]["name"], **_kept(inventory, tenant, datetime.now(UTC))}
    return more, owner, result


def paused_until(stopped: threading.Event) -> Callable[[float], None]:
    """A pause that ends the wait of its thread once somebody pressed Ctrl-C in the main one."""

    def pause(seconds: float) -> None:
        if stopped.wait(seconds):
            raise KeyboardInterrupt

    return pause


def _show(found: Sequence[Standing], now: datetime) -> None:
    table = Table(title="Restore tests", title_justify="left")
    for heading in ("tenant", "last good test", "age in days", "at most", "state"):
        table.add_column(heading)
    for each in found:
        age = each.age_days(now)
        table.add_row(
            each.tenant,
            f"{each.good_at:%Y-%m-%d}" if each.good_at else "",
            "" if age is None else str(age),
            str(each.most_days),
            each.state.upper() if each.state is not State.GOOD else each.state,
        )
    print_table(table)


def _document(found: Sequence[Standing], results: Sequence[RestoreResult], now: datetime) -> str:
    """For programs: where each tenant stands, and what the tests of this run found."""
    tenants = [
        {
            "tenant": each.tenant,
            "state": each.state,
            "last_good_at": f"{each.good_at:%Y-%m-%dT%H:%M:%SZ}" if each.good_at else None,
            "age_days": each.age_days(now),
            "most_days": each.most_days,
            "why": each.why or None,
        }
        for each in found
    ]
    made = [each.model_dump(mode="json") for each in results]
    return json.dumps({"tenants": tenants, "made": made}, indent=2)
