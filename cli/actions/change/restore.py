"""`costack restore` and `costack refresh`: a step in a tenant's file, once the one before was deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.actions.change.restore_test import refuse_broken
from cli.actions.change.step import Where, tenant_and_file, write_step
from cli.actions.change.uploads import bring_in, remove_upload
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from lifecycle.adapters.decommission_world import restore_tests_of
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.adapters.restores.window import window_of
from lifecycle.errors import RefusedError
from lifecycle.evidence import append
from lifecycle.going_on import refuse_while_server_is_upgraded
from lifecycle.in_place import downtime
from lifecycle.in_place.point_in_time import check_window, server_with_log
from lifecycle.restore import (
    Step,
    advance,
    back,
    begin,
    check_deployed,
    check_has_backups,
    check_source,
    deployed_source,
    in_words,
    left_out,
    whereabouts,
)
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.names import id_of
from tiers.portfolio.restore.stage import ORDER, RESTORED
from tiers.portfolio.tenant import Tenant


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name, `at` also `--backup`.

    `from_archive` is `--from` where that names a file, and `archive_files` is `--files`.
    """

    command: str
    tenant: str
    at: str | None
    from_tenant: str | None
    next: bool
    back: bool
    stack: str
    portfolio: Path | None
    cwd: Path
    from_archive: str | None = None
    archive_files: str | None = None
    live: bool = False
    backup: bool = False
    evidence: Path | None = None

    @property
    def begins(self) -> bool:
        """Whether it is the first step."""
        named = self.from_tenant is not None or self.from_archive is not None
        return named or (self.command == "restore" and self.at is not None)


