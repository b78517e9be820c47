"""Settles remainders: over a month, and over all months, no tenant is more than a unit off in any pool.

Every division rounds to whole units, and the same names win the same ties day after day. So at the end of a
period each pool looks at what its tenants got and what they should have got, down to a billionth of a unit,
and moves whole units between tenants within its largest origin, where the sum stays what it is. What is left,
less than a unit for each, is carried into the next period.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

from allocation.engine.tables import create, insert
from allocation.money import completed

Residuals = Mapping[tuple[str, str, str], int]
"""(pool, part, tenant) -> billionths of a unit that it should have got and has not."""

_WHOLE: Final = 10**9

_SETTLEMENT: Final = """
    origin BIGINT NOT NULL, via VARCHAR NOT NULL, part VARCHAR NOT NULL, tenant VARCHAR NOT NULL,
    units BIGINT NOT NULL
"""

_DUE: Final = """
SELECT via, part, tenant, SUM(
    CAST(size AS HUGEINT) * CAST(weight AS HUGEINT) // CAST(total_weight AS HUGEINT) * 1000000000
    + (CAST(size AS HUGEINT) * CAST(weight AS HUGEINT) % CAST(total_weight AS HUGEINT)) * 1000000000
        // CAST(total_weight AS HUGEINT)
    - CAST(got AS HUGEINT) * 1000000000) AS due
FROM (
    SELECT via, part, tenant, weight, total_weight, {cost} AS got,
        SUM({cost}) OVER (PARTITION BY origin, via, part) AS size
    FROM share
)
WHERE tenant IS NOT NULL
GROUP BY ALL
"""

# The largest origin of each way, the earliest of several, is where units can be moved.
_WHERE: Final = """
SELECT share.origin, share.via, share.part, share.tenant
FROM share JOIN (
    SELECT via, part, MIN(origin) AS origin FROM (
        SELECT DISTINCT via, part, share.origin,
            RANK() OVER (PARTITION BY via, part ORDER BY ABS(origin.{cost}) DESC) AS place
        FROM share JOIN origin USING (origin)
    ) WHERE place = 1 GROUP BY ALL
) AS largest USING (origin, via, part)
WHERE share.tenant IS NOT NULL
"""

_APPLY: Final = """
UPDATE share SET {cost} = share.{cost} + settlement.units
FROM settlement
WHERE share.origin = settlement.origin AND share.via = settlement.via AND share.part = settlement.part
    AND share.tenant = settlement.tenant
"""


def settle(
    connection: duckdb.DuckDBPyConnection, cost: str, carried: Residuals
) -> dict[tuple[str, str, str], int]:
    """Move whole units between the tenants of each pool in the column *cost* of `share`.

    Makes the table `settlement` of what was moved.

    Args:
        connection: Holds `share` and `origin`.
        cost: The column of the statement; the other costs stay as they were divided.
        carried: What the period before left.

    Returns:
        What is left, to be carried on.
    """
    due = dict(carried)
    for via, part, tenant, nano in connection.execute(_DUE.format(cost=cost)).fetchall():
        due[via, part, tenant] = due.get((via, part, tenant), 0) + int(nano)
    places: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for origin, via, part, tenant in connection.execute(_WHERE.format(cost=cost)).fetchall():
        places.setdefault((via, part), (origin, []))[1].append(tenant)
    moves: list[tuple[object, ...]] = []
    for (via, part), (origin, tenants) in sorted(places.items()):
        for tenant, units in _moves({name: due[via, part, name] for name in sorted(tenants)}).items():
            due[via, part, tenant] -= units * _WHOLE
            moves.append((origin, via, part, tenant, units))
    create(connection, "settlement", _SETTLEMENT)
    insert(connection, "settlement", _SETTLEMENT, moves)
    connection.execute(_APPLY.format(cost=cost))
    return {key: nano for key, nano in sorted(due.items()) if nano}


def _moves(due: Mapping[str, int]) -> dict[str, int]:
    """Whole units that bring everyone within one of what is due and add up to 0; none where it cannot be."""
    floors, remainders = zip(*(divmod(nano, _WHOLE) for nano in due.values()), strict=True)
    if not 0 <= -sum(floors) <= len(floors):
        return {}
    return {name: units for name, units in zip(due, completed(floors, remainders, 0), strict=True) if units}
