"""A drawing in units of its own, as wide as a telephone, so that its letters are legible everywhere.

Nothing in it has a colour: a mark names a series, and the style sheet gives it a colour and a pattern for
light, dark and paper. What it shows is in a table, too, whose name it knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final, NamedTuple

WIDTH: Final = 360
"""Of every drawing."""
_LETTER: Final = 7
"""As wide as the widest letters of the usual fonts are on average, at 12 units."""


@unique
class Series(StrEnum):
    """What a mark stands for, as the style sheet names it; no two look alike without colour, either."""

    FIRST = "s0"
    SECOND = "s1"
    THIRD = "s2"
    FOURTH = "s3"
    IDLE = "idle"
    UNALLOCATED = "nobody"


@dataclass(frozen=True)
class Rectangle:
    """A bar or a cell; `words` say what it is when it is pointed at."""

    left: int
    top: int
    width: int
    height: int
    style: str
    words: str


@dataclass(frozen=True)
class Label:
    """Words in the drawing; `anchor` is `start`, `middle` or `end`."""

    left: int
    top: int
    words: str
    anchor: str = "start"


@dataclass(frozen=True)
class Point:
    """One point of a curve."""

    left: int
    top: int
    words: str


At = tuple[int, int]
"""A place: from the left, from the top."""


@dataclass(frozen=True)
class Stroke:
    """A line through places; `style` is that of what is not certain, or of a limit; empty of what is."""

    places: tuple[At, ...]
    style: str = ""

    @property
    def path(self) -> str:
        """As SVG has it."""
        return path_of(self.places)


@dataclass(frozen=True)
class Area:
    """What lies between places; `words` say what it is when it is pointed at."""

    places: tuple[At, ...]
    style: str
    words: str

    @property
    def path(self) -> str:
        """As SVG has it."""
        return path_of(self.places)


@dataclass(frozen=True)
class Line:
    """An axis, from one place to another."""

    left: int
    top: int
    right: int
    bottom: int


class Caption(NamedTuple):
    """Name and title of a drawing, in words what it shows, and the name of the table that has its figures."""

    name: str
    title: str
    summary: str
    table: str


@dataclass(frozen=True)
class Chart:
    """A drawing."""

    caption: Caption
    height: int
    rectangles: tuple[Rectangle, ...] = ()
    labels: tuple[Label, ...] = ()
    lines: tuple[Line, ...] = ()
    points: tuple[Point, ...] = ()
    legend: tuple[tuple[Series, str], ...] = ()
    dots: tuple[Point, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    areas: tuple[Area, ...] = ()

    @property
    def width(self) -> int:
        """Width of the drawing."""
        return WIDTH

    @property
    def path(self) -> str:
        """The line through all points."""
        return path_of([(point.left, point.top) for point in self.points])


def path_of(places: Sequence[At]) -> str:
    """*places* as the points of SVG.

    >>> path_of([(0, 10), (5, 7)])
    '0,10 5,7'
    """
    return " ".join(f"{left},{top}" for left, top in places)


def room_for(words: Iterable[str], most: int) -> int:
    """How wide the longest of *words* is, and at most *most*.

    >>> room_for(["2026-11", "2026-12"], 140), room_for(["x" * 40], 140)
    (57, 140)
    """
    return min(max((_LETTER * len(each) for each in words), default=0) + 8, most)


def cut(words: str, room: int) -> str:
    """*words* in that much room, shortened if they are longer.

    >>> cut("postgresql-of-somebody", 70), cut("nodes", 70)
    ('postgres…', 'nodes')
    """
    most = (room - 8) // _LETTER
    return words if len(words) <= most else f"{words[: max(most, 1)]}…"
