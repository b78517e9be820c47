"""`costack failover --rehearse`: tries out a tenant's recovery in its second region, and measures it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.table import Table

from allocation.errors import GateError
from allocation.report.figures import duration
from cli.actions.change import restore_test
from cli.actions.change.restore_test import as_text, duration_of, inventory_of, owner_of, refuse_broken
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.kubectl import Cluster, KubectlError, current_context
from lifecycle.adapters.replica_lag import replica_lag
from lifecycle.errors import LifecycleError
from lifecycle.evidence import append
from lifecycle.rehearsal.recovery import Promise, Recovery
from lifecycle.rehearsal.result import NotRecoverableError, RehearsalResult, rehearsal_result
from lifecycle.rehearsal.scratch import (
    ASKED_AT,
    BRING,
    FETCH,
    MARK,
    REPORT,
    RESTORE,
    Scratch,
    fact_of,
    scratch_of,
)
from lifecycle.restore_test.owner import Owner
from tiers.errors import CatalogError
from tiers.facts.every_fact import ClusterControlPlane
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan
from tiers.portfolio.names import id_of
from tiers.vocabulary import TenantId


@dataclass(frozen=True)
class Request(restore_test.Request):
    """What the command line asks for; each field is the option of its name, `to` the second region."""

    to: str | None = None
    rehearse: bool = False


def run_rehearsal(request: Request, now: datetime) -> None:
    """Make the scratch namespace, wait for its Job, take it away, print and record what was measured.

    Raises:
        CatalogError: When the inventory cannot be read, or names nothing to rehearse.
        LifecycleError: When the rehearsal could not be made.
        NotRecoverableError: When it was made, and the recovery failed.
        GateError: When it succeeded, and was slower than promised.
    """
    if request.tenant is None or request.to is None:
        raise CatalogError(
            "name the tenant and --to REGION, or rehearse all that are due with --rehearse --all-due"
        )
    if request.check or request.parallel > 1:
        raise CatalogError("--check and --parallel are for --all-due; leave them out for one tenant")
    inventory = inventory_of(request)
    tenant = TenantId(id_of(inventory.plan.tenants, request.tenant))
    scratch, promise = scratch_for(request, inventory, tenant, request.to, now)
    if request.dry_run:
        echo(
            as_text(
                {"apiVersion": "v1", "kind": "List", "items": list(scratch.items)}, as_json=request.as_json
            )
        )
        return
    refuse_broken(request.evidence)
    context = context_of(request, inventory, request.to)
    result = rehearsed(Cluster(context, time.sleep), scratch, tenant)
    show(result, promise, as_json=request.as_json)
    record(request.evidence, result, promise, owner_of(inventory, tenant), context)
    if faults := fault_of(result, promise):
        raise faults


def scratch_for(
    request: Request, inventory: Inventory, tenant: TenantId, region: str, now: datetime
) -> tuple[Scratch, Promise]:
    """What is made to rehearse the recovery of *tenant* in *region*, and what is promised.

    Raises:
        CatalogError: When there is no such tenant, or nothing of it to rehearse there.
    """
    plan = inventory.plan.tenant(tenant)
    if plan is None:
        known = ", ".join(each.tenant for each in inventory.plan.tenants)
        raise CatalogError(f"tenant '{tenant}' is not in the inventory; there are {known or 'none'}")
    fact, most = fact_of(plan, region), duration_of(request.timeout)
    made = scratch_of(
        inventory,
        plan,
        fact,
        now,
        timeout=most,
        storage_class=request.storage_class,
        standby_lag=None if request.dry_run else _lag(inventory, plan, now),
    )
    return made, Promise.of(fact)


def _lag(inventory: Inventory, plan: TenantPlan, now: datetime) -> int | None:
    """How far the standby is behind; where AWS does not say, the copies count, and the reader is told."""
    try:
        return replica_lag(inventory, plan, now)
    except LifecycleError as error:
        echo(f"{error}; RPO is that of the copies", err=True)
        return None


def context_of(request: Request, inventory: Inventory, region: str) -> str:
    """The context of kubectl: the one that is named, that of the region's own cluster, or the current one.

    Raises:
        KubectlError: When there is none.
    """
    return context_there(request.context, inventory, region)


def context_there(given: str | None, inventory: Inventory, region: str) -> str:
    """The context that is *given*, that of the cluster which *inventory* has in *region*, or the current one.

    Raises:
        KubectlError: When there is none.
    """
    clusters = (fact for fact in inventory.plan.all_facts() if isinstance(fact, ClusterControlPlane))
    named = next((each.context for each in clusters if each.region == region and each.context), None)
    return given or named or current_context()


def rehearsed(cluster: Cluster, scratch: Scratch, tenant: TenantId) -> RehearsalResult:
    """What the rehearsal of *tenant* measured; its namespace is gone then, however it ended.

    Raises:
        LifecycleError: When it could not be made, or when something of it may still be there.
    """
    name, namespace = scratch.job["metadata"]["name"], scratch.namespace["metadata"]["name"]
    remove_left(cluster, scratch)
    echo(f"rehearsal: job '{name}' in namespace '{namespace}' of context '{cluster.context}'", err=True)
    try:
        cluster.create_all(scratch.items)
        said = cluster.outcome(scratch.job, REPORT, BRING, RESTORE, FETCH)
    finally:
        _take_away(cluster, scratch)
    return rehearsal_result(said, tenant)


def remove_left(cluster: Cluster, scratch: Scratch) -> None:
    """Remove what an earlier rehearsal of the tenant left, or still does: two would measure each other.

    Raises:
        CatalogError: When there is a namespace of that name which no rehearsal made.
        KubectlError: When it may still be there.
    """
    there, name = cluster.found(scratch.namespace), scratch.namespace["metadata"]["name"]
    if there is None:
        return
    marks = there.get("metadata", {})
    if (marks.get("labels") or {}).get(MARK) != scratch.namespace["metadata"]["labels"][MARK]:
        raise CatalogError(
            f"namespace '{name}' of context '{cluster.context}' was made by no rehearsal of this tenant: it "
            "is left alone, and nothing was rehearsed; delete it if it is yours"
        )
    asked = (marks.get("annotations") or {}).get(ASKED_AT, "an unknown time")
    echo(f"removing namespace '{name}', which the rehearsal of {asked} left", err=True)
    cluster.delete_whole(scratch.namespace)


def _take_away(cluster: Cluster, scratch: Scratch) -> None:
    """Delete the namespace with everything in it; who cannot is told what is left and how it goes."""
    name = scratch.namespace["metadata"]["name"]
    try:
        cluster.delete_whole(scratch.namespace)
    except (KubectlError, KeyboardInterrupt):
        remove = f"kubectl --context {cluster.context} delete namespace {name}"
        echo(
            f"left: namespace '{name}' of context '{cluster.context}': Kubernetes ends its Job at the "
            f"deadline, the next rehearsal removes it, and so does `{remove}`",
            err=True,
        )
        raise


def fault_of(result: Recovery, promise: Promise) -> NotRecoverableError | GateError | None:
    """What is wrong with *result*; None when it keeps the promise."""
    if not result.passed:
        found = ", ".join(f"{check.name} ({check.found})" for check in result.faults)
        return NotRecoverableError(f"{result.tenant}: the recovery in {result.region} failed: {found}")
    slow = list(result.shortfalls(promise))
    if slow:
        return GateError(f"{result.tenant}: slower than promised in {result.region}: {'; '.join(slow)}")
    return None


def record(evidence: Path | None, result: Recovery, promise: Promise, owner: Owner, context: str) -> None:
    """Append *result*, and whose it is, to the evidence file, if there is one."""
    if evidence is not None:
        append(evidence, {**result.as_evidence(promise), **owner._asdict(), "context": context})


def show(result: RehearsalResult, promise: Promise, *, as_json: bool) -> None:
    """Print what was measured, by phase and against the promise, and every check."""
    if as_json:
        echo(result.model_dump_json(indent=2))
        return
    title = f"recovery in {result.region}, rehearsed"
    phases = result.phases.model_dump() if result.phases else {}
    measured = recovery_table(result, promise, title, phases, unknown="not measured")
    wrong = [f"{check.name}: {difference}" for check in result.faults for difference in check.differences]
    taken, row, file = (
        each or "unknown" for each in (result.taken_at, result.newest_record_at, result.newest_file_at)
    )
    data = f"taken at: backup {taken}, newest record {row}, newest file {file}"
    print_table(measured, [*wrong, data])


def recovery_table(
    result: Recovery, promise: Promise, title: str, parts: Mapping[str, int], *, unknown: str
) -> Table:
    """What a recovery showed beside what was promised: *parts* are the seconds of its steps, by name."""
    table = Table(title=f"{result.tenant}: {title}", title_justify="left")
    for heading in ("", "measured", "promised"):
        table.add_column(heading)
    for name, found, most in (
        ("RTO", result.rto_seconds, promise.rto_seconds),
        ("RPO", result.lost_seconds, promise.rpo_seconds),
    ):
        table.add_row(name, unknown if found is None else duration(found), duration(most))
    for part, seconds in parts.items():
        table.add_row(f"  {part}", duration(seconds), "")
    for check in result.checks:
        table.add_row(check.name, check.found, "ok" if check.ok else f"FAILED: expected {check.expected}")
    return table
