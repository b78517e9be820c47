"""Settles remainders: in no pool is a tenant more than one unit off, over a month and over all months.

Every division rounds to whole units, and the same names win the same ties day after day. At the end of a
period the settlement compares, pool by pool, what each tenant got with what it is due, to a billionth of a
unit, and moves whole units between tenants within the largest shared charge, whose sum stays the same. The
rest, less than a unit per tenant, is carried into the next period. The charges of every other month are
settled for themselves, because other tenants may pay for them, and nothing of them is carried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import duckdb

from allocation.engine.tables import create, insert
from allocation.money import completed

Residuals = Mapping[tuple[str, str, str], int]
"""(pool, allocation type, tenant) -> billionths of a unit that are still due."""

_WHOLE: Final = 10**9

_SETTLEMENT: Final = """
    origin BIGINT NOT NULL, via VARCHAR NOT NULL, part VARCHAR NOT NULL, tenant VARCHAR NOT NULL,
    units BIGINT NOT NULL
"""

_DUE: Final = """
SELECT via, part, tenant, other_month, SUM(
    CAST(size AS HUGEINT) * CAST(weight AS HUGEINT) // CAST(total_weight AS HUGEINT) * 1000000000
    + (CAST(size AS HUGEINT) * CAST(weight AS HUGEINT) % CAST(total_weight AS HUGEINT)) * 1000000000
        // CAST(total_weight AS HUGEINT)
    - CAST(got AS HUGEINT) * 1000000000) AS due
FROM (
    SELECT via, part, tenant, COALESCE(other_month, '') AS other_month, weight, total_weight,
        share.{cost} AS got, SUM(share.{cost}) OVER (PARTITION BY origin, via, part) AS size
    FROM share JOIN origin USING (origin)
)
WHERE tenant IS NOT NULL
GROUP BY ALL
"""

# Units are moved within the largest shared charge of each route; the earliest wins a tie.
_WHERE: Final = """
SELECT share.origin, share.via, share.part, share.tenant, largest.other_month
FROM share JOIN (
    SELECT via, part, other_month, MIN(origin) AS origin FROM (
        SELECT DISTINCT via, part, COALESCE(other_month, '') AS other_month, share.origin,
            RANK() OVER (PARTITION BY via, part, COALESCE(other_month, '')
                ORDER BY ABS(origin.{cost}) DESC) AS place
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

    Makes the table `settlement` of the moved units.

    Args:
        connection: Holds `share` and `origin`.
        cost: The column of the statement; the other costs stay unchanged.
        carried: The rest of the period before.

    Returns:
        The rest to carry into the next period.
    """
    due = {(*key, ""): nano for key, nano in carried.items()}
    for *key, nano in connection.execute(_DUE.format(cost=cost)).fetchall():
        via, part, tenant, month = key
        due[via, part, tenant, month] = due.get((via, part, tenant, month), 0) + int(nano)
    places: dict[tuple[str, str, str], tuple[int, list[str]]] = {}
    for origin, via, part, tenant, month in connection.execute(_WHERE.format(cost=cost)).fetchall():
        places.setdefault((via, part, month), (origin, []))[1].append(tenant)
    moves: list[tuple[object, ...]] = []
    for (via, part, month), (origin, tenants) in sorted(places.items()):
        for tenant, units in _moves({name: due[via, part, name, month] for name in sorted(tenants)}).items():
            due[via, part, tenant, month] -= units * _WHOLE
            moves.append((origin, via, part, tenant, units))
    create(connection, "settlement", _SETTLEMENT)
    insert(connection, "settlement", _SETTLEMENT, moves)
    connection.execute(_APPLY.format(cost=cost))
    left = sorted(due.items())
    return {(via, part, tenant): nano for (via, part, tenant, month), nano in left if nano and not month}


def _moves(due: Mapping[str, int]) -> dict[str, int]:
    """Whole units that bring every tenant within one unit of its due and add up to 0; none if impossible."""
    floors, remainders = zip(*(divmod(nano, _WHOLE) for nano in due.values()), strict=True)
    if not 0 <= -sum(floors) <= len(floors):
        return {}
    return {name: units for name, units in zip(due, completed(floors, remainders, 0), strict=True) if units}
