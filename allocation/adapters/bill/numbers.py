"""Reads the amounts of a bill as SQL: whole units of 1e-10, and the exact decimal where units cannot hold it.

Most amounts are *plain*: at most ten decimals and less than 100,000. They become units in one step; the exact
decimal of 38 digits, forty times as slow, is made of the others only.
"""

from __future__ import annotations

from typing import Final

from allocation.adapters.bill.formats.detection import Column

# 24 decimals and 14 digits before the point; 2**62 units, of which two still fit into a BIGINT.
EXACT: Final = "DECIMAL(38, 24)"
LIMIT: Final = "461168601.8427387904"
_DECIMALS: Final = 10

# DuckDB itself would also take '1_000', '+5' and ' 1.5 '. Oracle's bills do write '.5'.
_NUMBER: Final = r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_PLAIN: Final = rf"-?[0-9]{{1,5}}(\.[0-9]{{1,{_DECIMALS}}})?"

_EXACT_TYPES: Final = ("DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


def amount_columns(column: Column | None, name: str, text: str, *, rates: bool) -> list[str]:
    """The columns of the amount *name*, whose text is the SQL *text*.

    `name_given` and `name_formed` say whether there is one and whether it is a number; `name_units` is NULL
    unless it fits into units, `name_exact` NULL unless it is no plain one, and `name_fine` 1 if reading
    rounds it to 24 decimals. With *rates* each may be converted, so that none is plain.
    """
    plain = "NULL::BIGINT" if rates else _plain(column)
    exact = f"try_cast({text} AS {EXACT})"
    formed = is_number(column, text)
    fits = f"{formed} AND abs({exact}) < {LIMIT}"
    return [
        f"{text} AS {name}_text",
        f"{_given(column, text)} AS {name}_given",
        f"CASE WHEN {plain} IS NOT NULL THEN true ELSE {formed} END AS {name}_formed",
        f"CASE WHEN {plain} IS NOT NULL THEN {plain} WHEN {fits} THEN {rounded(exact)} END AS {name}_units",
        f"CASE WHEN {plain} IS NOT NULL THEN NULL WHEN {fits} THEN {exact} END AS {name}_exact",
        f"CASE WHEN {plain} IS NOT NULL THEN 0 ELSE {_too_fine(formed, text)} END AS {name}_fine",
    ]


def rounded(exact: str) -> str:
    """SQL of the decimal *exact* in units of 1e-10, half away from zero."""
    return f"CAST(CAST({exact} AS DECIMAL(38, {_DECIMALS})) * 10000000000 AS BIGINT)"


def exact_of(units: str) -> str:
    """SQL of the decimal that so many *units* of 1e-10 are."""
    return f"CAST(CAST({units} AS DECIMAL(19, 0)) * CAST('0.0000000001' AS DECIMAL(19, 10)) AS {EXACT})"


def quantity_columns(column: Column | None, text: str) -> list[str]:
    """The columns of the quantity, a decimal of twelve places; `quantity_unread` if too long for it."""
    formed = is_number(column, text)
    # In 64 bits where it fits, eight times as fast; both round the text alike.
    read = (
        f"coalesce(try_cast(try_cast({text} AS DECIMAL(18, 12)) AS DECIMAL(38, 12)),"
        f" try_cast({text} AS DECIMAL(38, 12)))"
    )
    quantity = f"CASE WHEN {formed} THEN {read} END"
    # Up to 26 characters without an exponent fit; making the decimal of every row only to know that takes as
    # long as everything else that is asked.
    long = f"(length({text}) > 26 OR contains(lower({text}), 'e'))"
    unread = f"{long} AND try_cast({text} AS DECIMAL(38, 12)) IS NULL"
    if column is not None and column.type == "DOUBLE":
        # As with amounts: fewer than 15 digits, so the shortest text of the double is this decimal.
        short = f"abs({column.sql}) < 1000 AND round({column.sql} * 1e12) / 1e12 = {column.sql}"
        short_way = f"CAST(CAST({column.sql} AS DECIMAL(18, 12)) AS DECIMAL(38, 12))"
        quantity = f"CASE WHEN {short} THEN {short_way} WHEN {formed} THEN {read} END"
        unread = f"CASE WHEN {short} THEN false ELSE {unread} END"
    return [
        f"{text} AS quantity_text",
        f"{_given(column, text)} AS quantity_given",
        f"{formed} AS quantity_formed",
        f"{quantity} AS quantity",
        f"{unread} AS quantity_unread",
    ]


def is_number(column: Column | None, text: str) -> str:
    """SQL that says whether the *text* of *column* is a plain decimal number."""
    if column is None:
        return "false"
    if column.type in {"DOUBLE", "FLOAT"}:
        return f"isfinite({column.sql})"
    if column.type.startswith(_EXACT_TYPES) and not column.type.endswith("]"):
        return "true"
    return f"regexp_full_match({text}, '{_NUMBER}')"


def _given(column: Column | None, text: str) -> str:
    if column is None:
        return "false"
    # Making the text of every number only to see whether there is one would take longer than reading it.
    return f"{text} IS NOT NULL" if column.type == "VARCHAR" else f"{column.sql} IS NOT NULL"


def _plain(column: Column | None) -> str:
    """The units of a plain amount, NULL for any other.

    A decimal of at most 15 digits is the shortest text of the double nearest to it (IEEE 754 binary64), so a
    double that equals `units / 1e10` with less than 1e15 units is written as these units.
    """
    if column is None:
        return "NULL::BIGINT"
    if column.type == "DOUBLE":
        units = f"round({column.sql} * 1e10)"
        plain = f"abs({units}) < 1e15 AND {units} / 1e10 = {column.sql}"
        return f"CASE WHEN {plain} THEN CAST({units} AS BIGINT) END"
    if column.type == "VARCHAR":
        plain = f"regexp_full_match({column.sql}, '{_PLAIN}')"
        return f"CASE WHEN {plain} THEN try_cast({column.sql} || 'e{_DECIMALS}' AS BIGINT) END"
    return "NULL::BIGINT"


def _too_fine(formed: str, text: str) -> str:
    """1 for a number written with more than 24 decimals, which reading has rounded; else 0."""
    decimals = rf"length(rtrim(regexp_extract({text}, '\.([0-9]*)', 1), '0'))"
    exponent = f"coalesce(try_cast(regexp_extract({text}, '[eE]([+-]?[0-9]+)$', 1) AS INTEGER), 0)"
    long = f"{formed} AND (length({text}) > 25 OR contains({text}, 'e') OR contains({text}, 'E'))"
    return f"""CASE WHEN {long} AND regexp_matches({text}, '^-?[0.]*[1-9]')
        THEN ({decimals} - {exponent} > 24)::INTEGER ELSE 0 END"""
