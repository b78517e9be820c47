"""The charges of a run by owner, kind and day, read from its tables."""

# ruff: noqa: S608 - SQL is assembled from columns and words of ours
from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import duckdb

from allocation.charges import ChargePeriod
from allocation.engine.shared_charges import AllocationType
from allocation.engine.tables import COSTS
from allocation.track.anomalies import Owner
from allocation.track.daily_month import UNALLOCATED, Key, Row, daily_month
from allocation.track.document import daily_document
from allocation.track.month_to_date import ChargeLine
from allocation.track.series import Span

_FIRST: Final = "CAST(period_start AS DATE)"
_END: Final = "CAST(period_end - INTERVAL 1 MICROSECOND AS DATE) + 1"
_KIND: Final = (
    "COALESCE(service, ''), charge_category, COALESCE(charge_frequency, ''), COALESCE(other_month, '')"
)


def daily_rows(connection: duckdb.DuckDBPyConnection, cost: str) -> Iterator[Row]:
    """Every charge of the tables `charged`, `share` and `origin`, summed by owner, kind and days.

    They add up to the bill. *cost* is one of `COSTS`.
    """
    if cost not in COSTS:
        raise ValueError(cost)
    rows = connection.execute(
        f"""SELECT COALESCE(tenant, ''), '', {_KIND}, {_FIRST}, {_END}, SUM({cost})
        FROM charged WHERE disposition = 'direct' GROUP BY ALL
        UNION ALL
        SELECT '', '{UNALLOCATED}', {_KIND}, {_FIRST}, {_END}, SUM({cost})
        FROM charged WHERE disposition = 'unallocated' GROUP BY ALL
        UNION ALL
        SELECT COALESCE(share.tenant, ''),
            CASE WHEN part = '{AllocationType.UNALLOCATED}' THEN '{UNALLOCATED}' ELSE pool END,
            {_KIND}, {_FIRST}, {_END}, SUM(share.{cost})
        FROM share JOIN origin USING (origin) GROUP BY ALL
        ORDER BY ALL"""
    ).fetchall()
    for tenant, pool, service, category, frequency, other_month, first, end, units in rows:
        yield Row(
            Key(tenant, pool), service, category, frequency, other_month,
            first.toordinal(), end.toordinal(), int(units),
        )  # fmt: skip


def month_by_day(connection: duckdb.DuckDBPyConnection, cost: str, period: ChargePeriod) -> dict[str, Any]:
    """The daily charges of a month that is over, as they are filed with it."""
    span = Span.month(period.start.date())
    return daily_document(daily_month(daily_rows(connection, cost), span, span.end - 1))


def lines_behind(
    connection: duckdb.DuckDBPyConnection, cost: str, owner: Owner, day: int, most: int = 5
) -> tuple[ChargeLine, ...]:
    """The charges of *owner* that differ most on *day* from their mean over the days before it.

    A charge that was never there before has a usual cost of 0.
    """
    whose = (
        "disposition = 'direct' AND tenant = $name"
        if not owner.pool
        else "disposition = 'pooled' AND pool = $name"
    )
    if owner.pool == UNALLOCATED:
        whose = "disposition = 'unallocated' AND $name <> ''"
    rows = connection.execute(
        f"""WITH mine AS (
            SELECT {_FIRST} AS day, COALESCE(service, '') AS service,
                COALESCE(sku_id, description, '') AS item, COALESCE(resource_id, '') AS resource,
                SUM({cost}) AS units
            FROM charged
            WHERE {whose} AND {_END} = {_FIRST} + 1 AND {_FIRST} <= $day AND other_month IS NULL
            GROUP BY ALL
        ), days AS (SELECT COUNT(DISTINCT day) AS before FROM mine WHERE day < $day),
        compared AS (
            SELECT service, item, resource, COALESCE(SUM(units) FILTER (day = $day), 0) AS now,
                COALESCE(SUM(units) FILTER (day < $day), 0) // GREATEST((SELECT before FROM days), 1) AS usual
            FROM mine GROUP BY ALL
        )
        SELECT service, item, resource, now, usual FROM compared WHERE now <> usual
        ORDER BY ABS(now - usual) DESC, service, item, resource LIMIT $most""",
        {"name": owner.pool or owner.tenant, "day": date.fromordinal(day), "most": most},
    ).fetchall()
    return tuple(
        ChargeLine(service, item, resource, int(now), int(usual))
        for service, item, resource, now, usual in rows
    )
