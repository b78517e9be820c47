"""The table of charges that a month bills for other months, for the firm and for one client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allocation.report.showback.content import EMPTY, Table, summed, text
from allocation.review.causes import reason_of
from allocation.statement.filed import FiledOtherMonth, FiledStatement, FiledTenant


def other_months_table(
    statement: FiledStatement, lines: Iterable[FiledTenant] | None = None
) -> Iterator[Table]:
    """What the statement's month bills for other months: all of it, or the parts of *lines* alone."""
    names = None if lines is None else {line.tenant for line in lines}
    found = [(other, _units(other, names)) for other in statement.other_months]
    shown = [(other, units) for other, units in found if units or names is None]
    if not shown:
        return
    rows, whole = summed(
        [
            (text(other.month), text(reason_of(other)), text(_division(other, statement)))
            for other, _ in shown
        ],
        [[units for _, units in shown]],
        (text("total"), EMPTY, EMPTY),
        signed=True,
    )
    yield Table(
        "other-months",
        f"Billed for other months, in {statement.currency}",
        ("month", "what it is", "shared cost is divided", "amount"),
        rows,
        (whole,) if len(shown) > 1 else (),
        "These amounts are in the cost above.",
    )


def _units(other: FiledOtherMonth, names: set[str] | None) -> int:
    if names is None:
        return other.amount
    return sum(part.amount for part in other.parts if part.tenant in names)


def _division(other: FiledOtherMonth, statement: FiledStatement) -> str:
    ways = [f"as filed in {other.month}"] if other.as_filed else []
    ways += [f"by the usage of {statement.month}"] if other.by_drivers else []
    return "; ".join(ways)
