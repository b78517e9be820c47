"""The parts of a page: figures, sentences, tables, charts. A figure is rounded, its exact value beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.money import in_cents, text_of
from allocation.report.charts.chart import Chart
from allocation.report.figures import money, number, percent

_LETTERS_A_LINE: Final = 34
"""Of a cell on a telephone, beside the head of its column."""
_LINE: Final = 24
"""Its height there."""
_ROOM_BENEATH: Final = 1300
"""As high as the first tables may be on a telephone, where they are read without opening anything."""


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
    chart: Chart | None = None
    """A drawing of its figures, shown above it."""

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

    @property
    def telephone(self) -> int:
        """About how high it is on a telephone, where a row is a card with a line for each cell."""
        cells = (cell for row in (*self.rows, *self.foot) for cell in row)
        lines = sum(-(-len(cell.shown) // _LETTERS_A_LINE) for cell in cells)
        drawn = self.chart.height if self.chart else 0
        return _LINE * (lines + len(self.rows) // 2 + 2) + drawn


@dataclass(frozen=True)
class Sentences:
    """Sentences under a title."""

    title: str
    sentences: tuple[str, ...]

    @property
    def telephone(self) -> int:
        """About how high it is on a telephone."""
        return _LINE * sum(1 - (-len(each) // _LETTERS_A_LINE) for each in self.sentences)


Section = Table | Sentences


class Figure(NamedTuple):
    """One of the three figures of a first screen: what it is, its value, and what says how much that is."""

    label: str
    value: Cell
    note: str = ""


@dataclass(frozen=True)
class Page:
    """One file, `path` without its ending.

    Its first screen has the headline, which answers the reader's first question, the figures, the answer and
    the picture.
    """

    path: str
    title: str
    headline: str
    answer: tuple[str, ...]
    sections: tuple[Section, ...]
    proof: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    figures: tuple[Figure, ...] = ()
    picture: Chart | None = None

    @property
    def tables(self) -> tuple[Table, ...]:
        """The sections that are tables."""
        return tuple(each for each in self.sections if isinstance(each, Table))

    @property
    def folded(self) -> tuple[tuple[Section, bool], ...]:
        """The sections, and whether each is open: the first ones that a telephone has room for are."""
        room = _ROOM_BENEATH
        found = []
        for each in self.sections:
            is_open = each.telephone <= room
            room -= each.telephone if is_open else 0
            found.append((each, is_open))
        return tuple(found)


def text(words: object, href: str | None = None) -> Cell:
    """A cell of words."""
    return Cell(str(words), None, href)


def amounts(units: Sequence[int], *, signed: bool = False) -> list[Cell]:
    """Amounts under each other, in cents that add up to their rounded sum."""
    return [
        Cell(money(cents, signed=signed), text_of(exact))
        for cents, exact in zip(in_cents(units), units, strict=True)
    ]


def amount(units: int, *, signed: bool = False) -> Cell:
    """One amount alone."""
    return amounts([units], signed=signed)[0]


def summed(
    names: Sequence[Row], columns: Sequence[Sequence[int]], total: Row, *, signed: bool = False
) -> tuple[tuple[Row, ...], Row]:
    """Rows that begin with *names* and go on with a cell of each column, and the row of their sums.

    What is shown of a column adds up to what is shown of its sum, and so do the exact amounts.
    """
    cells = [amounts(column, signed=signed) for column in columns]
    rows = tuple((*name, *(column[place] for column in cells)) for place, name in enumerate(names))
    return rows, (*total, *(amount(sum(column), signed=signed) for column in columns))


def share(part: int, whole: int) -> Cell:
    """*part* of *whole* in percent; empty if *whole* is 0."""
    return Cell(percent(part, whole))


def quantity(value: Decimal | int, unit: str = "") -> Cell:
    """A number other than money."""
    exact = Decimal(value)
    return Cell(f"{number(exact)} {unit}".rstrip(), f"{exact.normalize():f}")
