"""The division as arithmetic says it, in exact fractions, to hold every engine's answer against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

Rows = set[tuple[object, ...]]


class Problem(NamedTuple):
    """What the division reads: rows of `amount`, `route` and `weight`."""

    amounts: tuple[tuple[int, str, int, int], ...]
    routes: tuple[tuple[str, int, str, str, int], ...]
    weights: tuple[tuple[str, str, int, str | None, int], ...]


def hamilton(size: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Largest remainders, ties to the smaller name."""
    whole = sum(weights.values())
    exact = {name: Fraction(size * weight, whole) for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    first = sorted(exact, key=lambda name: (shares[name] - exact[name], name))
    for name in first[: size - sum(shares.values())]:
        shares[name] += 1
    return shares


def divided(problem: Problem) -> Rows:
    """(origin, amount, via, part, tenant, units) of every share."""
    rows: Rows = set()
    for origin, pool, slot, amount in problem.amounts:
        sign = -1 if amount < 0 else 1
        ways = {
            f"{via}\0{part}": weight
            for of, at, via, part, weight in problem.routes
            if (of, at) == (pool, slot)
        }
        for way, size in hamilton(abs(amount), ways).items():
            via, part = way.split("\0")
            rows |= _of_way(problem.weights, (origin, amount, via, part), slot, sign, size)
    return rows


def _of_way(
    weights: Iterable[tuple[str, str, int, str | None, int]],
    key: tuple[int, int, str, str],
    slot: int,
    sign: int,
    size: int,
) -> Rows:
    _, _, via, part = key
    here = {tenant or "": weight for v, p, s, tenant, weight in weights if (v, p, s) == (via, part, slot)}
    return {(*key, tenant or None, sign * units) for tenant, units in hamilton(size, here).items()}
