"""What a portfolio spends month by month, and what for: the table, and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from allocation.report.charts.bars import Bar, bars, stacked
from allocation.report.charts.chart import Caption, Chart, Series
from allocation.report.showback.content import Cell, Table, amount, amounts, text
from allocation.report.showback.month import Showback
from allocation.statement.filed import FiledStatement
from tiers.vocabulary import CostDomain

_MONTHS: Final = 12
_NOBODYS: Final = ("idle", "unallocated")
_SERIES: Final = (Series.FIRST, Series.SECOND, Series.THIRD)
NAME: Final = "spend"
"""The table's name."""


def spend(showback: Showback) -> Table:
    """A row for each of the last twelve months: every domain, idle, unallocated, and the bill."""
    months = _months(showback)
    domains = _domains(months)
    return Table(
        NAME,
        f"Cost by month and domain, in {showback.statement.currency}",
        ("month", *domains, *_NOBODYS, "bill"),
        tuple((text(month.month), *_cells(month, domains), amount(month.totals.charged)) for month in months),
        note="A domain has the direct and the shared cost of tenants; idle and unallocated cost is nobody's.",
    )


def spend_chart(showback: Showback) -> Chart:
    """The same, a bar for each month."""
    months = _months(showback)
    domains = _domains(months)
    named = dict(zip(domains, _SERIES, strict=False))
    series = [*(named.get(name, Series.FOURTH) for name in domains), Series.IDLE, Series.UNALLOCATED]
    words = [name if name in named else "other" for name in domains]
    rows = [
        stacked(
            month.month,
            amount(month.totals.charged).shown,
            [
                (kind, units, cell.shown)
                for kind, units, cell in zip(
                    series, _units(month, domains), _cells(month, domains), strict=True
                )
            ],
        )
        for month in months
    ]
    return bars(
        Caption(
            NAME,
            f"Cost by month and domain, {showback.statement.currency}",
            _said(rows),
            NAME,
        ),
        rows,
        tuple(dict(zip(series, [*words, *_NOBODYS], strict=True)).items()),
    )


def _said(rows: Sequence[Bar]) -> str:
    first, last = rows[0], rows[-1]
    if first is last:
        return f"The bill of {last.label} by domain: {last.shown}."
    return (
        f"The bill of {len(rows)} months by domain, from {first.shown} in {first.label} to {last.shown} in "
        f"{last.label}."
    )


def _months(showback: Showback) -> Sequence[FiledStatement]:
    return (*showback.past, showback.statement)[-_MONTHS:]


def _domains(months: Sequence[FiledStatement]) -> list[str]:
    found = {name for month in months for line in month.tenants for name in line.by_domain}
    known = [f"{each}" for each in CostDomain if each in found]
    return [*known, *sorted(found.difference(known))]


def _units(month: FiledStatement, domains: Sequence[str]) -> list[int]:
    sums = [sum(line.by_domain.get(name, 0) for line in month.tenants) for name in domains]
    return [*sums, month.totals.idle, month.totals.unallocated]


def _cells(month: FiledStatement, domains: Sequence[str]) -> list[Cell]:
    return amounts(_units(month, domains))
