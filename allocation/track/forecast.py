"""Forecasts of a month for tenants and what they add up to, with an interval and the error that was made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from allocation.errors import AllocationError
from allocation.money import UNITS_PER_CENT, in_cents, text_of
from allocation.track.back_test import Error, back_test, chosen, wape
from allocation.track.daily_month import DailyMonth, Held, Key, complete_since, of_key
from allocation.track.methods import Method, forecast
from allocation.track.series import MILLION, Series, median, weekday_profile

COVERAGE_PERCENT: Final = 80
"""Of so many months in a hundred the cost is expected within the interval."""
LEAST_MONTHS: Final = 4
"""From so many tried months on their errors alone make the interval: the largest of 4 covers 80 percent."""
_LEAST_DAYS: Final = 5
_LOOK_BACK: Final = 28
_NORMAL_PPM: Final = 1_900_000
"""How many times the median deviation hold 80 percent of a normal distribution: 1.4826 x 1.2816."""


@dataclass(frozen=True)
class Forecast:
    """What a month will cost, in units.

    Attributes:
        spent: Charged so far.
        rest: What the days will cost that are not charged yet.
        expected: Fees of the month and taxes that were charged last month and are not on the bill yet.
        low: The lower end of the interval of the whole month; None where too few days are known to say,
            also of who is charged nothing yet.
        high: The upper end.
        method: The method; None of a sum of several, or where nothing is left to be said.
        errors: What it missed in filed months, on the same day of the month.
        changed_on: The ordinal of the known change since which it looks; None without one.
    """

    spent: int
    rest: int
    expected: int = 0
    low: int | None = None
    high: int | None = None
    method: Method | None = None
    errors: tuple[Error, ...] = ()
    changed_on: int | None = None
    spread: int | None = field(default=None, repr=False)
    """How far the rest may be off, judged by how days differ; None where too few are known."""

    @property
    def total(self) -> int:
        """The forecast of the whole month."""
        return self.spent + self.rest + self.expected

    @property
    def error_ppm(self) -> int | None:
        """What the method missed in filed months, in parts per million of their cost; None if untried."""
        return wape(self.errors)


def tenant_forecast(
    months: Sequence[DailyMonth],
    month: DailyMonth,
    tenant: str,
    changed_on: int | None = None,
    stated: int | None = None,
    *,
    left: Collection[Key] = (),
) -> Forecast:
    """The forecast of *tenant*, '' for idle and unallocated cost, by its own filed *months*.

    What is still to come is in whole cents, so that rows add up to the cents of their sums.

    Args:
        months: Filed months, oldest first.
        month: The month that runs.
        tenant: Whose.
        changed_on: The ordinal of the day on which it last changed, if it is known to have.
        stated: What the statement says is spent.
        left: Shares of who left since: the fees of their pools come again, and others pay them.

    Raises:
        AllocationError: When the charges by day do not add up to what is *stated*.
    """
    keys = _keys_of((*months, month), tenant)
    units = of_key((*months, month), keys)
    begun = min(units, default=month.span.end)
    recent = changed_on if changed_on and month.span.first <= changed_on <= month.through else None
    series = Series(units, complete_since(months, begun), recent)
    tested = back_test(series, month.span, month.through)
    method = chosen(series, month.span, month.through, tested)
    said = (forecast(method, series, month.span, month.through) if method else None) or {}
    rest = _in_cents(sum(_less(units, month, keys, day) for day, units in said.items()))
    spent = sum(month.spent(key) for key in keys)
    if stated is not None and stated != spent:
        raise AllocationError(
            f"{tenant or 'no tenant'}: the charges by day add up to {text_of(spent)}, the statement says "
            f"{text_of(stated)}"
        )
    expected = _in_cents(_expected(months, month, (keys, left), spent + rest))
    errors = tested.get(method, ()) if method else ()
    made = Forecast(
        spent if stated is None else stated, rest, expected, method=method if said else None,
        errors=errors, changed_on=recent, spread=_spread(series, month.through, rest),
    )  # fmt: skip
    is_known = method is not None or not tenant or month.is_over
    return _with_interval(made) if is_known else made


def sum_of(parts: Iterable[Forecast]) -> Forecast:
    """The forecast of several together: the sum of theirs, with an interval by what these sums missed."""
    each = list(parts)
    if len(each) == 1:
        return each[0]
    by_month: dict[str, Error] = {}
    for error in (error for part in each for error in part.errors):
        _, said, was, whole = by_month.get(error.month, Error(error.month, 0, 0, 0))
        by_month[error.month] = Error(error.month, said + error.said, was + error.was, whole + error.whole)
    spreads = [part.spread for part in each if part.rest]
    made = Forecast(
        sum(part.spent for part in each),
        sum(part.rest for part in each),
        sum(part.expected for part in each),
        errors=tuple(by_month[month] for month in sorted(by_month)),
        spread=None if None in spreads else sum(spread or 0 for spread in spreads),
    )
    is_known = made.rest or all(part.low is not None for part in each)
    return _with_interval(made) if is_known else made


def back_tested_interval(rest: int, errors: Sequence[Error]) -> int | None:
    """By how much *rest* was off, or less, in 80 of 100 months that were tried; None if none was.

    Of n months it is the error of rank 0.8 (n + 1), as in split conformal prediction.
    """
    missed = sorted(each.missed * MILLION // abs(each.said) for each in errors if each.said)
    if not missed:
        return None
    rank = -(-COVERAGE_PERCENT * (len(missed) + 1) // 100)
    return abs(rest) * missed[min(rank, len(missed)) - 1] // MILLION


def _keys_of(months: Iterable[DailyMonth], tenant: str) -> list[Key]:
    return sorted({key for month in months for key in month.keys_of.get(tenant, ())})


def _less(units: int, month: DailyMonth, keys: Iterable[Key], day: int) -> int:
    """What of a day's forecast is not on the bill yet, where a part of the day is."""
    there = sum(month.daily.get(key, {}).get(day, 0) for key in keys)
    return units if not there else max(units - there, 0)


