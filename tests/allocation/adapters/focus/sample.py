"""A small allocation with everything a FOCUS file can hold; one of its pools serves another."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import duckdb

from allocation.adapters.focus.run import FocusRun
from allocation.charges import ChargePeriod
from allocation.engine import tables
from allocation.money import split, units_of

RUN: Final = FocusRun(
    run_id="2026-10-a1b2",
    period=ChargePeriod.month("2026-10"),
    currency="USD",
    billing_account_id="111122223333",
    billing_account_name="Costack production",
    invoice_issuer="Amazon Web Services, Inc.",
    provider="AWS",
    publisher="AWS",
    weight_decimals=9,
)

_AWS: Final[dict[str, Any]] = {
    "region": "eu-west-1",
    "billing_account": "111122223333",
    "sub_account": "444455556666",
    "provider": "AWS",
    "publisher": "AWS",
    "invoice_issuer": "Amazon Web Services EMEA SARL",
    "invoice_id": "EUINDE26-1234",
}
_EC2: Final = {"service": "Amazon Elastic Compute Cloud", "service_category": "Compute"}
_RDS: Final = {"service": "Amazon Relational Database Service", "service_category": "Databases"}
_KEY: Final = {"sku_id": "SKU-1", "sku_price_id": "SKU-1.JRTCKXETXF"}
_INSTANCE: Final = {"resource_id": "i-0abc", "resource_name": "=web", "resource_type": "instance"}

_CHARGES: Final[tuple[dict[str, Any], ...]] = (
    # Direct: of acme, with a quantity of its own and a tag that the tenant has, too.
    {
        **_AWS,
        **_EC2,
        **_KEY,
        **_INSTANCE,
        "costs": "7.4400000001",
        "quantity": "744",
        "unit": "Hours",
        "tags": '{"cost/tenant":"ACME","Name":"web \\"1\\"","empty":null}',
        "to": ("direct", "acme"),
    },
    # Direct: estimated, so nobody billed it and there is no quantity.
    {**_EC2, "costs": "0.1", "to": ("direct", "bolt")},
    # Direct: a tax that names neither service nor quantity that may stay.
    {
        **_AWS,
        "charge_category": "Tax",
        "costs": "1.53",
        "quantity": "1",
        "unit": "Tax",
        "to": ("direct", "acme"),
    },
    # Origin 1: two charges of the nodes.
    {
        **_AWS,
        **_EC2,
        **_KEY,
        "costs": "100.0000000001",
        "quantity": "744",
        "unit": "Hours",
        "to": ("pooled", 1),
    },
    {**_AWS, **_EC2, "costs": "33.3333333333", "quantity": "10", "unit": "GB-Months", "to": ("pooled", 1)},
    # Origin 2: a credit on them. Origin 3: a tax on the platform. Origin 4: last month's database, corrected.
    {**_AWS, **_EC2, "charge_category": "Credit", "costs": "-10.01", "to": ("pooled", 2)},
    {**_AWS, **_EC2, "charge_category": "Tax", "costs": "20.02", "to": ("pooled", 3)},
    {**_AWS, **_RDS, "charge_class": "Correction", "costs": "-0.0000000007", "to": ("pooled", 4)},
    # Nobody's: a purchase, and usage whose category FOCUS does not know.
    {
        **_AWS,
        "service": "AWS Support (Business)",
        "service_category": "Support",
        "charge_category": "Purchase",
        "costs": "29",
        "effective": "0",
        "quantity": "1",
        "unit": "Month",
        "to": ("unallocated", "no-rule"),
    },
    {
        **_AWS,
        **_RDS,
        "service_category": "Other",
        "costs": "3",
        "listed": "3.5",
        "to": ("unallocated", "no-rule"),
    },
)

# For each origin: the pool, its rule, and the ways its money goes (via, part, tenant, weight).
_WAYS: Final = {
    1: (
        "nodes",
        "nodes",
        (
            ("nodes", "use", "acme", 3),
            ("nodes", "use", "bolt", 2),
            ("platform", "use", "acme", 1),
            ("platform", "use", "bolt", 1),
            ("nodes", "idle", None, 4),
        ),
    ),
    2: (
        "nodes",
        "nodes",
        (("nodes", "use", "acme", 3), ("nodes", "use", "bolt", 2), ("nodes", "idle", None, 1)),
    ),
    3: ("platform", "tax", (("platform", "use", "acme", 1), ("platform", "use", "bolt", 2))),
    4: (
        "postgresql",
        "rds",
        (
            ("postgresql", "use", "acme", 1),
            ("postgresql", "use", "bolt", 1),
            ("postgresql", "use", "corp", 1),
            ("postgresql", "idle", "acme", 1),
        ),
    ),
}
_POOLS: Final = (
    ("nodes", "cpu-requests", "core-hours", "costack:nodes:cpu-requests"),
    ("platform", "users", "user-hours", "costack:platform:users"),
    ("postgresql", "database-gib", "GiB-hours", "costack:postgresql:database-gib"),
)
_TENANTS: Final = (
    ("acme", "Acme GmbH", '{"cost/client":"acme","cost/tenant":"acme","cost/service-tier":"shared"}'),
    ("bolt", None, '{"cost/client":"bolt","cost/tenant":"bolt"}'),
)
_MONTH: Final = (datetime(2026, 10, 1), datetime(2026, 11, 1))  # noqa: DTZ001 - the tables hold UTC without a zone


def allocated(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of the allocation on *connection*."""
    for name in ("charge", "assignment", "origin", "share"):
        connection.execute(f"CREATE TABLE {name} ({getattr(tables, name.upper())})")
    connection.execute(
        "CREATE VIEW charged AS SELECT charge.*, assignment.* EXCLUDE (charge) "
        "FROM charge JOIN assignment USING (charge)"
    )
    connection.execute("CREATE TABLE tenant_tags (tenant VARCHAR, name VARCHAR, tags VARCHAR)")
    connection.execute(
        "CREATE TABLE rulebook_pool (pool VARCHAR, driver VARCHAR, driver_unit VARCHAR, method_id VARCHAR)"
    )
    connection.executemany("INSERT INTO tenant_tags VALUES (?, ?, ?)", _TENANTS)
    connection.executemany("INSERT INTO rulebook_pool VALUES (?, ?, ?, ?)", _POOLS)
    for number, charge in enumerate(_CHARGES, 1):
        _charge(connection, number, dict(charge))
    for origin, (pool, rule, ways) in _WAYS.items():
        _origin(connection, origin, pool, rule, ways)


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """Add a row to *table*, its columns by name."""
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))  # noqa: S608 - our own tables


