"""Filed shares: corrections of a month are divided as that month was, by what each tenant paid of its pools.

The drivers of an earlier month are not measured again, and its shares were told to the clients; so what comes
later for that month follows them, also to tenants that have left since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import duckdb

from allocation.engine.division_sql import LARGEST_WEIGHT, ROUTE_TOTAL
from allocation.engine.reciprocal import whole_weights
from allocation.engine.routes import Parts, Purpose
from allocation.engine.tables import create, insert

FiledShares = Mapping[str, Mapping[tuple[str, str | None], int]]
"""Pool -> (allocation type, tenant, or None for visible idle capacity) -> its share then, 0 or more units."""

FiledMonths = Mapping[str, FiledShares]
"""Month as YYYY-MM -> its shares."""

NO_MONTHS: Final[FiledMonths] = MappingProxyType({})

FILED_SHARE: Final = """
    month VARCHAR NOT NULL, pool VARCHAR NOT NULL, part VARCHAR NOT NULL, tenant VARCHAR,
    weight DECIMAL(38, 0) NOT NULL
"""
"""The table `filed_share`: the weights by which corrections of a filed month are divided."""

_ADD: Final = f"""
INSERT INTO weight
SELECT DISTINCT way.via, way.part, way.slot, filed_share.tenant, filed_share.weight
FROM way JOIN slot USING (slot)
JOIN filed_share ON filed_share.month = slot.other_month AND filed_share.pool = way.via
    AND filed_share.part = way.part
WHERE way.purpose = '{Purpose.FILED}'
"""  # noqa: S608 - a word of ours


def keep_filed_shares(connection: duckdb.DuckDBPyConnection, months: FiledMonths) -> None:
    """Make the table `filed_share` of *months*."""
    create(connection, "filed_share", FILED_SHARE)
    insert(connection, "filed_share", FILED_SHARE, list(_rows(months)))


def add_filed_weights(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the weights of all routes that `as_filed` made to the table `weight`."""
    connection.execute(_ADD)


def as_filed(leaving: Mapping[str, Parts], filed: FiledShares) -> dict[str, Parts]:
    """The ways out of each pool, where what reaches a pool of *filed* is divided as it was then.

    Which pools a pool serves is decided by the rules in force. A pool that is not in *filed* keeps the ways
    that this month's drivers give it.
    """
    return {pool: _through(parts, filed) for pool, parts in leaving.items()}


def _through(parts: Parts, filed: FiledShares) -> Parts:
    exact: dict[tuple[str, str, str], Fraction] = {}
    for (via, part, purpose), weight in parts.items():
        reaching = Fraction(weight, ROUTE_TOTAL)
        sizes = _sizes(filed[via]) if via in filed else {}
        split = {(via, then, str(Purpose.FILED)): size for then, size in sizes.items()}
        for way, size in (split or {(via, part, purpose): Fraction(1)}).items():
            exact[way] = exact.get(way, Fraction(0)) + reaching * size
    return whole_weights(exact, ROUTE_TOTAL)


def _sizes(shares: Mapping[tuple[str, str | None], int]) -> dict[str, Fraction]:
    """The part of 1 of each allocation type."""
    whole = sum(shares.values())
    sums: dict[str, int] = {}
    for (part, _), units in shares.items():
        sums[part] = sums.get(part, 0) + units
    return {part: Fraction(units, whole) for part, units in sums.items() if units}


def _rows(months: FiledMonths) -> Iterator[tuple[object, ...]]:
    for month, pools in sorted(months.items()):
        for pool, shares in sorted(pools.items()):
            scale = 10 ** max(len(str(sum(shares.values()))) - len(str(LARGEST_WEIGHT)) + 1, 0)
            for (part, tenant), units in shares.items():
                if weight := units // scale:
                    yield (month, pool, part, tenant, weight)
