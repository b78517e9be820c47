"""The cost of a run broken down once more: cash beside amortised cost, and by invoice."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from allocation.adapters.bill import Intake
from allocation.billed import cost_views, invoices
from allocation.billed.cost_views import CostView
from allocation.billed.invoices import Invoice
from allocation.billed.readiness import Gate
from allocation.money import text_of


@dataclass(frozen=True)
class Breakdowns:
    """What is broken down; empty where the four costs are one, and where no invoice was asked for."""

    views: tuple[CostView, ...]
    invoices: tuple[Invoice, ...]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """A gate for each invoice whose total was given."""
        return tuple(invoice.gate() for invoice in self.invoices if invoice.total is not None)

    def account(self) -> dict[str, Any]:
        """What a manifest says of it."""
        said: dict[str, Any] = {}
        if self.views:
            totals = cost_views.totals(self.views)
            said["cost_views"] = {cost: text_of(units) for cost, units in totals.items()}
        if self.invoices:
            said["invoices"] = {invoice.invoice: invoice.document() for invoice in self.invoices}
        return said

    def write(self, folder: Path) -> None:
        """Write `costs.csv` and `invoices.csv` to *folder*."""
        if self.views:
            _write(folder / "costs.csv", cost_views.table_rows(self.views))
        if self.invoices:
            _write(folder / "invoices.csv", invoices.table_rows(self.invoices))


def breakdowns(
    connection: duckdb.DuckDBPyConnection, intake: Intake, given: Mapping[str, Decimal] | None
) -> Breakdowns:
    """The breakdowns of the allocation in *connection*.

    Args:
        connection: After the allocation.
        intake: The account of the bill: where all costs of all rows are the same, one says everything.
        given: The totals of invoices; None if nobody asked for invoices.
    """
    sums = {(cost.charged, cost.gross_charged) for cost in intake.costs.values()}
    return Breakdowns(
        cost_views.cost_views(connection) if len(sums) > 1 or cost_views.differ(connection) else (),
        () if given is None else invoices.invoices(connection, given),
    )


def _write(path: Path, rows: Iterable[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\r\n").writerows(rows)
