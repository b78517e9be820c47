"""`costack failover`: a step in the files of one tenant or of all, once the one before was deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.actions.change.failed_over import measured, show
from cli.actions.change.rehearsal import fault_of, record
from cli.actions.change.restore_test import owner_of, refuse_broken
from cli.actions.change.step import tenant_and_file
from cli.console.checked_option import checked
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.tenant_file import set_fields
from lifecycle.errors import RefusedError
from lifecycle.failover import (
    Step,
    advance,
    back,
    begin,
    check_deployed,
    find_again,
    in_words,
    lose,
    may_lose,
    return_home,
    whereabouts,
)
from lifecycle.manual_steps import before_next, before_update
from tiers.errors import CatalogError
from tiers.facts.every_fact import FileSystemReplica
from tiers.inventory import Inventory
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.failover.stage import HOMEWARD, THERE, WAY_BACK, Failover, FailoverStage, goes_on
from tiers.portfolio.folders import file_of, portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import Region


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    command: str
    tenant: str | None
    all: bool
    to: str | None
    region_lost: bool
    next: bool
    back: bool
    region_back: bool
    stack: str
    portfolio: Path | None
    cwd: Path
    now: datetime
    evidence: Path | None = None
    context: str | None = None

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return not (self.to or self.region_lost or self.next or self.back or self.region_back)

    @property
    def leads_home(self) -> bool:
        """Whether it is about the way home."""
        return self.command == "failback"


def failover_on(request: Request) -> None:
    """Write the step into the files of the tenants, all or none; without a step, print their stages.

    Raises:
        CatalogError: When something cannot be read or written.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    _refuse_contradictions(request)
    inventory = deployed_inventory(request.stack, request.cwd)
    plan = inventory.plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    _, portfolio = load_catalog_and_portfolio(folder)
    tenants = _meant(request, folder, portfolio, plan)
    if request.asks and not _begins_home(request, tenants):
        for tenant in tenants:
            _answer(request, tenant, plan)
        return
    # All of them first: a file that is refused leaves the others as they are.
    steps = [(tenant, _step(request, tenant, portfolio.platform, plan)) for tenant in tenants]
    forced = request.back or request.region_lost
    for tenant, _ in steps:
        check_deployed(tenant, plan.tenant(tenant.tenant), request.stack, may_have_failed=forced)
    _measure(request, inventory, [tenant for tenant, _ in steps])
    for tenant, step in steps:
        path = file_of(folder, tenant.tenant)
        set_fields(path, step.fields)
        echo(f"wrote it to {path}; the next `pulumi up` {step.update}")
    _say_what_follows(request, inventory, steps)


def _measure(request: Request, inventory: Inventory, tenants: Sequence[Tenant]) -> None:
    """Record what the failover of those took that have started there, before a file changes: all or none."""
    if request.evidence is None:
        return
    refuse_broken(request.evidence)
    started = [each for each in tenants if each.failover and each.failover.stage is FailoverStage.START]
    plans = [inventory.plan.tenant(each.tenant) for each in started or tenants]
    results = [measured(inventory, plan, request.context, request.now) for plan in plans if plan]
    for result, promise, context in results:
        owner = owner_of(inventory, result.tenant)
        record(request.evidence, result, promise, owner, context)
        show(result, promise)
    # What is slower than promised goes on; where nobody is answered, nothing is settled.
    for result, promise, _ in results:
        if not result.passed and (fault := fault_of(result, promise)):
            raise fault


def _refuse_contradictions(request: Request) -> None:
    if (request.tenant is None) is not request.all:
        raise CatalogError("name a tenant, or --all")
    if sum((request.to is not None, request.next, request.back, request.region_back)) > 1:
        raise CatalogError("name only one of --to, --next, --back and --region-back")
    if request.to is not None:
        checked("--to", Region, request.to)
    if request.evidence is not None and not request.next:
        raise CatalogError("--evidence goes with --rehearse, or with the --next after stage start")
    if request.region_lost and (request.next or request.back or request.region_back):
        raise CatalogError("--region-lost goes with --to, or stands alone after a first step that failed")


