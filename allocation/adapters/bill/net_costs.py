"""Decides whether a bill of AWS is read before or after discounts, so that each discount counts once.

A discount is either a row of its own, or stands in columns beside the row that it is given for. With rows,
costs are those before discounts, and the rows take these off. Without, costs are those after them.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb

from allocation.adapters.bill.batches import Batch, ask
from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.files.bill_file import BillFile, relation
from allocation.adapters.bill.formats.layout import Layout
from allocation.adapters.bill.intake import Finding
from allocation.adapters.bill.reading import text_at, text_of
from allocation.engine.tables import literal

NET_GATE: Final = "net costs (the bill's own sum after discounts)"
_TOLERANCE: Final = Decimal("0.01")
"""AWS rounds every row to 1e-10: a cent is more than that adds up to, and less than a discount."""
_SUM: Final = "coalesce(sum(try_cast({0} AS DECIMAL(38, 24))), 0)"


@dataclass(frozen=True, slots=True)
class _Discounts:
    """Where the discounts of one file are.

    Attributes:
        net: Whether it has a column of costs after discounts.
        in_rows: The payers whose file has rows that are discounts.
        in_columns: The payers with a discount in a column of a row; not asked where there is a net cost.
        payers: All its payers.
    """

    bill: BillFile
    net: bool
    payers: frozenset[str]
    in_rows: frozenset[str]
    in_columns: frozenset[str]


_Key = tuple[Path, int | None]


def with_discounts(
    connection: duckdb.DuckDBPyConnection, bills: Sequence[BillFile]
) -> tuple[list[BillFile], tuple[Finding, ...]]:
    """The *bills* with the columns of the costs that count, and whether rows and columns agree.

    Nothing is read of bills that have neither costs after discounts nor a column of discounts.

    Raises:
        BillError: When discounts are only in columns, and no column has the costs after them.
    """
    if not any(_has_net(bill) or _discount_of(bill) for bill in bills):
        return list(bills), ()
    seen = _seen(connection, [bill for bill in bills if bill.layout.net])
    in_rows = frozenset().union(*(each.in_rows for each in seen.values()))
    decided = [_decided(seen[_key(bill)], in_rows) if _key(bill) in seen else bill for bill in bills]
    both = [each.bill for each in seen.values() if each.net and each.payers & in_rows]
    return decided, tuple(_agreement(connection, both))


def net_of(layout: Layout) -> Layout:
    """The *layout* with each amount after discounts where the row has it."""
    after = {f"net_{amount}": columns for amount, columns in layout.net.items()}
    names = re.compile(rf"\b({'|'.join(layout.net)})\b")
    words = {f"net_{amount}": words for amount, words in layout.counts_for.items() if amount in layout.net}
    return replace(
        layout,
        amounts={**layout.amounts, **after},
        costs={cost: names.sub(r"coalesce(net_\1, \1)", sql) for cost, sql in layout.costs.items()},
        counts_for={**layout.counts_for, **words},
    )


def _has_net(bill: BillFile) -> bool:
    return any(bill.header.find(column) for column in next(iter(bill.layout.net.values()), ()))


def _discount_of(bill: BillFile) -> str | None:
    """SQL of the text of a row's discount, if the bill has a column of it."""
    return next((text for name in bill.layout.discount if (text := text_at(bill.header, name))), None)


def _seen(connection: duckdb.DuckDBPyConnection, bills: Sequence[BillFile]) -> dict[_Key, _Discounts]:
    """Where the discounts are, by file."""
    rows: dict[_Key, list[tuple[Any, ...]]] = {_key(bill): [] for bill in bills}
    for bill, *row in _asked(connection, bills, _counts):
        rows[_key(bill)].append(tuple(row))
    return {
        _key(bill): _Discounts(
            bill,
            _has_net(bill),
            frozenset(payer for payer, *_ in rows[_key(bill)]),
            frozenset(payer for payer, in_rows, _ in rows[_key(bill)] if in_rows),
            frozenset(payer for payer, _, in_columns in rows[_key(bill)] if in_columns),
        )
        for bill in bills
    }


