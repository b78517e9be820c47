"""What an estimate says of a month: the amount of each tenant, and what is in no amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

UNKNOWN: Final = "(unknown)"
"""Where the estimates give the reason why nothing could be priced; no tenant can have such a name."""
UNPRICED: Final = "(unpriced)"
"""Where they say what has no known price and so is in no amount."""


@dataclass(frozen=True)
class EstimatedMonth:
    """The estimates of a portfolio, or why there are none.

    Attributes:
        amounts: Tenant -> what it costs, such as `412.07 USD`; idle and unallocated last.
        unpriced: Tenant -> a sentence on what its amount lacks, of what is shared too; no tenant that lacks
            nothing.
        lacking: The same of all tenants in one sentence; empty where all is priced.
        unknown: Why there is no amount; else empty.
    """

    amounts: Mapping[str, str] = field(default_factory=dict)
    unpriced: Mapping[str, str] = field(default_factory=dict)
    lacking: str = ""
    unknown: str = ""

    def as_output(self) -> dict[str, str]:
        """The amounts as one output of a program, with what they lack."""
        if self.unknown:
            return {UNKNOWN: self.unknown}
        return {**self.amounts, **({UNPRICED: self.lacking} if self.lacking else {})}
