"""Trends of usage, worked out again from the pools of the statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from statistics import median

from tests.allocation.recomputed.cells import Expected, Facts, Figure, Must
from tests.allocation.recomputed.documents import Documents, Written, said

HEADS = ("of", "driver", "months", "newest level", "change a month", "percent", "bends most in", "then")
TINY = Fraction(1, 10_000)
VOLUMES = {"DataProcessing-Bytes": ("logs", "GB"), "TracesStored": ("traces", "traces")}
UNITS = {"user-hours": "users", "core-hours": "cores", "module-hours": "modules"}


def trends(documents: Documents, _: str) -> Expected:
    months = [*documents.past, documents.now][-12:]
    if len(months) < 3:
        return Expected(HEADS)
    found: dict[tuple[str, str, str], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for month in months:
        tiers = {line["tenant"]: line["tier"] for line in month.tenants}
        for driver, unit, tenant, level in _levels(month):
            if tenant in tiers:
                for whose in ("all tenants", f"tier {tiers[tenant]}", f"tenant {tenant}"):
                    found[whose, driver, unit][month.month] += level
    rows = sorted(filter(None, (_row(*key, levels, months) for key, levels in found.items())))
    return Expected(HEADS, [list(cells) for *_, cells in rows][:40])


def _levels(month: Written) -> Iterator[tuple[str, str, str, Fraction]]:
    start, end = (datetime.fromisoformat(month.statement["period"][each]) for each in ("start", "end"))
    days = Fraction(730, 24) if month.statement["basis"] == "estimated" else Fraction((end - start).days)
    seen = set()
    for pool in (*month.statement["pools"], *month.statement.get("kept", ())):
        if pool["unit"] in {"weight", "currency"} or (pool["driver"], pool["unit"]) in seen:
            continue
        seen.add((pool["driver"], pool["unit"]))
        hourly = pool["unit"].endswith("-hours")
        unit = UNITS.get(pool["unit"], pool["unit"][:-6] if hourly else f"{pool['unit']} a day")
        for tenant, used in pool["use"].items():
            yield pool["driver"], unit, tenant, Fraction(used) / (days * 24 if hourly else days)
    for item in month.items if month.statement["basis"] == "billed" else ():
        ends = [end for end in VOLUMES if item["item"].endswith(end)]
        if ends and item["tenant"] and item["quantity"] and not item.get("other_month"):
            what, unit = VOLUMES[ends[0]]
            yield what, f"{unit} a day", item["tenant"], Fraction(item["quantity"]) / days


def _row(
    whose: str, driver: str, unit: str, levels: dict[str, Fraction], months: list[Written]
) -> tuple[int, Fraction, str, str, tuple[Must, ...]] | None:
    points = [(_month(name), name, level) for name, level in levels.items()]
    if len(points) < 3 or not points[-1][2]:
        return None
    slopes = [
        (later[2] - earlier[2]) / (later[0] - earlier[0])
        for place, earlier in enumerate(points)
        for later in points[place + 1 :]
    ]
    slope = median(slopes)
    percent = 100 * slope / points[-1][2]
    if abs(percent) < 2:
        return None
    furthest = max(
        range(1, len(points)),
        key=lambda at: (
            abs((points[at][2] - points[at - 1][2]) / (points[at][0] - points[at - 1][0]) - slope),
            -at,
        ),
    )
    happened = _event(
        whose, *(each for each in months if each.month in {points[furthest - 1][1], points[furthest][1]})
    )
    cells = (
        whose.removeprefix("tenant "),
        driver,
        Figure(Fraction(len(points))),
        Figure(points[-1][2], unit, TINY),
        Figure(slope, unit, TINY),
        Figure(percent, "%", TINY),
        points[furthest][1],
        happened,
    )
    kind = ["all", "tier", "tenant"].index(whose.split(maxsplit=1)[0])
    return kind, -abs(percent), whose, driver, cells


def _event(whose: str, before: Written, after: Written) -> Must:
    """Who came, left or moved; of a tenant that did none of it, other users."""
    was, now = ({line["tenant"]: line["tier"] for line in month.tenants} for month in (before, after))
    kind, _, name = whose.partition(" ")
    if kind == "tenant":
        if name in was and name in now and was[name] != now[name]:
            return f"moved from {was[name]} to {now[name]}"
        return _users(name, before, after)
    lists: dict[str, list[str]] = {"came": [], "left": [], "moved": []}
    for tenant in sorted({*was, *now}):
        if kind == "tier" and name not in (was.get(tenant), now.get(tenant)):
            continue
        if tenant not in was or tenant not in now:
            lists["came" if tenant in now else "left"].append(tenant)
        elif was[tenant] != now[tenant]:
            lists["moved"].append(tenant)
    told = [f"{word}: {', '.join(names)}" for word, names in lists.items() if names]
    return "; ".join(told) or _rules(before, after)


def _users(name: str, before: Written, after: Written) -> Must:
    levels = [
        {tenant: level for driver, _, tenant, level in _levels(month) if driver == "users"}
        for month in (before, after)
    ]
    then, now = (each.get(name) for each in levels)
    if not (then and now) or then == now:
        return _rules(before, after)
    return Facts(tuple(said(Fraction(round(each * 10), 10)) for each in (then, now)))


def _rules(before: Written, after: Written) -> str:
    books = [month.statement["versions"].get("rulebook") for month in (before, after)]
    return f"rulebook {books[0]} to {books[1]}" if all(books) and books[0] != books[1] else "nothing known"


def _month(name: str) -> int:
    return int(name[:4]) * 12 + int(name[5:])
