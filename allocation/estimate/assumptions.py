"""The assumptions of an estimate besides the plan: its day, and known quantities."""

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
    """The source of a quantity.

    `declared`: the program builds it. `assumed`: the catalog expects it, without a measurement. `usage-file`
    and `measured`: a usage file gives it instead.
    """

    DECLARED = "declared"
    ASSUMED = "assumed"
    USAGE_FILE = "usage-file"
    MEASURED = "measured"


@unique
class Scale(StrEnum):
    """The number of replicas assumed for pods that scale with load: least, half-way or most."""

    LEAST = "min"
    EXPECTED = "expected"
    MOST = "max"


class Given(NamedTuple):
    """A quantity for a month that replaces an estimate's own, in the unit of its line."""

    quantity: Decimal
    known_by: KnownBy


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The day for support calendars, and given quantities by fact id and line name.

    `scale` changes the pods' part of the nodes, and so who pays for the nodes; never the number of nodes.
    """

    as_of: date
    usage: Mapping[tuple[FactId, str], Given] = field(default_factory=lambda: MappingProxyType({}))
    scale: Scale = Scale.LEAST

    @classmethod
    def on(cls, day: date) -> Assumptions:
        """Assumptions for *day* without given quantities."""
        return cls(day)
