"""Knows for how long Performance Insights keeps what it saw, which has few values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WEEK, _MONTH, _TWO_YEARS, _ADVANCED = 7, 31, 731, 465


def keeps_insights_for(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """For how long Performance Insights keeps what it saw, and what the advanced mode needs.

    RDS API Reference, CreateDBInstance, `PerformanceInsightsRetentionPeriod` (7, months of 31 days, or
    731); RDS User Guide, "Turning on the Advanced mode of Database Insights" (Performance Insights on, 465
    days at least).
    """
    days = inputs.get("performanceInsightsRetentionPeriod")
    months = isinstance(days, int) and days % _MONTH == 0 and 1 <= days // _MONTH < 24  # noqa: PLR2004 - the rule
    if days is not None and days not in (_WEEK, _TWO_YEARS) and not months:
        yield Failure(
            "performanceInsightsRetentionPeriod",
            f"performanceInsightsRetentionPeriod should be 7, 731 or 1 to 23 months of 31 days, got {days}",
        )
    if inputs.get("databaseInsightsMode") == "advanced" and (
        not inputs.get("performanceInsightsEnabled") or int(days or _WEEK) < _ADVANCED
    ):
        yield Failure(
            "databaseInsightsMode", "the advanced mode needs Performance Insights, kept for 465 days at least"
        )
