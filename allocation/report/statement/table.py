"""A statement as the table a person reads. What is shown in cents still adds up, down and across.

Each column is rounded by largest remainder to its own rounded total, and totals of rows are sums of what is
shown; so a row's total may differ by a few cents from the exact one, which the JSON form holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from allocation.charges import CostBasis
from allocation.engine.allocate import Unallocated
from allocation.money import UNITS_PER_CENT, amount_of, in_cents
from allocation.statement.statement import Statement

_CENTS: Final = 100
_IDLE_ROW: Final = "idle"
_UNALLOCATED_ROW: Final = "unallocated"

Column = tuple[str, list[int]]
"""Name, and cents of each row."""


def statement_table(statement: Statement, *, by_pool: bool = True) -> Table:
    """The statement as a table: a row per tenant; a column per pool, or one for all of them."""
    columns = _columns(statement) if by_pool else _pooled_together(_columns(statement))
    table = Table(title=_title(statement), title_justify="left", show_footer=True)
    table.add_column("tenant", "total", no_wrap=True)
    table.add_column("environment", no_wrap=True)
    for name, cents in columns:
        table.add_column(name, _money(sum(cents)), justify="right", no_wrap=True)
    totals = [sum(cells) for cells in zip(*(cents for _, cents in columns), strict=True)]
    # Nobody pays for the last two rows: what stays idle or unallocated is the firm's own loss.
    fees = [*(line.fee // UNITS_PER_CENT for line in statement.tenants), 0, 0]
    margins = [fee - total for fee, total in zip(fees, totals, strict=True)]
    table.add_column("cost", _money(sum(totals)), justify="right", no_wrap=True)
    table.add_column("fee", _money(sum(fees)), justify="right", no_wrap=True)
    table.add_column("margin", _money(sum(margins)), justify="right", no_wrap=True)
    table.add_column("margin %", justify="right", no_wrap=True)
    for index, line in enumerate(statement.tenants):
        cells = [_money(cents[index]) for _, cents in columns]
        share = f"{100 * margins[index] / fees[index]:.1f}" if fees[index] else ""
        last = [_money(totals[index]), _money(fees[index]), _money(margins[index]), share]
        table.add_row(line.tenant, str(line.term.environment), *cells, *last)
    for index, name in enumerate((_IDLE_ROW, _UNALLOCATED_ROW), len(statement.tenants)):
        cells = [_money(cents[index]) for _, cents in columns]
        table.add_row(name, "", *cells, _money(totals[index]), "", _money(margins[index]))
    return table


def closing_lines(statement: Statement) -> list[str]:
    """What stands under the table: what is unallocated or unpriced, and the proof of the sum."""
    lines = [
        f"unallocated {_exact(item.units)}: {item.reason} ({_charges(item)})"
        for item in statement.unallocated
    ]
    lines += [
        f"fallback: pool {one.pool} of {one.start:%Y-%m-%d} was divided by {one.driver}"
        for one in statement.fallbacks
    ]
    lines += [
        f"{tenant}: its cost is {where}, {_exact(statement.bounds[tenant]['floor' not in where])}"
        for tenant, where in statement.out_of_bounds.items()
    ]
    lines += [f"use of '{name}' counts for nothing: no tenant is called so" for name in statement.strangers]
    lines += [
        f"unpriced: {item.fact}: {item.quantity:f} of {item.service} '{item.item}' ({item.reason})"
        for item in statement.unpriced
    ] or ["unpriced: nothing"]
    lines.append(
        f"charged {_exact(statement.charged)} {statement.currency} = direct {_exact(statement.direct)} "
        f"+ pooled {_exact(statement.pooled)} + idle {_exact(statement.idle_total)} "
        f"+ unallocated {_exact(statement.unallocated_total)}, difference {_exact(statement.difference)}"
    )
    return lines


def _title(statement: Statement) -> str:
    versions = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in statement.versions.items())
    what = "cost of a 730-hour month" if statement.basis is CostBasis.ESTIMATED else "cost"
    return (
        f"{statement.portfolio}: {statement.basis} {what} in {statement.currency}, "
        f"{statement.period}; {versions}"
    )


def _charges(item: Unallocated) -> str:
    return item.example if item.charges == 1 else f"{item.charges} charges, such as {item.example}"


def _columns(statement: Statement) -> list[Column]:
    """Name and cents of each column; the last two cells are the idle and the unallocated row."""
    nobodys = statement.unallocated_total
    exact = [("direct", [*(line.direct for line in statement.tenants), 0, nobodys])]
    for pool in statement.pools:
        shares = [line.pooled.get(pool, 0) for line in statement.tenants]
        exact.append((pool, [*shares, statement.idle.get(pool, 0), 0]))
    targets = in_cents([sum(units) for _, units in exact])
    return [(name, in_cents(units, target)) for (name, units), target in zip(exact, targets, strict=True)]


def _pooled_together(columns: Sequence[Column]) -> list[Column]:
    direct, *pools = columns
    together = [sum(cells) for cells in zip(*(cents for _, cents in pools), strict=True)]
    return [direct, ("pooled", together)]


def _money(cents: int) -> str:
    sign, size = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{size // _CENTS:,}.{size % _CENTS:02}"


def _exact(units: int) -> str:
    return format(amount_of(units), "f") if units else "0"
