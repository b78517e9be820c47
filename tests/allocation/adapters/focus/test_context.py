from __future__ import annotations

import duckdb
import pytest

from allocation.adapters.focus.context import prepared, refuse_what_does_not_add_up
from allocation.adapters.focus.run import FocusError
from tests.allocation.adapters.focus.sample import RUN, allocated, insert


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    fresh = duckdb.connect()
    allocated(fresh)
    return fresh


def tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SHOW TABLES").fetchall()}


def checked(connection: duckdb.DuckDBPyConnection) -> None:
    with prepared(connection, RUN):
        refuse_what_does_not_add_up(connection)


def test_the_allocation_adds_up_and_nothing_stays_behind(connection: duckdb.DuckDBPyConnection) -> None:
    before = tables(connection)
    checked(connection)
    assert tables(connection) == before


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("breaking", "message"),
    [
        ("UPDATE share SET listed = listed + 1 WHERE origin = 2", "shared charge 2 of pool 'nodes'"),
        ("UPDATE share SET ratio = ratio - 1 WHERE origin = 3", "shared charge 3 of pool 'platform'"),
        ("DELETE FROM share WHERE origin = 4", "shared charge 4 of pool 'postgresql'"),
        ("DELETE FROM assignment WHERE charge = 1", "10 charges have 9 assignments to 9"),
        ("UPDATE assignment SET charge = 2 WHERE charge = 1", "10 charges have 10 assignments to 9"),
        (
            "UPDATE assignment SET disposition = 'pooled' WHERE charge = 2",
            "the billed cost is .* when written",
        ),
        (
            "DELETE FROM rulebook_pool WHERE pool = 'platform'",
            "pool 'platform': divides charges, but has no documented method",
        ),
        ("INSERT INTO rulebook_pool SELECT * FROM rulebook_pool", "rulebook_pool: a pool appears twice"),
        ("INSERT INTO tenant_tags SELECT * FROM tenant_tags", "tenant_tags: a tenant appears twice"),
        ("UPDATE tenant_tags SET tags = '{'", "tenant 'acme': its tags are not JSON"),
        ("UPDATE tenant_tags SET tags = '[1]'", "tenant 'acme': its tags are not a flat object"),
        ("""UPDATE tenant_tags SET tags = '{"a":{"b":1}}'""", "its tags are not a flat object"),
    ],
)
def test_what_does_not_add_up_is_named(
    connection: duckdb.DuckDBPyConnection, breaking: str, message: str
) -> None:
    before = tables(connection)
    connection.execute(breaking)
    with pytest.raises(FocusError, match=message):
        checked(connection)
    assert tables(connection) == before


def test_a_tenant_without_tags_is_no_error(connection: duckdb.DuckDBPyConnection) -> None:
    insert(connection, "tenant_tags", tenant="corp", name=None, tags=None)
    with prepared(connection, RUN):
        found = connection.execute("SELECT tags, members FROM focus_tenant WHERE tenant = 'corp'").fetchone()
    assert found == (None, [])