def _meant(request: Request, folder: Path, portfolio: Portfolio, deployed: Plan) -> Sequence[Tenant]:
    """The tenant that is named, or all that the step is for.

    Raises:
        CatalogError: When nobody is called so.
        RefusedError: When it is for none.
    """
    if request.tenant is not None:
        return [tenant_and_file(folder, portfolio.tenants, request.tenant)[0]]
    if request.leads_home and request.asks:
        found = [each for each in portfolio.tenants if each.failover and _has_arrived(each)]
    elif request.to is not None:
        found = [each for each in portfolio.tenants if _may_begin(each, request.to)]
    else:
        found = [each for each in portfolio.tenants if each.failover and _takes(request, each, deployed)]
    if not found:
        raise RefusedError(
            "there is no tenant for which this is the next step; `costack failover TENANT` says where one is"
        )
    return found


def _begins_home(request: Request, tenants: Sequence[Tenant]) -> bool:
    return request.leads_home and any(_has_arrived(each) for each in tenants)


def _has_arrived(tenant: Tenant) -> bool:
    return tenant.failover is not None and tenant.failover.stage is FailoverStage.SETTLED


def _may_begin(tenant: Tenant, region: str) -> bool:
    stands_by = tenant.options.warm_standby is True and tenant.options.dr_region == region
    return stands_by and tenant.failover is None


def _takes(request: Request, tenant: Tenant, deployed: Plan) -> bool:
    """Whether the step can be taken from where it is: of many some are further than others."""
    if request.asks or tenant.failover is None:
        return True
    if request.region_lost:
        return may_lose(tenant.failover, _deployed(tenant, deployed))
    if request.region_back:
        return tenant.failover.is_lost and tenant.failover.stage in THERE
    leads = (tenant.failover.stage in HOMEWARD) is request.leads_home
    if request.next:
        return leads and goes_on(tenant.failover.stage)
    return leads and tenant.failover.stage in WAY_BACK


def _replicates(tenant: Tenant, deployed: Plan) -> bool:
    """Whether the stack still has a replication of the tenant's files."""
    there = deployed.tenant(tenant.tenant)
    return there is not None and any(not each.writable for each in facts_of(there.facts, FileSystemReplica))


def _deployed(tenant: Tenant, deployed: Plan) -> Failover | None:
    there = deployed.tenant(tenant.tenant)
    return there.failover if there else None


def _step(request: Request, tenant: Tenant, platform: Platform, deployed: Plan) -> Step:
    if request.next:
        return advance(tenant)
    if request.back:
        return back(tenant)
    if request.region_back:
        return find_again(tenant)
    if request.leads_home:
        return return_home(tenant)
    if request.to is None:
        replicates = _replicates(tenant, deployed)
        return lose(tenant, _deployed(tenant, deployed), request.now, replicates=replicates)
    number = tenant.failovers + 1
    return begin(tenant, platform, request.to, number, request.now, lost=request.region_lost)


def _answer(request: Request, tenant: Tenant, plan: Plan) -> None:
    try:
        check_deployed(tenant, plan.tenant(tenant.tenant), request.stack)
    except RefusedError as waiting:
        echo(waiting)  # a question is answered, not refused
        return
    if tenant.failover is None:
        begins = "" if request.leads_home else ". Begin with --to REGION"
        echo(f"{tenant.tenant} works in its own region{begins}")
        return
    words = in_words(tenant, tenant.failover)
    echo(f"{tenant.tenant} is {whereabouts(tenant.failover)}: the last update {words}")
    if goes_on(tenant.failover.stage):
        echo(f"--next: {advance(tenant).update}")


def _say_what_follows(request: Request, inventory: Inventory, steps: Sequence[tuple[Tenant, Step]]) -> None:
    sections = [step.failover for _, step in steps if step.failover]
    needed = before_update(sections, request.stack, found=request.region_back)
    for said in (_command(request, "preview"), *needed):
        echo(f"before it: {said}")
    for tenant, step in steps:
        plan = inventory.plan.tenant(tenant.tenant)
        for said in before_next(inventory, plan, step.failover) if plan and step.failover else ():
            echo(f"after it: {said}")
    if any(goes_on(each.stage) for each in sections):
        way_back = ", or --back" if all(each.stage in WAY_BACK for each in sections) else ""
        whose = ["--all"] if request.tenant is None else [request.tenant]
        echo(f"after it: {_command(request, request.command, *whose)} --next{way_back}")


def _command(request: Request, *words: str) -> str:
    return printed_command(*words, stack=request.stack, portfolio=request.portfolio, cwd=request.cwd)
