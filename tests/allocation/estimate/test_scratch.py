from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from allocation.estimate import scratch as module
from allocation.estimate.scratch import scratch


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[duckdb.DuckDBPyConnection]]:
    engines: list[duckdb.DuckDBPyConnection] = []
    monkeypatch.setattr(module, "_IDLE", engines)
    yield engines
    for each in engines:
        each.close()


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table that the connection can see, of any catalog."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
    ).fetchall()
    return sorted(name for (name,) in found)


def test_nothing_of_one_is_in_the_next_which_has_the_same_engine(
    idle: list[duckdb.DuckDBPyConnection],
) -> None:
    with scratch() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        connection.execute("CREATE TEMP TABLE passing AS SELECT 1 AS one")
        connection.execute("CREATE VIEW seen AS SELECT * FROM kept")
        assert tables(connection) == ["kept", "passing", "seen"]
        assert idle == []
    (engine,) = idle
    with scratch() as connection:
        assert tables(connection) == []
        connection.execute("CREATE TABLE kept AS SELECT 2 AS two")
    assert idle == [engine]


def test_two_at_once_do_not_meet(idle: list[duckdb.DuckDBPyConnection]) -> None:
    with scratch() as one, scratch() as other:
        one.execute("CREATE TABLE kept AS SELECT 1 AS one")
        assert tables(other) == []
    assert len(idle) == 2


def test_after_an_error_another_engine_is_used(idle: list[duckdb.DuckDBPyConnection]) -> None:
    with pytest.raises(duckdb.CatalogException), scratch() as connection:
        connection.execute("SELECT * FROM missing")
    assert idle == []
    with scratch() as connection:
        assert tables(connection) == []
