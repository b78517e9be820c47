"""The division of money as SQL that every engine reads alike: no division operator, no rounding of its own.

Databases disagree about dividing: DuckDB, Trino and Snowflake answer a decimal quotient with a double or
round it, each in its way. So a share is *guessed* with floating point and then made exact with whole numbers:

    guess     = floor(size * weight * total^-1)           any error of the guess is found in
    rest      = size * weight - guess * total             exact, in 38 digits, and mended by a second guess
    remainder = rest, brought into 0 <= remainder < total

What is left over once every share is rounded down goes, a unit each, to the largest remainders, ties to the
earlier name (Hamilton's method). Only + - * FLOOR POWER CASE CAST SUM OVER and ROW_NUMBER are used, every
order is total, and every type is written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum, unique
from string import Template
from typing import Final

LARGEST_WEIGHT: Final = 10**18
"""What all weights of one division may add up to: with 2^62 units it still fits 38 digits."""

ROUTE_TOTAL: Final = LARGEST_WEIGHT
"""What the weights of the ways out of a pool add up to."""


@unique
class Dialect(StrEnum):
    """An engine that `costack sql` can print for."""

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

    It reads `amount(origin, pool, slot, amount)` in units, `route(pool, slot, via, part, weight)`: by which
    pool's driver a pool's cost leaves it, and `weight(via, part, slot, tenant, weight)`: how much of the
    driver each tenant has. Origin and amount together name a row of `amount`. The answer has a row for
    every tenant of every way, and adds up to the amount for each of them.
    """
    return _WHOLE.substitute(
        routed=_step("routed", "way", ("origin", "amount"), ("via", "part")),
        divided=_step("divided", "part_of", ("origin", "amount", "via", "part"), ("tenant",)),
    ).strip()


def one_step_sql(source: str, keys: Sequence[str], ties: Sequence[str]) -> str:
    """One division of the rows of *source*, which have a `size` and a `weight`; for what has no routes."""
    return f"WITH {_step('divided', source, keys, ties).strip()} SELECT * FROM divided"  # noqa: S608 - names of our own


def in_dialect(sql: str, dialect: Dialect) -> str:
    """*sql* as *dialect* writes it, its identifiers quoted because engines fold their case differently."""
    import sqlglot  # noqa: PLC0415 - an eighth of the start of every command that allocates, and few print SQL

    # DataFusion reads PostgreSQL's dialect; SQLGlot has no name for it.
    target = "postgres" if dialect is Dialect.DATAFUSION else str(dialect)
    (text,) = sqlglot.transpile(sql, read="duckdb", write=target, identify=True, pretty=True)
    return text
