"""Reads drivers from the split cost allocation data of AWS' Cost and Usage Reports: usage, and no cost.

AWS adds two rows an hour for each Kubernetes pod and ECS task, one of vCPU and one of memory
(docs.aws.amazon.com/cur/latest/userguide/split-cost-allocation-data.html). In them, ReservedUsage is what was
requested, ActualUsage what was used, if that is measured, and SplitUsage the larger of the two
(split-line-item-columns.html): our drivers requests, used and billable. The usage type says what is
measured: `EKS-EC2-vCPU-Hours`, `ECS-EC2-GB-Hours` (AWS' Well-Architected Labs, "CUR Queries", "Container").
Their GB is a GiB: in AWS' own example an m5.xlarge, which has 16 GiB, has 16 GB
(example-split-cost-allocation-data.html).

A pod's resource is `arn:aws:eks:<region>:<account>:pod/<cluster>/<namespace>/<pod>/<uid>`. Its tenant is the
label cost/tenant, which AWS imports as a user's tag once it is activated
(split-cost-allocation-data-kubernetes-labels.html), or, without it, the only tenant in its namespace.
"""

# ruff: noqa: S608 - assembled from our own names and quoted ones
from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.usage.rows import UsageRow
from allocation.adapters.usage.split_cost.owners import tenant_of
from allocation.adapters.usage.split_cost.reports import (
    COLUMNS,
    MEASURE,
    costs,
    load,
    other_measures,
    uncovered,
)
from allocation.charges import ChargePeriod

_DRIVERS: Final = {"requests": "reserved", "used": "actual", "billable": "split"}
"""What a driver's name ends in -> the column."""
_SUMMED: Final = """
SELECT tenant, measure, starts, ends, SUM(CAST({column} AS DECIMAL(38, 12)))
FROM (SELECT * REPLACE (CASE WHEN whole THEN day ELSE starts END AS starts,
        CASE WHEN whole THEN day + INTERVAL 1 DAY ELSE ends END AS ends)
    FROM (SELECT *, ends <= day + INTERVAL 1 DAY AS whole
        FROM (SELECT *, date_trunc('day', starts) AS day FROM split_known)))
GROUP BY ALL ORDER BY ALL"""


@dataclass(frozen=True, slots=True)
class SplitCost:
    """What the reports tell.

    Attributes:
        rows: Usage of each tenant, driver and day; of the report's own interval where that is longer.
        notes: What is not in the rows, a sentence each.
    """

    rows: tuple[UsageRow, ...]
    notes: tuple[str, ...]


def split_usage(
    files: Sequence[str], period: ChargePeriod, namespaces: Mapping[str, str | None], unlabelled: str | None
) -> SplitCost:
    """The usage of pods and tasks in *files* during *period*.

    Args:
        files: Cost and Usage Reports: files, folders, `s3://` addresses or manifests of deliveries.
        period: Rows of other months are left out.
        namespaces: Namespace -> its tenant; None where several share it.
        unlabelled: The consumer of what has no tenant; None is an error.

    Raises:
        UsageError: When a file cannot be read, has no split cost allocation data, tells a line twice, leaves
            out a day, or has usage that no tenant can be found for.
    """
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory(prefix=".bill-") as folder:
        left_out = load(connection, files, period, Path(folder))
    bounds = {"first": period.start.replace(tzinfo=None), "behind": period.end.replace(tzinfo=None)}
    connection.execute("DELETE FROM split_rows WHERE starts < $first OR ends > $behind", bounds)
    notes = [f"left out {each['name']}: {each['reason']}" for each in left_out]
    notes += [*uncovered(connection, period), *other_measures(connection), *costs(connection)]
    _name_tenants(connection, namespaces, unlabelled)
    rows: list[UsageRow] = []
    for ending, column in _DRIVERS.items():
        missing = _missing(connection, column)
        if missing:
            notes.append(f"*-{ending} are not written: {missing} rows have no {COLUMNS[column][1]}")
        else:
            rows += _rows(connection, ending, column)
    return SplitCost(tuple(rows), tuple(notes))


def _name_tenants(
    connection: duckdb.DuckDBPyConnection, namespaces: Mapping[str, str | None], unlabelled: str | None
) -> None:
    """Make the table `split_known`: the rows that measure, each with its tenant."""
    owner = "CASE WHEN contains(resource, ':pod/') THEN regexp_replace(resource, '/[^/]+/[^/]+$', '/x/x') END"
    kinds = connection.execute(
        f"SELECT DISTINCT tags, {owner} FROM split_rows WHERE {MEASURE} IS NOT NULL"
    ).fetchall()
    known = [(tags, place, tenant_of(tags, place, namespaces, unlabelled)) for tags, place in kinds]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE split_tenants (tags VARCHAR, place VARCHAR, tenant VARCHAR)"
    )
    if known:
        connection.executemany("INSERT INTO split_tenants VALUES (?, ?, ?)", known)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE split_known AS "
        f"SELECT split_rows.*, {MEASURE} AS measure, tenant FROM split_rows "
        f"JOIN split_tenants ON split_rows.tags IS NOT DISTINCT FROM split_tenants.tags "
        f"AND {owner} IS NOT DISTINCT FROM split_tenants.place WHERE {MEASURE} IS NOT NULL"
    )


def _missing(connection: duckdb.DuckDBPyConnection, column: str) -> int:
    found = connection.execute(f"SELECT COUNT(*) FROM split_known WHERE {column} IS NULL").fetchone()
    return int(found[0]) if found else 0


def _rows(connection: duckdb.DuckDBPyConnection, ending: str, column: str) -> Iterator[UsageRow]:
    for tenant, measure, starts, ends, quantity in connection.execute(
        _SUMMED.format(column=column)
    ).fetchall():
        interval = (starts.replace(tzinfo=UTC), ends.replace(tzinfo=UTC))
        yield UsageRow(tenant, f"{measure}-{ending}", *interval, Decimal(quantity))
