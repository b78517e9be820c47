"""Who takes much of what is shared and does not pay for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from allocation.review.findings import LargeShare
from allocation.statement.filed import FiledStatement
from tiers.catalog.classes import Signals

_LEAST_MEMBERS: Final = 3
"""With two tenants in a pool, one of them always takes half or more."""
_HUNDRED: Final = 100


def large_shares(statement: FiledStatement, thresholds: Signals) -> Iterator[tuple[str, LargeShare]]:
    """The tenants with a large share of some pools and too small a fee: of each the largest of its shares.

    Who takes much and leaves the least margin pays for it: that is no decision.
    """
    for name, shares in _by_tenant(statement, thresholds).items():
        line = statement.by_tenant[name]
        missing = missing_margin(line.margin, line.fee, thresholds.least_margin_percent)
        if missing > 0:
            most = max(shares, key=lambda each: each.used_percent)
            yield name, most._replace(pools=len(shares), missing=missing)


def missing_margin(margin: int, fees: int, least_percent: int) -> int:
    """What *margin* lacks to so many percent of *fees*, in units, rounded up; below 0 where it is larger."""
    return -(-int(fees) * least_percent // _HUNDRED) - int(margin)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """*part* of *whole* in percent, 0 of nothing."""
    return _HUNDRED * part / whole if whole else Decimal(0)


def _by_tenant(statement: FiledStatement, thresholds: Signals) -> dict[str, list[LargeShare]]:
    """The pools of which a tenant takes much more than it pays of all fees."""
    lines, found = statement.by_tenant, dict[str, list[LargeShare]]()
    fees = sum(line.fee for line in lines.values())
    for pool in statement.pools:
        used = {name: amount for name, amount in pool.usage.items() if name in lines and amount}
        whole = sum(used.values(), Decimal(0))
        if len(used) < _LEAST_MEMBERS or not fees:
            continue
        for name, amount in sorted(used.items()):
            part, paid = percent(amount, whole), percent(Decimal(lines[name].fee), Decimal(fees))
            if part >= thresholds.noisy_neighbour_percent and paid * 2 < part:
                found.setdefault(name, []).append(LargeShare(pool.pool, pool.driver, part, paid))
    return found
