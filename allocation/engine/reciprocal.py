"""Pools that serve pools: which pools' drivers divide each pool's cost, and in which parts, solved exactly.

The reciprocal method (simultaneous equations; Horngren, Cost Accounting, ch. 15): a pool's full cost x is its
own cost c plus its parts of other pools, x = c + A^T x. It is solved in reverse here, for the part of each
pool's own cost that reaches tenants through each pool, so that every charge keeps its identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum, unique
from fractions import Fraction
from math import lcm
from typing import Final, TypeVar

from allocation.errors import AllocationError
from allocation.money import split

Consumption = Mapping[str, Mapping[str, Fraction]]
"""The part of each pool that every other pool takes; the rest up to 1 goes to tenants."""

Key = TypeVar("Key", bound="str | tuple[str, ...]")
_ONE: Final = Fraction(1)


@unique
class ServingMethod(StrEnum):
    """How to allocate cost that one pool causes in another (the three methods of cost accounting)."""

    DIRECT = "direct"
    STEP_DOWN = "step-down"
    RECIPROCAL = "reciprocal"


def considered(consumption: Consumption, order: Sequence[str], method: ServingMethod) -> Consumption:
    """The part of *consumption* that *method* considers, scaled up to the whole of each pool.

    The part of a pool that it takes of itself is dropped. The direct method drops all pools, step-down those
    that come earlier in *order*.
    """
    place = {pool: index for index, pool in enumerate(order)}
    kept: dict[str, dict[str, Fraction]] = {}
    for pool in order:
        taken = consumption.get(pool, {})
        left = {
            other: part
            for other, part in taken.items()
            if part and other != pool and (method is ServingMethod.RECIPROCAL or place[other] > place[pool])
        }
        if method is ServingMethod.DIRECT:
            left = {}
        # Dropped parts raise all remaining parts, those of tenants included.
        dropped = sum(taken.values()) - sum(left.values())
        staying = _ONE - dropped
        # Without a remaining user the cost stays in the pool and is unallocated.
        kept[pool] = {other: part / staying for other, part in left.items()} if staying else {}
    return kept


def exits(consumption: Consumption, order: Sequence[str]) -> dict[str, dict[str, Fraction]]:
    """The part of each pool's own cost that reaches tenants through each pool; the parts add up to 1.

    Raises:
        AllocationError: When some pools serve only each other, so that their cost never reaches a tenant.
            The message names them; no edge is cut.
    """
    _refuse_loops(consumption, order)
    # (I - A) X = diag(t): row p of X says where a unit of p's cost goes; t is the part of p for tenants.
    leaving = {pool: _ONE - sum(consumption.get(pool, {}).values()) for pool in order}
    rows = [
        [
            (_ONE if pool == other else Fraction(0)) - consumption.get(pool, {}).get(other, Fraction(0))
            for other in order
        ]
        + [leaving[pool] if pool == other else Fraction(0) for other in order]
        for pool in order
    ]
    solved = _eliminated(rows)
    width = len(order)
    return {
        pool: {other: row[width + index] for index, other in enumerate(order) if row[width + index]}
        for pool, row in zip(order, solved, strict=True)
    }


def full_costs(own: Mapping[str, int], consumption: Consumption, order: Sequence[str]) -> dict[str, Fraction]:
    """Every pool's full cost, its parts of other pools included, in the unit of *own*.

    >>> taken = {"hr": {"dp": Fraction(1, 5)}, "dp": {"hr": Fraction(2, 25)}}
    >>> full = full_costs({"hr": 80_000, "dp": 120_000}, taken, ("hr", "dp"))
    >>> round(float(full["hr"]), 2), round(float(full["dp"]), 2)
    (91056.91, 138211.38)
    """
    _refuse_loops(consumption, order)
    rows = [
        [
            (_ONE if pool == other else Fraction(0)) - consumption.get(other, {}).get(pool, Fraction(0))
            for other in order
        ]
        + [Fraction(own.get(pool, 0))]
        for pool in order
    ]
    return {pool: row[-1] for pool, row in zip(order, _eliminated(rows), strict=True)}


def whole_weights(parts: Mapping[Key, Fraction], total: int) -> dict[Key, int]:
    """*parts*, which add up to 1, as whole numbers that add up to *total*, without those that round to 0."""
    common = lcm(*(part.denominator for part in parts.values()))
    names = sorted(parts)
    weights = split(total, [int(parts[name] * common) for name in names])
    return {name: weight for name, weight in zip(names, weights, strict=True) if weight}


def _refuse_loops(consumption: Consumption, order: Sequence[str]) -> None:
    reaching = {pool for pool in order if sum(consumption.get(pool, {}).values()) < 1}
    while grown := {
        pool
        for pool in order
        if pool not in reaching
        and any(part and other in reaching for other, part in consumption[pool].items())
    }:
        reaching |= grown
    closed = [pool for pool in order if pool not in reaching]
    if closed:
        raise AllocationError(_loop(closed))


def _loop(pools: Iterable[str]) -> str:
    names = ", ".join(pools)
    return (
        f"pools {names} serve only each other, so their cost reaches no tenant; "
        "let a tenant use one of them, or remove one from `serves`"
    )


def _eliminated(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Gauss-Jordan elimination with exact fractions; the left square of *rows* becomes the identity."""
    size = len(rows)
    for column in range(size):
        pivot = next(index for index in range(column, size) if rows[index][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [value / head if value else value for value in rows[column]]
        for index in range(size):
            factor = rows[index][column]
            if index != column and factor:
                rows[index] = [
                    value - factor * above if above else value
                    for value, above in zip(rows[index], rows[column], strict=True)
                ]
    return rows
