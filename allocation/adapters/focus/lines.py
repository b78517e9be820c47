"""The SQL of the lines of a FOCUS file, as templates over the row that has their values.

A charge has columns of its own, and others that all charges of its kind have alike which were decided alike.
"""

from __future__ import annotations

import re
from string import Template
from typing import Final

from allocation.engine.tables import COSTS

MONEY: Final = Template(
    "CAST(CAST($units AS DECIMAL(19, 0)) * CAST('0.0000000001' AS DECIMAL(19, 10)) AS DECIMAL(38, 10))"
)
TRIMMED: Final = Template("rtrim(rtrim(CAST($number AS VARCHAR), '0'), '.')")
BEHIND_ALL_CHARGES: Final = 10**15
RATIO: Final = "CAST(share.ratio AS DECIMAL(19, 0)) * CAST('0.000000000001' AS DECIMAL(19, 12))"
DRIVER_VALUE: Final = "CAST(CAST(share.weight AS DECIMAL(28, 0)) * run.weight_unit AS DECIMAL(38, 9))"

SERVICE: Final = Template("COALESCE($row.service, $row.provider, run.provider)")
# What a bill does not say: usage is charged as it is used, anything else once.
FREQUENCY: Final = Template("""CASE
        WHEN $row.charge_frequency IN ('One-Time', 'Recurring', 'Usage-Based')
            AND NOT ($row.charge_frequency = 'Usage-Based' AND $row.charge_category = 'Purchase')
            THEN $row.charge_frequency
        WHEN $row.charge_category = 'Usage' THEN 'Usage-Based'
        ELSE 'One-Time' END""")
MOMENTS: Final = Template("$row.period_start, $row.period_end, $row.billing_start, $row.billing_end")
COMMON: Final = Template("""
    $row.charge_category, $row.charge_class, $row.invoice_id,
    $frequency AS charge_frequency,
    $service AS service, COALESCE(known_service.service_category, 'Other') AS service_category,
    COALESCE(known_service.service_subcategory, 'Other (Other)') AS service_subcategory,
    $row.region, $row.sub_account,
    COALESCE($row.billing_account, run.billing_account_id) AS billing_account,
    CASE WHEN COALESCE($row.billing_account, run.billing_account_id) = run.billing_account_id
        THEN run.billing_account_name ELSE $row.billing_account END AS billing_account_name,
    COALESCE($row.provider, run.provider) AS provider,
    COALESCE($row.publisher, run.publisher) AS publisher,
    COALESCE($row.invoice_issuer, run.invoice_issuer) AS invoice_issuer""")

# A service has one category in a file, whatever its lines say: the one most of them give. (`focus_named` has
# them as the charges do, `counted` for each line that a charge sums.)
SERVICE_CATEGORY: Final = Template("""
sorted_service AS (
    SELECT service, service_category
    FROM (
        SELECT COALESCE(service, named.provider, run.provider) AS service, service_category,
            SUM(counted) AS lines
        FROM (
            SELECT service, service_category, provider, counted FROM focus_named
            UNION ALL
            SELECT service, service_category, provider, 1 AS counted FROM origin
        ) AS named CROSS JOIN focus_run AS run
        WHERE service_category IN ($categories)
        GROUP BY 1, 2
    ) AS counted
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY service ORDER BY service_category = 'Other', lines DESC, service_category) = 1
),
known_service AS (
    SELECT service, service_category,
        COALESCE(service_subcategory, 'Other (' || service_category || ')') AS service_subcategory
    FROM sorted_service
    LEFT JOIN (VALUES $subcategories) AS known (service, service_category, service_subcategory)
        USING (service, service_category)
),
pooled_as AS (
    SELECT pool, rule, CASE WHEN MIN(domain) = MAX(domain) THEN MIN(domain) END AS domain,
        MIN(behaviour) AS behaviour
    FROM charged WHERE disposition IN ('pooled', 'shared') GROUP BY pool, rule
)""")

