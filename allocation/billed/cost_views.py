"""Cash and amortised cost side by side: what each tenant pays of what was billed, and of what was used.

One run divides all four costs of FOCUS. A commitment paid in advance is one large billed cost (cash) and a
part of every month's effective cost (amortised).
"""

# ruff: noqa: S608 - names of our own costs
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import duckdb

from allocation.billed.payers import IS_WHOLE, OF_CHARGE, OF_SHARE, TENANTS_FIRST
from allocation.engine.tables import COSTS
from allocation.errors import AllocationError
from allocation.money import amount_of

_SUMS: Final = ", ".join(f"COALESCE(SUM({cost}), 0) AS {cost}" for cost in COSTS)
_VIEWS: Final = f"""
SELECT payer, {_SUMS} FROM (
    SELECT {OF_CHARGE} AS payer, {_SUMS}
    FROM charged WHERE {IS_WHOLE} GROUP BY 1
    UNION ALL
    SELECT {OF_SHARE} AS payer, {_SUMS}
    FROM share GROUP BY 1
) GROUP BY payer ORDER BY {TENANTS_FIRST}"""


class CostView(NamedTuple):
    """What a tenant pays of each cost, in units; `payer` is `(idle)` or `(unallocated)` for nobody's cost."""

    payer: str
    costs: Mapping[str, int]


def cost_views(connection: duckdb.DuckDBPyConnection) -> tuple[CostView, ...]:
    """All four costs of everybody, proved to add up to the charges.

    Raises:
        AllocationError: When one does not add up.
    """
    rows = connection.execute(_VIEWS).fetchall()
    views = tuple(CostView(payer, dict(zip(COSTS, map(int, units), strict=True))) for payer, *units in rows)
    (charged,) = connection.execute(f"SELECT {_SUMS} FROM charge").fetchall()
    for cost, whole in zip(COSTS, charged, strict=True):
        stated = sum(view.costs[cost] for view in views)
        if stated != whole:
            raise AllocationError(
                f"the {cost} cost of all tenants is {amount_of(stated)}, charged are {amount_of(int(whole))}"
            )
    return views


def differ(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether any charge has two costs: a fee and what it was for may have one sum, and two payers.

    A unit is no difference: it is what remained when another run divided each cost.
    """
    first, *others = COSTS
    unequal = " OR ".join(f"ABS({first} - {other}) > 1" for other in others)
    return bool(connection.execute(f"SELECT 1 FROM charge WHERE {unequal} LIMIT 1").fetchall())


def totals(views: tuple[CostView, ...]) -> dict[str, int]:
    """The sum of each cost, in units."""
    return {cost: sum(view.costs[cost] for view in views) for cost in COSTS}


def table_rows(views: tuple[CostView, ...]) -> Iterator[list[str]]:
    """A header and the rows of `costs.csv`, with exact amounts; the last row is the total."""
    yield ["tenant", *COSTS]
    for payer, costs in (*views, CostView("(total)", totals(views))):
        yield [payer, *(f"{amount_of(costs[cost]):f}" for cost in COSTS)]
