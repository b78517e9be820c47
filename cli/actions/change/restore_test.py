"""`costack restore-test`: restores a tenant's backup in a pod of its own, and checks it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from rich.table import Table

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.kubectl import Cluster, current_context
from lifecycle.evidence import append, read
from lifecycle.restore_test.job import FETCH, REPORT, RESTORE, restore_job
from lifecycle.restore_test.owner import Owner
from lifecycle.restore_test.result import NotRestorableError, RestoreResult, restore_result
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.portfolio.names import id_of

_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([smh])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours"}
_TAKEN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str | None
    stack: str | None
    inventory: Path | None
    backup: str | None
    timeout: str | None
    storage_class: str | None
    evidence: Path | None
    context: str | None
    dry_run: bool
    cwd: Path
    as_json: bool
    all_due: bool = False
    check: bool = False
    parallel: int = 1


def run_restore_test(request: Request, now: datetime) -> None:
    """Make the Job, wait for it, print and record what it found.

    Raises:
        CatalogError: When the inventory cannot be read, or names nothing to restore.
        LifecycleError: When the test could not be made.
        NotRestorableError: When it was made, and a check failed.
    """
    if request.tenant is None:
        raise CatalogError(
            "name the tenant whose backup is to be restored, or all that are due with --all-due"
        )
    if request.check or request.parallel > 1:
        raise CatalogError("--check and --parallel are for --all-due; leave them out for one tenant")
    inventory = inventory_of(request)
    tenant = id_of(inventory.plan.tenants, request.tenant)
    job, owner = job_of(request, inventory, tenant, now), owner_of(inventory, tenant)
    if request.dry_run:
        echo(as_text(job, as_json=request.as_json))
        return
    refuse_broken(request.evidence)
    context = request.context or current_context()
    result = tested(Cluster(context, time.sleep), job, tenant)
    show(result, as_json=request.as_json)
    record(request.evidence, result, owner, context=context, job=job["metadata"]["name"])
    if not result.passed:
        raise NotRestorableError(fault_of(result))


def job_of(request: Request, inventory: Inventory, tenant: str, now: datetime) -> dict[str, Any]:
    """The Job that tests a backup of *tenant* as *request* says."""
    return restore_job(
        inventory,
        tenant,
        now,
        timeout=duration_of(request.timeout),
        backup=_taken(request.backup),
        storage_class=request.storage_class,
    )


def tested(cluster: Cluster, job: Mapping[str, Any], tenant: str) -> RestoreResult:
    """What *job* found, once it has ended; whoever waits is told which one it is.

    Raises:
        LifecycleError: When the test could not be made.
    """
    name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
    echo(f"restore test: job '{name}' in namespace '{namespace}' of context '{cluster.context}'", err=True)
    return restore_result(_log(cluster, job), tenant)


def fault_of(result: RestoreResult) -> str:
    """A sentence for a backup that failed its test."""
    found = ", ".join(check.name for check in result.faults)
    return f"{result.tenant}: backup '{result.backup}' failed its restore test: {found}"


def owner_of(inventory: Inventory, tenant: str) -> Owner:
    """Whose *tenant* is, as deployed."""
    plan = inventory.plan.tenant(tenant)
    return Owner.of(plan) if plan else Owner()


def record(evidence: Path | None, result: RestoreResult, owner: Owner, **more: Any) -> None:
    """Append *result*, and whose it is, to the evidence file, if there is one."""
    if evidence is not None:
        append(evidence, {**result.as_evidence(), **owner._asdict(), **more})


def refuse_broken(evidence: Path | None) -> None:
    """Before the test, which may take an hour: whether its result could be recorded."""
    if evidence is None:
        return
    if evidence.exists():
        read(evidence)
    elif not evidence.absolute().parent.is_dir():
        raise CatalogError(f"{evidence}: its folder does not exist; make it first")


def _log(cluster: Cluster, job: Mapping[str, Any]) -> str:
    """What the Job printed; an interruption deletes the Job."""
    try:
        cluster.create(job)
        return cluster.outcome(job, REPORT, RESTORE, FETCH)
    except KeyboardInterrupt:
        cluster.delete(job)
        raise


def inventory_of(request: Request) -> Inventory:
    """What is deployed.

    Raises:
        CatalogError: When it cannot be read, or none is named.
    """
    if (request.stack is None) is (request.inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if request.inventory is not None:
        return inventory_of_file(request.inventory)
    return deployed_inventory(str(request.stack), request.cwd)


def duration_of(text: str | None) -> timedelta | None:
    """The time that --timeout names; None when it was not given.

    Raises:
        CatalogError: When it is none.
    """
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    if not found:
        raise CatalogError(f"--timeout {text}: expected a time such as 90s, 60m or 2h")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


def _taken(backup: str | None) -> str | None:
    if backup is not None and not _TAKEN.fullmatch(backup):
        raise CatalogError(f"--backup {backup}: expected the time it was taken, such as 2026-11-24T01:15:00Z")
    return backup


def as_text(job: Mapping[str, Any], *, as_json: bool) -> str:
    """For `kubectl create --filename -`, and for reading: scripts keep their lines."""
    if as_json:
        return json.dumps(job, indent=2)
    return yaml.dump(job, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=1000).rstrip()


class _Readable(yaml.SafeDumper):
    """Writes text of several lines as it is, and nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _literally(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _literally)


def show(result: RestoreResult, *, as_json: bool) -> None:
    """Print every check of *result*."""
    if as_json:
        echo(result.model_dump_json(indent=2))
        return
    table = Table(
        title=f"{result.tenant}: backup of {result.taken_at or 'an unknown time'}", title_justify="left"
    )
    for heading in ("check", "expected", "found", ""):
        table.add_column(heading)
    for check in result.checks:
        table.add_row(check.name, check.expected, check.found, "ok" if check.ok else "FAILED")
    wrong = [f"{check.name}: {difference}" for check in result.faults for difference in check.differences]
    print_table(table, [*wrong, _measured(result)])


def _measured(result: RestoreResult) -> str:
    return (
        f"restored {result.database_bytes} bytes from a dump of {result.dump_bytes} in "
        f"{result.restore_seconds} s, checked in {result.seconds} s; {result.file_bytes} bytes of files"
    )
