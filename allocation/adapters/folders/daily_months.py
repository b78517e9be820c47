"""Finds the daily charges of earlier months: filed with them, or in the tables of their runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from allocation.adapters.folders.charges import charges_in
from allocation.adapters.folders.run import MANIFEST, opened_run, read_json
from allocation.charges import ChargePeriod
from allocation.engine.tables import COSTS
from allocation.errors import AllocationError
from allocation.track.daily_month import DailyMonth, daily_month
from allocation.track.daily_sums import daily_rows
from allocation.track.document import daily_month_of
from allocation.track.series import Span

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def daily_months_before(folder: Path, period: ChargePeriod) -> tuple[tuple[DailyMonth, ...], tuple[str, ...]]:
    """The daily charges of the months before *period* in *folder*, oldest first, and the months without any.

    Raises:
        AllocationError: When *folder* does not exist, or what a month has cannot be read.
    """
    if not folder.is_dir():
        raise AllocationError(f"{folder}: expected a folder with a folder for each month, found none")
    found, without = [], []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and _MONTH.fullmatch(path.name) and path.name < f"{period.start:%Y-%m}":
            month = _month_in(path)
            if month is None:
                without.append(path.name)
            elif month.span.name != path.name:
                raise AllocationError(f"{path}: holds the daily charges of {month.span.name}")
            else:
                found.append(month)
    return tuple(found), tuple(without)


def _month_in(folder: Path) -> DailyMonth | None:
    """Of a filed month the last restatement; None where only a statement is kept."""
    if filed := sorted(folder.glob("daily-*.json")):
        return daily_month_of(read_json(filed[-1]), str(filed[-1]))
    if not (charges_in(folder) and (folder / MANIFEST).is_file()):
        return None
    manifest = read_json(folder / MANIFEST)
    cost, period = str(manifest.get("cost")), str(manifest.get("period"))
    if cost not in COSTS:
        raise AllocationError(
            f"{folder / MANIFEST}: cost: expected one of {', '.join(COSTS)}, found '{cost}'"
        )
    span = Span.month(ChargePeriod.month(period).start.date())
    with opened_run(folder) as connection:
        return daily_month(daily_rows(connection, cost), span, span.end - 1)
