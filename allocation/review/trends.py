"""Trends of measured usage over filed months: how much more a month, and what happened where it bends.

The slope is Theil and Sen's: the median of the slopes between all pairs of months, which one odd month does
not move (Sen, Journal of the American Statistical Association 63, 1968). Levels are averages of a month, so
that a short month is no decline. Fewer than three months have no trend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from math import lcm
from typing import Final, NamedTuple

from allocation.statement.filed import FiledStatement, FiledTenant

LEAST_MONTHS: Final = 3
LEAST_PERCENT: Final = 2
"""A slope of less than this part of the newest level a month is shown as no trend."""
_HOURLY: Final = "-hours"
MOST_MONTHS: Final = 12
"""The newest months that are looked at."""
_LEFT_OUT: Final = frozenset({"weight", "currency"})
_MANY: Final = {"user": "users", "core": "cores", "module": "modules"}
_ON_THE_BILL: Final = {"DataProcessing-Bytes": ("logs", "GB"), "TracesStored": ("traces", "traces")}
"""Volumes that a bill counts exactly, by the end of a usage type's name: what it calls them, and its unit."""
_ESTIMATED_HOURS: Final = 730
_MONTHS_PER_YEAR: Final = 12
_SECONDS_PER_HOUR: Final = 3600
_HOURS_PER_DAY: Final = 24
Used = Mapping[tuple[str, str], Mapping[str, Fraction]]
"""Driver and unit -> the level of each tenant in a month."""
Levels = Mapping[str, Fraction]
"""Month such as 2026-11 -> the average level of that month, or the quantity a day."""


class Series(NamedTuple):
    """The levels of one driver, of a tenant, of all tenants of a tier, or of all tenants.

    Attributes:
        whose: `tenant acme`, `tier dedicated-db` or `all tenants`.
        driver: What was used.
        unit: Of the levels: GiB, users; requests a day.
        levels: By month, the oldest first; months without that usage are left out.
    """

    whose: str
    driver: str
    unit: str
    levels: Levels


class Trend(NamedTuple):
    """How a series grows.

    Attributes:
        slope: How much more a month, in the series' unit.
        bend: The month whose step is furthest from the slope.
        event: What happened in that month; empty where nothing is known.
    """

    series: Series
    slope: Fraction
    bend: str
    event: str

    @property
    def percent(self) -> Fraction:
        """The slope in percent of the newest level."""
        newest = list(self.series.levels.values())[-1]
        return 100 * self.slope / newest if newest else Fraction(0)


def trends(months: Sequence[FiledStatement]) -> tuple[Trend, ...]:
    """Every trend of the months, the oldest first: all tenants, tiers, tenants, each the steepest first."""
    months = months[-MOST_MONTHS:]
    if len(months) < LEAST_MONTHS:
        return ()
    used = {month.month: used_in(month) for month in months}
    by_month = {month.month: month for month in months}
    found = [trend for each in series(months, used) if (trend := _trend(each, by_month, used)) is not None]
    steep = [each for each in found if abs(each.percent) >= LEAST_PERCENT]
    rank = ["all", "tier", "tenant"]
    return tuple(
        sorted(
            steep,
            key=lambda each: (
                rank.index(each.series.whose.split(" ")[0]),
                -abs(each.percent),
                each.series.whose,
                each.series.driver,
            ),
        )
    )


def series(months: Iterable[FiledStatement], used_by_month: Mapping[str, Used]) -> Iterator[Series]:
    """The levels of every driver that pools were divided by."""
    found: dict[tuple[str, str, str], dict[str, Fraction]] = {}
    for month in months:
        for (driver, unit), used in used_by_month[month.month].items():
            for tenant, level in used.items():
                for whose in (f"tenant {tenant}", f"tier {month.by_tenant[tenant].tier}", "all tenants"):
                    levels = found.setdefault((whose, driver, unit), {})
                    levels[month.month] = levels.get(month.month, Fraction(0)) + level
    return (Series(*key, levels) for key, levels in found.items())


