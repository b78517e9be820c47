"""Origins: shared charges of one pool, one day and one kind, summed, so that they are divided once."""

from __future__ import annotations

from typing import Final

import duckdb

# An hour's charge belongs to its day; one that spans days is divided by the use of all of them.
_ORIGINS: Final = """
CREATE OR REPLACE TABLE pooled AS
SELECT pool, rule,
    DATE_TRUNC('day', period_start) AS period_start,
    CASE WHEN period_end <= DATE_TRUNC('day', period_start) + INTERVAL 1 DAY
        THEN DATE_TRUNC('day', period_start) + INTERVAL 1 DAY
        ELSE DATE_TRUNC('day', period_end - INTERVAL 1 MICROSECOND) + INTERVAL 1 DAY END AS period_end,
    category, charge_category, charge_class, charge_frequency, invoice_id, service, service_category, region,
    billing_account, sub_account, provider, publisher, invoice_issuer,
    COUNT(*) AS charges,
    SUM(billed) AS billed, SUM(effective) AS effective, SUM(listed) AS listed, SUM(contracted) AS contracted
FROM charged
WHERE disposition = 'pooled'
GROUP BY ALL
"""

_NUMBERED: Final = """
CREATE OR REPLACE TABLE origin AS
SELECT ROW_NUMBER() OVER (
        ORDER BY pool, period_start, period_end, rule, category, charge_category, charge_class,
            charge_frequency, invoice_id, service, service_category, region, billing_account, sub_account,
            provider, publisher, invoice_issuer
    ) AS origin, *
FROM pooled
"""

_SLOTS: Final = """
CREATE OR REPLACE TABLE slot AS
SELECT ROW_NUMBER() OVER (ORDER BY period_start, period_end) AS slot, period_start, period_end
FROM (SELECT DISTINCT period_start, period_end FROM origin)
"""

# The four costs of an origin are mostly one number: it is divided once.
_AMOUNTS: Final = """
CREATE OR REPLACE TABLE amount AS
SELECT DISTINCT origin, pool, slot, CAST(amount AS DECIMAL(38, 0)) AS amount
FROM (
    SELECT origin, pool, slot, UNNEST([billed, effective, listed, contracted]) AS amount
    FROM origin JOIN slot USING (period_start, period_end)
)
"""

_TOO_LARGE: Final = "SELECT MAX(ABS(amount)) FROM amount"
LARGEST_AMOUNT: Final = 2**62
"""In units; 461 million of a currency in one pool and day."""


def make_origins(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `origin`, `slot` and `amount` from the view `charged`."""
    for statement in (_ORIGINS, _NUMBERED, _SLOTS, _AMOUNTS):
        connection.execute(statement)
    connection.execute("DROP TABLE pooled")
