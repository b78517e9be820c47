"""What each fact consumes in a month: the lines to price."""

from __future__ import annotations

# Imported for the rules they register, too.
from allocation.estimate.quantities import compute, copies, data, network, operations, support
from allocation.estimate.quantities.lines import (
    CARRIED_BY_POOLS,
    FREE,
    HOURS_PER_MONTH,
    Line,
    lines_of,
    names_of,
    priced_kinds,
)

__all__ = [
    "CARRIED_BY_POOLS",
    "FREE",
    "HOURS_PER_MONTH",
    "Line",
    "compute",
    "copies",
    "data",
    "lines_of",
    "names_of",
    "network",
    "operations",
    "priced_kinds",
    "support",
]
