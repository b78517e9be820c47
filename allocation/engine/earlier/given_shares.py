"""Shares that come with the bill: a FOCUS file of ours is read back, and nothing in it is divided again.

Each row is a share as another run made it. Here the shared charges are put together again from their shares,
and both join those that this run divides. The column `split` of `charge` is a JSON object with `origin`, the
name that the other run gave the shared charge, its billed `cost`, how many `charges` it sums, and of the
share its `weight` and `details` (FOCUS AllocatedMethodDetails, whose one element has the ratio).
"""

from __future__ import annotations

from typing import Final

import duckdb

from allocation.engine.earlier.allocated import SHARED
from allocation.engine.shared_charges import (
    DAY_AFTER_LAST,
    FIRST_DAY,
    SLOT_END,
    SLOT_START,
    Period,
    bounds_of,
)
from allocation.engine.tables import COSTS, KIND_OF_SHARED_CHARGE
from allocation.errors import InputError
from allocation.money import text_of

_KIND: Final = ", ".join(f"ANY_VALUE({name}) AS {name}" for name in KIND_OF_SHARED_CHARGE)
_SUMS: Final = ", ".join(f"SUM({cost}) AS {cost}" for cost in COSTS)

# Version 0.1 wrote the number of charges into the description only: "3 charges of EC2 through pool nodes".
_CHARGES: Final = """COALESCE(TRY_CAST(split ->> '$.charges' AS BIGINT),
    TRY_CAST(regexp_extract(description, '^([0-9]+) charges? of ', 1) AS BIGINT))"""

_GIVEN: Final = f"""
CREATE OR REPLACE TEMP TABLE given_share AS
SELECT * EXCLUDE (allocated, split, source, row_number),
    allocated ->> '$.run' AS run, split ->> '$.origin' AS named, source, row_number,
    CAST(CAST(split ->> '$.cost' AS DECIMAL(38, 10)) * 10000000000 AS HUGEINT) AS whole,
    {_CHARGES} AS charges,
    CAST(CAST(split ->> '$.weight' AS DECIMAL(38, 9)) * 1000000000 AS DECIMAL(38, 0)) AS weight,
    CAST(CAST(split ->> '$.details' ->> '$.Elements[0].AllocatedRatio' AS DECIMAL(38, 12)) * 1000000000000
        AS BIGINT) AS ratio
FROM charged WHERE disposition = '{SHARED}'
"""  # noqa: S608 - names of our own

_TWICE: Final = """
SELECT run, named, via, part, tenant FROM given_share
GROUP BY ALL HAVING COUNT(*) > 1 ORDER BY ALL LIMIT 1
"""

_INCOMPLETE: Final = """
SELECT MIN(source), run, named, CAST(SUM(billed) AS HUGEINT), MIN(whole), MAX(whole) FROM given_share
GROUP BY run, named HAVING SUM(billed) <> MIN(whole) OR MIN(whole) <> MAX(whole) OR COUNT(whole) < COUNT(*)
ORDER BY ALL LIMIT 1
"""

# The number of a name such as origin-12 orders it as the other run did.
_ORIGINS: Final = f"""
CREATE OR REPLACE TEMP TABLE given_origin AS
SELECT (SELECT COALESCE(MAX(origin), 0) FROM origin) + ROW_NUMBER() OVER (
        ORDER BY run, TRY_CAST(regexp_extract(named, '([0-9]+)$', 1) AS BIGINT), named) AS origin, *
FROM (
    SELECT run, named, ANY_VALUE(pool) AS pool, ANY_VALUE(rule) AS rule,
        MIN(period_start) AS period_start, MAX(period_end) AS period_end, {_KIND},
        COALESCE(MAX(charges), COUNT(*)) AS charges, {_SUMS}
    FROM given_share GROUP BY run, named
);
INSERT INTO origin BY NAME SELECT * EXCLUDE (run, named) FROM given_origin
"""  # noqa: S608 - names of our own

_SHARES: Final = f"""
INSERT INTO share BY NAME
SELECT origin, via, part, tenant, weight,
    CAST(SUM(weight) OVER (PARTITION BY origin, via, part) AS DECIMAL(38, 0)) AS total_weight,
    {", ".join(f"given_share.{cost}" for cost in COSTS)}, ratio
FROM given_share JOIN given_origin USING (run, named)
"""  # noqa: S608 - names of our own

_SLOTS: Final = f"""
INSERT INTO slot BY NAME
SELECT (SELECT COALESCE(MAX(slot), 0) FROM slot) + ROW_NUMBER() OVER (
        ORDER BY period_start, period_end, other_month NULLS FIRST) AS slot, *
FROM (
    SELECT DISTINCT {SLOT_START} AS period_start, {SLOT_END} AS period_end, other_month
    FROM (
        SELECT DISTINCT {FIRST_DAY} AS period_start, {DAY_AFTER_LAST} AS period_end, other_month
        FROM charged WHERE disposition = '{SHARED}'
    )
) AS given
WHERE NOT EXISTS (
    SELECT 1 FROM slot WHERE slot.period_start = given.period_start AND slot.period_end = given.period_end
        AND slot.other_month IS NOT DISTINCT FROM given.other_month
)
"""  # noqa: S608 - names of our own


def has_given_shares(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the bill has shares; it asks the decisions and not every row."""
    return bool(
        connection.execute("SELECT 1 FROM decision WHERE disposition = ? LIMIT 1", [SHARED]).fetchall()
    )


def add_slots(connection: duckdb.DuckDBPyConnection, month: Period | None = None) -> None:
    """Add the days of given shares to `slot`: usage and fallbacks of a statement are those of its slots."""
    connection.execute(_SLOTS, bounds_of(month))


def add_given_shares(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the given shares to `share` and their shared charges to `origin`, when all others are settled.

    Raises:
        InputError: When a share is there twice, or the shares of a shared charge do not add up to it.
    """
    connection.execute(_GIVEN)
    if twice := connection.execute(_TWICE).fetchone():
        run, named, via, part, tenant = twice
        raise InputError(
            f"run {run}: shared charge {named} has two shares '{part}' of {tenant or 'nobody'} through pool "
            f"'{via}'; name every FOCUS file once"
        )
    if off := connection.execute(_INCOMPLETE).fetchone():
        source, run, named, units, least, most = off
        expected = text_of(least) if least is not None and least == most else "one x_SplitOriginCost"
        raise InputError(
            f"{source}: expected the shares of shared charge {named} of run {run} to add up to {expected}, "
            f"found {text_of(units)}; give the whole file as costack wrote it"
        )
    connection.execute(_ORIGINS)
    connection.execute(_SHARES)
    for name in ("given_share", "given_origin"):
        connection.execute(f"DROP TABLE {name}")
