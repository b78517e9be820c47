"""Routes: the pools whose drivers divide a pool's cost among tenants, and in which parts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from fractions import Fraction
from typing import NamedTuple

from allocation.engine.division_sql import ROUTE_TOTAL
from allocation.engine.reciprocal import considered, exits, whole_weights
from allocation.engine.rulebook import IdlePolicy, Pool, Rulebook
from allocation.engine.shared_charges import AllocationType


@unique
class Purpose(StrEnum):
    """What a pool's driver divides: usage, idle capacity, or everything when the pool's own driver is empty.

    FILED stands for what is divided as an earlier month was, NONE for an amount that no driver divides,
    because it goes to no tenant.
    """

    USAGE = "use"
    IDLE = "idle"
    FALLBACK = "fallback"
    FILED = "filed"
    NONE = ""


class Demand(NamedTuple):
    """The demand on a pool in a slot, in billionths of the driver's unit."""

    tenants: int
    idle: int
    by_pool: Mapping[str, int]


Parts = dict[tuple[str, str, str], int]
"""Route (pool, allocation type, purpose of the driver that divides it) -> weight."""


def ways_out(
    rules: Rulebook, demands: Mapping[tuple[str, str], Demand]
) -> tuple[dict[str, Parts], list[Pool]]:
    """The weights of every route out of every pool, and the pools that needed their fallback.

    Args:
        rules: The pools, and which pools they serve.
        demands: The demand in one slot of time, by pool and purpose.

    Raises:
        AllocationError: When pools serve only each other.
    """
    order = [pool.pool for pool in rules.pools]
    leaving: dict[str, dict[tuple[str, str], Fraction]] = {}
    consumption: dict[str, dict[str, Fraction]] = {}
    fell_back: list[Pool] = []
    for pool in rules.pools:
        asked = demands.get((pool.pool, Purpose.USAGE), Demand(0, 0, {}))
        consumption[pool.pool] = _taken_by_pools(pool, asked)
        leaving[pool.pool] = _parts_of_exit(pool, asked, demands)
        if (AllocationType.USAGE, Purpose.FALLBACK) in leaving[pool.pool]:
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
    """The part of *pool* that each other pool takes: agreed percentages first, then the measured rest."""
    taken = {
        other: Fraction(percent, 100) for other, percent in pool.serves.items() if isinstance(percent, int)
    }
    rest = 1 - sum(taken.values(), Fraction(0))
    measured = {other: asked.by_pool.get(other, 0) for other, how in pool.serves.items() if how == "usage"}
    # With WEIGHTED, the users of a pool pay its idle part; otherwise idle is a part of its own.
    idle = 0 if pool.idle is IdlePolicy.WEIGHTED else asked.idle
    whole = asked.tenants + idle + sum(measured.values())
    for other, quantity in measured.items():
        taken[other] = rest * Fraction(quantity, whole) if whole else Fraction(0)
    return {other: part for other, part in taken.items() if part}


def _parts_of_exit(
    pool: Pool, asked: Demand, demands: Mapping[tuple[str, str], Demand]
) -> dict[tuple[str, str], Fraction]:
    """The parts of the cost of *pool* for its own users: (allocation type, purpose) -> part of 1."""
    using = asked.tenants
    if pool.idle is IdlePolicy.WEIGHTED and using:
        using += sum(asked.by_pool.values())  # a pool that uses this one has paid its part of the idle cost
    whole = using + asked.idle
    if not whole:
        substitute = demands.get((pool.pool, Purpose.FALLBACK))
        if substitute and substitute.tenants:
            return {(AllocationType.USAGE, Purpose.FALLBACK): Fraction(1)}
        return {(AllocationType.UNALLOCATED, Purpose.NONE): Fraction(1)}
    parts: dict[tuple[str, str], Fraction] = {}
    if using:
        parts[AllocationType.USAGE, Purpose.USAGE] = Fraction(using, whole)
    if asked.idle:
        purpose = _idle_purpose(pool, asked, demands)
        parts[AllocationType.IDLE, purpose] = Fraction(asked.idle, whole)
    return parts


def _idle_purpose(pool: Pool, asked: Demand, demands: Mapping[tuple[str, str], Demand]) -> Purpose:
    if pool.idle is IdlePolicy.KEEP:
        return Purpose.NONE
    purpose = Purpose.USAGE if pool.idle is IdlePolicy.WEIGHTED else Purpose.IDLE
    asking = asked if purpose is Purpose.USAGE else demands.get((pool.pool, Purpose.IDLE), Demand(0, 0, {}))
    return purpose if asking.tenants else Purpose.NONE  # no tenant to spread it over: it stays visible
