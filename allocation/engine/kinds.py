"""Kinds of charges: rows of a bill that say the same but for their amounts, times and resources.

A reader of large bills makes the table `charge_kind`, with the number `kind` and the columns of `charge` that
every charge of a kind has alike. What follows from these is worked out for each kind, and not for each row.
"""

from __future__ import annotations

from typing import Final

import duckdb

KINDS: Final = "charge_kind"
"""Table of the kinds; `charge` then has their number in a column `kind`."""

LINES: Final = "lines"
"""The column of `charge` with the number of lines of the bill that a charge sums, where it has one."""
_MOST_WORDS: Final = 20_000
_LONGEST: Final = 1_000_000
"""Characters of all values of an enumerated type: a file of Parquet repeats them for every 122,880 rows."""


def columns_by_kind(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The columns of `charge` that the charges of a kind have alike; none where charges have no kinds."""
    rows = connection.execute(
        "SELECT table_name = 'charge', column_name FROM duckdb_columns() WHERE table_name IN ('charge', ?)",
        [KINDS],
    ).fetchall()
    if (True, "kind") not in rows:
        return frozenset()
    return frozenset(name for of_charge, name in rows if not of_charge and name != "kind")


def make_enumerated(connection: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
    """Make *table* of the SQL *rows*; its texts are of enumerated types where they have few values.

    DuckDB groups, joins and writes these several times as fast. Read back from a file they are text.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}_text AS {rows}")
    columns = connection.execute(f"DESCRIBE {table}_text").fetchall()
    typed = [
        _enumerated(connection, f"{table}_text", name) if kind == "VARCHAR" else name
        for name, kind, *_ in columns
    ]
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {', '.join(typed)} FROM {table}_text")  # noqa: S608 - names of our own
    for name, *_ in columns:  # a table keeps what it knows of its types
        connection.execute(f"DROP TYPE IF EXISTS word_of_{name}")
    connection.execute(f"DROP TABLE {table}_text")


def _enumerated(connection: duckdb.DuckDBPyConnection, table: str, name: str) -> str:
    """SQL of the text *name* as one of an enumerated type, if it has few values."""
    words = f"SELECT DISTINCT {name} AS word FROM {table} WHERE {name} IS NOT NULL"  # noqa: S608 - names of our own
    ((size, length),) = connection.execute(
        f"SELECT COUNT(*), COALESCE(SUM(LENGTH(word)), 0) FROM ({words})"  # noqa: S608 - names of our own
    ).fetchall()
    if size > _MOST_WORDS or length > _LONGEST:
        return name
    # A column of NULL alone is of such a type, too: it is written in half of the time.
    values = f"{words} ORDER BY word" if size else "''"
    connection.execute(f"CREATE TYPE word_of_{name} AS ENUM ({values})")
    return f"CAST({name} AS word_of_{name}) AS {name}"


def lines_of(connection: duckdb.DuckDBPyConnection, condition: str = "") -> str:
    """SQL that counts the lines of the bill, or those of a *condition*.

    An engine may have summed lines to charges (`adapters.distributed`); without one each charge is a line.
    """
    named = "SELECT 1 FROM duckdb_columns() WHERE table_name = 'charge' AND column_name = ?"
    summed = bool(connection.execute(named, [LINES]).fetchall())
    only = f" FILTER ({condition})" if condition else ""
    return f"COALESCE(SUM({LINES}){only}, 0)::BIGINT" if summed else f"COUNT(*){only}"
