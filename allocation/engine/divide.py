"""Runs the division on DuckDB: shared charges become shares."""

from __future__ import annotations

from typing import Final

import duckdb

from allocation.engine.division_sql import division_sql
from allocation.engine.shared_charges import LARGEST_AMOUNT
from allocation.errors import AllocationError

RATIO_TOTAL: Final = 10**12
"""The sum of the ratios of a shared charge's shares; ratios are divided like money, so that they add up."""

# Shared charges of one pool and slot have the same proportions: their ratios are computed once. Numbers below
# 0 mark them as ratios and not money.
_RATIOS: Final = f"""
CREATE OR REPLACE TEMP TABLE proportion AS
SELECT -ROW_NUMBER() OVER (ORDER BY pool, slot) AS proportion, pool, slot
FROM (SELECT DISTINCT pool, slot FROM amount);
DELETE FROM amount WHERE origin < 0;  -- when all is divided once more
INSERT INTO amount SELECT proportion, pool, slot, {RATIO_TOTAL} FROM proportion
"""  # noqa: S608 - a number of our own

_SHARES: Final = """
CREATE OR REPLACE TABLE share AS
WITH cost AS (
    SELECT origin.origin, proportion.proportion, billed, effective, listed, contracted
    FROM origin JOIN proportion USING (pool, slot)
),
of_origin AS (
    SELECT cost.origin, cost.proportion, via, part, tenant, weight, total_weight,
        MAX(CASE WHEN amount = billed THEN units END) AS billed,
        MAX(CASE WHEN amount = effective THEN units END) AS effective,
        MAX(CASE WHEN amount = listed THEN units END) AS listed,
        MAX(CASE WHEN amount = contracted THEN units END) AS contracted
    FROM divided JOIN cost ON cost.origin = divided.origin
    GROUP BY ALL
)
SELECT of_origin.origin, of_origin.via, of_origin.part, of_origin.tenant, of_origin.weight,
    of_origin.total_weight,
    CAST(billed AS BIGINT) AS billed, CAST(effective AS BIGINT) AS effective,
    CAST(listed AS BIGINT) AS listed, CAST(contracted AS BIGINT) AS contracted,
    CAST(ratio.units AS BIGINT) AS ratio
FROM of_origin JOIN divided AS ratio
    ON ratio.origin = of_origin.proportion AND ratio.via = of_origin.via AND ratio.part = of_origin.part
        AND COALESCE(ratio.tenant, '') = COALESCE(of_origin.tenant, '')
"""


def divide(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `share` from `origin`, `amount`, `route` and `weight`.

    Raises:
        AllocationError: When a shared charge is too large to divide exactly.
    """
    row = connection.execute("SELECT MAX(ABS(amount)) FROM amount").fetchone()
    if row and row[0] is not None and row[0] > LARGEST_AMOUNT:
        raise AllocationError(
            f"a shared charge of one pool and day is {int(row[0])} units of 1e-10; "
            f"the largest that can be divided exactly is {LARGEST_AMOUNT}"
        )
    connection.execute(_RATIOS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE divided AS {division_sql()}")
    connection.execute(_SHARES)
    connection.execute("DROP TABLE divided")
