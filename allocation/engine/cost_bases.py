"""Sharing in proportion to cost: tax, support plans, fees of a marketplace follow what tenants cost already.

The weight of a tenant is its own cost of the whole period in the statement's cost: its direct charges, or its
shares of the pools that the driver names, or both. It is the same for every day, and does not count the pool
itself, nor any other that is shared in proportion to cost. A tenant whose credits exceed its cost weighs 0: a
negative weight would pay it for what others cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import duckdb

from allocation.engine.drivers import DIRECT
from allocation.engine.portfolios import bare
from allocation.engine.rulebook import Rulebook
from allocation.engine.tables import create, insert

_BASE: Final = "pool VARCHAR NOT NULL, tenant VARCHAR NOT NULL, units HUGEINT NOT NULL"


def make_cost_bases(
    connection: duckdb.DuckDBPyConnection, rules: Rulebook, direct: Mapping[str, int]
) -> bool:
    """Make the table `cost_base` of `charged` and `share`: the cost of each tenant before each such pool.

    *direct* is direct cost that is not in `charged`, by tenant.

    Returns:
        Whether any pool is shared in proportion to cost, so that all has to be divided again.
    """
    create(connection, "cost_base", _BASE)
    if not any(pool.driver.cost for pool in rules.pools):
        return False
    insert(connection, "cost_base", _BASE, _bases(connection, rules, direct))
    return True


def _bases(
    connection: duckdb.DuckDBPyConnection, rules: Rulebook, direct: Mapping[str, int]
) -> Iterator[tuple[object, ...]]:
    costs: dict[str, dict[str, int]] = {DIRECT: dict(direct)} if direct else {}
    rows = connection.execute(
        f"""SELECT '{DIRECT}', tenant, SUM({rules.cost}) FROM charged
        WHERE disposition = 'direct' GROUP BY ALL
        UNION ALL SELECT via, tenant, SUM({rules.cost}) FROM share WHERE tenant IS NOT NULL GROUP BY ALL"""  # noqa: S608 - a column of ours
    ).fetchall()
    for of, tenant, units in rows:
        by_tenant = costs.setdefault(bare(of), {})
        by_tenant[tenant] = by_tenant.get(tenant, 0) + int(units)
    for pool in rules.pools:
        tenants = sorted({tenant for of in pool.driver.cost or () for tenant in costs.get(of, {})})
        for tenant in tenants:
            yield pool.pool, tenant, sum(costs.get(of, {}).get(tenant, 0) for of in pool.driver.cost or ())
