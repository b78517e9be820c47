"""Why a portfolio cannot be deployed in the stacks that its assignment names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tiers.catalog.folder import PLATFORM_FILE
from tiers.facts.every_fact import CacheGroup, IngressController, Namespace
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment
from tiers.portfolio.cells.section import CellsSpec, number_of, own_stack
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.strict_yaml import Fault, sentences

_ASSIGN: Final = "run `costack stacks assign`"


def cells_faults(
    folder: Path, portfolio: Portfolio, plan: Plan, assignment: Assignment | None
) -> Iterator[str]:
    """What is wrong with the cells of a portfolio: a sentence each, with file and line.

    Args:
        folder: The portfolio's, for the names of files.
        portfolio: Its files.
        plan: The plan that they make.
        assignment: Its `cells.yaml`; None where there is no such file.
    """
    rule, file = portfolio.platform.cells, folder / CELLS_FILE
    if rule is None:
        if assignment is not None:
            yield f"{file}: is there, and platform.yaml has no `cells`; add it, or delete the file"
        return
    if assignment is None:
        yield f"{file}: is missing, and platform.yaml has `cells`; {_ASSIGN}, which writes it"
        return
    yield from sentences(file, _of_assignment(rule, plan, assignment))
    yield from sentences(file, _apart(portfolio, assignment))
    yield from sentences(folder / PLATFORM_FILE, _of_plan(plan))


def _of_assignment(rule: CellsSpec, plan: Plan, assignment: Assignment) -> Iterator[Fault]:
    clients = {each.tenant: each.client for each in plan.tenants}
    for tenant in sorted(clients.keys() - assignment.tenants.keys()):
        yield ("tenants",), f"'{tenant}' has no stack; {_ASSIGN}"
    owners = {own_stack(tenant): tenant for tenant in clients}
    for tenant, stack in assignment.tenants.items():
        where, owner = ("tenants", tenant), owners.get(stack)
        if tenant not in clients:
            yield where, f"no file in tenants/ has it; bring that back, or {_ASSIGN}, which removes the line"
        elif number_of(stack) is None and owner is None:
            yield where, f"'{stack}' is named after no tenant; expected a cell or {own_stack(tenant)}"
        elif owner is not None and clients[owner] != clients[tenant]:
            other = f"'{stack}' is the stack of another client's tenant"
            yield where, f"{other}; expected a cell or {own_stack(tenant)}"
    for stack, size in sorted(Counter(assignment.tenants.values()).items()):
        if number_of(stack) is not None and size > (most := rule.tenants_per_cell):
            yield ("tenants",), f"{stack} has {size} tenants, and cells.tenants_per_cell is {most}"


def _apart(portfolio: Portfolio, assignment: Assignment) -> Iterator[Fault]:
    """A live refresh waits for a backup that the other tenant makes in the same update (ADR 29)."""
    for tenant in portfolio.tenants:
        source = _live_source(tenant)
        there, here = assignment.tenants.get(source or ""), assignment.tenants.get(tenant.tenant)
        if source is not None and here is not None and there not in (None, here):
            fault = (
                f"is refreshed live from {source}, which {there} deploys: a live refresh needs both in one "
                "stack; refresh it from the newest backup, or assign both to one stack"
            )
            yield ("tenants", tenant.tenant), fault


def _live_source(tenant: Tenant) -> str | None:
    if tenant.restore is not None and tenant.restore.live:
        return tenant.restore.from_tenant
    schedule = tenant.refresh_schedule
    return schedule.from_tenant if schedule is not None and schedule.live else None


def _of_plan(plan: Plan) -> Iterator[Fault]:
    if fault := own_routes_fault(plan):
        yield ("parts", "traefik"), fault
    if facts_of(plan.platform, CacheGroup)[0].replaced_number is not None:
        yield (
            ("cache", "rotation"),
            "has a token that tenants of other stacks may still have; finish it first",
        )
    second = next((each.tenant for each in plan.tenants if each.second_region is not None), None)
    if second is not None:
        fault = (
            f"{second} starts in a second cluster, which only a program with the whole platform reaches; "
            "deploy this portfolio as one stack, or take dr_networks.*.cluster out"
        )
        yield ("cells",), fault


def own_routes_fault(plan: Plan) -> str | None:
    """Why the platform's ingress controller cannot serve tenants that another program makes; None if it can.

    It must not begin before it may read the namespace of a new tenant: it would know no route of anybody.
    """
    shared = {fact.namespace for fact in facts_of(plan.platform, Namespace)}
    for controller in facts_of(plan.platform, IngressController):
        if own := sorted(set(controller.namespaces) - shared):
            return (
                f"cannot wait here for namespaces of tenants' own, such as {own[0]}: until it "
                "may read them it serves nobody; install an ingress controller with the cluster, or deploy "
                "all as one stack with Costack's own program"
            )
    return None
