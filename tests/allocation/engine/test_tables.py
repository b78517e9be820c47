from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from allocation.engine import tables


@pytest.mark.parametrize("name", ["CHARGE", "USAGE", "REFUSED", "ORIGIN", "SHARE", "ASSIGNMENT"])
def test_every_table_is_what_it_says(name: str) -> None:
    with duckdb.connect() as connection:
        tables.create(connection, "made", getattr(tables, name))
        described = connection.execute("DESCRIBE made").fetchall()
    made = {column: kind.replace(",", ", ") for column, kind, *_ in described}
    assert made == tables.columns_of(getattr(tables, name))


def test_rows_are_stored_as_they_are_given() -> None:
    rows = [("acme", "users", "2026-11-01 00:00:00", "2026-12-01 00:00:00", Decimal("0.000000001"))]
    with duckdb.connect() as connection:
        tables.create(connection, "made", tables.USAGE)
        tables.insert(connection, "made", tables.USAGE, rows)
        tables.insert(connection, "made", tables.USAGE, [])
        stored = connection.execute("SELECT * FROM made").fetchall()
    start, end = datetime(2026, 11, 1), datetime(2026, 12, 1)  # noqa: DTZ001 - the tables hold UTC without a zone
    assert stored == [("acme", "users", start, end, Decimal("0.000000001"))]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_columns_that_are_the_same_in_every_row_are_stored_in_every_row(count: int) -> None:
    table = "name VARCHAR, part VARCHAR, number BIGINT, nothing VARCHAR, moment TIMESTAMP, place VARCHAR"
    rows = [("a", "same", 7, None, "2026-11-01 00:00:00", f"{place}") for place in range(count)]
    with duckdb.connect() as connection:
        tables.create(connection, "made", table)
        tables.insert(connection, "made", table, rows)
        stored = connection.execute("SELECT name, part, number, nothing, place FROM made").fetchall()
    assert sorted(stored) == [("a", "same", 7, None, f"{place}") for place in range(count)]


def test_a_copy_in_order_gives_the_threads_back() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        with tables.in_order(connection):
            assert connection.execute("SELECT current_setting('threads')").fetchone() == (1,)
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (2,)
