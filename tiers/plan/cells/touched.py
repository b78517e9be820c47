"""Which stacks a change of a portfolio is for: a pure function of its files before and after.

Only what a stack declares counts. So a tenant's file is for one stack, and for the platform as well if what
all share changes by it, such as the quota of a namespace; the catalog is for those whose plans differ; and
`platform.yaml` for all, because it decides what the platform tells the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tiers.catalog.folder import PLATFORM_FILE
from tiers.facts.every_fact import Fact
from tiers.plan.cells.stacks import stacks_of
from tiers.plan.plan import Plan
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment
from tiers.portfolio.cells.section import PLATFORM_STACK
from tiers.portfolio.platform import Platform
from tiers.vocabulary import TenantId

_NEW: Final = "new stack"


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
    stacks = stacks_of(after.assignment)
    if before is None:
        return tuple(TouchedStack(stack, (_NEW,)) for stack in stacks)
    everywhere, there = tuple(_everywhere(before, after)), set(stacks_of(before.assignment))
    tenants = _changed_tenants(before, after)
    found = []
    for stack in stacks:
        own = _of_platform(before, after) if stack == PLATFORM_STACK else tenants.get(stack, ())
        reasons = (*everywhere, *own) if stack in there else (_NEW,)
        if reasons:
            found.append(TouchedStack(stack, reasons))
    return tuple(found)


def moved(before: InStacks | None, after: InStacks) -> tuple[MovedTenant, ...]:
    """Who is assigned to another stack than before."""
    known = before.assignment.tenants if before else {}
    return tuple(
        MovedTenant(tenant, known[tenant], stack)
        for tenant, stack in sorted(after.assignment.tenants.items())
        if known.get(tenant, stack) != stack
    )


def _everywhere(before: InStacks, after: InStacks) -> Iterator[str]:
    """What is for every stack."""
    if _deployed(before.platform) != _deployed(after.platform):
        yield PLATFORM_FILE
    if before.plan.catalog != after.plan.catalog:
        yield "catalog"  # its place is part of what a tenant declares


def _of_platform(before: InStacks, after: InStacks) -> tuple[str, ...]:
    # Its inventory says whose inventories are to be joined.
    assigned = [CELLS_FILE] if before.assignment != after.assignment else []
    return (*assigned, *(fact.id for fact in _differing(before.plan, after.plan)))


def _changed_tenants(before: InStacks, after: InStacks) -> dict[str, list[str]]:
    """Stack -> its tenants whose plans are new, other or gone, by id."""
    theirs = {each.tenant: each for each in before.plan.tenants}
    ours = {each.tenant: each for each in after.plan.tenants}
    then, now = before.assignment.tenants, after.assignment.tenants
    found: dict[str, list[str]] = {}
    for tenant in sorted({*then, *now}):
        stacks = {each[tenant] for each in (then, now) if tenant in each}
        if len(stacks) > 1 or theirs.get(tenant) != ours.get(tenant):
            for stack in stacks:
                found.setdefault(stack, []).append(tenant)
    return found


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