def _key(bill: BillFile) -> _Key:
    """What tells files apart: several may be staged as one."""
    return bill.path, bill.part


def _counts(bill: BillFile) -> str:
    # With the costs after them nobody asks how much they are; reading a map for every row takes a while.
    discount = f"try_cast({(not _has_net(bill) and _discount_of(bill)) or '0'} AS DOUBLE)"
    return f"count_if({_is_discount(bill)}), count_if({discount} <> 0)"


def _asked(
    connection: duckdb.DuckDBPyConnection, bills: Iterable[BillFile], asked: Callable[[BillFile], str]
) -> Iterator[tuple[Any, ...]]:
    """For each bill and payer what is *asked* of its rows: the bill, the payer, and the sums."""
    for _, alike in itertools.groupby(bills, key=lambda bill: (bill.layout, bill.header.columns)):
        files = tuple(alike)
        sql = f"SELECT file_index, {_payer(files[0])}, {asked(files[0])} FROM {relation(files)} GROUP BY 1, 2"
        for file, *row in ask(connection, [Batch(0, 0, files, ())], sql):
            yield files[file], *row


def _decided(seen: _Discounts, in_rows: frozenset[str]) -> BillFile:
    bill, rows, rest = seen.bill, seen.payers & in_rows, seen.payers - in_rows
    wanted = next(iter(bill.layout.net.values()))[0]
    if not seen.net:
        if seen.in_columns - in_rows:
            raise BillError(
                f"{bill.name}: its discounts stand beside the rows, and it has no column '{wanted}' with the "
                "cost after them: select it for the export"
            )
        return bill
    if rows and rest:
        raise BillError(
            f"{bill.name}: expected one way of discounts, found rows of them for payer {min(rows)} and none "
            f"for payer {min(rest)}: give the bill of each payer as a file of its own"
        )
    if rows:
        return replace(bill, format=f"{bill.format}, discounts as rows")
    return replace(bill, format=f"{bill.format}, after discounts", layout=net_of(bill.layout))


def _agreement(connection: duckdb.DuckDBPyConnection, bills: Iterable[BillFile]) -> Iterable[Finding]:
    """Whether costs with the rows of discounts are the costs after discounts, for each payer."""
    gross: dict[str, Decimal] = {}
    net: dict[str, Decimal] = {}
    for _, payer, before, left in _asked(connection, bills, _sums):
        gross[payer] = gross.get(payer, Decimal(0)) + before
        net[payer] = net.get(payer, Decimal(0)) + left
    for payer in sorted(gross):
        agrees = abs(gross[payer] - net[payer]) <= _TOLERANCE
        found = (
            f"payer {payer}: {gross[payer]:.2f} with the rows of discounts, {net[payer]:.2f} after discounts"
        )
        yield Finding(NET_GATE, found, f"at most {_TOLERANCE} apart", agrees)


def _sums(bill: BillFile) -> str:
    """SQL of the sums with the rows of discounts, and after discounts."""
    amount, after = (
        text_of(bill.header.find(columns["unblended"][0]))
        for columns in (bill.layout.amounts, bill.layout.net)
    )
    rest = f"CASE WHEN NOT coalesce({_is_discount(bill)}, false) THEN coalesce({after}, {amount}) END"
    return f"{_SUM.format(amount)}, {_SUM.format(rest)}"


def _payer(bill: BillFile) -> str:
    columns = bill.layout.texts["billing_account"]
    return f"coalesce({text_at(bill.header, columns[0]) or 'NULL'}, 'unknown')"


def _is_discount(bill: BillFile) -> str:
    word = text_of(bill.header.find(bill.layout.word))
    return f"ends_with(lower({word}), {literal(bill.layout.discount_rows.lower())})"