def _charge(connection: duckdb.DuckDBPyConnection, number: int, charge: dict[str, Any]) -> None:
    disposition, who = charge.pop("to")
    cost = charge.pop("costs")
    costs = {name: units_of(Decimal(charge.pop(name, cost))) for name in tables.COSTS}
    given = {"charge_category": "Usage", "tags": "{}", "description": f"line {number}", **charge, **costs}
    where = {"charge": number, "line_id": f"bill.csv:{number}", "source": "bill.csv", "row_number": number}
    insert(connection, "charge", **where, period_start=_MONTH[0], period_end=_MONTH[1], **given)
    pooled = disposition == "pooled"
    insert(
        connection,
        "assignment",
        charge=number,
        disposition=disposition,
        tenant=who if disposition == "direct" else None,
        pool=_WAYS[who][0] if pooled else None,
        rule=_WAYS[who][1] if pooled else who if disposition == "unallocated" else "direct",
        domain="tenant-runtime",
        category="compute",
        behaviour="fixed",
    )


def _origin(connection: duckdb.DuckDBPyConnection, origin: int, pool: str, rule: str, ways: Any) -> None:
    alike = (
        "charge_category",
        "charge_class",
        "charge_frequency",
        "invoice_id",
        "service",
        "service_category",
        "region",
        "billing_account",
        "sub_account",
        "provider",
        "publisher",
        "invoice_issuer",
        "period_start",
        "period_end",
    )
    connection.execute(
        f"""INSERT INTO origin (origin, pool, rule, category, charges, {", ".join((*alike, *tables.COSTS))})
        SELECT ?, ?, ?, ANY_VALUE(category), COUNT(*), {", ".join(f"ANY_VALUE({name})" for name in alike)},
            {", ".join(f"SUM({name})" for name in tables.COSTS)}
        FROM charge JOIN assignment USING (charge) WHERE charge IN (SELECT UNNEST(?))""",  # noqa: S608 - our own tables
        [origin, pool, rule, _charges_of(origin)],
    )
    sums = connection.execute(
        f"SELECT {', '.join(tables.COSTS)} FROM origin WHERE origin = ?",  # noqa: S608 - our own tables
        [origin],
    ).fetchone()
    assert sums is not None
    weights = [weight for *_, weight in ways]
    money = [split(total, weights) for total in (*sums, 10**12)]
    for way, *parts in zip(ways, *money, strict=True):
        via, part, tenant, weight = way
        shares = dict(zip((*tables.COSTS, "ratio"), parts, strict=True))
        insert(
            connection,
            "share",
            origin=origin,
            via=via,
            part=part,
            tenant=tenant,
            weight=weight * 10**9,
            total_weight=sum(weights) * 10**9,
            **shares,
        )


def _charges_of(origin: int) -> list[int]:
    return [number for number, charge in enumerate(_CHARGES, 1) if charge["to"] == ("pooled", origin)]
