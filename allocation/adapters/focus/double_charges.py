"""Refuses bills that hold the same money twice because something was allocated before.

- What costack wrote of a bill, beside that bill, beside another run of the same account, or twice.
- An origin charge beside the allocated charges that it was split into. FOCUS 1.3 and 1.4 do not say whether
  the origin stays in the data (FOCUS_Spec issues 2515 and 2315, open): examples leave it out, set it to 0
  (split_cost_allocation_field_mapping.md), or take it back with a correction. All of these are charged once.
  An origin that keeps its cost is not.

A file of ours that has lost its own columns is refused as well: its shares could not be told from charges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from allocation.adapters.focus.allocated_columns import METHOD_OF_OURS, OF_OTHERS, OURS, is_ours
from allocation.errors import InputError

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""The rows that a query returns."""

_RUN: Final = "CASE WHEN starts_with(allocated, '{\"run\":') THEN allocated ->> '$.run' END"

_ACCOUNTS: Final = """
SELECT run, billing_account, min(source) FROM (
    SELECT {run} AS run, billing_account, source FROM {charges}
) GROUP BY run, billing_account ORDER BY ALL"""

# A share is there once; a charge has its name and period once in all files of a run.
_WRITTEN_TWICE: Final = """
SELECT min(source), max(source), run FROM (
    SELECT {run} AS run, allocated, coalesce(split ->> '$.origin', line_id) AS named, period_start,
        period_end, source, split IS NOT NULL AS is_share
    FROM {charges} WHERE allocated IS NOT NULL
) WHERE run IS NOT NULL
GROUP BY run, allocated, named, period_start, period_end, is_share
HAVING min(source) <> max(source) OR (is_share AND count(*) > 1)
ORDER BY ALL LIMIT 1"""

# What an allocated charge has in common with its origin: all dimensions of the charge itself.
_DIMENSIONS: Final = (
    "billing_account",
    "sub_account",
    "service",
    "region",
    "resource_id",
    "sku_id",
    "sku_price_id",
    "charge_category",
    "period_start",
    "period_end",
)
_SAME: Final = " AND ".join(f"other.{name} IS NOT DISTINCT FROM parts.{name}" for name in _DIMENSIONS)
# Allocated amounts are rounded one by one, so they miss their origin by a little: a hundredth is the same.
_ORIGINS: Final = f"""
WITH parts AS (
    SELECT {", ".join(_DIMENSIONS)}, sum(billed) AS billed, sum(effective) AS effective
    FROM {{charges}} WHERE allocated IS NOT NULL AND NOT starts_with(allocated, '{{{{"run":')
    GROUP BY ALL
), whole AS (
    SELECT min_by(other.source, other.charge) AS source, min_by(other.row_number, other.charge) AS row_number,
        any_value(other.resource_id) AS resource_id, sum(other.billed) AS origin_billed,
        sum(other.effective) AS origin_effective, any_value(parts.billed) AS billed,
        any_value(parts.effective) AS effective
    FROM {{charges}} AS other JOIN parts ON {_SAME}
    WHERE other.allocated IS NULL
    GROUP BY {", ".join(f"parts.{name}" for name in _DIMENSIONS)}
)
SELECT source, row_number, resource_id FROM whole
WHERE (origin_billed <> 0 AND abs(origin_billed - billed) * 100 <= abs(billed))
    OR (origin_effective <> 0 AND abs(origin_effective - effective) * 100 <= abs(effective))
ORDER BY ALL LIMIT 1"""  # noqa: S608 - names of our own


def has_allocated(names: Collection[str]) -> bool:
    """Whether a file with the columns *names* can hold what was allocated before."""
    there = {name.casefold() for name in names}
    return is_ours(names) or any(name.casefold() in there for name in OF_OTHERS.values())


class Columns(NamedTuple):
    """A FOCUS file's name in reports, the names of its columns, and its path if it is Parquet."""

    bill: str
    names: Collection[str]
    parquet: Path | None


def refuse_cut(connection: duckdb.DuckDBPyConnection, files: Sequence[Columns]) -> None:
    """Refuse a file of ours without the columns that say what was decided.

    Raises:
        InputError: With the first, and a column that it lacks.
    """
    parquet = [str(file.parquet) for file in files if file.parquet]
    ours: set[str] = set()
    if parquet:
        marked = "SELECT file_name FROM parquet_kv_metadata(?) WHERE decode(key) = 'costack_run'"
        ours = {name for (name,) in connection.execute(marked, [parquet]).fetchall()}
    for file in files:
        there = {name.casefold() for name in file.names}
        missing = [name for name in OURS if name.casefold() not in there]
        if missing and (is_ours(file.names) or str(file.parquet) in ours):
            raise InputError(
                f"{file.bill}: costack wrote it; expected its columns {', '.join(OURS)}, found no "
                f"{missing[0]}: give the file as it was written"
            )


def refuse_double(ask: Ask, charges: str) -> None:
    """Refuse *charges*, SQL of the relation of all charges, that hold the same money twice.

    Raises:
        InputError: With the files, and what to give instead.
    """
    _refuse_stripped(ask, charges)
    _refuse_beside(ask(_ACCOUNTS.format(run=_RUN, charges=charges)))
    for first, second, run in ask(_WRITTEN_TWICE.format(run=_RUN, charges=charges)):
        where = first if first == second else f"{first} and {second}"
        raise InputError(
            f"{where}: expected the charges of run {run} once, found them twice; name one file of each run"
        )
    for source, number, resource in ask(_ORIGINS.format(charges=charges)):
        raise InputError(
            f"{source}, row {number}: expected an origin charge to be left out, 0, or taken back once it is "
            f"split, found the cost of {resource or 'a resource without id'} beside allocated charges of the "
            "same amount; it would be charged twice"
        )


def _refuse_stripped(ask: Ask, charges: str) -> None:
    sql = (
        f"SELECT source, row_number FROM {charges} "  # noqa: S608 - a name of our own
        f"WHERE starts_with(allocated ->> '$.method', '{METHOD_OF_OURS}') ORDER BY charge LIMIT 1"
    )
    for source, number in ask(sql):
        raise InputError(
            f"{source}, row {number}: costack allocated this charge; expected its columns {', '.join(OURS)}, "
            "found none: give the file as it was written"
        )


def _refuse_beside(accounts: Sequence[Sequence[Any]]) -> None:
    """Refuse rows of ours beside others of what may be the same account; each is (run, account, file)."""
    for run, account, source in accounts:
        for other, same, beside in accounts:
            if run is None or other == run or (account != same and same is not None and account is not None):
                continue
            what = "a bill" if other is None else f"what run {other} made of one"
            which = f"the same account {same}" if same == account else f"account {same or 'unknown'}"
            raise InputError(
                f"{beside}: expected no other bill of the month beside {source}, which run {run} of costack "
                f"made of the bills of account {account or 'unknown'}, found {what} of {which}: give either "
                "the bills or what was made of them"
            )
