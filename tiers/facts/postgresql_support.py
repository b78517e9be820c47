"""Until when AWS supports versions of PostgreSQL, and from when on it charges for longer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from tiers.facts.database_upgrade import major_of

EXTENDED_SUPPORT: Final[Mapping[int, tuple[date, date]]] = {
    11: (date(2024, 4, 1), date(2026, 4, 1)),
    12: (date(2025, 3, 1), date(2027, 3, 1)),
    13: (date(2026, 3, 1), date(2028, 3, 1)),
    14: (date(2027, 3, 1), date(2029, 3, 1)),
    15: (date(2028, 3, 1), date(2030, 3, 1)),
    16: (date(2029, 3, 1), date(2031, 3, 1)),
    17: (date(2030, 3, 1), date(2032, 3, 1)),
    18: (date(2031, 3, 1), date(2033, 3, 1)),
}
"""The first day that is charged and the first day of year 3, by major version.

RDS for PostgreSQL is charged from the day after its end of standard support, at twice the price from the
third year on (RDS User Guide, "Amazon RDS Extended Support charges", read 2026-11-30; its release calendar,
by endoflife.date/amazon-rds-postgresql). 11 is the odd one: its charge, and so its third year, began a month
late. 18 is what that calendar's rule gives: the end of February after the community's last release, which is
five years after the first.
"""


def support_years(engine_version: str, on: date) -> str | None:
    """Which years of extended support a server of *engine_version* pays for on a day; None for none.

    >>> support_years("13.20", date(2028, 2, 29)), support_years("13", date(2028, 3, 1))
    ('year 1-2', 'year 3')
    """
    oldest = min(EXTENDED_SUPPORT)
    first, third = EXTENDED_SUPPORT.get(max(major_of(engine_version), oldest), (date.max, date.max))
    if on >= third:
        return "year 3"
    return "year 1-2" if on >= first else None


def support_begins(engine_version: str) -> tuple[date, date] | None:
    """The first days of years 1 and 3 of extended support; None where nobody says."""
    return EXTENDED_SUPPORT.get(major_of(engine_version))


def standard_support_ends(engine_version: str) -> date | None:
    """The last day without a charge; None where nobody says.

    >>> standard_support_ends("16.10")
    datetime.date(2029, 2, 28)
    """
    known = support_begins(engine_version)
    return None if known is None else known[0] - timedelta(days=1)
