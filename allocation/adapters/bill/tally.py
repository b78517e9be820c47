"""Adds up rows and amounts by verdict, exactly, into an `Intake`."""

# ruff: noqa: S608 - assembled from the names of our own costs
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from typing import Any, Final

from allocation.adapters.bill.files import BillFile
from allocation.adapters.bill.formats import has_tags
from allocation.adapters.bill.intake import CostIntake, FileIntake, Intake
from allocation.adapters.bill.row_rules import Check
from allocation.engine.tables import COSTS

_EXACT: Final = Context(prec=100, traps=[Inexact])
_ZERO: Final = Decimal(0)


def tally_of(relation: str) -> str:
    """SQL that counts and sums the rows of `reading.judged` by file and verdict."""
    sums = ", ".join(
        f"coalesce(sum({cost}), 0), coalesce(sum({cost}_units), 0), count_if({cost}_fell_back)"
        for cost in COSTS
    )
    return f"""SELECT file, verdict, count(*), coalesce(sum(too_fine), 0), {sums}
        FROM {relation} GROUP BY file, verdict ORDER BY file, verdict NULLS FIRST"""


@dataclass(slots=True)
class Tally:
    """Rows and sums by file, filled from the results of `tally_of`."""

    charged: Counter[int] = field(default_factory=Counter)
    refused: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    read: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COSTS, _ZERO))
    held_back: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COSTS, _ZERO))
    moved: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COSTS, _ZERO))
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, row: Sequence[Any], checks: Sequence[Check]) -> None:
        """Add one row of `tally_of`; *checks* are those its verdicts number."""
        file, verdict, rows, too_fine, *sums = row
        if verdict is None:
            self.charged[file] += rows
            self._note("amounts finer than 1e-24, rounded there", int(too_fine))
        else:
            self.refused[file][checks[verdict].rule] += rows
        for index, cost in enumerate(COSTS):
            amount, units, fell_back = sums[3 * index : 3 * index + 3]
            self.read[cost] = _EXACT.add(self.read[cost], amount)
            if verdict is None:
                moved = _EXACT.subtract(amount, _EXACT.scaleb(Decimal(units), -10))
                self.moved[cost] = _EXACT.add(self.moved[cost], moved)
                self._note(f"{cost} cost not given, billed cost taken", fell_back)
            else:
                self.held_back[cost] = _EXACT.add(self.held_back[cost], amount)

    def rows(self, file: int) -> int:
        """How many rows the file of that number has."""
        return self.charged[file] + self.refused[file].total()

    def intake(self, files: Sequence[BillFile], charges: int, units: Sequence[int]) -> Intake:
        """The account, given how many *charges* were written and the sum of their *units*."""
        by_file = tuple(
            FileIntake(
                file.name,
                file.format,
                file.sha256,
                self.rows(number),
                self.charged[number],
                dict(self.refused[number]),
                has_tags(file.layout, file.header),
            )
            for number, file in enumerate(files)
        )
        costs = {
            cost: CostIntake(self.read[cost], written, self.moved[cost], self.held_back[cost])
            for cost, written in zip(COSTS, units, strict=True)
        }
        return Intake(by_file, costs, charges, dict(self.notes))

    def _note(self, text: str, times: int) -> None:
        if times:
            self.notes[text] += times
