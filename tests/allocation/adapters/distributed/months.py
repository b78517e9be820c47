"""A month with every kind of line that a group must not swallow, as Parquet in two files."""

# ruff: noqa: S608 - SQL of our own

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from allocation.charges import ChargePeriod
from allocation.runs.bill import Request
from tests.allocation.bills import written
from tests.portfolios import plan_of, tenant
from tiers.inventory import exported

ROWS = 900
TENANTS = ("acme", "birch", "cedar")
_NUMBER = "CAST(hash(number * 31 + {0}) % {1} AS INTEGER)"
"""Made-up, and the same each time: a whole number below the second."""

# Prices of ten decimals or many; credits; another currency; no cost at all; days, hours, a month, a row of
# the month before; lines of two zones; a commitment and its fee; tags of a tenant, of the platform, and none.
FOCUS = f"""
SELECT CASE WHEN odd = 0 THEN 0.1 / 3 WHEN odd = 1 THEN -cost / 1e4 WHEN odd = 2 THEN 0
        ELSE cost / 1e7 END AS BilledCost,
    CASE WHEN odd = 3 THEN NULL WHEN odd = 4 THEN -1.5 ELSE BilledCost / 2 END AS EffectiveCost,
    CAST(CASE WHEN odd = 5 THEN 1234567.891 ELSE cost / 1e6 END AS DECIMAL(30, 12)) AS ListCost,
    CASE WHEN odd = 6 THEN '' WHEN odd = 7 THEN '1e-3' ELSE printf('%.6f', cost / 1e6) END AS ContractedCost,
    '123456789012' AS BillingAccountId, CASE WHEN odd = 8 THEN 'EUR' ELSE 'USD' END AS BillingCurrency,
    TIMESTAMP '2026-12-01' AS BillingPeriodStart, TIMESTAMP '2027-01-01' AS BillingPeriodEnd,
    CASE WHEN odd = 9 THEN 'Tax' WHEN odd = 10 THEN 'Purchase' WHEN odd = 11 THEN 'usage' ELSE 'Usage' END
        AS ChargeCategory,
    CASE WHEN number % 5 = 0
            THEN '$0.478 per RDS db.r7g.large Multi-AZ instance hour (or partial hour) running PostgreSQL'
        WHEN number % 5 = 1 THEN NULL ELSE 'a line of ' || service END AS ChargeDescription,
    TIMESTAMP '2026-12-01' + INTERVAL 1 HOUR * CAST(CASE WHEN odd = 12 THEN -30 WHEN odd = 13 THEN 740
        ELSE {_NUMBER.format(3, 720)} END AS INTEGER) AS ChargePeriodStart,
    ChargePeriodStart + CASE WHEN odd = 14 THEN INTERVAL 0 HOUR WHEN odd = 15 THEN INTERVAL 3 DAY
        ELSE INTERVAL 1 HOUR END AS ChargePeriodEnd,
    CASE WHEN odd IN (10, 16) THEN 'commitment-1' END AS CommitmentDiscountId,
    CASE WHEN odd = 10 THEN 'Recurring' ELSE 'Usage-Based' END AS ChargeFrequency,
    'us-east-1' AS RegionId, CASE WHEN odd < 20 THEN known[1 + number % len(known)] ELSE 'i-' || number END
        AS ResourceId,
    service AS ServiceName, CASE WHEN number % 7 = 0 THEN NULL ELSE 'sku-' || (number % 4) END AS SkuId,
    CASE WHEN odd = 17 THEN NULL WHEN odd = 18 THEN 1 / 3.0 ELSE 1 + number % 3000 / 8 END AS PricingQuantity,
    'Hours' AS PricingUnit, tags[1 + {_NUMBER.format(4, "len(tags)")}] AS Tags
FROM (
    SELECT number, {_NUMBER.format(1, 40)} AS odd, {_NUMBER.format(2, 9999)} + 1 AS cost,
        ['Amazon Elastic Compute Cloud', 'Amazon Relational Database Service', 'AWSSupportBusiness']
            [1 + number % 3] AS service
    FROM range($rows) AS made(number)
), (SELECT $tags AS tags, $known AS known)"""