# The tenant's tags join the bill's; where both have a key, the bill's stays. Bills have millions of lines and
# few sets of tags, so each set is merged once. (Functions of JSON take a text, and no enumerated type.)
MERGED_TAGS: Final = """
CREATE OR REPLACE TABLE focus_tags AS
SELECT charge.tags, charge.tenant,
    CASE
        WHEN tenant.members IS NULL OR LEN(tenant.members) = 0 THEN NULLIF(charge.tags, '{}')
        WHEN charge.tags = '{}' THEN tenant.tags
        ELSE '{' || array_to_string(list_filter([
                NULLIF(trim(substr(trim(charge.tags), 2, length(trim(charge.tags)) - 2)),  ''),
                NULLIF(array_to_string(list_transform(
                    list_filter(tenant.members,
                        lambda each: NOT list_contains(json_keys(charge.tags), each.key)),
                    lambda each: each.member), ','), '')
            ], lambda part: part IS NOT NULL), ',') || '}'
    END AS merged
FROM (
    SELECT CAST(tags AS VARCHAR) AS tags, tenant
    FROM (SELECT DISTINCT tags, tenant FROM charged WHERE disposition = 'direct')
) AS charge
LEFT JOIN focus_tenant AS tenant ON tenant.tenant = charge.tenant"""

# Taxes have no quantity; usage and purchases must have one: without the bill's it is the cost itself.
HAS_QUANTITY: Final = "(charge.quantity IS NOT NULL AND charge.unit IS NOT NULL)"
MUST_HAVE_ONE: Final = Template(
    "($row.charge_category IN ('Usage', 'Purchase') AND $row.charge_class IS DISTINCT FROM 'Correction')"
)

# What a charge has of its own, and what all charges of its kind have that were decided alike.
OWN: Final = Template("""
    charge.charge AS place, $costs, $moments,
    charge.description, charge.resource_id, charge.resource_name, charge.resource_type,
    CASE WHEN charge.charge_category = 'Tax' THEN NULL
        WHEN $has_quantity THEN charge.quantity
        WHEN $must_have_one THEN CAST($contracted AS DECIMAL(38, 12)) END AS quantity,
    CASE WHEN charge.charge_category = 'Tax' THEN NULL
        WHEN $has_quantity THEN charge.unit
        WHEN $must_have_one THEN run.currency END AS unit,
    CASE WHEN charge.charge_category = 'Tax' OR NOT $has_quantity THEN charge.quantity END AS billed_quantity,
    CASE WHEN charge.charge_category = 'Tax' OR NOT $has_quantity THEN charge.unit END AS billed_unit,
    charge.sku_id, charge.sku_price_id, charge.line_id$original""")
ALIKE: Final = Template("""
    $common, COALESCE(focus_tags.merged, NULLIF(charge.tags, '{}')) AS tags,
    charge.domain, charge.category, charge.rule, charge.behaviour,
    charge.tenant, tenant.tier,
    CASE WHEN charge.disposition = 'unallocated' THEN charge.rule END AS unallocated_reason,
    CAST(NULL AS VARCHAR) AS pool, CAST(NULL AS VARCHAR) AS via, CAST(NULL AS VARCHAR) AS part,
    CAST(NULL AS VARCHAR) AS driver, CAST(NULL AS DECIMAL(38, 9)) AS driver_value,
    CAST(NULL AS VARCHAR) AS origin, CAST(NULL AS DECIMAL(38, 10)) AS origin_cost,
    CAST(NULL AS BIGINT) AS origin_charges,
    CAST(NULL AS VARCHAR) AS method_id, CAST(NULL AS VARCHAR) AS method_details,
    CAST(NULL AS VARCHAR) AS allocated_to, CAST(NULL AS VARCHAR) AS allocated_to_name,
    CAST(NULL AS VARCHAR) AS allocated_tags""")
JOINED: Final = Template("""
CROSS JOIN focus_run AS run
LEFT JOIN focus_tenant AS tenant ON tenant.tenant = charge.tenant
LEFT JOIN focus_tags ON focus_tags.tags = charge.tags AND focus_tags.tenant = charge.tenant
LEFT JOIN known_service ON known_service.service = $service""")
WHOLE: Final = "charge.disposition NOT IN ('pooled', 'shared')"

