"""Finds the daily charges of earlier months: filed with them, or in the tables of their runs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from allocation.adapters.folders.charges import charges_in
from allocation.adapters.folders.earlier_months import STATEMENT
from allocation.adapters.folders.run import MANIFEST, opened_run, read_json
from allocation.charges import ChargePeriod
from allocation.engine.tables import COSTS
from allocation.errors import AllocationError
from allocation.track.daily_month import DailyMonth, daily_month
from allocation.track.daily_sums import daily_rows
from allocation.track.document import daily_month_of
from allocation.track.series import Span

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def daily_months_before(
    folder: Path, period: ChargePeriod, portfolio: str, currency: str
) -> tuple[tuple[DailyMonth, ...], tuple[str, ...]]:
    """The daily charges of the months before *period* in *folder*, oldest first, and the months without any.

    Raises:
        AllocationError: When *folder* does not exist, what a month has cannot be read, or it is of another
            month, portfolio or currency.
    """
    if not folder.is_dir():
        raise AllocationError(f"{folder}: expected a folder with a folder for each month, found none")
    found, without = [], []
    for path in sorted(folder.iterdir()):
        if not (path.is_dir() and _MONTH.fullmatch(path.name) and path.name < f"{period.start:%Y-%m}"):
            continue
        statement = max(path.glob("statement-*.json"), default=path / STATEMENT)
        if statement.is_file():
            rulebook = _rulebook_of(statement, path.name, portfolio, currency)
            month = _month_beside(statement)
            found += [replace(month, rulebook=rulebook)] if month else []
            without += [] if month else [path.name]
    return tuple(found), tuple(without)


def _rulebook_of(statement: Path, month: str, portfolio: str, currency: str) -> str:
    """The rulebook of a statement that is of this *month*, *portfolio* and *currency*; others are refused."""
    document = read_json(statement)
    period = document.get("period")
    start = str(period.get("start"))[:7] if isinstance(period, dict) else None
    for word, found, expected in (
        ("month", start, month),
        ("portfolio", document.get("portfolio"), portfolio),
        ("currency", document.get("currency"), currency),
    ):
        if found != expected:
            raise AllocationError(f"{statement}: its {word} is {found}, expected {expected}")
    versions = document.get("versions")
    return str(versions.get("rulebook") or "") if isinstance(versions, dict) else ""


def _month_beside(statement: Path) -> DailyMonth | None:
    """What is filed with *statement*, or in the tables of the run that wrote it; None where neither is."""
    daily = statement.with_name(statement.name.replace("statement", "daily"))
    if daily.is_file():
        return daily_month_of(read_json(daily), str(daily))
    folder = statement.parent
    if statement.name != STATEMENT or not charges_in(folder):
        return None
    manifest = folder / MANIFEST
    cost = str(read_json(manifest).get("cost"))
    if cost not in COSTS:
        raise AllocationError(f"{manifest}: cost: expected one of {', '.join(COSTS)}, found '{cost}'")
    span = Span.month(date.fromisoformat(f"{folder.name}-01"))
    with opened_run(folder) as connection:
        return daily_month(daily_rows(connection, cost), span, span.end - 1)
