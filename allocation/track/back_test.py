"""Back-tests: what each method would have said on the same day of filed months, and how wrong it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from allocation.track.methods import Method, forecast
from allocation.track.series import MILLION, Series, Span

MOST_MONTHS: Final = 12
"""How many filed months are looked back at."""
_ENOUGH: Final = 4
_OF_FOUR: Final = 3
"""Of four months the best three decide: one with a restore or a move in it says little of a method."""
_PREFERRED: Final = (
    *(Method.LEVEL, Method.MONTH_END, Method.WEEKDAY, Method.RUN_RATE),
    *(Method.DRIFT, Method.LAST_MONTH),
)
"""The first of those that are equally good is chosen."""
_OF_A_CHANGE: Final = (Method.MONTH_END, Method.LEVEL)
"""The methods that look at nothing before a known change but weekdays and ends of months."""


class Error(NamedTuple):
    """One month of a back-test: what the rest of it was said to cost, what it cost, and the whole month."""

    month: str
    said: int
    was: int
    whole: int

    @property
    def missed(self) -> int:
        """By how much, in units without a sign."""
        return abs(self.said - self.was)


def back_test(series: Series, span: Span, through: int) -> dict[Method, tuple[Error, ...]]:
    """The errors of each method on the same day of the months before *span*, oldest first.

    The first month has no month before it and is not tried, nor is the second where there are enough: to
    know the ends of months takes two. A method that could not say anything of one of them is not compared.
    """
    past = [month for month in series.months if month.end <= span.first]
    unheard = 2 if len(past) >= _ENOUGH else 1
    tried = past[unheard:][-MOST_MONTHS:]
    unchanged = Series(series.units, series.months)  # what is known to have changed now had not changed then
    made = {method: tuple(_errors(unchanged, method, tried, through - span.first)) for method in Method}
    return {method: errors for method, errors in made.items() if tried and len(errors) == len(tried)}


def _errors(series: Series, method: Method, tried: Iterable[Span], days: int) -> Iterable[Error]:
    for month in tried:
        through = min(month.first + days, month.end - 1)
        said = forecast(method, series, month, through)
        if said is not None:
            was = series.total(range(through + 1, month.end))
            yield Error(month.name, sum(said.values()), was, series.total(range(*month)))


def wape(errors: Sequence[Error]) -> int | None:
    """The error in parts per million of the months' cost (weighted absolute percentage error).

    >>> wape([Error("2026-10", 90, 100, 300), Error("2026-11", 100, 120, 300)])
    50000
    """
    whole = sum(abs(each.whole) for each in errors)
    return sum(each.missed for each in errors) * MILLION // whole if whole else None


def typical(errors: Sequence[Error]) -> int:
    """The error of the best three of four months, in parts per million of their cost, summed.

    >>> typical([Error("2026-08", 0, 9, 9), *(Error("2026-09", 9, 9, 9) for _ in range(3))])
    0
    """
    ratios = sorted(each.missed * MILLION // abs(each.whole) for each in errors if each.whole)
    return sum(ratios[: max(len(ratios) * _OF_FOUR // 4, 1)])


def chosen(
    series: Series, span: Span, through: int, tested: Mapping[Method, Sequence[Error]]
) -> Method | None:
    """The method with the smallest typical error among those that know enough; None if none does."""
    asked = _OF_A_CHANGE if series.since is not None else _PREFERRED
    able = [method for method in asked if forecast(method, series, span, through) is not None]
    tried = [method for method in able if method in tested]
    if tried:
        return min(tried, key=lambda method: typical(tested[method]))
    # Nothing was tried: what needs filed months says nothing then, and the rest is in order.
    return next(iter(able), None)
