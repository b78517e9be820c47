"""A tracked month as JSON: every amount as exact decimal text, ratios in percent with one decimal."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from allocation.money import text_of
from allocation.report.track.rows import name_of
from allocation.report.track.story import error_of, headline
from allocation.track.anomalies import Anomaly
from allocation.track.month_to_date import Line, Tracked

SCHEMA_VERSION: Final = 1


def document(tracked: Tracked) -> dict[str, Any]:
    """The month as plain data; an unknown value is null and never 0."""
    return {
        "schema_version": SCHEMA_VERSION,
        "portfolio": tracked.portfolio,
        "month": tracked.month.span.name,
        "through": f"{tracked.through}",
        "currency": tracked.currency,
        "headline": headline(tracked),
        "lines": [_line(line) for line in tracked.lines],
        "crossed": [
            {
                "scope": str(each.budget.scope),
                "name": each.budget.name,
                "budget": text_of(each.budget.units),
                "of": each.of,
                "percent": each.percent,
                "amount": text_of(each.units),
            }
            for each in tracked.crossed
        ],
        "anomalies": [_anomaly(each, tracked) for each in tracked.anomalies],
        "missing_days": [f"{date.fromordinal(day)}" for day in tracked.month.missing],
        "partial_days": [f"{date.fromordinal(day)}" for day in tracked.month.partial],
        "notes": list(tracked.notes),
    }


def _line(line: Line) -> dict[str, Any]:
    cost = line.forecast
    return {
        "scope": str(line.scope),
        "name": name_of(line),
        "client": line.client or None,
        "tier": line.tier or None,
        "spent": text_of(cost.spent),
        "forecast": text_of(cost.total),
        "days_to_come": text_of(cost.rest),
        "fees_and_taxes_to_come": text_of(cost.expected),
        "low": _text(cost.low),
        "high": _text(cost.high),
        "budget": _text(line.budget),
        "fee": text_of(line.fee),
        "method": None if cost.method is None else str(cost.method),
        "error_percent": error_of(cost) or None,
        "tried_months": len(cost.errors),
        "changed_on": None if cost.changed_on is None else f"{date.fromordinal(cost.changed_on)}",
    }


def _anomaly(each: Anomaly, tracked: Tracked) -> dict[str, Any]:
    return {
        "tenant": each.owner.tenant or None,
        "pool": each.owner.pool or None,
        "first_day": f"{date.fromordinal(each.first)}",
        "last_day": f"{date.fromordinal(each.last)}",
        "difference": text_of(each.difference),
        "score": f"{each.score_tenths // 10}.{each.score_tenths % 10}",
        "explained_by": each.event.what if each.event else None,
        "days": [
            {
                "day": f"{date.fromordinal(day.day)}",
                "amount": text_of(day.units),
                "expected": text_of(day.expected),
            }
            for day in each.days
        ],
        "charges": [
            {
                "service": line.service,
                "item": line.item,
                "resource": line.resource or None,
                "amount": text_of(line.units),
                "usual": text_of(line.usual),
            }
            for line in tracked.lines_behind.get(each, ())
        ],
    }


def _text(units: int | None) -> str | None:
    return None if units is None else text_of(units)
