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

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.bill.failures import BillError, explained
from allocation.adapters.bill.files import BillFile, literal, named, opened, relation
from allocation.adapters.bill.reading import text_of
from allocation.adapters.bill.tags import tags_text
from allocation.adapters.usage.rows import UsageError, UsageRow, days_of
from allocation.charges import ChargePeriod
from tiers.escapes import shortened

# Of the legacy report, and of CUR 2.0.
_SPLIT: Final = ("splitLineItem/SplitUsage", "split_line_item_split_usage")
_RESERVED: Final = ("splitLineItem/ReservedUsage", "split_line_item_reserved_usage")
_ACTUAL: Final = ("splitLineItem/ActualUsage", "split_line_item_actual_usage")
_TYPE: Final = ("lineItem/UsageType", "line_item_usage_type")
_RESOURCE: Final = ("lineItem/ResourceId", "line_item_resource_id")
_COLUMNS: Final = {
    "split": _SPLIT,
    "reserved": _RESERVED,
    "actual": _ACTUAL,
    "type": _TYPE,
    "resource": _RESOURCE,
}

_DRIVERS: Final = {"requests": "reserved", "used": "actual", "billable": "split"}
"""What a driver's name ends in -> the column."""
_TAG: Final = re.compile(r"(resource_?tags?[/_])?(user[:_])?cost[^a-z0-9]tenant", re.IGNORECASE)
_NAMESPACE: Final = re.compile(r"arn:aws[a-z-]*:eks:[^:]*:[^:]*:pod/[^/]+/([^/]+)/[^/]+/[^/]+")
_ROWS: Final = """
CREATE OR REPLACE TEMP TABLE split_rows (
    file VARCHAR, row_number BIGINT, line VARCHAR, tags VARCHAR, type VARCHAR,
    resource VARCHAR, starts TIMESTAMP, ends TIMESTAMP, split VARCHAR, reserved VARCHAR, actual VARCHAR)"""
_MEASURE: Final = """
CASE WHEN regexp_matches(type, '-vCPU-Hours(:perCPU)?$') THEN 'cpu'
     WHEN regexp_matches(type, '-GB-Hours$') AND NOT contains(type, 'EphemeralStorage') THEN 'memory' END"""
_WRONG: Final = """
SELECT file, row_number, CASE
    WHEN starts IS NULL OR ends IS NULL OR ends <= starts THEN 'a usage interval'
    WHEN resource IS NULL THEN 'a resource id'
    ELSE 'usage of 0 or more' END
FROM split_rows
WHERE starts IS NULL OR ends IS NULL OR ends <= starts OR resource IS NULL OR NOT ({numbers})
ORDER BY file, row_number LIMIT 1"""
_TWICE: Final = """
SELECT line, COUNT(*) FROM split_rows WHERE line IS NOT NULL
GROUP BY line HAVING COUNT(*) > 1 ORDER BY line LIMIT 1"""
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
    files: Sequence[Path], period: ChargePeriod, namespaces: Mapping[str, str | None], unlabelled: str | None
) -> SplitCost:
    """The usage of pods and tasks in *files* during *period*.

    Args:
        files: Cost and Usage Reports, or folders of them.
        period: Rows of other months are left out.
        namespaces: Namespace -> its tenant; None where several share it.
        unlabelled: The consumer of what has no tenant; None is an error.

    Raises:
        UsageError: When a file cannot be read, has no split cost allocation data, tells a line twice, leaves
            out a day, or has usage that no tenant can be found for.
    """
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory(prefix=".bill-") as folder:
        _load(connection, files, Path(folder))
    _refuse_wrong_rows(connection)
    bounds = {"first": period.start.replace(tzinfo=None), "behind": period.end.replace(tzinfo=None)}
    connection.execute("DELETE FROM split_rows WHERE starts < $first OR ends > $behind", bounds)
    notes = [*_uncovered(connection, period), *_other_measures(connection)]
    _name_tenants(connection, namespaces, unlabelled)
    rows: list[UsageRow] = []
    for ending, column in _DRIVERS.items():
        missing = _missing(connection, column)
        if missing:
            notes.append(f"*-{ending} are not written: {missing} rows have no {_COLUMNS[column][1]}")
        else:
            rows += _rows(connection, ending, column)
    return SplitCost(tuple(rows), tuple(notes))


