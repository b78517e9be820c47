"""Explains a figure: from a tenant's amount to charges, rule, driver quantity and remainder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import duckdb

from allocation.engine.shared_charges import DAY_AFTER_LAST, FIRST_DAY
from allocation.engine.tables import KIND_OF_SHARED_CHARGE
from allocation.errors import AllocationError
from allocation.money import text_of

_MOST: Final = 20
_CHARGE: Final = [
    "charge",
    "line_id",
    "source",
    "row_number",
    "period_start",
    "period_end",
    "billing_start",
    "billing_end",
    "other_month",
    "service",
    "region",
    "description",
    "resource_id",
    "charge_category",
    "disposition",
    "tenant",
    "pool",
    "rule",
    "domain",
    "category",
    "behaviour",
    "original_currency",
    "original_billed",
    "rate",
    "commitment_discount_status",
]


def explain_tenant(connection: duckdb.DuckDBPyConnection, tenant: str, cost: str) -> dict[str, Any]:
    """What a tenant pays, by rule and by pool, the largest first, each with an example to explain next.

    Raises:
        AllocationError: When the run has no cost of this tenant.
    """
    direct = _rows(
        connection,
        f"""SELECT rule, domain, category, COUNT(*) AS charges, SUM({cost}) AS units, MIN(line_id) AS example
        FROM charged WHERE disposition = 'direct' AND tenant = ? GROUP BY ALL
        ORDER BY ABS(units) DESC, rule, domain, category""",  # noqa: S608 - a column of ours
        [tenant],
    )
    pooled = _rows(
        connection,
        f"""SELECT via AS pool, part, COUNT(DISTINCT origin) AS origins, SUM({cost}) AS units,
            ARG_MAX(origin, ABS({cost})) AS example
        FROM share WHERE tenant = ? GROUP BY ALL ORDER BY ABS(units) DESC, pool, part""",  # noqa: S608 - a column of ours
        [tenant],
    )
    if not direct and not pooled:
        raise AllocationError(f"tenant '{tenant}': this run has no cost of a tenant with that name")
    whole = sum(row["units"] for row in (*direct, *pooled))
    return {
        "tenant": tenant,
        "amount": text_of(whole),
        "direct": _plain_rows(direct),
        "pooled": _plain_rows(pooled),
    }


def explain_charge(
    connection: duckdb.DuckDBPyConnection, tenant: str, charge: str, cost: str
) -> dict[str, Any]:
    """The part of one line of the bill that a tenant pays, and why.

    Args:
        connection: The tables of a run.
        tenant: The tenant.
        charge: The line's own id, or its number in the run.
        cost: The column of the statement.

    Raises:
        AllocationError: When the bill has no such line.
    """
    number = int(charge) if charge.isdecimal() and len(charge) <= 18 else -1  # noqa: PLR2004 - fits BIGINT
    found = _rows(
        connection,
        f"""SELECT {", ".join(_CHARGE)}, {cost} AS units FROM charged
        WHERE charge = ? OR line_id = ? ORDER BY charge LIMIT {_MOST}""",  # noqa: S608 - columns of ours
        [number, charge],
    )
    if not found:
        raise AllocationError(f"charge '{charge}': the bill has no such line")
    return {"tenant": tenant, "charges": [_explained(connection, tenant, line, cost) for line in found]}


def explain_shared_charge(
    connection: duckdb.DuckDBPyConnection, tenant: str, origin: int, cost: str
) -> dict[str, Any]:
    """How a shared charge was divided, as far as it concerns a tenant.

    Raises:
        AllocationError: When the run has no such shared charge.
    """
    found = _rows(connection, f"SELECT *, {cost} AS units FROM origin WHERE origin = ?", [origin])  # noqa: S608 - a column of ours
    if not found:
        raise AllocationError(f"shared charge {origin}: this run has no shared charge with that number")
    (summed,) = found
    return {
        "origin": origin,
        "pool": summed["pool"],
        "rule": summed["rule"],
        "period": [str(summed["period_start"]), str(summed["period_end"])],
        "other_month": summed["other_month"],
        "service": summed["service"],
        "charges": summed["charges"],
        "amount": text_of(summed["units"]),
        "shares": list(_shares(connection, tenant, origin, cost)),
        "use": list(_usage(connection, tenant, summed)),
    }


def _explained(
    connection: duckdb.DuckDBPyConnection, tenant: str, line: dict[str, Any], cost: str
) -> dict[str, Any]:
    facts = {name: _plain(line[name]) for name in _CHARGE} | {"amount": text_of(line["units"])}
    if line["disposition"] != "pooled":
        theirs = line["units"] if line["tenant"] == tenant else 0
        return facts | {"of_the_tenant": text_of(theirs)}
    row = connection.execute(_ORIGIN_OF, [line["charge"]]).fetchone()
    if row is None:
        raise AllocationError(
            f"charge {line['charge']}: its shared charge is missing; the run is damaged, create it again"
        )
    return facts | {"origin": explain_shared_charge(connection, tenant, row[0], cost)}


# A charge belongs to the shared charge with the same values; NULL is a value here.
_ALIKE: Final = " AND ".join(
    f"origin.{name} IS NOT DISTINCT FROM charged.{name}" for name in ("pool", "rule", *KIND_OF_SHARED_CHARGE)
)
_ORIGIN_OF: Final = f"""
SELECT origin FROM origin JOIN charged
    ON {_ALIKE} AND origin.period_start = {FIRST_DAY} AND origin.period_end = {DAY_AFTER_LAST}
