"""How much of each pool is idle by month: the table of what was requested, a heat map of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from allocation.report.charts.bars import bars, stacked
from allocation.report.charts.chart import Caption, Chart, Series
from allocation.report.charts.heat_map import Shares, heat_map
from allocation.report.figures import percent
from allocation.report.showback.content import Table, amount, amounts, share, text
from allocation.report.showback.month import Showback
from allocation.statement.filed import FiledStatement

MONTHS: Final = 12
_MOST_POOLS: Final = 8


def utilisation(months: Sequence[FiledStatement]) -> Table:
    """The requested part of each pool by month, for pools whose idle part is kept apart."""
    return Table(
        "utilisation",
        "Utilisation of shared pools: requested part in percent of the cost",
        ("pool", *(month.month for month in months)),
        tuple(
            (text(name), *(share(whole - idle, whole) for idle, whole in _parts(months, name)))
            for name in _pools(months)
        ),
    )


def idle_map(months: Sequence[FiledStatement]) -> Chart | None:
    """The idle part of the pools with the most of it; None where none is kept apart."""
    names = _pools(months)
    if not names:
        return None
    last = months[-1]
    most = sorted(names, key=lambda name: (-last.idle.get(name, 0), name))[:_MOST_POOLS]
    rows = [
        Shares(
            name,
            tuple(
                (Fraction(idle, whole), percent(idle, whole)) if whole else None
                for idle, whole in _parts(months, name)
            ),
        )
        for name in most
    ]
    first = rows[0]
    return heat_map(
        Caption(
            "idle",
            "Idle part of shared pools",
            f"The idle part of {len(rows)} shared pools by month; most is idle of {first.label}: "
            f"{first.cells[-1][1] if first.cells[-1] else 'unknown'} in {last.month}.",
            "utilisation",
        ),
        [month.month for month in months],
        rows,
    )


def pool_shares(showback: Showback) -> Chart:
    """What the most expensive pools cost, and how much of that is idle."""
    statement = showback.statement
    totals = statement.pool_totals
    names = sorted((name for name in totals if totals[name]), key=lambda name: (-totals[name], name))
    rows = []
    for name in names[:_MOST_POOLS]:
        idle = statement.idle.get(name, 0)
        used, left = amounts([totals[name] - idle, idle])
        parts = [(Series.FIRST, totals[name] - idle, used.shown), (Series.IDLE, idle, left.shown)]
        rows.append(stacked(name, amount(totals[name]).shown, parts))
    return bars(
        Caption(
            "pool-shares",
            f"Cost of the largest pools, {statement.currency}",
            f"The {len(rows)} most expensive of {len(names)} pools, with the idle part of each.",
            "pools",
        ),
        rows,
        ((Series.FIRST, "shared by tenants"), (Series.IDLE, "idle")),
    )


def most_idle(statement: FiledStatement) -> Iterator[str]:
    """The pool with the most idle cost; nothing where none is kept apart."""
    idle = max(statement.idle, key=lambda name: (statement.idle[name], name), default="")
    if idle and statement.idle[idle] > 0:
        yield (
            f"Most is idle of {idle}: {amount(statement.idle[idle]).shown} {statement.currency}, "
            f"{percent(statement.idle[idle], statement.pool_totals[idle])} of its cost."
        )


def _pools(months: Sequence[FiledStatement]) -> list[str]:
    return sorted({pool for month in months for pool in month.idle})


def _parts(months: Sequence[FiledStatement], name: str) -> list[tuple[int, int]]:
    """The idle part and the whole cost of a pool, by month."""
    return [(month.idle.get(name, 0), month.pool_totals.get(name, 0)) for month in months]
