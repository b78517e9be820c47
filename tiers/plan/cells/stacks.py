"""The stacks of a portfolio, and the part of its plan that each declares."""

from __future__ import annotations

from tiers.errors import CatalogError
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment
from tiers.portfolio.cells.section import PLATFORM_STACK, order_of


def stacks_of(assignment: Assignment) -> tuple[str, ...]:
    """The stacks by their names within the portfolio: the platform, cells by number, tenants' own."""
    return tuple(sorted({PLATFORM_STACK, *assignment.tenants.values()}, key=order_of))


def parts_of(plan: Plan, assignment: Assignment) -> dict[str, Plan]:
    """What each stack declares of a portfolio, as `part_of` has it."""
    tenants: dict[str, list[TenantPlan]] = {PLATFORM_STACK: []}
    for each in plan.tenants:
        tenants.setdefault(assignment.tenants[each.tenant], []).append(each)
    return {stack: plan.model_copy(update={"tenants": tuple(its)}) for stack, its in tenants.items()}


def part_of(plan: Plan, assignment: Assignment, stack: str) -> Plan:
    """What *stack* declares of a portfolio: the platform and no tenant, or its tenants.

    Stacks of tenants keep the platform's facts: by them they know what the platform's contract means.

    Raises:
        CatalogError: When no tenant is assigned to the stack.
    """
    if stack == PLATFORM_STACK:
        return plan.model_copy(update={"tenants": ()})
    mine = set(assignment.of(stack))
    if not mine:
        raise CatalogError(
            f"costack:stack: '{stack}' is no stack of {CELLS_FILE}; expected {PLATFORM_STACK}, or one "
            "that has tenants there"
        )
    return plan.model_copy(update={"tenants": tuple(each for each in plan.tenants if each.tenant in mine)})


def without_platform(plan: Plan) -> Plan:
    """The *plan* of a stack of tenants as its inventory has it: what it deployed, and nothing else."""
    return plan.model_copy(update={"platform": (), "second_regions": ()})