def _expected(
    months: Sequence[DailyMonth],
    month: DailyMonth,
    keys: tuple[Iterable[Key], Collection[Key]],
    cost: int,
) -> int:
    """The fees and taxes of the last filed month that this one has not been charged yet.

    *keys* are its own, and those of who left: of these fees alone, because taxes follow the cost.
    """
    before = [each for each in months if each.span.end == month.span.first]
    if not before or month.is_over:
        return 0
    chosen_keys = set(keys[0])
    then, now = (_held(each, chosen_keys) for each in (before[0], month))
    fees = sum(
        units
        for (what, is_tax), units in (then | _held(before[0], set(keys[1]))).items()
        if not is_tax and (what, is_tax) not in now and (what[0].pool, *what[1:]) not in month.booked
    )
    return fees + _tax(before[0], chosen_keys, then, now, cost + fees)


def _held(month: DailyMonth, keys: set[Key]) -> dict[tuple[tuple[Key, str, str], bool], int]:
    found: dict[tuple[tuple[Key, str, str], bool], int] = {}
    for each in (each for key in keys for each in month.held_by.get(key, ())):
        if each.recurs:
            what = (_name(each), each.is_tax)
            found[what] = found.get(what, 0) + each.units
    return found


def _name(held: Held) -> tuple[Key, str, str]:
    return held.key, held.service, held.category


def _tax(
    before: DailyMonth,
    keys: set[Key],
    then: Mapping[tuple[tuple[Key, str, str], bool], int],
    now: Mapping[tuple[tuple[Key, str, str], bool], int],
    cost: int,
) -> int:
    """Taxes follow the cost: as large a part of it as last month, less what is charged already."""
    was, there = (sum(units for (_, is_tax), units in each.items() if is_tax) for each in (then, now))
    untaxed = sum(before.spent(key) for key in keys) - was
    return max(was * (cost - there) // untaxed - there, 0) if untaxed > 0 and was > 0 else 0


def _spread(series: Series, through: int, rest: int) -> int | None:
    """How far *rest* may be off if all days miss together as single days do."""
    profile = weekday_profile(series, through)
    days = [day for day in range(through - _LOOK_BACK + 1, through + 1) if day in series.units]
    if len(days) < _LEAST_DAYS:
        return None
    even = [series.units[day] * MILLION // max(profile[day % 7], 1) for day in days]
    middle = median(even)
    if not middle:
        return abs(rest)
    off = median([abs(each - middle) for each in even])
    return abs(rest) * off // abs(middle) * _NORMAL_PPM // MILLION


def _with_interval(made: Forecast) -> Forecast:
    """*made* with its interval: from tried months where there are enough, else from how days differ, too."""
    if not made.rest:
        return replace(made, low=made.total, high=made.total)
    known = [] if len(made.errors) >= LEAST_MONTHS or made.spread is None else [made.spread]
    if (by_months := back_tested_interval(made.rest, made.errors)) is not None:
        known.append(by_months)
    if not known:
        return made
    # What is charged stays charged: only credits could take it back.
    width = _in_cents(max(known))
    low = made.total - width
    return replace(
        made,
        low=low if made.rest < 0 else max(low, made.spent + made.expected),
        high=made.total + width,
    )


def _in_cents(units: int) -> int:
    """The nearest whole cents, in units."""
    return in_cents([units])[0] * UNITS_PER_CENT