OWN_NAMES: Final = frozenset(
    {
        *(*COSTS, "period_start", "period_end", "billing_start", "billing_end"),
        *("description", "resource_id", "resource_name", "resource_type", "quantity", "unit", "line_id"),
        *("billed_quantity", "billed_unit", "sku_id", "sku_price_id"),
        *("original_currency", "original_billed", "rate"),
    }
)
ORIGINAL: Final = ", charge.original_currency, charge.original_billed, charge.rate"
# Charges of several currencies are summed in one shared charge.
NO_ORIGINAL: Final = (
    ", CAST(NULL AS VARCHAR) AS original_currency, CAST(NULL AS DECIMAL(38, 12)) AS original_billed,"
    " CAST(NULL AS DECIMAL(16, 10)) AS rate"
)

# What is divided is money, so an allocated charge counts the currency: its quantities add up like its costs.
SHARES: Final = Template("""
SELECT $behind_all_charges + origin.origin AS place, $costs, $moments, $common,
    origin.charges || CASE WHEN origin.charges = 1 THEN ' charge of ' ELSE ' charges of ' END
        || $service || ' through pool ' || origin.pool AS description,
    CAST(NULL AS VARCHAR) AS resource_id, CAST(NULL AS VARCHAR) AS resource_name,
    CAST(NULL AS VARCHAR) AS resource_type,
    CASE WHEN $must_have_one THEN CAST($contracted AS DECIMAL(38, 12)) END AS quantity,
    CASE WHEN $must_have_one THEN run.currency END AS unit,
    CAST(NULL AS VARCHAR) AS tags,
    CAST(NULL AS DECIMAL(38, 12)) AS billed_quantity, CAST(NULL AS VARCHAR) AS billed_unit,
    CAST(NULL AS VARCHAR) AS sku_id, CAST(NULL AS VARCHAR) AS sku_price_id, CAST(NULL AS VARCHAR) AS line_id,
    pooled_as.domain, origin.category, origin.rule, pooled_as.behaviour,
    share.tenant, tenant.tier,
    CASE WHEN share.part = 'unallocated' THEN 'no-driver' END AS unallocated_reason,
    origin.pool, share.via, share.part,
    divided_by.driver, $driver_value AS driver_value,
    'origin-' || origin.origin AS origin, $origin_cost AS origin_cost, origin.charges AS origin_charges,
    divided.method_id,
    '{"Elements":[{"AllocatedRatio":' || $ratio || ',"UsageUnit":' || to_json(divided_by.driver_unit)
        || ',"UsageQuantity":' || $usage || '}]}' AS method_details,
    share.tenant AS allocated_to,
    CASE WHEN share.tenant IS NOT NULL THEN COALESCE(tenant.name, share.tenant) END AS allocated_to_name,
    tenant.tags AS allocated_tags$original
FROM (SELECT * FROM share ORDER BY origin, via, part, tenant) AS share
INNER JOIN origin ON origin.origin = share.origin
CROSS JOIN focus_run AS run
LEFT JOIN pooled_as ON pooled_as.pool = origin.pool AND pooled_as.rule = origin.rule
LEFT JOIN focus_pool AS divided ON divided.pool = origin.pool
LEFT JOIN focus_pool AS divided_by ON divided_by.pool = share.via
LEFT JOIN focus_tenant AS tenant ON tenant.tenant = share.tenant
LEFT JOIN known_service ON known_service.service = $service""")

# The same run writes the same bytes: charges in their own order, shares in theirs. Sorting whole rows would
# take half of the time and spill; the writer sees to it that joins keep the order of what they read.
FILE: Final = Template("""
WITH $known, line AS ($whole UNION ALL BY NAME $shares)
SELECT $columns FROM line CROSS JOIN focus_run AS run""")


OF_A_KIND: Final = frozenset(
    re.findall(
        r"charge\.(\w+)",
        ALIKE.template
        + COMMON.substitute(
            row="charge",
            frequency=FREQUENCY.substitute(row="charge"),
            service=SERVICE.substitute(row="charge"),
        ),
    )
)
"""The columns of `charged` that decide what charges have alike."""
