"""The division of money as SQL with the same result on every engine: it uses no division and no rounding.

Databases divide differently: DuckDB, Trino and Snowflake return a decimal quotient as a double or round it,
each in its own way. So a share is *guessed* with floating point and then made exact with whole numbers:

    guess     = floor(size * weight * total^-1)           any error of the guess is found in
    rest      = size * weight - guess * total             exact, in 38 digits, corrected by a second guess
    remainder = rest, brought into 0 <= remainder < total

The units left over after every share is rounded down go, one each, to the largest remainders; the earlier
name wins a tie (Hamilton's method). The SQL uses only + - * FLOOR POWER CASE CAST SUM OVER and ROW_NUMBER,
every order is total, and every type is written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, unique
from string import Template
from typing import Final

LARGEST_WEIGHT: Final = 10**18
"""The largest sum of weights in one division: with 2^62 units it still fits 38 digits."""

ROUTE_TOTAL: Final = LARGEST_WEIGHT
"""The sum of the weights of all routes out of a pool."""


@unique
class Dialect(StrEnum):
    """An SQL dialect that `costack sql` can print."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    ATHENA = "athena"
    TRINO = "trino"
    BIGQUERY = "bigquery"
    SNOWFLAKE = "snowflake"
    DATAFUSION = "datafusion"


# One step: rows of (key..., size, weight) become rows with `units`. `size` is 0 or more.
_DIVISION: Final = Template("""
${name}_whole AS (
    SELECT *, CAST(SUM(weight) OVER (PARTITION BY $keys) AS DECIMAL(38, 0)) AS total_weight
    FROM $source
),
${name}_guessed AS (
    SELECT *,
        POWER(CAST(total_weight AS DOUBLE), CAST(-1 AS DOUBLE)) AS reciprocal,
        CAST(FLOOR(CAST(size AS DOUBLE) * CAST(weight AS DOUBLE)
            * POWER(CAST(total_weight AS DOUBLE), CAST(-1 AS DOUBLE))) AS DECIMAL(38, 0)) AS guess
    FROM ${name}_whole
),
${name}_mended AS (
    SELECT *,
        guess + CAST(FLOOR(CAST(CAST(size * weight AS DECIMAL(38, 0))
            - CAST(guess * total_weight AS DECIMAL(38, 0)) AS DOUBLE) * reciprocal) AS DECIMAL(38, 0))
            AS better
    FROM ${name}_guessed
),
${name}_rest AS (
    SELECT *,
        CAST(size * weight AS DECIMAL(38, 0)) - CAST(better * total_weight AS DECIMAL(38, 0)) AS rest
    FROM ${name}_mended
),
${name}_floor AS (
    SELECT *,
        CAST(better + CASE WHEN rest < 0 THEN -1 WHEN rest >= total_weight THEN 1 ELSE 0 END
            AS DECIMAL(38, 0)) AS floor_units,
        CAST(rest + CASE WHEN rest < 0 THEN total_weight WHEN rest >= total_weight THEN -total_weight
            ELSE 0 END AS DECIMAL(38, 0)) AS remainder
    FROM ${name}_rest
),
${name}_ranked AS (
    SELECT *,
        CAST(size - SUM(floor_units) OVER (PARTITION BY $keys) AS DECIMAL(38, 0)) AS left_over,
        ROW_NUMBER() OVER (PARTITION BY $keys ORDER BY remainder DESC, $ties) AS place
    FROM ${name}_floor
),
$name AS (
    SELECT *,
        CAST(floor_units + CASE WHEN place <= left_over THEN 1 ELSE 0 END AS DECIMAL(38, 0)) AS units
    FROM ${name}_ranked
)""")

_WHOLE: Final = Template("""
WITH
sized AS (
    SELECT origin, pool, slot, amount,
        CAST(CASE WHEN amount < 0 THEN -1 ELSE 1 END AS DECIMAL(38, 0)) AS sign,
        CAST(CASE WHEN amount < 0 THEN -amount ELSE amount END AS DECIMAL(38, 0)) AS size
    FROM amount
),
way AS (
    SELECT sized.origin, sized.slot, sized.amount, sized.sign, sized.size, route.via, route.part, route.weight
    FROM sized
    INNER JOIN route ON route.pool = sized.pool AND route.slot = sized.slot
),$routed,
part_of AS (
    SELECT routed.origin, routed.amount, routed.sign, routed.via, routed.part, routed.units AS size,
        weight.tenant, weight.weight
    FROM routed
    INNER JOIN weight ON weight.via = routed.via AND weight.part = routed.part AND weight.slot = routed.slot
),$divided
SELECT origin, amount, via, part, tenant, weight, total_weight,
    CAST(sign * units AS DECIMAL(38, 0)) AS units
FROM divided""")


def _step(name: str, source: str, keys: Sequence[str], ties: Sequence[str]) -> str:
    return _DIVISION.substitute(name=name, source=source, keys=", ".join(keys), ties=", ".join(ties))


def division_sql() -> str:
    """The whole division, in DuckDB's dialect.

    It reads `amount(origin, pool, slot, amount)` in units, `route(pool, slot, via, part, weight)` with the
    pool whose driver divides a pool's cost, and `weight(via, part, slot, tenant, weight)` with each tenant's
    usage of that driver. Origin and amount together identify a row of `amount`. The result has a row for
    every tenant of every route and adds up to each amount.
    """
    return _WHOLE.substitute(
        routed=_step("routed", "way", ("origin", "amount"), ("via", "part")),
        divided=_step("divided", "part_of", ("origin", "amount", "via", "part"), ("tenant",)),
    ).strip()


def one_step_sql(source: str, keys: Sequence[str], ties: Sequence[str]) -> str:
    """One division of the rows of *source*, which have a `size` and a `weight` and no routes."""
    return f"WITH {_step('divided', source, keys, ties).strip()} SELECT * FROM divided"  # noqa: S608 - names of our own


def in_dialect(sql: str, dialect: Dialect) -> str:
    """*sql* in *dialect*, with quoted identifiers because engines fold their case differently."""
    import sqlglot  # noqa: PLC0415 - an eighth of the start of every command that allocates, and few print SQL

    # DataFusion reads PostgreSQL's dialect; SQLGlot has no name for it.
    target = "postgres" if dialect is Dialect.DATAFUSION else str(dialect)
    (text,) = sqlglot.transpile(sql, read="duckdb", write=target, identify=True, pretty=True)
    return text
