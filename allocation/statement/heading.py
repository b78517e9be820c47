"""The heading of a statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allocation.charges import ChargePeriod, CostBasis


@dataclass(frozen=True)
class Heading:
    """The heading of a statement."""

    portfolio: str
    period: ChargePeriod
    currency: str
    basis: CostBasis
    versions: Mapping[str, str]