def _load(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], folder: Path) -> None:
    connection.execute(_ROWS)
    lacking = []
    try:
        for number, (name, path) in enumerate(named(files)):
            bill = opened(connection, name, path, folder / f"{number}")
            if not bill.layout.name.startswith("CUR") or _column(bill, _SPLIT) is None:
                lacking.append(name)
                continue
            with explained(name):
                connection.execute(_insert(bill))
    except BillError as error:
        raise UsageError(str(error)) from None
    (count,) = connection.execute("SELECT COUNT(*) FROM split_rows").fetchone() or (0,)
    if not count:
        where = ", ".join(lacking[:3]) if lacking else ", ".join(path.name for path in files[:3])
        raise UsageError(
            f"{where}: has no split cost allocation data; switch it on in the cost management preferences "
            f"and in the export (INCLUDE_SPLIT_COST_ALLOCATION_DATA), so that it has {_SPLIT[1]}"
        )


def _column(bill: BillFile, names: tuple[str, str]) -> str | None:
    found = [column for name in names if (column := bill.header.find(name))]
    return text_of(found[0]) if found else None


def _insert(bill: BillFile) -> str:
    texts = {name: _column(bill, names) or "NULL::VARCHAR" for name, names in _COLUMNS.items()}
    line = [text_of(bill.header.find(part)) for part in bill.layout.line]
    key = f"{line[0]} || chr(31) || coalesce({line[1]}, '')"
    moments = [
        f"TRY_CAST(regexp_replace({text_of(bill.header.find(name))}, '(Z|\\+00(:?00)?)$', '') AS TIMESTAMP)"
        for name in (bill.layout.start, bill.layout.end)
    ]
    return (
        f"INSERT INTO split_rows SELECT {literal(bill.name)}, file_row_number + 1, {key}, "
        f"{tags_text(bill.layout, bill.header, text_of)}, {texts['type']}, {texts['resource']}, "
        f"{moments[0]}, {moments[1]}, {texts['split']}, {texts['reserved']}, {texts['actual']} "
        f"FROM {relation([bill])} WHERE {texts['split']} IS NOT NULL"
    )


def _refuse_wrong_rows(connection: duckdb.DuckDBPyConnection) -> None:
    numbers = " AND ".join(
        f"({column} IS NULL OR coalesce(TRY_CAST({column} AS DECIMAL(38, 12)) >= 0, false))"
        for column in _DRIVERS.values()
    )
    if wrong := connection.execute(_WRONG.format(numbers=numbers)).fetchone():
        file, row, expected = wrong
        raise UsageError(
            f"{file}, row {row}: expected {expected} of a pod or task, found none that can be read"
        )
    if twice := connection.execute(_TWICE).fetchone():
        line = shortened(str(twice[0]).partition("\x1f")[0])
        raise UsageError(
            f"line {line}: is there {twice[1]} times; give the files of one delivery only, the newest"
        )


def _uncovered(connection: duckdb.DuckDBPyConnection, period: ChargePeriod) -> Iterator[str]:
    """A sentence about first days without rows: perhaps the data was not switched on yet.

    Raises:
        UsageError: When there are no rows at all, or none of a later day.
    """
    spans = connection.execute("SELECT DISTINCT starts, ends FROM split_rows").fetchall()
    utc = [(one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)) for one, other in spans]
    if not utc:
        raise UsageError(f"the reports have no split cost allocation data of {period.start:%Y-%m}")
    first = min(one for one, _ in utc)
    without = [
        day.start
        for day in days_of(period)
        if not any(one < day.end and day.start < other for one, other in utc)
    ]
    lost: list[datetime] = [day for day in without if day > first]
    if lost:
        raise UsageError(
            f"the reports have split cost allocation data from {first:%Y-%m-%d} on and none of "
            f"{lost[0]:%Y-%m-%d}; give all files of the month"
        )
    if without:
        yield f"no split cost allocation data before {first:%Y-%m-%d}: {len(without)} days have no row"


