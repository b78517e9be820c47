"""Routes: by which pools' drivers, and in which parts, a pool's cost leaves it for tenants."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from allocation.engine.division_sql import ROUTE_TOTAL
from allocation.engine.reciprocal import considered, exits, whole_weights
from allocation.engine.rulebook import IdlePolicy, Pool, Rulebook

USE: Final = "use"
IDLE_PART: Final = "idle"
NOBODYS: Final = "unallocated"
FALLBACK: Final = "fallback"
NO_DRIVER: Final = ""
"""The purpose of a part that no driver divides, because it goes to no tenant."""


class Demand(NamedTuple):
    """What is asked of a pool in a slot, in the driver's unit times a billion."""

    tenants: int
    idle: int
    by_pool: Mapping[str, int]


Parts = dict[tuple[str, str, str], int]
"""Way out (pool, part, purpose of the driver that divides it) -> weight."""


def ways_out(
    rules: Rulebook, demands: Mapping[tuple[str, str], Demand]
) -> tuple[dict[str, Parts], list[Pool]]:
    """The weights of every way out of every pool, and the pools that needed their fallback.

    Args:
        rules: Pools, and which of them serve which.
        demands: For (pool, purpose) what is asked of it in one slot of time.

    Raises:
        AllocationError: When pools serve only each other.
    """
    order = [pool.pool for pool in rules.pools]
    leaving: dict[str, dict[tuple[str, str], Fraction]] = {}
    consumption: dict[str, dict[str, Fraction]] = {}
    fell_back: list[Pool] = []
    for pool in rules.pools:
        asked = demands.get((pool.pool, USE), Demand(0, 0, {}))
        consumption[pool.pool] = _taken_by_pools(pool, asked)
        leaving[pool.pool] = _parts_of_exit(pool, asked, demands)
        if (USE, FALLBACK) in leaving[pool.pool]:
            fell_back.append(pool)
    solved = exits(considered(consumption, order, rules.serving), order)
    ways = {
        pool: whole_weights(
            {
                (via, *how): part * share
                for via, part in through.items()
                for how, share in leaving[via].items()
            },
            ROUTE_TOTAL,
        )
        for pool, through in solved.items()
    }
    return ways, fell_back


def _taken_by_pools(pool: Pool, asked: Demand) -> dict[str, Fraction]:
    """Which part of *pool* each other pool takes: agreed percentages first, the rest as measured."""
    taken = {
        other: Fraction(percent, 100) for other, percent in pool.serves.items() if isinstance(percent, int)
    }
    rest = 1 - sum(taken.values(), Fraction(0))
    measured = {other: asked.by_pool.get(other, 0) for other, how in pool.serves.items() if how == "usage"}
    # Weighted, those who use a pool carry its idle part too; otherwise it is a part of its own.
    idle = 0 if pool.idle is IdlePolicy.WEIGHTED else asked.idle
    whole = asked.tenants + idle + sum(measured.values())
    for other, quantity in measured.items():
        taken[other] = rest * Fraction(quantity, whole) if whole else Fraction(0)
    return {other: part for other, part in taken.items() if part}


def _parts_of_exit(
    pool: Pool, asked: Demand, demands: Mapping[tuple[str, str], Demand]
) -> dict[tuple[str, str], Fraction]:
    """Into which parts the cost falls that leaves *pool* to its own users: (part, purpose) -> part of 1."""
    using = asked.tenants
    if pool.idle is IdlePolicy.WEIGHTED and using:
        using += sum(asked.by_pool.values())  # a pool that uses this one has carried its part of the idle
    whole = using + asked.idle
    if not whole:
        substitute = demands.get((pool.pool, FALLBACK))
        if substitute and substitute.tenants:
            return {(USE, FALLBACK): Fraction(1)}
        return {(NOBODYS, NO_DRIVER): Fraction(1)}
    parts: dict[tuple[str, str], Fraction] = {}
    if using:
        parts[USE, USE] = Fraction(using, whole)
    if asked.idle:
        purpose = _idle_purpose(pool, asked, demands)
        parts[IDLE_PART, purpose] = Fraction(asked.idle, whole)
    return parts


def _idle_purpose(pool: Pool, asked: Demand, demands: Mapping[tuple[str, str], Demand]) -> str:
    if pool.idle is IdlePolicy.KEEP:
        return NO_DRIVER
    purpose = USE if pool.idle is IdlePolicy.WEIGHTED else IDLE_PART
    asking = asked if purpose == USE else demands.get((pool.pool, IDLE_PART), Demand(0, 0, {}))
    return purpose if asking.tenants else NO_DRIVER  # nobody to spread it over: it stays visible
