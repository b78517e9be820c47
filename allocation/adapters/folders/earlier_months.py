"""Finds the statements of earlier months: filed ones in a history, or those of runs and reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from allocation.adapters.folders.run import read_json
from allocation.errors import AllocationError
from allocation.statement.filed import FiledStatement, filed_statement

STATEMENT: Final = "statement.json"
ITEMS: Final = "items.json"
_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")


def month_in(folder: Path) -> FiledStatement:
    """The statement of a run or a report in *folder*; of a filed month the last restatement.

    Raises:
        AllocationError: When there is none, or it cannot be read.
    """
    filed = sorted(folder.glob("statement-*.json"))
    path = filed[-1] if filed else folder / STATEMENT
    if not path.is_file():
        raise AllocationError(
            f"{folder}: holds no statement; create one with `costack allocate --bill BILL --out {folder}`"
        )
    items = path.with_name(path.name.replace("statement", "items"))
    return filed_statement(read_json(path), read_json(items) if items.is_file() else None, str(path))


def months_before(folder: Path, statement: FiledStatement) -> tuple[FiledStatement, ...]:
    """The months before *statement* in *folder*, which has a folder per month such as 2026-09; oldest first.

    Raises:
        AllocationError: When *folder* does not exist, a folder holds another month than its name, or a month
            has another portfolio or currency than *statement*.
    """
    return months_until(folder, statement.month, statement.portfolio, statement.currency)


def months_until(folder: Path, month: str, portfolio: str, currency: str) -> tuple[FiledStatement, ...]:
    """The months of a portfolio in *folder* before *month*, the oldest first.

    Raises:
        AllocationError: As `months_before`.
    """
    if not folder.is_dir():
        raise AllocationError(f"{folder}: expected a folder with a folder for each month, found none")
    return tuple(_months(folder, month, (("portfolio", portfolio), ("currency", currency))))


def _months(folder: Path, before: str, expected: Iterable[tuple[str, str]]) -> Iterator[FiledStatement]:
    for path in sorted(folder.iterdir()):
        if not (_MONTH.fullmatch(path.name) and path.name < before and path.is_dir()):
            continue
        month = month_in(path)
        if month.month != path.name:
            raise AllocationError(f"{path}: holds the statement of {month.month}")
        for word, own in expected:
            if (other := getattr(month, word)) != own:
                raise AllocationError(f"{path}: its {word} is {other}, that of {before} is {own}")
        yield month
