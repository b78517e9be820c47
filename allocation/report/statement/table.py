"""A statement as a table for a person. The cents shown are those of its ledger: they add up, down and across.

Each is less than a cent from the exact amount, which the JSON form holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from rich.table import Table

from allocation.charges import CostBasis
from allocation.engine.allocate import Unallocated
from allocation.money import amount_of
from allocation.report.figures import money, plain_percent
from allocation.report.overage import overage_sentence
from allocation.statement.ledger.ledger import Ledger, ledger_of_statement
from allocation.statement.other_months import sentence_of
from allocation.statement.statement import Statement

_IDLE_ROW: Final = "idle"
_UNALLOCATED_ROW: Final = "unallocated"
_TOTAL_ROW: Final = "total"

Column = tuple[str, list[int]]
"""Name, and cents of each row."""


class _Row(NamedTuple):
    """One row of the table, in cents: a tenant, or idle or unallocated cost, which have no fee."""

    name: str
    environment: str
    parts: tuple[int, ...]
    fee: int | None

    @property
    def cost(self) -> int:
        return sum(self.parts)

    @property
    def margin(self) -> int:
        return (self.fee or 0) - self.cost


def statement_table(statement: Statement, *, by_pool: bool = True) -> Table:
    """The statement as a table: a row per tenant; a column per pool, or one for all of them."""
    ledger = ledger_of_statement(statement)
    columns = _columns(statement, ledger, by_pool=by_pool)
    rows, total = _rows(statement, ledger, columns)
    table = Table(title=_title(statement), title_justify="left", show_footer=True)
    table.add_column("tenant", _TOTAL_ROW, no_wrap=True)
    table.add_column("environment", no_wrap=True)
    amounts = (*total.parts, total.cost, total.fee or 0, total.margin)
    for name, cents in zip((*(name for name, _ in columns), "cost", "fee", "margin"), amounts, strict=True):
        table.add_column(name, money(cents, digits=ledger.digits), justify="right", no_wrap=True)
    table.add_column("margin %", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.name, row.environment, *_cells(row, ledger.digits))
    return table


def closing_lines(statement: Statement) -> list[str]:
    """The lines below the table: unallocated cost, unknown prices and consumers, and the proof of the sum."""
    lines = [
        f"unallocated {_exact(item.units)}: {item.reason} ({_charges(item)})"
        for item in statement.unallocated
    ]
    lines += [
        f"{_exact(other.units)}: {sentence_of(other, f'{statement.period.start:%Y-%m}')}"
        for other in statement.other_months
    ]
    lines += [
        f"fallback: pool {one.pool} of {one.start:%Y-%m-%d} was divided by {one.driver}"
        for one in statement.fallbacks
    ]
    lines += [
        f"{tenant}: its cost is {where}, {_exact(statement.bounds[tenant]['floor' not in where])}"
        for tenant, where in statement.out_of_bounds.items()
    ]
    lines += [
        f"{line.name}: its id in the cloud, on bills and in files is '{line.tenant}'"
        for line in statement.tenants
        if line.name != line.tenant
    ]
    lines += _overage(statement)
    lines += [
        f"usage of '{name}' is ignored: no tenant and no pool has that name"
        for name in statement.unknown_consumers
    ]
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


def _overage(statement: Statement) -> Iterator[str]:
    """What was used beyond fair use, and what was agreed and is not known."""
    for line in statement.tenants:
        for each in line.term.overage:
            if each.amount or (each.amount is None and each.agreed):
                yield f"overage of {line.name}: {overage_sentence(each)}"


def _title(statement: Statement) -> str:
    versions = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in statement.versions.items())
    what = "cost of a 730-hour month" if statement.basis is CostBasis.ESTIMATED else "cost"
    return (
        f"{statement.portfolio}: {statement.basis} {what} in {statement.currency}, "
        f"{statement.period}; {versions}"
    )


def _charges(item: Unallocated) -> str:
    return item.example if item.charges == 1 else f"{item.charges} charges, such as {item.example}"


def _columns(statement: Statement, ledger: Ledger, *, by_pool: bool = True) -> list[Column]:
    """Name and cents of each column; the last two cells are the idle and the unallocated row."""
    tenants = [line.tenant for line in statement.tenants]
    columns = [("direct", [*map(ledger.direct.__getitem__, tenants), 0, sum(ledger.unallocated)])]
    for pool in statement.pools:
        shares = [ledger.pooled[tenant].get(pool, 0) for tenant in tenants]
        columns.append((pool, [*shares, ledger.idle.get(pool, 0), 0]))
    return columns if by_pool else _pooled_together(columns)


def _pooled_together(columns: Sequence[Column]) -> list[Column]:
    direct, *pools = columns
    together = [sum(cells) for cells in zip(*(cents for _, cents in pools), strict=True)]
    return [direct, ("pooled", together)]


def _rows(statement: Statement, ledger: Ledger, columns: Sequence[Column]) -> tuple[list[_Row], _Row]:
    """The rows of tenants, and of idle and unallocated cost, which the firm bears itself; and their total."""
    parts = list(zip(*(cents for _, cents in columns), strict=True))
    fees = [ledger.fees[line.tenant] for line in statement.tenants]
    rows = [
        _Row(line.name, str(line.term.environment), parts[index], fees[index])
        for index, line in enumerate(statement.tenants)
    ]
    rows += [
        _Row(name, "", parts[index], None)
        for index, name in enumerate((_IDLE_ROW, _UNALLOCATED_ROW), len(rows))
    ]
    return rows, _Row(_TOTAL_ROW, "", tuple(sum(cents) for _, cents in columns), sum(fees))


def _cells(row: _Row, digits: int) -> Iterator[str]:
    """The amounts of a row; the text is empty where a row has none."""
    yield from (money(cents, digits=digits) for cents in (*row.parts, row.cost))
    yield "" if row.fee is None else money(row.fee, digits=digits)
    yield money(row.margin, digits=digits)
    yield plain_percent(row.margin, row.fee or 0)


def _exact(units: int) -> str:
    return format(amount_of(units), "f") if units else "0"
