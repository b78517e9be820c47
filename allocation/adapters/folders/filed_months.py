"""Filed statements: one folder per month, with the closing statement and its restatements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from allocation.adapters.folders.run import json_text, read_json
from allocation.billed.state import ClosedMonthError, MonthState, delta
from allocation.charges import ChargePeriod
from allocation.engine.settlement import Residuals
from allocation.errors import AllocationError
from tiers.files import private

_STATEMENT: Final = "statement-{:03}.json"
_DELTA: Final = "delta-{:03}.json"
_CARRIED: Final = "carried-{:03}.json"
_ITEMS: Final = "items-{:03}.json"
_DAILY: Final = "daily-{:03}.json"


@dataclass(frozen=True)
class History:
    """The filed statements of a portfolio."""

    folder: Path

    def filed(self, period: ChargePeriod) -> list[dict[str, Any]]:
        """The statements of a month in the order they were filed; none if the month is not closed."""
        month = self._month(period)
        return [read_json(path) for path in sorted(month.glob("statement-*.json"))]

    def carried_into(self, period: ChargePeriod) -> Residuals:
        """The residuals that the last month filed before *period* carries on."""
        this = f"{period.start:%Y-%m}"
        months = sorted(path.name for path in self.folder.glob("????-??") if path.name < this)
        for name in reversed(months):
            for path in sorted((self.folder / name).glob("carried-*.json"), reverse=True):
                return {
                    (pool, part, tenant): int(nano)
                    for pool, part, tenant, nano in read_json(path)["residuals"]
                }
        return {}

    def file(
        self,
        period: ChargePeriod,
        statement: Mapping[str, Any],
        items: Mapping[str, Any],
        residuals: Residuals,
        reason: str | None,
        *,
        daily: Mapping[str, Any] | None = None,
    ) -> MonthState:
        """File a statement, its items and its *daily* charges; the first closes the month.

        Every later one restates it.

        Raises:
            ClosedMonthError: When the month is closed, its figures change, and no *reason* is given.
        """
        filed = self.filed(period)
        number = len(filed)
        if filed and same_figures(filed[-1], statement):
            return MonthState.CLOSED if number == 1 else MonthState.RESTATED
        if filed and not reason:
            changes = delta(filed[-1], statement, "")
            raise ClosedMonthError(
                f"{period.start:%Y-%m} is closed and its cost would change by {changes['charged']} "
                f"({len(changes['changes'])} figures); restate it with --restate REASON, or leave it closed"
            )
        month = self._month(period)
        month.mkdir(parents=True, exist_ok=True)
        if filed:
            _put(month / _DELTA.format(number), delta(filed[-1], statement, str(reason)))
        left = [[*key, nano] for key, nano in sorted(residuals.items())]
        _put(month / _CARRIED.format(number), {"residuals": left})
        _put(month / _ITEMS.format(number), items)
        if daily is not None:
            _put(month / _DAILY.format(number), daily)
        # Last: a month is closed once its statement is there.
        _put(month / _STATEMENT.format(number), statement)
        return MonthState.RESTATED if filed else MonthState.CLOSED

    def _month(self, period: ChargePeriod) -> Path:
        if self.folder.exists() and not self.folder.is_dir():
            raise AllocationError(f"{self.folder}: expected a folder of filed statements, found a file")
        return self.folder / f"{period.start:%Y-%m}"


def same_figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two statements have the same amounts, to the last unit."""
    changes = delta(before, after, "")
    return not changes["changes"] and before["totals"] == after["totals"]


def _put(path: Path, document: Mapping[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    with private(partial, "w") as file:
        file.write(json_text(document))
    partial.replace(path)