def restore_on(request: Request, now: datetime) -> None:
    """Write the step into the tenant's file and print what the next update does; without a step, its stage.

    Raises:
        CatalogError: When something cannot be read or written.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    _refuse_contradictions(request)
    inventory = deployed_inventory(request.stack, request.cwd)
    plan = inventory.plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    catalog, portfolio = load_catalog_and_portfolio(folder)
    request = _with_ids(request, portfolio.tenants)
    tenant, path = tenant_and_file(folder, portfolio.tenants, request.tenant)
    deployed = plan.tenant(request.tenant)
    step = _step(request, tenant, deployed, now)
    try:
        check_deployed(tenant, deployed, request.stack, going_back=request.back)
    except RefusedError as waiting:
        if step is not None:
            raise
        echo(waiting)  # a question is answered, not refused
        return
    if step is None:
        echo(_whereabouts(tenant, request.command))
        return
    refuse_while_server_is_upgraded(tenant, portfolio.platform, catalog, request.command)
    measured = _measured(request, inventory, catalog, now)
    if request.from_archive is not None and deployed is not None:
        found = bring_in(inventory, deployed, request.from_archive, request.archive_files, request.cwd, now)
        step = begin(tenant, found.moment, now, archive=found.name)
    elif request.begins and deployed is not None:
        check_has_backups(*_read(request, plan, deployed))
        _check_moment(step, deployed, inventory)
        check_source(tenant.model_copy(update={"restore": step.restore}), portfolio, catalog)
    elif step.restore is None:
        _clear_up(tenant, inventory)
    # As of an upgrade: whoever is killed between the two has it twice, and never not at all.
    _record(request.evidence, measured)
    _write(request, path, step)
    if request.begins and deployed and (told := left_out(_whose(plan, step, deployed), step, now)):
        echo(told)


def _read(request: Request, plan: Plan, deployed: TenantPlan) -> Iterator[TenantPlan]:
    """Who must have backups: the tenant, for its way back, and whoever is backed up for it."""
    yield deployed
    if request.live and request.from_tenant is not None:
        yield deployed_source(plan, request.from_tenant, request.stack)


def _with_ids(request: Request, tenants: Sequence[Tenant]) -> Request:
    """The same with ids of tenants in place of names."""
    source = None if request.from_tenant is None else id_of(tenants, request.from_tenant)
    return replace(request, tenant=id_of(tenants, request.tenant), from_tenant=source)


def _clear_up(tenant: Tenant, inventory: Inventory) -> None:
    """What no stage reads any longer once a restore has ended."""
    if tenant.restore is not None and tenant.restore.from_archive:
        remove_upload(inventory, tenant.tenant)


def _whose(plan: Plan, step: Step, deployed: TenantPlan) -> TenantPlan:
    """Whose backup it is."""
    source = step.restore.from_tenant if step.restore else None
    return (plan.tenant(source) if source else None) or deployed


def _refuse_contradictions(request: Request) -> None:
    first = "--at" if request.command == "restore" else "--from"
    if sum((request.begins, request.next, request.back)) > 1:
        raise CatalogError(f"name only one of {first}, --next and --back")
    if request.backup and request.at is None:
        raise CatalogError("--backup restores a backup in place of the very second: name that with --at, too")
    if request.evidence is not None and not request.next:
        raise CatalogError("--evidence records what a restore took, with the step after `start`: add --next")
    refuse_broken(request.evidence)
    if request.archive_files is not None and request.from_archive is None:
        raise CatalogError("--files has the files of a dump: name that one, too, with --from FILE")
    if request.at is not None and request.from_archive is not None:
        raise CatalogError("--backup chooses among the backups of a tenant, and --from names a file")
    if request.live and (request.from_tenant is None or request.at is not None):
        raise CatalogError("--live copies another tenant as it is now: name it with --from, and no --backup")
    if request.at is not None and not request.begins:
        raise CatalogError("--backup says which backup of another tenant: name that one, too, with --from")


def _check_moment(step: Step, deployed: TenantPlan, inventory: Inventory) -> None:
    """That the server can be restored to the moment, where it is to be; AWS is asked for nothing else."""
    server = server_with_log(deployed)
    if step.restore is not None and step.restore.point_in_time and server is not None:
        check_window(step.restore.at, window_of(inventory, server))


def _measured(
    request: Request, inventory: Inventory, catalog: Catalog, now: datetime
) -> Mapping[str, Any] | None:
    """What the restore that is deployed took and lost, where somebody asks."""
    deployed = inventory.plan.tenant(request.tenant)
    if request.evidence is None or deployed is None:
        return None
    restore = deployed.restore
    if restore is None or restore.origin or restore.stage not in RESTORED:
        raise RefusedError(
            f"{deployed.tenant} is {whereabouts(restore)}: what a restore took is recorded with --next once "
            "its stage `start` is deployed"
        )
    stack = Stack(request.stack, request.cwd)
    took = downtime.downtime_of(stack.state(), stack.history(), deployed.tenant)
    of_backup = iter(()) if restore.point_in_time else restore_tests_of(inventory, deployed.tenant)
    moment = downtime.moment_of(restore, took.stopped, of_backup)
    promise = catalog.classes.resilience_classes[deployed.resilience_class]
    return downtime.record_of(deployed, took, moment, promise, now)


def _record(evidence: Path | None, measured: Mapping[str, Any] | None) -> None:
    if evidence is not None and measured is not None:
        append(evidence, measured)
        echo(downtime.in_words(measured))


def _write(request: Request, path: Path, step: Step) -> None:
    after: tuple[str, ...] = ()
    if step.restore is not None:
        ways_back = ("or --back",) if step.restore.stage in ORDER.way_back else ()
        after = (step.restore.command, request.tenant, *ways_back)
    where = Where(request.stack, request.portfolio, request.cwd)
    write_step(path, {"restore": step.line}, step.update, where, after)


def _step(request: Request, tenant: Tenant, deployed: TenantPlan | None, now: datetime) -> Step | None:
    if request.next:
        return advance(tenant)
    if request.back:
        return back(tenant, deployed)
    if not request.begins:
        return None
    at = now.replace(microsecond=0) if request.at is None else _moment(request)
    any_moment = request.command == "restore" and not request.backup
    exactly = any_moment and deployed is not None and server_with_log(deployed) is not None
    return begin(tenant, at, now, request.from_tenant, live=request.live, point_in_time=exactly)


def _moment(request: Request) -> datetime:
    text, option = str(request.at), "--at" if request.command == "restore" else "--backup"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond:
        raise CatalogError(
            f"{option}: expected a time with time zone and whole seconds, such as 2026-11-29T01:15:00Z, "
            f"found '{text}'"
        )
    return moment.astimezone(UTC)


def _whereabouts(tenant: Tenant, command: str) -> str:
    restore = tenant.restore
    if restore is None:
        first = "--at TIME" if command == "restore" else "--from TENANT, or --from FILE"
        return f"{tenant.tenant} is not being restored. Begin with {first}"
    words = in_words(tenant.tenant, restore)
    sentence = f"{tenant.tenant} is {whereabouts(restore)}: the last update {words}"
    return f"{sentence}\n--next: {advance(tenant).update}"