def _other_measures(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    others = f"SELECT type, COUNT(*) FROM split_rows WHERE {_MEASURE} IS NULL GROUP BY type ORDER BY type"
    for kind, count in connection.execute(others).fetchall():
        yield f"{count} rows of usage type {shortened(str(kind))} are left out: neither vCPU nor memory"


def _name_tenants(
    connection: duckdb.DuckDBPyConnection, namespaces: Mapping[str, str | None], unlabelled: str | None
) -> None:
    """Make the table `split_known`: the rows that measure, each with its tenant."""
    owner = "CASE WHEN contains(resource, ':pod/') THEN regexp_replace(resource, '/[^/]+/[^/]+$', '/x/x') END"
    kinds = connection.execute(
        f"SELECT DISTINCT tags, {owner} FROM split_rows WHERE {_MEASURE} IS NOT NULL"
    ).fetchall()
    known = [(tags, place, _tenant(tags, place, namespaces, unlabelled)) for tags, place in kinds]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE split_tenants (tags VARCHAR, place VARCHAR, tenant VARCHAR)"
    )
    if known:
        connection.executemany("INSERT INTO split_tenants VALUES (?, ?, ?)", known)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE split_known AS "
        f"SELECT split_rows.*, {_MEASURE} AS measure, tenant FROM split_rows "
        f"JOIN split_tenants ON split_rows.tags IS NOT DISTINCT FROM split_tenants.tags "
        f"AND {owner} IS NOT DISTINCT FROM split_tenants.place WHERE {_MEASURE} IS NOT NULL"
    )


def _tenant(
    tags: str | None, place: str | None, namespaces: Mapping[str, str | None], unlabelled: str | None
) -> str:
    labels = {value for key, value in _pairs(tags) if _TAG.fullmatch(key) and value}
    if len(labels) > 1:
        raise UsageError(
            f"a pod or task has the tag cost/tenant twice: {', '.join(map(shortened, sorted(labels)))}"
        )
    if labels:
        return labels.pop()
    found = _NAMESPACE.fullmatch(place or "")
    namespace: str | None = found[1] if found else None
    if namespace is not None and namespace in namespaces:
        if tenant := namespaces[namespace]:
            return tenant
        raise UsageError(
            f"namespace {shortened(namespace)}: several tenants share it, and pods have no tag cost/tenant; "
            "activate the label cost/tenant as a cost allocation tag"
        )
    if unlabelled is None:
        what = f"namespace {shortened(namespace)}" if namespace else "a task"
        raise UsageError(
            f"{what}: has no tag cost/tenant and no tenant; name the pool it belongs to (unlabelled), "
            "or activate the label cost/tenant as a cost allocation tag"
        )
    return unlabelled


def _pairs(tags: str | None) -> Iterator[tuple[str, str]]:
    try:
        read = json.loads(tags or "{}")
    except (ValueError, RecursionError):
        raise UsageError(
            "the tags of a pod or task are no JSON object; expected those of AWS' report"
        ) from None
    if isinstance(read, dict):
        yield from ((str(key), value) for key, value in read.items() if isinstance(value, str))


def _missing(connection: duckdb.DuckDBPyConnection, column: str) -> int:
    found = connection.execute(f"SELECT COUNT(*) FROM split_known WHERE {column} IS NULL").fetchone()
    return int(found[0]) if found else 0


def _rows(connection: duckdb.DuckDBPyConnection, ending: str, column: str) -> Iterator[UsageRow]:
    for tenant, measure, starts, ends, quantity in connection.execute(
        _SUMMED.format(column=column)
    ).fetchall():
        interval = (starts.replace(tzinfo=UTC), ends.replace(tzinfo=UTC))
        yield UsageRow(tenant, f"{measure}-{ending}", *interval, Decimal(quantity))
