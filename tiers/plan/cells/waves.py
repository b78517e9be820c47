"""The order in which stacks are updated, and the part of them that one of several jobs updates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from tiers.plan.plan import Plan
from tiers.portfolio.cells.assignment import Assignment
from tiers.portfolio.cells.section import PLATFORM_STACK
from tiers.vocabulary import Environment

WAVES: Final = (1, 2, 3)
"""The platform, stacks without production tenants, stacks with some: each waits for those before it."""


class Shard(NamedTuple):
    """One of several jobs that share the stacks: `2/8` is the second of eight."""

    number: int
    of: int


def waves(plan: Plan, assignment: Assignment, stacks: Collection[str]) -> dict[str, int]:
    """The wave of each of *stacks*, in their order.

    Args:
        plan: The portfolio's.
        assignment: Who is in which stack.
        stacks: By their names within the portfolio.
    """
    production = {each.tenant for each in plan.tenants if each.environment is Environment.PRODUCTION}
    with_production = {stack for tenant, stack in assignment.tenants.items() if tenant in production}
    return {stack: 1 if stack == PLATFORM_STACK else 3 if stack in with_production else 2 for stack in stacks}


def shard_of(stacks: Sequence[str], shard: Shard) -> tuple[str, ...]:
    """What one job updates of *stacks*: every one of them is in exactly one shard, and shards differ by one.

    >>> shard_of(["a", "b", "c", "d", "e"], Shard(2, 2))
    ('b', 'd')
    """
    return tuple(stacks[shard.number - 1 :: shard.of])
