"""The parts of a page: sentences, tables and bars. A figure is shown rounded, its exact value beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from allocation.money import in_cents, text_of
from allocation.report.figures import money, money_of, number, percent
from allocation.statement.ledger.figure import is_settled

_WIDTH: Final = 600
"""Of a drawing, in its own units; the page scales it."""
_ROW: Final = 26
_LABEL: Final = 190
_VALUE: Final = 110


@dataclass(frozen=True)
class Cell:
    """A cell: the text shown, the exact decimal of a figure, the target of a link."""

    shown: str
    exact: str | None = None
    href: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a figure or a percentage."""
        return self.exact is not None or self.shown.endswith(" %")

    @property
    def plain(self) -> str:
        """The text for the JSON and CSV files beside a page."""
        return self.shown if self.exact is None else self.exact


Row = tuple[Cell, ...]
EMPTY: Final = Cell("")


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row is its name."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    foot: tuple[Row, ...] = ()
    note: str = ""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The columns of numbers, counted from 0; they are aligned to the right."""
        columns = list(zip(*self.rows, *self.foot, strict=True))
        return tuple(
            place
            for place, cells in enumerate(columns)
            if any(cell.is_number for cell in cells)
            and all(cell.is_number or not cell.shown for cell in cells)
        )


@dataclass(frozen=True)
class Bar:
    """One bar: its place and length in the drawing's units, with its label and value."""

    label: str
    value: str
    left: int
    length: int
    top: int


@dataclass(frozen=True)
class Bars:
    """Bars to draw under each other; `summary` says in words what they show."""

    title: str
    summary: str
    bars: tuple[Bar, ...]
    axis: int

    @property
    def height(self) -> int:
        """Height of the drawing."""
        return _ROW * len(self.bars)

    @property
    def width(self) -> int:
        """Width of the drawing."""
        return _WIDTH


@dataclass(frozen=True)
class Sentences:
    """Sentences under a title."""

    title: str
    sentences: tuple[str, ...]


Section = Table | Bars | Sentences


@dataclass(frozen=True)
class Page:
    """One file, `path` without its ending; the headline answers the reader's first question."""

    path: str
    title: str
    headline: str
    answer: tuple[str, ...]
    sections: tuple[Section, ...]
    proof: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The sections that are tables."""
        return tuple(each for each in self.sections if isinstance(each, Table))


def text(words: object, href: str | None = None) -> Cell:
    """A cell of words."""
    return Cell(str(words), None, href)


def amounts(units: Sequence[int], *, signed: bool = False) -> list[Cell]:
    """Amounts under each other, each in the cents of its statement."""
    return [amount(each, signed=signed) for each in units]


def amount(units: int, *, signed: bool = False) -> Cell:
    """One amount: its cents are those of its statement, wherever it is shown."""
    return Cell(money_of(units, signed=signed), text_of(units))


def summed(
    names: Sequence[Row], columns: Sequence[Sequence[int]], total: Row, *, signed: bool = False
) -> tuple[tuple[Row, ...], Row]:
    """Rows that begin with *names* and go on with a cell of each column, and the row of their sums.

    What is shown of a column adds up to what is shown of its sum, and so do the exact amounts: those of a
    statement do by themselves, others are rounded together.
    """
    cells = [_adding_up(column, signed=signed) for column in columns]
    rows = tuple((*name, *(column[place] for column in cells)) for place, name in enumerate(names))
    return rows, (*total, *(amount(sum(column), signed=signed) for column in columns))


def _adding_up(units: Sequence[int], *, signed: bool) -> list[Cell]:
    if all(map(is_settled, units)):
        return amounts(units, signed=signed)
    shown = zip(in_cents(units), units, strict=True)
    return [Cell(money(cents, signed=signed), text_of(exact)) for cents, exact in shown]


def share(part: int, whole: int) -> Cell:
    """*part* of *whole* in percent; empty if *whole* is 0."""
    return Cell(percent(part, whole))


def quantity(value: Decimal | int, unit: str = "") -> Cell:
    """A number other than money."""
    exact = Decimal(value)
    return Cell(f"{number(exact)} {unit}".rstrip(), f"{exact.normalize():f}")


def bars(
    title: str, summary: str, rows: Sequence[tuple[str, int, int]], shown: Sequence[str] | None = None
) -> Bars:
    """Bars from rows of label, begin and end, in units of money.

    The text beside a bar is its length, or what *shown* gives if the amounts were rounded together.
    """
    ends = [0, *(edge for _, start, end in rows for edge in (start, end))]
    low, high = min(ends), max(ends)
    room = _WIDTH - _LABEL - _VALUE
    span = max(high - low, 1)

    def place(units: int) -> int:
        return _LABEL + (units - low) * room // span

    drawn = (
        Bar(
            label,
            shown[line] if shown else amount(end - start).shown,
            place(min(start, end)),
            max(abs(place(end) - place(start)), 1),
            _ROW * line,
        )
        for line, (label, start, end) in enumerate(rows)
    )
    return Bars(title, summary, tuple(drawn), place(0))
