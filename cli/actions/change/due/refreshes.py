"""`costack refresh --all-due`: begins the refreshes that are due by their schedules, and leads them on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.table import Table

from allocation.errors import GateError
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.table import print_table
from lifecycle.adapters.decommission_world import refreshes_of
from lifecycle.adapters.tenant_file import set_fields
from lifecycle.errors import LifecycleError
from lifecycle.going_on import refuse_while_server_is_upgraded
from lifecycle.refreshes.due import Standing, State, standings, waits_for
from lifecycle.restore import Step, advance, begin, check_has_backups, check_source, deployed_source
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError, ToldError
from tiers.plan.plan import Plan
from tiers.portfolio.folders import file_of, portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.tenant import Portfolio


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stack: str
    portfolio: Path | None
    cwd: Path
    check: bool
    dry_run: bool
    as_json: bool
    all_due: bool

    @property
    def of_all(self) -> bool:
        """Whether anything is asked that is asked of all tenants at once."""
        return self.all_due or self.check or self.dry_run or self.as_json


def run_due_refreshes(request: Request, now: datetime, *, alone: bool) -> None:
    """Say where every tenant with a schedule stands, and write the next step of each that is due.

    Args:
        request: What is asked.
        now: The moment that ages are counted to, in UTC.
        alone: Whether neither a tenant nor a step of one is named beside it.

    Raises:
        CatalogError: When something cannot be read or written, or options exclude each other.
        GateError: When something is due and only that was asked.
        LifecycleError: When a step may not be taken, or results cannot be read.
    """
    if not request.all_due:
        raise CatalogError(
            "name a tenant, or say --all-due, of which --check, --dry-run and --output are part"
        )
    if not alone:
        raise CatalogError("leave the tenant and its step out with --all-due: schedules say both")
    if request.check and request.dry_run:
        raise CatalogError("--check writes nothing either; leave out --check or --dry-run")
    inventory = deployed_inventory(request.stack, request.cwd)
    folder = portfolio_folder(request.portfolio, request.cwd, inventory.plan.portfolio)
    catalog, portfolio = load_catalog_and_portfolio(folder)
    read = partial(refreshes_of, inventory)
    found = tuple(standings(inventory.plan, portfolio.tenants, read, now))
    due = [each for each in found if each.state.is_due]
    if request.as_json:
        echo(_document(found, now))
    else:
        _show(found, now)
    problems: list[str] = []
    if not request.check and not request.dry_run:
        problems = list(_Led(request, inventory.plan, folder, catalog, portfolio, now).lead(due))
    unread = [
        f"{each.tenant.tenant}: its refreshes cannot be read: {each.why}"
        for each in found
        if each.state is State.UNREADABLE
    ]
    if request.check and due:
        names = ", ".join(each.tenant.tenant for each in due)
        raise GateError(f"refreshes are due, and no step was written: {names}", *unread)
    if problems or unread:
        raise LifecycleError(*problems, *unread)


@dataclass
class _Led:
    """Writes the steps of one run; what was begun counts for those after it."""

    request: Request
    plan: Plan
    folder: Path
    catalog: Catalog
    portfolio: Portfolio
    now: datetime

    def lead(self, due: Iterable[Standing]) -> Iterator[str]:
        """Write the next step of each of *due* that waits for nothing; a sentence for each that may not."""
        for each in due:
            name = each.tenant.tenant
            if each.state in {State.UPDATE, State.TURN} or self._waits(each):
                continue
            try:
                self._write(each, self._step(each))
            except ToldError as error:
                yield from (said if name in said else f"{name}: {said}" for said in error.problems)

    def _waits(self, each: Standing) -> bool:
        return each.state is not State.NEXT and bool(waits_for(each.tenant, self.portfolio.tenants))

    def _step(self, each: Standing) -> Step:
        tenant, schedule = each.tenant, each.tenant.refresh_schedule
        if each.state is State.NEXT or schedule is None:
            return advance(tenant)
        refuse_while_server_is_upgraded(tenant, self.portfolio.platform, self.catalog, "refresh")
        source, live = schedule.from_tenant, schedule.live
        step = begin(tenant, self.now.replace(microsecond=0), self.now, source, live=live, scheduled=True)
        deployed = deployed_source(self.plan, tenant.tenant, self.request.stack)
        check_has_backups(deployed, deployed_source(self.plan, source, self.request.stack))
        check_source(tenant.model_copy(update={"restore": step.restore}), self.portfolio, self.catalog)
        return step

    def _write(self, each: Standing, step: Step) -> None:
        tenant = each.tenant.tenant
        path = file_of(self.folder, tenant)
        set_fields(path, {"restore": step.line})
        if not self.request.as_json:
            echo(f"{tenant}: wrote it to {path}; the next `pulumi up` {step.update}")
        after = each.tenant.model_copy(update={"restore": step.restore})
        others = (one if one.tenant != tenant else after for one in self.portfolio.tenants)
        self.portfolio = self.portfolio.model_copy(update={"tenants": tuple(others)})


def _show(found: Sequence[Standing], now: datetime) -> None:
    table = Table(title="Refreshes on a schedule", title_justify="left")
    for heading in ("tenant", "from", "every", "last refresh", "age in days", "state"):
        table.add_column(heading)
    for each in found:
        schedule, age = each.tenant.refresh_schedule, each.age_days(now)
        table.add_row(
            each.tenant.tenant,
            schedule.from_tenant if schedule else "",
            schedule.every if schedule else "",
            f"{each.newest.ended:%Y-%m-%d}" if each.newest else "",
            "" if age is None else str(age),
            each.state if each.state is State.GOOD else each.state.upper(),
        )
    waiting = {State.BUSY, State.TURN}
    print_table(table, [f"{each.tenant.tenant}: {each.why}" for each in found if each.state in waiting])


def _document(found: Sequence[Standing], now: datetime) -> str:
    """For programs: where each tenant with a schedule stands."""
    tenants = [
        {
            "tenant": each.tenant.tenant,
            "from_tenant": each.tenant.refresh_schedule.from_tenant if each.tenant.refresh_schedule else None,
            "state": each.state,
            "stage": each.tenant.restore.stage if each.tenant.restore else None,
            "refreshed_at": f"{each.newest.ended:%Y-%m-%dT%H:%M:%SZ}" if each.newest else None,
            "backup": each.newest.backup if each.newest else None,
            "age_days": each.age_days(now),
            "why": each.why or None,
        }
        for each in found
    ]
    return json.dumps({"tenants": tenants}, indent=2)
