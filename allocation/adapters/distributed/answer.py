"""Reads what an engine made of a bill back, as a bill: its groups, and the rows that stayed by themselves."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from allocation.adapters.bill.failures import BillError, explained
from allocation.adapters.bill.intake import FileIntake, Intake
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.steps import COUNTED, FILE, GROUPS, ROW, ROWS, Asked, keys_of
from allocation.engine.kinds import LINES
from allocation.engine.tables import PARQUET, in_order, literal

Account = tuple[Mapping[str, Any], ...]
_SUMMED: Final = "summed"
"""Table of how many lines of the bill each row of `GROUPS` sums."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an engine as files of a bill.

    Attributes:
        files: Its groups and the rows beside them; one of them if there are no others.
        lines: How many lines of the bill are summed, in how many `groups`.
        rows: How many stayed by themselves.
    """

    files: tuple[Path, ...]
    lines: int
    groups: int
    rows: int

    def document(self) -> dict[str, int]:
        """How much an engine left to the driver, for a manifest."""
        return {"lines": self.lines + self.rows, "groups": self.groups, "rows_by_themselves": self.rows}


def read_answer(
    connection: duckdb.DuckDBPyConnection, columns: Columns, asked: Asked, answered: Path, into: Path
) -> Answer:
    """Write the Parquet files below *answered*/groups and *answered*/rows as files of a bill into *into*.

    Equal answers are equal bytes, however many files and in what order an engine wrote them.

    Raises:
        BillError: When a file of the answer cannot be read, or the answer is not whole.
    """
    connection.execute(
        f"CREATE OR REPLACE TABLE {_SUMMED} (source VARCHAR, row_number BIGINT, {LINES} BIGINT)"
    )
    files, lines, groups, rows = [], 0, 0, 0
    if found := answer_files(answered / GROUPS):
        files.append(into / f"{GROUPS}.parquet")
        sql = _groups(connection, columns, asked, _listed(found))
        _written(connection, sql, files[-1])
        connection.execute(
            f"""INSERT INTO {_SUMMED} SELECT '{GROUPS}.parquet', file_row_number + 1, costack_lines
            FROM read_parquet({literal(files[-1])}, file_row_number = true)"""
        )
        ((groups, lines),) = connection.execute(
            f"SELECT COUNT(*), COALESCE(SUM({LINES}), 0)::BIGINT FROM {_SUMMED}"
        ).fetchall()
    if found := answer_files(answered / ROWS):
        file = into / f"{ROWS}.parquet"
        _written(connection, _rows(connection, columns, _listed(found)), file)
        ((rows,),) = connection.execute(f"SELECT COUNT(*) FROM read_parquet({literal(file)})").fetchall()
        files += [file] if rows or not groups else []
    answer = Answer(tuple(files), int(lines), groups, rows)
    _refuse_parts(connection, answer, answered)
    return answer


def _refuse_parts(connection: duckdb.DuckDBPyConnection, answer: Answer, answered: Path) -> None:
    """Refuse an answer that has not every line of the bill once.

    Raises:
        BillError: With how many there are and how many were found.
    """
    files = answer_files(answered / COUNTED)
    if not files:
        raise BillError(
            f"{COUNTED}/: expected the number of lines that the engine has read, found none: every executor "
            "must write where this machine reads, so name a shared folder with --out"
        )
    with explained(COUNTED):
        sql = f"SELECT SUM(lines)::BIGINT FROM read_parquet({_listed(files)})"
        ((counted,),) = connection.execute(sql).fetchall()
    found = answer.lines + answer.rows
    if counted != found:
        raise BillError(f"the engine has read {counted} lines, {found} are in its answer: it is not whole")


def answer_files(folder: Path) -> list[Path]:
    """The files that an engine wrote into *folder*; what begins with `.` or `_` is a note of its own."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not path.name.startswith((".", "_")))


def _listed(files: Sequence[Path]) -> str:
    return f"[{', '.join(map(literal, files))}]"


def count_lines(
    connection: duckdb.DuckDBPyConnection,
    answer: Answer,
    intake: Intake,
    deliveries: Account = (),
    left_out: Account = (),
) -> Intake:
    """Make `charge` a view that knows how many lines each charge sums, and count lines in the account.

    The rows that were refused by themselves are called by the file and row that they are in.
    """
    ((kind,),) = connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_name = 'charge' "
        "AND table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    connection.execute(f"ALTER {'VIEW' if kind == 'VIEW' else 'TABLE'} charge RENAME TO charge_summed")
    connection.execute(
        f"""CREATE VIEW charge AS
        SELECT charge.*, COALESCE({_SUMMED}.{LINES}, 1) AS {LINES}
        FROM charge_summed AS charge LEFT JOIN {_SUMMED}
            ON {_SUMMED}.source = charge.source AND {_SUMMED}.row_number = charge.row_number"""
    )
    refused = _refused(connection)
    _name_rows(connection, answer)
    files = tuple(_counted(file, answer, refused) for file in intake.files)
    charges = sum(file.charged for file in files)
    return replace(intake, files=files, charges=charges, deliveries=deliveries, left_out=left_out)


