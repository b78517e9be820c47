"""What an estimate takes for granted besides the plan: its day, and quantities somebody knows better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum, unique
from types import MappingProxyType
from typing import NamedTuple

from tiers.facts.record import FactId


@unique
class KnownBy(StrEnum):
    """Where a quantity is from.

    `declared`: it is what the program builds. `assumed`: what the catalog expects of use that nobody has
    measured. `usage-file` and `measured`: what a usage file says instead.
    """

    DECLARED = "declared"
    ASSUMED = "assumed"
    USAGE_FILE = "usage-file"
    MEASURED = "measured"


@unique
class Scale(StrEnum):
    """How far pods that load scales out are taken to be scaled: to their least, half-way, to their most."""

    LEAST = "min"
    EXPECTED = "expected"
    MOST = "max"


class Given(NamedTuple):
    """A quantity for a month that is said in place of an estimate's own, in the unit of its line."""

    quantity: Decimal
    known_by: KnownBy


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The day that support calendars are asked for, and given quantities by fact id and line name.

    `scale` moves what pods take of the nodes that are there, and so who pays for them; never their number.
    """

    as_of: date
    usage: Mapping[tuple[FactId, str], Given] = field(default_factory=lambda: MappingProxyType({}))
    scale: Scale = Scale.LEAST

    @classmethod
    def on(cls, day: date) -> Assumptions:
        """*day*, and nothing said about use."""
        return cls(day)
