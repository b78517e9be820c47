"""The files of a delivery for an engine that reads them itself: where each is, and what its columns are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.files.bill_file import is_bill, parquet_header
from allocation.adapters.bill.formats.detection import layout_of
from allocation.adapters.deliveries.collection import LocatedFile, locate
from allocation.adapters.distributed.columns import Columns, columns_of
from allocation.charges import ChargePeriod


@dataclass(frozen=True, slots=True)
class Source:
    """Files of a bill with the same columns.

    Attributes:
        files: In the order of their names.
        columns: What their columns are.
        account: What the manifests of the deliveries say, and what was left out, for a manifest.
    """

    files: tuple[LocatedFile, ...]
    columns: Columns
    deliveries: tuple[dict[str, Any], ...]
    left_out: tuple[dict[str, Any], ...]


def source_of(
    connection: duckdb.DuckDBPyConnection,
    given: Sequence[str | Path],
    period: ChargePeriod,
    folder: Path,
) -> Source:
    """The files of *given*: nothing is fetched but the first one of each bucket, into *folder*.

    Raises:
        BillError: When they are no Parquet files, or not bills of one format.
    """
    found = locate(given, period, is_bill)
    for each in found.files:
        if not each.name.lower().endswith(".parquet"):
            raise BillError(
                f"{each.name}: expected Parquet, which an engine reads in parts; leave --engine out"
            )
    first = found.files[0]
    header = parquet_header(connection, first.name, first.fetched(folder / "first.parquet"))
    columns = columns_of(layout_of(header), header)
    return Source(found.files, columns, found.deliveries, found.left_out)