def _counted(file: FileIntake, answer: Answer, refused: dict[str, int]) -> FileIntake:
    if file.name != f"{GROUPS}.parquet":
        return file
    charged = answer.lines - sum(refused.values())
    return replace(file, rows=answer.lines, charged=charged, refused=refused)


def _refused(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many lines each rule refused in groups."""
    rows = connection.execute(
        f"""SELECT rule, SUM({LINES})::BIGINT FROM refused JOIN {_SUMMED} USING (source, row_number)
        GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    return dict(rows)


def _name_rows(connection: duckdb.DuckDBPyConnection, answer: Answer) -> None:
    for file in answer.files:
        if file.stem == ROWS:
            connection.execute(
                f"""UPDATE refused SET source = named.file, row_number = COALESCE(named.place, row_number)
                FROM (SELECT file_row_number + 1 AS number, {FILE} AS file, {ROW} AS place
                    FROM read_parquet({literal(file)}, file_row_number = true)) AS named
                WHERE refused.source = '{ROWS}.parquet' AND named.number = refused.row_number"""
            )


def _written(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    with explained(path.name), in_order(connection):
        connection.execute(f"COPY ({sql}) TO {literal(path)} ({PARQUET})")


def _groups(connection: duckdb.DuckDBPyConnection, columns: Columns, asked: Asked, files: str) -> str:
    """SQL of the groups with the columns of the bill, in an order that their content decides."""
    source = f"read_parquet({files}, hive_partitioning = false)"
    zoned = _zoned(connection, source)
    own = {each.name: _moment(name, name in zoned) for name, each in columns.named_words.items()}
    own |= {each.name: _money(name) for name, each in columns.sums.items()}
    own[columns.start.name] = _moment("period_start", "period_start" in zoned)
    end = _moment("period_end", "period_end" in zoned)
    own[columns.end.name] = f"CASE WHEN rounds_up THEN {end} + INTERVAL 1 DAY ELSE {end} END"
    if not columns.has_moments:
        own[columns.end.name] = end
    if columns.quantity:
        own[columns.quantity.name] = f"CAST({_decimal('quantity', 12, 26)} AS DECIMAL(38, 12))"
    for name, column in (("resource", columns.resource), ("description", columns.description)):
        if column is not None:
            own[column.name] = name
    order = ", ".join(f"{key} NULLS FIRST" for key in keys_of(columns, asked))
    first, *others = columns.line or ((columns.line_id,) if columns.line_id else (None,))
    own[first.name if first else "x_LineId"] = "line"
    # A name of several columns is that of one line only; the group's must be one of its own.
    own |= {each.name: f"'group ' || ROW_NUMBER() OVER (ORDER BY {order})" for each in others}
    chosen = ", ".join(f'{sql} AS "{name.replace(chr(34), chr(34) * 2)}"' for name, sql in own.items())
    return f"SELECT {chosen}, CAST(lines AS BIGINT) AS costack_lines FROM {source} ORDER BY {order}"


def _rows(connection: duckdb.DuckDBPyConnection, columns: Columns, files: str) -> str:
    """SQL of the rows by themselves, in the order of the bill; each has the name that it has there."""
    source = f"read_parquet({files}, hive_partitioning = false)"
    zoned = _zoned(connection, source)
    own = []
    for each in columns.delivered:
        name = each.sql
        if each.type == "TIMESTAMP":
            name = f"{_moment(each.sql, each.name.casefold() in zoned)} AS {each.sql}"
        elif each.type == "TIMESTAMP WITH TIME ZONE" and each.name.casefold() not in zoned:
            name = f"make_timestamptz(epoch_us({each.sql})) AS {each.sql}"
        own.append(name)
    named = (
        "" if columns.line_id else f", {FILE} || COALESCE(':' || CAST({ROW} AS VARCHAR), '') AS \"x_LineId\""
    )
    return f"SELECT {', '.join(own)}, {FILE}, {ROW}{named} FROM {source} ORDER BY {FILE}, {ROW}"


def _zoned(connection: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """The columns of *source* that an engine wrote as moments with a zone, which is always UTC."""
    with explained("answer"):
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {name.casefold() for name, kind, *_ in described if kind == "TIMESTAMP WITH TIME ZONE"}


def _moment(name: str, zoned: bool) -> str:  # noqa: FBT001 - what its column is
    return f"make_timestamp(epoch_us({name}))" if zoned else name


def _money(name: str) -> str:
    """As text: plain amounts are read from it in one step."""
    return f"CAST({_decimal(name, 10, 28)} AS VARCHAR)"


def _decimal(name: str, decimals: int, digits: int) -> str:
    unit = f"CAST('{10**-decimals:.{decimals}f}' AS DECIMAL({decimals}, {decimals}))"
    return f"CAST({name} AS DECIMAL({digits}, 0)) * {unit}"
