"""The daily charges of a month as they are filed with it, so that later months can be forecast by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from allocation.errors import AllocationError
from allocation.money import text_of, units_of
from allocation.track.daily_month import DailyMonth, Held, Key
from allocation.track.series import Span

SCHEMA_VERSION: Final = 1


def daily_document(month: DailyMonth) -> dict[str, Any]:
    """*month* as plain data; amounts are exact decimal text, a day without any charge at all is null."""
    gaps = set(month.missing)
    days = range(*month.span)
    return {
        "schema_version": SCHEMA_VERSION,
        "month": month.span.name,
        "through": f"{date.fromordinal(month.through)}",
        "daily": [
            {
                "tenant": key.tenant,
                "pool": key.pool,
                "amounts": [
                    None
                    if day in gaps or (day > month.through and day not in units)
                    else text_of(units.get(day, 0))
                    for day in days
                ],
            }
            for key, units in sorted(month.daily.items())
        ],
        "held": [
            {
                "tenant": each.key.tenant,
                "pool": each.key.pool,
                "service": each.service,
                "category": each.category,
                "recurs": each.recurs,
                "amount": text_of(each.units),
            }
            for each in month.held
        ],
    }


def daily_month_of(document: Mapping[str, Any], source: str) -> DailyMonth:
    """The month of a filed *document*.

    Raises:
        AllocationError: When it is none; *source* names it.
    """
    if document.get("schema_version") != SCHEMA_VERSION:
        found = document.get("schema_version")
        raise AllocationError(
            f"{source}: schema_version is {found!r}, this version of costack reads {SCHEMA_VERSION}"
        )
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise AllocationError(f"{source}: holds no daily charges: {type(error).__name__} {error}") from None


def _read(document: Mapping[str, Any]) -> DailyMonth:
    span = Span.month(date.fromisoformat(f"{document['month']}-01"))
    through = date.fromisoformat(document["through"]).toordinal()
    daily, blank = {}, set(range(*span))
    for each in document["daily"]:
        days = dict(zip(range(*span), each["amounts"], strict=True))
        daily[Key(each["tenant"], each["pool"])] = {
            day: units_of(Decimal(text)) for day, text in days.items() if text is not None
        }
        blank -= {day for day, text in days.items() if text is not None}
    held = tuple(
        Held(
            Key(each["tenant"], each["pool"]), each["service"], each["category"],
            units_of(Decimal(each["amount"])), bool(each["recurs"]),
        )
        for each in document["held"]
    )  # fmt: skip
    missing = tuple(sorted(day for day in blank if day <= through))
    partial = tuple(sorted({day for units in daily.values() for day in units if day > through}))
    return DailyMonth(span, through, daily, held, missing, partial)
