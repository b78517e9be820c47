"""Where old dumps go in S3, and what each place asks for.

Source: Amazon S3 User Guide, "Understanding S3 Glacier storage classes for long-term data storage" and
"Archive retrieval options": minimum storage durations, and how long a retrieval takes at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from tiers.vocabulary import Count, Frozen, Positive


class ArchiveClass(StrEnum):
    """A storage class of S3 for what is hardly ever read, as its API spells it."""

    INSTANT = "GLACIER_IR"
    FLEXIBLE = "GLACIER"
    DEEP = "DEEP_ARCHIVE"


LEAST_DAYS: Final[Mapping[ArchiveClass, int]] = {
    ArchiveClass.INSTANT: 90,
    ArchiveClass.FLEXIBLE: 90,
    ArchiveClass.DEEP: 180,
}
"""For how many days an object is charged, however soon it is deleted."""

MOST_HOURS: Final[Mapping[ArchiveClass, int]] = {
    ArchiveClass.INSTANT: 0,
    ArchiveClass.FLEXIBLE: 5,
    ArchiveClass.DEEP: 12,
}
"""How many hours a standard retrieval takes at most before an object can be read."""


class Archive(Frozen):
    """Dumps that are older than `after_days`, as expected.

    `charged_gib` is what is paid for: what is deleted before its least days is charged for all of them.
    """

    storage_class: ArchiveClass
    after_days: Positive
    stored_gib: Count
    charged_gib: Count
