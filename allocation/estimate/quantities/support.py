"""Support calendars: until when versions are supported without extra charge.

EKS: standard support ends on the day its release calendar names, extended support follows (EKS User Guide,
Kubernetes versions; dates of 1.31 to 1.35 as of 2026-02, endoflife.date/amazon-eks). That of
PostgreSQL is in `tiers.facts.postgresql_support`, because `costack validate` warns of it, too. Redis 4 and 5
on ElastiCache: standard support ended on 31 January 2026, and extended support is charged from the next day,
at twice the premium from the third year on (cloudburn.io, "ElastiCache pricing", 2026-04; educative.io,
"Version and upgrade strategy", 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

EKS_STANDARD_SUPPORT_ENDS: Final[Mapping[str, date]] = {
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
}
"""The last day of standard support, by version of Kubernetes."""

REDIS_EXTENDED_SUPPORT: Final[Mapping[int, tuple[date, date]]] = {
    4: (date(2026, 2, 1), date(2028, 2, 1)),
    5: (date(2026, 2, 1), date(2028, 2, 1)),
}
"""The same of Redis on ElastiCache. Valkey and newer versions of Redis are not in it."""


def eks_is_extended(version: str, on: date) -> bool:
    """Whether a cluster of *version* pays for extended support on a day.

    A version older than all of the calendar does; one that is too new for it does not.

    >>> eks_is_extended("1.34", date(2026, 12, 2)), eks_is_extended("1.34", date(2026, 12, 3))
    (False, True)
    """
    ends = EKS_STANDARD_SUPPORT_ENDS.get(version)
    if ends is None:
        return _minor(version) < min(map(_minor, EKS_STANDARD_SUPPORT_ENDS))
    return on > ends


def redis_support_years(engine: str, engine_version: str, on: date) -> str | None:
    """Which years of extended support a cache pays for on a day; None for none.

    >>> redis_support_years("redis", "5.0.6", date(2026, 2, 1))
    'year 1-2'
    >>> redis_support_years("valkey", "8.0", date.max) is None
    True
    """
    major = int(engine_version.partition(".")[0])
    first, third = REDIS_EXTENDED_SUPPORT.get(major, (date.max, date.max))
    if engine != "redis" or on < first:
        return None
    return "year 3" if on >= third else "year 1-2"


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
