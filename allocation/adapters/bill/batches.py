"""Batches: files with the same columns, read by one SELECT, and the queries on them."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb

from allocation.adapters.bill.failures import BillError, explained, sentence
from allocation.adapters.bill.files.bill_file import BillFile, relation
from allocation.adapters.bill.row_rules import Check, checks
from allocation.charges import ChargePeriod


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive files with the same columns.

    Attributes:
        number: Number of the batch.
        first: Number of its first file, of all files.
        checks: The checks of its rows; a verdict is the number of one.
        judged: SQL of its rows with their values and the verdict, in parentheses.
        by_kind: The names of the columns as read that all rows of a kind have alike.
        kind_columns: Columns of a charge that follow from these: name -> SQL over `kind` and `kind_join`.
        kind_join: SQL of the table that they need besides.
    """

    number: int
    first: int
    files: tuple[BillFile, ...]
    checks: tuple[Check, ...]
    judged: str = ""
    by_kind: frozenset[str] = frozenset()
    kind_columns: Mapping[str, str] = field(default_factory=dict)
    kind_join: str = ""

    @property
    def found(self) -> str:
        """Name of the temporary view of its rows as read."""
        return f"bill_found_{self.number}"

    @property
    def kind(self) -> str:
        """Name of the table of its kinds."""
        return f"bill_kind_{self.number}"


def batches_of(bills: Sequence[BillFile], period: ChargePeriod, currency: str) -> list[Batch]:
    """Batches of *bills* in their order: consecutive files with the same columns form one."""
    alike = itertools.groupby(enumerate(bills), key=lambda each: (each[1].layout, each[1].header.columns))
    made = []
    for number, (_, group) in enumerate(alike):
        members = list(group)
        files = tuple(bill for _, bill in members)
        asked = checks(files[0].layout, files[0].header, period, currency)
        made.append(Batch(number, members[0][0], files, tuple(asked)))
    return made


def ask(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], sql: str) -> list[Any]:
    """The result of *sql*, which reads *batches*.

    Raises:
        BillError: When it fails; the sentence names the file that cannot be read.
    """
    with told(connection, batches):
        return connection.execute(sql).fetchall()


@contextmanager
def told(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> Iterator[None]:
    """Tell which file of *batches* cannot be read, if that is why what is done with them fails.

    Raises:
        BillError: When it fails.
    """
    try:
        yield
    except (duckdb.Error, RuntimeError, MemoryError, UnicodeError) as error:
        for batch in batches:
            for file in batch.files:
                _read_whole(connection, file)
        names = ", ".join(file.name for batch in batches for file in batch.files[:3])
        raise BillError(sentence(names or "bills", str(error))) from None


def _read_whole(connection: duckdb.DuckDBPyConnection, file: BillFile) -> None:
    """Read every value of a file, so that a damaged one is named.

    Raises:
        BillError: When it cannot be read.
    """
    with explained(file.name):
        rows = relation([file])
        connection.execute(f"SELECT bit_xor(hash(row_of_bill)) FROM {rows} AS row_of_bill").fetchall()
