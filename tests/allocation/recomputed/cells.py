"""What a table must hold, and whether it does: a cell is a word, a figure or a sentence about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tests.allocation.recomputed.paper import Cell, PrintedTable

CENT = Fraction(1, 100)
_NUMBER = re.compile(r"([+-]?[0-9,]+(?:\.[0-9]+)?)(?: (.+))?")


@dataclass(frozen=True)
class Link:
    """Words that lead somewhere."""

    words: str
    href: str


@dataclass(frozen=True)
class Figure:
    """A number; it may be written `within` of the exact one where it cannot be written exactly."""

    exact: Fraction
    unit: str = ""
    within: Fraction = Fraction(0)


@dataclass(frozen=True)
class Percent:
    """A part in percent, shown with one decimal; nothing of no whole."""

    part: Fraction
    whole: Fraction


@dataclass(frozen=True)
class Reasons:
    """A sentence of the three largest reasons with their amounts, and how many more there are."""

    amounts: Mapping[str, Fraction]
    currency: str


@dataclass(frozen=True)
class Facts:
    """What a sentence must say: these names and figures in this order, and no other figure.

    Its words are the product's own: each page's tests hold them once.
    """

    said: tuple[str, ...] = ()


Must = str | Link | Figure | Percent | Reasons | Facts | Fraction
Rows = Sequence[Sequence[Must]]


@dataclass(frozen=True)
class Expected:
    """What a table must hold.

    Attributes:
        heads: Of its columns.
        rows: In their order, unless `keyed`.
        foot: The rows beneath; the first `beside` of them are parts as well, the next is the sum.
        beside: How many rows of the foot are parts.
        keyed: Rows are found by so many cells, in any order, and one of nearly nothing may be left out.
        title: Where it says something that could be wrong.
    """

    heads: tuple[str, ...] = ()
    rows: Rows = ()
    foot: Rows = ()
    beside: int = 0
    keyed: int = 0
    title: Facts | None = None


def is_needed(expected: Expected) -> bool:
    """Whether there is anything to show: a table of nearly nothing may be left out."""
    rows = [row for row in expected.rows if not (expected.keyed and _is_nearly_nothing(row[expected.keyed]))]
    return bool(rows)


def differences(table: PrintedTable, expected: Expected) -> Iterator[str]:
    """Where *table* is not as *expected*, in words."""
    if expected.title and not says(table.title, expected.title):
        yield f"is called '{table.title}', not of {expected.title.said}"
    if tuple(table.heads) != expected.heads:
        yield f"its columns are {table.heads}, not {list(expected.heads)}"
        return
    rows = _by_key(table, expected) if expected.keyed else expected.rows
    yield from _of_rows(table.rows, rows)
    yield from _of_rows(table.foot, expected.foot, "row of the foot")
    if table.foot and not expected.foot:
        return
    yield from _sums(table, expected)


def _by_key(table: PrintedTable, expected: Expected) -> Rows:
    """The expected rows in the order of those that are printed, what is missing last."""
    wanted = {tuple(map(str, row[: expected.keyed])): row for row in expected.rows}
    printed = [tuple(cell.shown for cell in row[: expected.keyed]) for row in table.rows]
    found = [wanted.pop(key, (*key, *[Figure(Fraction(0), within=Fraction(1, 10**7))])) for key in printed]
    missing = [row for row in wanted.values() if not _is_nearly_nothing(row[expected.keyed])]
    return [*found, *missing]


def _is_nearly_nothing(must: Must) -> bool:
    return isinstance(must, Figure) and bool(must.within) and abs(must.exact) <= must.within


def _of_rows(printed: list[list[Cell]], expected: Rows, what: str = "row") -> Iterator[str]:
    for place, row in enumerate(expected):
        if place >= len(printed):
            yield f"has no {what} {_shown(row)}"
            continue
        if len(printed[place]) != len(row):
            yield f"{what} {place + 1} has {len(printed[place])} cells, not {len(row)}"
            continue
        for column, (cell, must) in enumerate(zip(printed[place], row, strict=True)):
            if not holds(cell, must):
                where = f"{what} {place + 1} ({printed[place][0].shown}), column {column + 1}"
                yield f"{where} holds {cell.plain!r}, not {_shown([must])}"
    for more in printed[len(expected) :]:
        yield f"has the {what} {[cell.plain for cell in more]}, which is nowhere in the documents"


def _shown(row: Sequence[Must]) -> str:
    return ", ".join(str(float(each)) if isinstance(each, Fraction) else str(each) for each in row)


def holds(cell: Cell, must: Must) -> bool:
    """Whether a cell shows what it must, and has the exact figure behind it."""
    if isinstance(must, str):
        return cell.shown == must and cell.exact is None
    if isinstance(must, Facts | Percent | Reasons):
        return _is_said(cell.shown, must) and cell.exact is None
    if isinstance(must, Link):
        return (cell.shown, cell.href, cell.exact) == (must.words, must.href, None)
    figure = must if isinstance(must, Figure) else Figure(must)
    if cell.exact is None or abs(Fraction(cell.exact) - figure.exact) > figure.within:
        return False
    return is_rounded(cell.shown, Fraction(cell.exact), figure.unit)


def _is_said(words: str, must: Facts | Percent | Reasons) -> bool:
    if isinstance(must, Facts):
        return says(words, must)
    return is_percent(words, must) if isinstance(must, Percent) else is_why(words, must)


def says(words: str, must: Facts) -> bool:
    """Whether *words* say the facts in their order, and no figure besides.

    >>> says("12 things, 3 % of 4.50", Facts(("12", "3", "4.50")))
    True
    >>> [says(words, Facts(("4.50",))) for words in ("-4.50", "4.505", "4.50 of 9", "")]
    [False, False, False, False]
    """
    rest = words
    for fact in must.said:
        before, found, rest = rest.partition(fact)
        signed = fact[:1].isdigit() and re.search(r"(^|\s)[+-]$", before)
        if not found or signed or re.search("[0-9]", before):
            return False
    return bool(words) and not re.search("[0-9]", rest)


def is_rounded(shown: str, exact: Fraction, unit: str = "") -> bool:
    """Whether what is *shown* is less than a cent from the exact figure, and of that unit."""
    read = _NUMBER.fullmatch(shown)
    return read is not None and (read[2] or "") == unit and abs(_number(read[1]) - exact) < CENT


def is_percent(shown: str, must: Percent) -> bool:
    """Whether *shown* is the part in percent to a decimal."""
    if not must.whole:
        return shown == ""
    read = _NUMBER.fullmatch(shown)
    exact = 100 * must.part / must.whole
    return read is not None and read[2] == "%" and abs(_number(read[1]) - exact) <= Fraction(1, 20)


def is_why(words: str, must: Reasons) -> bool:
    """Whether *words* are the largest reasons, each within a cent, and leave no larger one out."""
    nearly = Fraction(1, 10**7)
    real = {reason for reason, amount in must.amounts.items() if abs(amount) > nearly}
    if words == "nothing changed":
        return not real
    read = re.fullmatch(rf"(.+) {must.currency}(?: and ([0-9]+) more)?", words)
    if read is None:
        return False
    pairs = [part.rsplit(" ", 1) for part in read[1].split(", ")]
    named = {reason: _number(shown) for reason, shown in pairs}
    exact = {reason: must.amounts.get(reason, Fraction(0)) for reason in named}
    near = all(abs(shown - exact[reason]) < CENT for reason, shown in named.items())
    least = min(abs(amount) for amount in exact.values())
    left = [abs(must.amounts[reason]) for reason in must.amounts.keys() - named.keys()]
    count = len(named) + int(read[2] or 0)
    # A reason of some units alone, where roundings met, may be counted or not.
    counted = len(real) <= count <= len(must.amounts) and len(named) == min(3, count)
    return near and counted and max(left, default=Fraction(0)) <= least + nearly


def _sums(table: PrintedTable, expected: Expected) -> Iterator[str]:
    """Columns that do not add up to their foot, exactly and as they are shown."""
    if not expected.foot:
        return
    parts = [*table.rows, *table.foot[: expected.beside]]
    whole = table.foot[expected.beside]
    for column, (head, sum_) in enumerate(zip(table.heads, whole, strict=True)):
        if sum_.exact is None:
            continue
        cells = [row[column] for row in parts]
        if sum(Fraction(cell.exact or 0) for cell in cells) != Fraction(sum_.exact):
            yield f"column '{head}' does not add up to {sum_.exact}"
        if sum(_number(cell.shown) for cell in cells) != _number(sum_.shown):
            yield f"column '{head}' as it is shown does not add up to {sum_.shown}"


def _number(shown: str) -> Fraction:
    return Fraction(Decimal(shown.split(maxsplit=1)[0].replace(",", ""))) if shown else Fraction(0)
