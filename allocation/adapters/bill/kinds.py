"""Kinds of rows: what the words of a row say is worked out once for every different set of words.

A bill of millions of rows has few names of services, accounts and units, and few sets of tags. Its *words*
are the columns of text with few different values, and a *kind* is one combination of them. Whatever SQL reads
words alone is evaluated for each kind; a row only finds its kind, by a number that its words make.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted ones
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import duckdb

from allocation.adapters.bill.batches import Batch, ask
from allocation.adapters.bill.files.bill_file import PLACE, relation
from allocation.engine.kinds import make_enumerated

_FEW_ROWS: Final = 10_000
"""Rows of a bill that is read before its kinds are counted."""
_MOST_WORDS: Final = 20_000
"""Different values of a column of words; more make a dictionary larger than what it saves."""
_MOST_KINDS: Final = 500_000
_LARGEST: Final = 2**62


NEW_KINDS: Final = "bill_charge_kind"


class _Word(NamedTuple):
    """A column of words: its name in the relation, its type, and how many values it has."""

    sql: str
    type: str
    size: int


def found_by_kind(
    connection: duckdb.DuckDBPyConnection, batch: Batch, columns: Mapping[str, str], own: Sequence[str]
) -> tuple[str, frozenset[str]]:
    """SQL of the rows of *batch* with *columns* (name -> SQL) and the number of their kind, `kind`.

    Beside it are the names of the columns that the rows of a kind have alike.

    The columns called in *own* differ from row to row; what they read is no word.

    Raises:
        BillError: When a file cannot be read.
    """
    rows = relation(batch.files)
    own_text = " ".join(columns[name] for name in own)
    asked = " ".join(sql for name, sql in columns.items() if name not in own)
    words = _words(connection, batch, rows, _mentioned(batch, asked) - _mentioned(batch, own_text))
    while _made(connection, batch, rows, words) > _MOST_KINDS:
        words.pop()
    each = {column.sql for column in batch.files[0].header.columns} - {word.sql for word in words}
    by_kind = {
        name: sql
        for name, sql in columns.items()
        if name not in {"file", "row_number"} and not _mentioned(batch, sql) & each
    }
    by_row = {name: sql for name, sql in columns.items() if name not in by_kind}
    keys = _keys(words)
    ask(connection, [batch], _kinds(batch, keys, by_kind))
    read = ["file_index", "file_row_number", *PLACE, *sorted(_mentioned(batch, " ".join(by_row.values())))]
    found = ", ".join(f"{sql} AS {name}" for name, sql in by_row.items())
    sql = f"""SELECT {found}, {", ".join((*PLACE, *by_kind, "kind"))}
        FROM (SELECT {", ".join((*read, *_as_keys(keys)))} FROM {rows}) AS raw
        JOIN {batch.kind} USING ({", ".join(keys)})"""
    return sql, frozenset(by_kind)


def make_charge_kinds(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> list[str]:
    """Make the table of kinds with the columns that all *batches* know by kind; returns their names.

    Its texts are of enumerated types where they have few values (`allocation.engine.kinds`).
    """
    alike = [name for name in batches[0].kind_columns if all(name in one.kind_columns for one in batches)]
    kinds = " UNION ALL ".join(
        f"SELECT {', '.join(('rows.kind', *(f'{one.kind_columns[name]} AS {name}' for name in alike)))}"
        f" FROM {one.kind} AS rows {one.kind_join}"
        for one in batches
    )
    make_enumerated(connection, NEW_KINDS, kinds)
    return alike


def _mentioned(batch: Batch, sql: str) -> set[str]:
    """The columns of the bill that *sql* reads, or seems to."""
    parts = set(re.findall(r'"(?:[^"]|"")+"|\w+', sql))
    return {column.sql for column in batch.files[0].header.columns} & parts


def _words(
    connection: duckdb.DuckDBPyConnection, batch: Batch, rows: str, candidates: set[str]
) -> list[_Word]:
    """The columns of words among *candidates*, fewest values first."""
    texts = [
        column.sql
        for column in batch.files[0].header.columns
        if column.sql in candidates and column.type == "VARCHAR"
    ]
    if not texts or ask(connection, [batch], f"SELECT count(*) FROM {rows}")[0][0] < _FEW_ROWS:
        return []
    counted = ", ".join(f"count(DISTINCT {text})" for text in texts)
    (counts,) = ask(connection, [batch], f"SELECT {counted} FROM {rows}")
    sized = sorted((size, text) for size, text in zip(counts, texts, strict=True) if size <= _MOST_WORDS)
    words = []
    for number, (size, text) in enumerate(sized):
        name = f"bill_word_{batch.number}_{number}"
        values = f"SELECT DISTINCT {text} FROM {rows} WHERE {text} IS NOT NULL ORDER BY 1"
        if size:
            ask(connection, [batch], f"CREATE TYPE {name} AS ENUM ({values})")
        words.append(_Word(text, name, size))
    return words


def _made(connection: duckdb.DuckDBPyConnection, batch: Batch, rows: str, words: Sequence[_Word]) -> int:
    """Make the table of the keys of all kinds; returns how many there are."""
    found = f"SELECT DISTINCT {', '.join(_as_keys(_keys(words)))} FROM {rows}"
    made = ask(connection, [batch], f"CREATE OR REPLACE TEMP TABLE {batch.kind}_keys AS {found}")
    return int(made[0][0])


def _product(words: Sequence[_Word]) -> int:
    whole = 1
    for word in words:
        whole *= word.size + 1
    return whole


def _keys(words: Sequence[_Word]) -> dict[str, list[_Word]]:
    """Whole numbers that together name a kind: name -> the words whose numbers are its digits."""
    groups: list[list[_Word]] = [[]]
    for word in words:
        if _product([*groups[-1], word]) > _LARGEST:
            groups.append([])
        groups[-1].append(word)
    return {f"bill_key_{number}": group for number, group in enumerate(groups)}


def _as_keys(keys: Mapping[str, Sequence[_Word]]) -> Iterator[str]:
    """SQL of each key; a word that is NULL has the digit 0."""
    for key, words in keys.items():
        digits, place = ["0::BIGINT"], 1
        for word in words:
            if word.size:
                digit = f"coalesce(enum_code(try_cast({word.sql} AS {word.type}))::BIGINT + 1, 0)"
                digits.append(f"{digit} * {place}")
            place *= word.size + 1
        yield f"{' + '.join(digits)} AS {key}"


def _kinds(batch: Batch, keys: Mapping[str, Sequence[_Word]], by_kind: Mapping[str, str]) -> str:
    """SQL that makes the table of kinds: the keys of each, and what its words say."""
    read, order = [], []
    for key, words in keys.items():
        place = 1
        for word in words:
            digit = f"({key} // {place}) % {word.size + 1}"
            said = f"CAST(enum_range(NULL::{word.type})[{digit}] AS VARCHAR)"
            read.append(f"{said if word.size else 'NULL::VARCHAR'} AS {word.sql}")
            order.append(word.sql)
            place *= word.size + 1
    names, first = ", ".join(keys), 2 * _MOST_KINDS * batch.number
    columns = ", ".join((names, *(f"{sql} AS {name}" for name, sql in by_kind.items())))
    return f"""CREATE OR REPLACE TABLE {batch.kind} AS
        SELECT {columns}, {first} + row_number() OVER (ORDER BY {", ".join(order) or names}) AS kind
        FROM (SELECT {", ".join((names, *read))} FROM {batch.kind}_keys)"""