CUR = f"""
SELECT cost / 1e7 AS line_item_unblended_cost, 'USD' AS line_item_currency_code,
    ['Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanRecurringFee', 'RIFee', 'Credit',
        'Something else'][1 + word] AS line_item_line_item_type,
    CASE WHEN odd < 8 THEN cost / 2e7 END AS reservation_effective_cost,
    cost / 4e6 AS savings_plan_savings_plan_effective_cost,
    cost / 1e6 AS savings_plan_total_commitment_to_date, {_NUMBER.format(7, 9999)} / 1e6
        AS savings_plan_used_commitment,
    CASE WHEN odd = 1 THEN 'arn:plan' END AS savings_plan_savings_plan_a_r_n,
    TIMESTAMP '2026-12-01' + INTERVAL 1 HOUR * hours
        AS line_item_usage_start_date,
    line_item_usage_start_date + INTERVAL 1 HOUR AS line_item_usage_end_date,
    TIMESTAMP '2026-12-01' AS bill_billing_period_start_date,
    TIMESTAMP '2027-01-01' AS bill_billing_period_end_date,
    '123456789012' AS bill_payer_account_id,
    'id-' || CASE WHEN odd = 2 THEN -1 ELSE number END AS identity_line_item_id,
    line_item_usage_start_date || '/' || line_item_usage_end_date AS identity_time_interval,
    'EC2' AS line_item_product_code, MAP {{'product_name': 'Amazon Elastic Compute Cloud'}} AS product,
    'sku-1' AS product_sku, 1.0::DOUBLE AS line_item_usage_amount,
    MAP {{'cost_tenant': names[1 + number % len(names)]}} AS resource_tags
FROM (
    SELECT number, {_NUMBER.format(1, 40)} AS odd,
        CASE WHEN odd = 2 THEN 77 ELSE {_NUMBER.format(2, 9999)} + 1 END AS cost,
        CASE WHEN odd = 2 THEN 0 ELSE {_NUMBER.format(3, 720)} END AS hours,
        CASE WHEN odd = 2 THEN 0 ELSE {_NUMBER.format(6, 7)} END AS word
    FROM range($rows) AS made(number)
), (SELECT $names AS names)"""


def month(folder: Path, sql: str = FOCUS, rows: int = ROWS) -> Request:
    """The request for the month of *sql* in *folder*."""
    plan = plan_of(*(tenant(name, options={"users": 3}) for name in TENANTS))
    known = {fact.id: f"arn:aws:ec2:us-east-1:123456789012:{fact.id}" for fact in plan.all_facts()}
    (folder / "inventory.json").write_text(json.dumps(exported(plan, known)), encoding="utf-8")
    tags = [json.dumps(one.cost_tags().as_tags()) for one in plan.tenants]
    tags += [json.dumps(plan.platform_tags().as_tags()), "{}", ""]
    given = {"tags": tags, "known": list(known.values())[:4], "names": list(TENANTS), "rows": rows}
    with duckdb.connect() as connection:
        used = {name: value for name, value in given.items() if f"${name}" in sql}
        connection.execute(f"CREATE TABLE bill AS {sql}", used)
        for part in (0, 1):
            path = folder / "bill" / f"part-{part:05}.parquet"
            path.parent.mkdir(exist_ok=True)
            half = f"SELECT * FROM bill LIMIT {rows // 2} OFFSET {part * (rows // 2)}"
            connection.execute(f"COPY ({half}) TO '{path}' (FORMAT parquet)")
    usage = [
        {
            "tenant": who,
            "driver": driver,
            "start": "2026-12-01",
            "end": "2027-01-01",
            "quantity": str(31 * (7 + n)),
        }
        for n, who in enumerate((*TENANTS, "platform"))
        for driver in ("cpu-requests", "memory-requests")
    ]
    return Request(
        bills=[folder / "bill"],
        usage=[written(folder / "usage.csv", usage)],
        inventories=[str(folder / "inventory.json")],
        period=ChargePeriod.month("2026-12"),
        out=folder / "run",
    )
