"""How old a price is, by the day, month or year that its source gives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

_YEAR: Final = timedelta(days=365)


def is_older_than_a_year(text: str, day: date) -> bool:
    """Whether a price of *text*, a day, month or year, is more than a year old on *day*.

    What *text* leaves open counts as its last day, so that no price is called old too early.

    >>> [is_older_than_a_year(text, date(2026, 12, 1)) for text in ("2025", "2025-11", "2025-12-02", "2024")]
    [False, True, False, True]
    """
    return _latest(text) < day - _YEAR


def _latest(text: str) -> date:
    if len(text) == len("YYYY"):
        return date(int(text), 12, 31)
    if len(text) == len("YYYY-MM"):
        year, month = map(int, text.split("-"))
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return date.fromisoformat(text)
