"""The tables a FOCUS file needs besides the allocation, and the check that everything adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

import duckdb

from allocation.adapters.focus.lines import MERGED_TAGS, WHOLE
from allocation.adapters.focus.run import FocusError, FocusRun
from allocation.engine.kinds import LINES, lines_of
from allocation.engine.tables import COSTS

_TIER: Final = "cost/service-tier"
_WHOLE_RATIO: Final = 10**12

_TABLES: Final = {
    "focus_run": """
        run_id VARCHAR, period_start TIMESTAMP, period_end TIMESTAMP, currency VARCHAR,
        billing_account_id VARCHAR, billing_account_name VARCHAR, invoice_issuer VARCHAR,
        provider VARCHAR, publisher VARCHAR, weight_unit DECIMAL(10, 9)""",
    "focus_tenant": """
        tenant VARCHAR PRIMARY KEY, name VARCHAR, tier VARCHAR, tags VARCHAR,
        members STRUCT(key VARCHAR, member VARCHAR)[]""",
    "focus_pool": "pool VARCHAR PRIMARY KEY, driver VARCHAR, driver_unit VARCHAR, method_id VARCHAR",
}

# FOCUS spells units of time with a capital (UnitFormat); the rulebook says `core-hours`.
_POOLS: Final = """
INSERT INTO focus_pool
SELECT pool, driver, replace(replace(driver_unit, 'hours', 'Hours'), 'seconds', 'Seconds'), method_id
FROM rulebook_pool"""

_TENANTS: Final = """
INSERT INTO focus_tenant SELECT UNNEST($1::VARCHAR[]), UNNEST($2::VARCHAR[]), UNNEST($3::VARCHAR[]),
    UNNEST($4::VARCHAR[]), UNNEST($5::STRUCT(key VARCHAR, member VARCHAR)[][])"""
_OFF: Final = " OR ".join(f"SUM(share.{cost}) IS DISTINCT FROM origin.{cost}" for cost in COSTS)
_UNBALANCED: Final = f"""
SELECT origin.origin, origin.pool
FROM origin LEFT JOIN share ON share.origin = origin.origin
GROUP BY origin.origin, origin.pool, {", ".join(f"origin.{cost}" for cost in COSTS)}
HAVING {_OFF} OR SUM(share.ratio) IS DISTINCT FROM {_WHOLE_RATIO} OR MIN(share.ratio) < 0
ORDER BY 1 LIMIT 1"""  # noqa: S608 - names of our own
# One look at all charges, and one at all of them as decided: of ten million each takes half a second.
_CHARGED: Final = f"""
SELECT COUNT(*), COALESCE(SUM(CAST(charge AS HUGEINT)), 0),
    {", ".join(f"COALESCE(SUM({cost}), 0)" for cost in COSTS)} FROM charge"""  # noqa: S608 - names of our own
_WRITTEN: Final = f"""
SELECT COUNT(*), COALESCE(SUM(CAST(charge AS HUGEINT)), 0),
    {", ".join(f"COALESCE(SUM({cost}) FILTER ({WHOLE}), 0)" for cost in COSTS)}
FROM charged AS charge"""  # noqa: S608 - names of our own
_SHARED: Final = f"""
SELECT {", ".join(f"COALESCE(SUM({cost}), 0)" for cost in COSTS)} FROM share"""  # noqa: S608 - names of our own
_UNKNOWN_POOL: Final = """
SELECT named.pool FROM (SELECT pool FROM origin UNION SELECT via FROM share) AS named
LEFT JOIN focus_pool AS known ON known.pool = named.pool
WHERE known.method_id IS NULL ORDER BY 1 LIMIT 1"""
# Counting distinct charges takes memory for each; it is done only if the numbers add up to something else.
_UNASSIGNED: Final = """
SELECT (SELECT COUNT(*) FROM charge), COUNT(*), COUNT(DISTINCT charge) FROM charged"""


@contextmanager
def prepared(connection: duckdb.DuckDBPyConnection, run: FocusRun) -> Iterator[None]:
    """The tables `focus_run`, `focus_tenant` and `focus_pool`, for the time of the context.

    Raises:
        FocusError: When a tenant or a pool appears twice, or a tenant's tags are no flat JSON object.
    """
    try:
        _prepare(connection, run)
        yield
    finally:
        connection.execute("DROP VIEW IF EXISTS focus_named")
        for name in (*_TABLES, "focus_tags", "focus_kind"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")


def refuse_what_does_not_add_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Compare, to the unit, what would be written with what was charged, per shared charge and in total.

    Raises:
        FocusError: With the first shared charge, the pool without a method, or the cost that differs.
    """
    pool = connection.execute(_UNKNOWN_POOL).fetchone()
    if pool is not None:
        raise FocusError(f"pool '{pool[0]}': divides charges, but has no documented method")
    origin = connection.execute(_UNBALANCED).fetchone()
    if origin is not None:
        raise FocusError(f"shared charge {origin[0]} of pool '{origin[1]}': its shares do not add up to it")
    charged, written = _one(connection, _CHARGED), _one(connection, _WRITTEN)
    if charged[:2] != written[:2]:
        charges, assignments, assigned = _one(connection, _UNASSIGNED)
        raise FocusError(
            f"{charges} charges have {assignments} assignments to {assigned} of them, not one each"
        )
    shared = _one(connection, _SHARED)
    for cost, before, whole, shares in zip(COSTS, charged[2:], written[2:], shared, strict=True):
        if before != whole + shares:
            raise FocusError(f"the {cost} cost is {whole + shares} units when written, {before} when charged")


def _prepare(connection: duckdb.DuckDBPyConnection, run: FocusRun) -> None:
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
    values = (
        run.run_id,
        run.period.start.replace(tzinfo=None),
        run.period.end.replace(tzinfo=None),
        run.currency,
        run.billing_account_id,
        run.billing_account_name,
        run.invoice_issuer,
        run.provider,
        run.publisher,
        Decimal(1).scaleb(-run.weight_decimals),
    )
    connection.execute("INSERT INTO focus_run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    try:
        connection.execute(_POOLS)
    except duckdb.ConstraintException as error:
        raise FocusError(f"rulebook_pool: a pool appears twice ({error})") from None
    tenants = [
        _tenant(*row) for row in connection.execute("SELECT tenant, name, tags FROM tenant_tags").fetchall()
    ]
    if tenants:
        try:
            connection.execute(_TENANTS, [list(column) for column in zip(*tenants, strict=True)])
        except duckdb.ConstraintException as error:
            raise FocusError(f"tenant_tags: a tenant appears twice ({error})") from None
    connection.execute(MERGED_TAGS)
    counted = LINES if LINES in lines_of(connection) else "1"
    connection.execute(
        f"""CREATE OR REPLACE VIEW focus_named AS
        SELECT service, service_category, provider, {counted} AS counted FROM charged"""  # noqa: S608 - a name of ours
    )


def _tenant(tenant: str, name: str | None, text: str | None) -> Sequence[Any]:
    try:
        tags = json.loads(text or "{}")
    except ValueError as error:
        raise FocusError(f"tenant '{tenant}': its tags are not JSON ({error})") from None
    if not isinstance(tags, dict) or any(isinstance(value, dict | list | float) for value in tags.values()):
        raise FocusError(f"tenant '{tenant}': its tags are not a flat object of text: {text}")
    members = [{"key": key, "member": f"{_json(key)}:{_json(value)}"} for key, value in tags.items()]
    written = ",".join(each["member"] for each in members)
    return tenant, name, tags.get(_TIER), f"{{{written}}}" if members else None, members


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise FocusError(f"the database answered nothing to: {query}")
    return row
