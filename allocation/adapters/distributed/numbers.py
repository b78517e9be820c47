"""Amounts and quantities of a bill as whole numbers that every engine computes alike.

A number is *plain* when it can be made whole in one step that no engine rounds: at most ten decimals below
100,000 for money, twelve for quantities. A decimal of at most 15 digits is the shortest text of the double
nearest to it (IEEE 754 binary64), so a double that equals such a decimal is meant as it. Every other number
is NULL here; its row is not grouped, and is read as any bill is (`allocation.adapters.bill.numbers`).

The SQL is DuckDB's and uses only what SQLGlot prints alike for every engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from allocation.adapters.bill.formats.detection import Column

MONEY_DECIMALS: Final = 10
QUANTITY_DECIMALS: Final = 12
_DOUBLE_MONEY: Final = ((10, 100_000),)
"""Decimals, and the size below which a double of fewer than 15 digits has them."""
_DOUBLE_QUANTITY: Final = ((12, 1_000), (6, 1_000_000_000), (0, 1_000_000_000_000_000))
_DECIMAL_MONEY: Final = ((10, 100_000),)
_DECIMAL_QUANTITY: Final = ((12, 1_000_000), (6, 1_000_000_000_000))
_INTEGER: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")


def is_given(column: Column) -> str:
    """SQL of whether a row has anything in *column*; text that is empty, or NULL as a word, is nothing."""
    if column.type != "VARCHAR":
        return f"{column.sql} IS NOT NULL"
    return (
        f"({column.sql} IS NOT NULL AND NOT (LENGTH({column.sql}) <= 4 AND LOWER({column.sql}) "
        "IN ('', 'null')))"
    )


def money_units(column: Column) -> str:
    """SQL of an amount in units of 1e-10, a BIGINT; NULL where it is not plain or not given."""
    return _whole(column, MONEY_DECIMALS, _DOUBLE_MONEY, _DECIMAL_MONEY, "BIGINT")


def quantity_units(column: Column) -> str:
    """SQL of a quantity in units of 1e-12, a DECIMAL(38, 0); NULL where it is not plain or not given."""
    return _whole(column, QUANTITY_DECIMALS, _DOUBLE_QUANTITY, _DECIMAL_QUANTITY, "DECIMAL(38, 0)")


def _whole(
    column: Column,
    decimals: int,
    doubles: tuple[tuple[int, int], ...],
    exacts: tuple[tuple[int, int], ...],
    kind: str,
) -> str:
    sql = column.sql
    if column.type == "DOUBLE":
        return _first(_of_double(sql, places, below, decimals, kind) for places, below in doubles)
    if column.type.startswith("DECIMAL") or _INTEGER.fullmatch(column.type):
        return _first(_of_exact(sql, places, below, decimals, kind) for places, below in exacts)
    if column.type == "VARCHAR":
        read = f"CAST({sql} AS DECIMAL(20, 10))"
        pattern = "^-?[0-9]{1,5}([.][0-9]{1,10})?$"
        units = _scaled(read, decimals, kind)
        return f"CASE WHEN REGEXP_MATCHES({sql}, '{pattern}') THEN {units} END"
    return f"CAST(NULL AS {kind})"


def _first(ways: Iterable[str]) -> str:
    found = list(ways)
    return found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})"  # Trino wants two at least


def _of_double(sql: str, places: int, below: int, decimals: int, kind: str) -> str:
    scale = f"CAST({10**places} AS DOUBLE)"
    whole = f"FLOOR({sql} * {scale} + CAST(0.5 AS DOUBLE))"
    same = f"CAST({whole} AS DOUBLE) / {scale} = {sql}"
    units = f"CAST({whole} AS BIGINT)"
    if decimals != places or kind != "BIGINT":
        units = f"CAST(CAST({units} AS DECIMAL(18, 0)) * {_factor(decimals - places)} AS {kind})"
    return f"CASE WHEN ABS({sql}) < CAST({below} AS DOUBLE) THEN CASE WHEN {same} THEN {units} END END"


def _of_exact(sql: str, places: int, below: int, decimals: int, kind: str) -> str:
    read = f"CAST({sql} AS DECIMAL(20, {places}))"
    units = _scaled(read, decimals, kind)
    return f"CASE WHEN ABS({sql}) < {below} THEN CASE WHEN {read} = {sql} THEN {units} END END"


def _scaled(read: str, decimals: int, kind: str) -> str:
    """The decimal *read* as a whole number of 10^-*decimals*."""
    return f"CAST({read} * {_factor(decimals)} AS {kind})"


def _factor(decimals: int) -> str:
    return f"CAST({10**decimals} AS DECIMAL({decimals + 1}, 0))"
