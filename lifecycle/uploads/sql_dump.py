"""A plain dump of pg_dump, read once: what it holds, and the SQL of it that a tenant's own role can run.

Rows are counted as they pass, so what is restored later is compared with what the dump had.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from lifecycle.uploads.errors import ArchiveError
from lifecycle.uploads.quotes import Quotes

PIECE: Final = 16 << 20
"""No more of one line is held in memory."""
_DIGEST: Final = re.compile(rb"([0-9a-f]{2})/(\1[0-9a-f]{38})")
_COPY: Final = re.compile(rb"COPY (.+) \((.*)\) FROM stdin;\n")
_COLUMN: Final = re.compile(rb'"(?:[^"]|"")*"|[^", ]+')
_TABLE: Final = re.compile(rb"CREATE (?:UNLOGGED )?TABLE (.+) \(\n")
_INHERITS: Final = re.compile(rb"INHERITS \((.+)\);\n")
_NUMBERED: Final = re.compile(rb"    id (?:smallint|integer|bigint)[ ,\n]")
_SETVAL: Final = re.compile(rb"SELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?\d+), (true|false)\);\n")
_DUMPED: Final = re.compile(rb"-- Dumped (from database|by pg_dump) version (\S+)")
_MODULES: Final = "public.ir_module_module"
_ATTACHMENTS: Final = "public.ir_attachment"
_KEYS: Final = {_MODULES: ("name", "state", "latest_version"), _ATTACHMENTS: ("store_fname",)}
# What only the owner of the server, of the schema or of an extension may say: rights here are Costack's.
_LEFT_OUT: Final = re.compile(
    rb"ALTER [A-Z ]+ .*OWNER TO [^;]+;\n|(?:GRANT|REVOKE) .*;\n|ALTER DEFAULT PRIVILEGES .*;\n"
    rb"|COMMENT ON (?:EXTENSION|SCHEMA public|LARGE OBJECT) .*;\n|CREATE SCHEMA public;\n"
    rb"|\\(?:un)?restrict [0-9A-Za-z]+\n"
)


class Lines(Protocol):
    """What can be read line by line."""

    def readline(self, size: int = -1, /) -> bytes:
        """The next line, at most *size* bytes of it."""


@dataclass
class TableCount:
    """The rows of a table in a dump, and the highest `id` where it has one."""

    rows: int = 0
    highest: int | None = None

    def see(self, cell: bytes) -> None:
        """Take the `id` of a row, as COPY writes it.

        Raises:
            ValueError: When it is no number.
        """
        if cell.startswith(b"\\N"):
            return
        value = int(cell)
        if self.highest is None or value > self.highest:
            self.highest = value


@dataclass
class DumpContents:
    """What a plain dump holds, as far as it was read.

    Attributes:
        tables: By name as PostgreSQL writes it, such as `public.res_partner`.
        sequences: Where each stands, 0 when it was never asked.
        modules: Name -> state and version of each of Odoo's modules.
        files: The SHA-1 of each file that an attachment names.
        counted: Whether `tables` is all there is; a dump of INSERT statements is not counted.
    """

    tables: dict[str, TableCount] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    modules: dict[str, tuple[str, str]] = field(default_factory=dict)
    files: set[bytes] = field(default_factory=set)
    large_objects: int = 0
    counted: bool = True
    server_version: str = ""
    client_version: str = ""
    complete: bool = False


def runnable(source: Lines, name: str, found: DumpContents) -> Iterator[bytes]:
    """The dump *source* without what a tenant's role may not say; *found* is filled meanwhile.

    Raises:
        ArchiveError: When it is cut off, holds commands of psql, or is no dump; with *name* and line.
    """
    reader = _Reader(source, name, found)
    yield from reader.lines()
    if not found.client_version:
        raise ArchiveError(f"{name}: expected a plain dump of pg_dump, found none of its first lines")
    if not found.complete:
        raise ArchiveError(
            f"{name}: is cut off: expected '-- PostgreSQL database dump complete' at its end, found none"
        )


class _Reader:
    def __init__(self, source: Lines, name: str, found: DumpContents) -> None:
        self._source, self._name, self._found = source, name, found
        self._quotes, self._number = Quotes(), 0
        self._making = ""
        self._numbered: set[str] = set()

    def lines(self) -> Iterator[bytes]:
        while line := self._source.readline(PIECE):
            self._number += 1
            if len(line) == PIECE:
                raise ArchiveError(
                    f"{self._name}: line {self._number} has more than {PIECE >> 20} MiB of SQL"
                )
            if self._quotes.inside:
                self._quotes.after(line)
                yield line
            elif begins := _COPY.fullmatch(line):
                yield line
                yield from self._rows(*begins.groups())
            elif not _LEFT_OUT.fullmatch(line):
                self._told(line)
                self._quotes.after(line)
                yield line

    def _rows(self, table: bytes, columns: bytes) -> Iterator[bytes]:
        known = [_plain(each) for each in _COLUMN.findall(columns)]
        name = _text(table)
        count = self._found.tables.setdefault(name, TableCount())
        seen = self._watch(name, known, count)
        rows, whole = 0, True
        while piece := self._source.readline(PIECE):
            if whole:
                if piece == b"\\.\n":
                    count.rows += rows
                    self._number += rows + 1
                    yield piece
                    return
                rows += 1
                if seen is not None:
                    self._learn(seen, piece, rows)
            whole = piece.endswith(b"\n")
            yield piece
        raise ArchiveError(f"{self._name}: is cut off in the rows of {name}")

    def _learn(self, seen: Callable[[bytes], None], row: bytes, number: int) -> None:
        try:
            seen(row)
        except (ValueError, IndexError):
            raise ArchiveError(
                f"{self._name}: line {self._number + number}: expected a row as pg_dump writes it, found "
                f"{_text(row[:40]).strip()!r}"
            ) from None

    def _watch(self, name: str, columns: list[str], count: TableCount) -> Callable[[bytes], None] | None:
        """What to do with each row of a table; None where nothing is to be learned."""
        if name in _KEYS and set(_KEYS[name]) <= set(columns):
            places = [columns.index(each) for each in _KEYS[name]]
            learn = self._module if name == _MODULES else self._file
        else:
            places, learn = [], None
        number = columns.index("id") if "id" in columns and name in self._numbered else None
        if number is None and learn is None:
            return None

        def seen(row: bytes) -> None:
            cells = row.rstrip(b"\n").split(b"\t")
            if number is not None:
                count.see(cells[number])
            if learn is not None:
                learn(*(cells[each] for each in places))

        if number == 0 and learn is None:
            return lambda row: count.see(row.partition(b"\t")[0])  # most rows of an Odoo
        return seen

    def _module(self, name: bytes, state: bytes, version: bytes) -> None:
        self._found.modules[_text(name)] = (_text(state), "" if version == b"\\N" else _text(version))

    def _file(self, stored: bytes) -> None:
        if digest := _DIGEST.fullmatch(stored):
            self._found.files.add(bytes.fromhex(digest[2].decode()))

    def _told(self, line: bytes) -> None:
        """Learn from a line of SQL."""
        found = self._found
        if line.startswith(b"\\"):
            raise ArchiveError(
                f"{self._name}: line {self._number}: expected SQL of one database, found "
                f"{_text(line).strip()[:40]!r}, a command of psql: dump it with pg_dump, without --create"
            )
        if line.startswith(b"INSERT INTO "):
            found.counted = False
        elif line.startswith(b"SELECT pg_catalog.lo_create("):
            found.large_objects += 1
        elif value := _SETVAL.fullmatch(line):
            found.sequences[_text(value[1]).replace("''", "'")] = int(value[2]) if value[3] == b"true" else 0
        elif line.startswith(b"--"):
            self._comment(line)
        else:
            self._table(line)

    def _comment(self, line: bytes) -> None:
        found = self._found
        if line.startswith(b"-- PostgreSQL database dump complete"):
            found.complete = True
        elif told := _DUMPED.match(line):
            if told[1] == b"by pg_dump":
                found.client_version = _text(told[2])
            else:
                found.server_version = _text(told[2])

    def _table(self, line: bytes) -> None:
        """Learn which tables number their rows: PostgreSQL counts these, too."""
        if begins := _TABLE.fullmatch(line):
            self._making = _text(begins[1])
        elif _NUMBERED.match(line) or (
            (parent := _INHERITS.fullmatch(line)) and _text(parent[1]) in self._numbered
        ):
            self._numbered.add(self._making)


def _text(value: bytes) -> str:
    return value.decode(errors="replace")


def _plain(column: bytes) -> str:
    """The name of a column without its quotes."""
    text = _text(column)
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
