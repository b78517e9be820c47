"""Adds up rows and amounts by verdict, exactly, into an `Intake`."""

# ruff: noqa: S608 - assembled from the names of our own costs
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from typing import Any, Final

from allocation.adapters.bill.files.bill_file import BillFile
from allocation.adapters.bill.formats.detection import has_tags
from allocation.adapters.bill.formats.layout import Layout
from allocation.adapters.bill.intake import CostIntake, FileIntake, Intake
from allocation.adapters.bill.row_rules import Check
from allocation.engine.tables import COSTS, literal

_EXACT: Final = Context(prec=100, traps=[Inexact])
_ZERO: Final = Decimal(0)


def tally_of(relation: str, layout: Layout, currency: str) -> str:
    """SQL that counts and sums the rows of `reading.judged` by file, verdict, and whether they are unknown.

    A row is unknown if it is refused and its amount in *currency* cannot be known.
    """
    sums = ", ".join(
        f"coalesce(sum({cost}), 0), coalesce(sum({cost}_units) FILTER (NOT is_exact), 0), "
        f"coalesce(sum({cost}_units), 0), coalesce(sum(abs({cost}_units)), 0), count_if({cost}_fell_back)"
        for cost in COSTS
    )
    # Only refused rows are looked at: CASE evaluates a branch for the rows that reach it.
    unknown = f"CASE WHEN verdict IS NULL THEN false ELSE {' OR '.join(_unknown(layout, currency))} END"
    return f"""SELECT file, verdict, unknown, count(*), coalesce(sum(too_fine), 0), sum(coarse), {sums}
        FROM (SELECT *, {unknown} AS unknown FROM {relation})
        GROUP BY file, verdict, unknown ORDER BY file, verdict NULLS FIRST, unknown"""


def _unknown(layout: Layout, currency: str) -> Iterator[str]:
    """SQL of each reason why the amount of a refused row is unknown."""
    for amount in layout.amounts:
        # An amount that cannot be read is not the billed one that takes the place of one not given.
        unread = f"({amount}_given AND {amount}_units IS NULL)"
        words = ", ".join(literal(word) for word in layout.counts_for.get(amount, ()))
        yield f"({unread} AND coalesce(word IN ({words}), false))" if words else unread
    yield from (f"{cost}_units IS NULL" for cost in COSTS)
    # Nothing is nothing in every currency.
    given = " OR ".join(f"{cost}_units <> 0 OR coalesce({cost} <> 0, false)" for cost in COSTS)
    yield f"(currency IS DISTINCT FROM {literal(currency)} AND rate IS NULL AND ({given}))"


@dataclass(slots=True)
class Tally:
    """Rows and sums by file, filled from the results of `tally_of`."""

    charged: Counter[int] = field(default_factory=Counter)
    refused: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    read: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COSTS, _ZERO))
    held_back: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COSTS, _ZERO))
    moved: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COSTS, _ZERO))
    gross_charged: Counter[str] = field(default_factory=Counter)
    gross_refused: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    def add(self, row: Sequence[Any], checks: Sequence[Check]) -> None:
        """Add one row of `tally_of`; *checks* are those its verdicts number."""
        file, verdict, unknown, rows, too_fine, coarse, *sums = row
        if verdict is None:
            self.charged[file] += rows
            self._note("amounts finer than 1e-24, rounded there", int(too_fine))
            self._note("rows with amounts finer than 1e-12, rounded there and converted", int(coarse))
        else:
            self.refused[file][checks[verdict].rule] += rows
        # Rows of another invoice are no fault of this month; those that say nothing of an invoice may be.
        elsewhere = verdict is not None and checks[verdict].is_of_another_invoice
        self.unknown += rows if unknown and not elsewhere else 0
        for index, cost in enumerate(COSTS):
            exact, plain, units, gross, fell_back = sums[5 * index : 5 * index + 5]
            amount = _EXACT.add(exact, _EXACT.scaleb(Decimal(plain), -10))
            self.read[cost] = _EXACT.add(self.read[cost], amount)
            if verdict is None:
                moved = _EXACT.subtract(amount, _EXACT.scaleb(Decimal(units), -10))
                self.moved[cost] = _EXACT.add(self.moved[cost], moved)
                self.gross_charged[cost] += int(gross)
                self._note(f"{cost} cost not given, billed cost taken", fell_back)
            else:
                self.held_back[cost] = _EXACT.add(self.held_back[cost], amount)
                self.gross_refused[cost] += 0 if unknown or elsewhere else int(gross)

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
            cost: CostIntake(
                self.read[cost],
                written,
                self.moved[cost],
                self.held_back[cost],
                self.gross_charged[cost],
                self.gross_refused[cost],
            )
            for cost, written in zip(COSTS, units, strict=True)
        }
        return Intake(by_file, costs, charges, dict(self.notes), unknown=self.unknown)

    def _note(self, text: str, times: int) -> None:
        if times:
            self.notes[text] += times
