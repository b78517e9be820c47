"""Charges: rows of cost for a period, shaped after the FinOps cost and usage specification (FOCUS)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum, unique
from typing import Final, NamedTuple

from allocation.errors import AllocationError
from tiers.facts.record import FactId
from tiers.vocabulary import CostCategory, CostDomain, Region, TenantId

LABOUR: Final = "Labour"
"""The service of hours that people work, in the price book and of charges."""
_MONTHS_PER_YEAR = 12
_YEARS = range(1970, 9999)


@unique
class CostBasis(StrEnum):
    """The source of a charge: an inventory priced at list prices, or the provider's bill."""

    ESTIMATED = "estimated"
    BILLED = "billed"


class ChargePeriod(NamedTuple):
    """A half-open interval of time in UTC: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    @classmethod
    def month(cls, text: str) -> ChargePeriod:
        """The calendar month written as YYYY-MM.

        Raises:
            AllocationError: When it is not one.

        >>> ChargePeriod.month("2026-12").end.isoformat()
        '2027-01-01T00:00:00+00:00'
        """
        year_text, dash, month_text = text.partition("-")
        written = (len(year_text), dash, len(month_text)) == (4, "-", 2) and text.isascii()
        if not (written and year_text.isdigit() and month_text.isdigit()):
            raise AllocationError(f"period '{text}': expected a month such as 2026-11")
        year, month = int(year_text), int(month_text)
        if not (1 <= month <= _MONTHS_PER_YEAR and year in _YEARS):
            raise AllocationError(f"period '{text}': no such month exists")
        following = (year + month // _MONTHS_PER_YEAR, month % _MONTHS_PER_YEAR + 1)
        return cls(datetime(year, month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC))

    @property
    def last_day(self) -> date:
        """The last day that belongs to it.

        >>> ChargePeriod.month("2026-02").last_day.isoformat()
        '2026-02-28'
        """
        return (self.end - timedelta(days=1)).date()

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d} (UTC, end excluded)"


@dataclass(frozen=True, slots=True)
class Charge:
    """One row of cost.

    Attributes:
        id: Unique within a run; the fact it was priced from, and which of its lines.
        units: The cost, in units of 1e-10 of the run's currency; negative for a credit.
        fact: The fact behind it, and `fact_kind` what kind that is.
        unit_price: What one `unit` of `quantity` costs; `confidence` says how sure that is.
        tenant: The tenant it belongs to, or None when it is shared.
        known_by: The source of the quantity: declared, assumed, usage-file or measured.
        region: The region it is charged in, or None for the region of its fact.
    """

    id: str
    units: int
    fact: FactId
    fact_kind: str
    service: str
    item: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    confidence: str
    basis: CostBasis
    category: CostCategory
    domain: CostDomain
    tenant: TenantId | None
    known_by: str = "declared"
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Something that costs money at an unknown price; it is shown and never counted as 0."""

    fact: FactId
    service: str
    item: str
    quantity: Decimal
    unit: str
    reason: str
    known_by: str = "declared"
    region: Region | None = None