def slope_of(levels: Levels) -> Fraction:
    """The median of the slopes between all pairs of months, in levels a month.

    >>> slope_of({"2026-09": Fraction(1), "2026-10": Fraction(3), "2026-12": Fraction(7)})
    Fraction(2, 1)
    """
    months = [_number(month) for month in levels]
    spans = lcm(*(late - early for early, late in combinations(months, 2)))
    whole = spans * lcm(*(level.denominator for level in levels.values()))
    # Over one denominator slopes are integers, and exact: fractions would take ten times as long.
    heights = [level.numerator * (whole // level.denominator) for level in levels.values()]
    points = zip(months, heights, strict=True)
    found = sorted(
        (there - here) // (late - early) for (early, here), (late, there) in combinations(points, 2)
    )
    return Fraction(found[(len(found) - 1) // 2] + found[len(found) // 2], 2 * whole)


def used_in(month: FiledStatement) -> Used:
    """The levels of a month; pools of one driver have the same. An estimate is of a month of 730 hours."""
    hours = Fraction(int((month.period.end - month.period.start).total_seconds()), _SECONDS_PER_HOUR)
    hours = Fraction(_ESTIMATED_HOURS) if month.basis == "estimated" else hours
    found: dict[tuple[str, str], dict[str, Fraction]] = {}
    for each in (*month.pools, *month.kept):
        if each.unit in _LEFT_OUT:
            continue
        hourly, bare = each.unit.endswith(_HOURLY), each.unit.removesuffix(_HOURLY)
        unit = _MANY.get(bare, bare) if hourly else f"{each.unit} a day"
        over = hours if hourly else hours / _HOURS_PER_DAY
        here = {name: amount for name, amount in each.usage.items() if name in month.by_tenant}
        found.setdefault((each.driver, unit), {name: Fraction(all_) / over for name, all_ in here.items()})
    for (driver, unit), volumes in _billed(month).items():
        per_day = hours / _HOURS_PER_DAY
        found[driver, f"{unit} a day"] = {name: amount / per_day for name, amount in volumes.items()}
    return found


def _billed(month: FiledStatement) -> dict[tuple[str, str], dict[str, Fraction]]:
    """What AWS counted of each tenant's own logs and traces, because it bills them by volume."""
    found: dict[tuple[str, str], dict[str, Fraction]] = {}
    for item in month.items if month.basis == "billed" else ():
        named = next((name for end, name in _ON_THE_BILL.items() if item.item.endswith(end)), None)
        if named is None or item.tenant is None or item.quantity is None or item.other_month:
            continue
        if item.tenant not in month.by_tenant:
            continue
        volumes = found.setdefault(named, {})
        volumes[item.tenant] = volumes.get(item.tenant, Fraction(0)) + Fraction(item.quantity)
    return found


def _trend(each: Series, months: Mapping[str, FiledStatement], used: Mapping[str, Used]) -> Trend | None:
    if len(each.levels) < LEAST_MONTHS:
        return None
    slope, levels = slope_of(each.levels), each.levels
    steps = [
        (abs((levels[late] - levels[early]) / (_number(late) - _number(early)) - slope), late, early)
        for early, late in pairwise(levels)
    ]
    _, late, early = max(steps, key=lambda step: step[0])
    kind, _, name = each.whose.partition(" ")
    event = _event(kind, name, months[early].by_tenant, months[late].by_tenant)
    if not event and kind == "tenant":
        event = _users(name, used[early], used[late])
    return Trend(each, slope, late, event or _rules(months[early], months[late]))


def _event(kind: str, name: str, then: Mapping[str, FiledTenant], now: Mapping[str, FiledTenant]) -> str:
    """What the two statements say happened: who came, left, and moved to another tier."""
    if kind == "tenant":
        moved = name in then and name in now and then[name].tier != now[name].tier
        return f"moved from {then[name].tier} to {now[name].tier}" if moved else ""
    among = {
        each
        for each in then.keys() | now.keys()
        if kind == "all" or name in {month[each].tier for month in (then, now) if each in month}
    }
    parts = {
        "came": [each for each in among if each not in then],
        "left": [each for each in among if each not in now],
        "moved": [each for each in among & then.keys() & now.keys() if then[each].tier != now[each].tier],
    }
    return "; ".join(f"{word}: {', '.join(sorted(names))}" for word, names in parts.items() if names)


def _rules(before: FiledStatement, after: FiledStatement) -> str:
    """Another rulebook, which may divide by another measure; empty where it is the same."""
    then, now = (month.versions.get("rulebook", "") for month in (before, after))
    return f"rulebook {then} to {now}" if then and now and then != now else ""


def _users(name: str, before: Used, after: Used) -> str:
    """A change of the tenant's users; empty where they are the same or not known of both months."""
    then, now = (month.get(("users", "users"), {}).get(name) for month in (before, after))
    return f"users {_text(then)} to {_text(now)}" if then and now and then != now else ""


def _text(level: Fraction) -> str:
    return f"{Decimal(round(level * 10)) / 10:,f}".removesuffix(".0")


def _number(month: str) -> int:
    year, _, part = month.partition("-")
    return int(year) * _MONTHS_PER_YEAR + int(part)