WHERE charged.charge = ?
"""  # noqa: S608 - names of our own


def _shares(
    connection: duckdb.DuckDBPyConnection, tenant: str, origin: int, cost: str
) -> Iterator[dict[str, Any]]:
    rows = _rows(
        connection,
        f"""WITH before AS (
            SELECT share.*, share.{cost} - COALESCE(settlement.units, 0) AS divided,
                COALESCE(settlement.units, 0) AS settled
            FROM share LEFT JOIN settlement USING (origin, via, part, tenant) WHERE share.origin = ?
        ), sized AS (SELECT *, SUM(divided) OVER (PARTITION BY via, part) AS size FROM before)
        SELECT via, part, weight, total_weight, size, divided, settled,
            (SELECT MIN(other_month) FROM origin JOIN filed_share ON filed_share.month = other_month
                WHERE origin.origin = sized.origin AND filed_share.pool = via) AS as_filed_in
        FROM sized WHERE tenant = ? ORDER BY via, part""",  # noqa: S608 - a column of ours
        [origin, tenant],
    )
    for row in rows:
        size, weight, whole = int(row["size"]), int(row["weight"]), int(row["total_weight"])
        floor, remainder = divmod(abs(size) * weight, whole)
        yield {
            "via": row["via"],
            "part": row["part"],
            **({"as_filed_in": row["as_filed_in"]} if row["as_filed_in"] else {}),
            "divided": text_of(size),
            "weight": str(weight),
            "total_weight": str(whole),
            "rounded_down": text_of(floor if size >= 0 else -floor),
            "remainder": f"{remainder}/{whole}",
            "remainder_unit": abs(int(row["divided"])) - floor,
            "settled_units": int(row["settled"]),
            "amount": text_of(int(row["divided"]) + int(row["settled"])),
        }


def _usage(
    connection: duckdb.DuckDBPyConnection, tenant: str, origin: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    # Charges of another month are divided by the usage of the whole month, or as that one was filed.
    slot = _rows(connection, "SELECT period_start, period_end FROM slot WHERE slot = ?", [origin["slot"]])
    start, end = ((slot[0] if slot else origin)[name] for name in ("period_start", "period_end"))
    rows = _rows(
        connection,
        """SELECT driver, MIN(period_start) AS first, MAX(period_end) AS last, SUM(quantity) AS quantity
        FROM usage WHERE tenant = ? AND period_start < ? AND period_end > ? AND driver IN (
            SELECT driver FROM driver_part WHERE pool IN (SELECT via FROM share WHERE origin = ?
                EXCEPT SELECT pool FROM filed_share WHERE month = ?))
        GROUP BY driver ORDER BY driver""",
        [tenant, end, start, origin["origin"], origin["other_month"]],
    )
    for row in rows:
        yield {
            "driver": row["driver"],
            "from": str(row["first"]),
            "to": str(row["last"]),
            "quantity": f"{row['quantity'].normalize():f}",
        }


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object]
) -> list[dict[str, Any]]:
    answer = connection.execute(query, values)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _plain_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: _plain(value) for name, value in row.items() if name != "units"}
        | {"amount": text_of(row["units"])}
        for row in rows
    ]


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value if value is None or isinstance(value, int | str) else str(value)
