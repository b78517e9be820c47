"""Which stacks a change of a portfolio is for: a pure function of its files before and after.

Only what a stack declares counts. So a tenant's file is for one stack, and for the platform as well if what
all share changes by it, such as the quota of a namespace; the catalog is for those whose plans differ; and
`platform.yaml` for all, because it decides what the platform tells the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tiers.catalog.folder import PLATFORM_FILE
from tiers.facts.every_fact import Fact
from tiers.plan.cells.stacks import stacks_of
from tiers.plan.plan import Plan
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment
from tiers.portfolio.cells.section import PLATFORM_STACK
from tiers.portfolio.platform import Platform
from tiers.vocabulary import TenantId


class InStacks(NamedTuple):
    """A portfolio at one time: its platform's file, the plan, and who is in which stack."""

    platform: Platform
    plan: Plan
    assignment: Assignment


class TouchedStack(NamedTuple):
    """A stack to update, by its name within the portfolio, and what of the change is for it."""

    stack: str
    because: tuple[str, ...]


class MovedTenant(NamedTuple):
    """A tenant whose line in `cells.yaml` names another stack than before: its state has to move first."""

    tenant: TenantId
    before: str
    after: str


def touched(before: InStacks | None, after: InStacks) -> tuple[TouchedStack, ...]:
    """The stacks to update, the platform first.

    Args:
        before: None where nothing was deployed: then every stack is.
        after: What is to be deployed.
    """
    return tuple(
        TouchedStack(stack, reasons)
        for stack in stacks_of(after.assignment)
        if (reasons := tuple(_reasons(stack, before, after)))
    )


def moved(before: InStacks | None, after: InStacks) -> tuple[MovedTenant, ...]:
    """Who is assigned to another stack than before."""
    known = before.assignment.tenants if before else {}
    return tuple(
        MovedTenant(tenant, known[tenant], stack)
        for tenant, stack in sorted(after.assignment.tenants.items())
        if known.get(tenant, stack) != stack
    )


def _reasons(stack: str, before: InStacks | None, after: InStacks) -> Iterator[str]:
    if before is None or stack not in stacks_of(before.assignment):
        yield "new stack"
        return
    if _deployed(before.platform) != _deployed(after.platform):
        yield PLATFORM_FILE
    if before.plan.catalog != after.plan.catalog:
        yield "catalog"  # its place is part of what a tenant declares
    if stack == PLATFORM_STACK:
        if before.assignment != after.assignment:
            yield CELLS_FILE  # its inventory says whose inventories are to be joined
        yield from (fact.id for fact in _differing(before.plan, after.plan))
        return
    mine = {*before.assignment.of(stack), *after.assignment.of(stack)}
    theirs = {each.tenant: each for each in before.plan.tenants}
    ours = {each.tenant: each for each in after.plan.tenants}
    for tenant in sorted(mine):
        stays = stack == before.assignment.tenants.get(tenant) == after.assignment.tenants.get(tenant)
        if not stays or theirs.get(tenant) != ours.get(tenant):
            yield tenant


def _deployed(platform: Platform) -> Platform:
    """What of `platform.yaml` is more than the rule for new tenants."""
    return platform.model_copy(update={"cells": None})


def _differing(before: Plan, after: Plan) -> Iterator[Fact]:
    """The facts of the platform that are new, other or gone."""
    then, now = dict(_facts(before)), dict(_facts(after))
    yield from (fact for name, fact in now.items() if then.get(name) != fact)
    yield from (fact for name, fact in then.items() if name not in now)


def _facts(plan: Plan) -> Iterator[tuple[str, Fact]]:
    for fact in (*plan.platform, *(each for part in plan.second_regions for each in part.facts)):
        yield fact.id, fact
