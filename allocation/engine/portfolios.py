"""Several portfolios in one run: each has pools of its own, but those whose members name portfolios."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from allocation.engine.rulebook import Pool, Rulebook
from allocation.errors import InputError

_SCOPE = "/"


def scoped(portfolio: str, name: str) -> str:
    """The name of a portfolio's own pool or consumer: `local/platform`; no other name has a slash."""
    return f"{portfolio}{_SCOPE}{name}"


def bare(name: str) -> str:
    """*name* without a portfolio before it.

    >>> bare("local/platform"), bare("platform")
    ('platform', 'platform')
    """
    return name.rpartition(_SCOPE)[2]


def scope_of(name: str) -> str | None:
    """The portfolio before *name*, if there is one."""
    return name.rpartition(_SCOPE)[0] or None


def of_portfolios(rules: Rulebook, portfolios: Collection[str]) -> Rulebook:
    """*rules* with a pool for each portfolio instead of every pool that does not say whom it is shared by.

    For one portfolio they are *rules* themselves.

    Raises:
        InputError: When a shared pool serves one of them by a percentage, of which nobody said how much
            is whose.
    """
    if len(portfolios) < 2:  # noqa: PLR2004 - several
        return rules
    pools: list[Pool] = []
    for pool in rules.pools:
        shared = bool(pool.members.portfolios)
        whose = [None] if shared else sorted(portfolios)
        pools += (_scoped_pool(rules, pool, portfolio) for portfolio in whose)
    return rules.model_copy(update={"pools": tuple(pools)})


def pool_for(rules: Rulebook, name: str, portfolio: str | None) -> str | None:
    """The pool called *name* for a charge of *portfolio*; None if there is none that serves it."""
    names = {pool.pool for pool in rules.pools}
    if portfolio is not None and scoped(portfolio, name) in names:
        return scoped(portfolio, name)
    if name not in names:
        return None
    served = rules.pool_named(name).members.portfolios
    return name if not served or portfolio is None or portfolio in served else None


def _scoped_pool(rules: Rulebook, pool: Pool, portfolio: str | None) -> Pool:
    """*pool* for one portfolio, or with None the one that several share."""
    mine = [portfolio] if portfolio is not None else list(pool.members.portfolios)
    serves: dict[str, Literal["usage"] | int] = {}
    for other, part in pool.serves.items():
        taking = rules.pool_named(other).members.portfolios
        if taking:
            serves |= {other: part} if set(taking) & set(mine) else {}
            continue
        if portfolio is None and isinstance(part, int):
            raise InputError(
                f"pool '{pool.pool}': is shared by {', '.join(mine)} and serves '{other}', of which each of "
                f"them has one, by {part} percent; expected `usage`, or a pool that they share"
            )
        serves |= {scoped(one, other): part for one in mine}
    if portfolio is None:
        return pool.model_copy(update={"serves": serves})
    members = pool.members.model_copy(update={"portfolios": (portfolio,)})
    changes = {"pool": scoped(portfolio, pool.pool), "members": members, "serves": serves}
    return pool.model_copy(update=changes)
