"""The run that writes a FOCUS file, and the versions of FOCUS that can be written."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum, unique
from typing import Final

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LARGEST_SCALE: Final = 9
"""Decimal places of a usage quantity (`tables.USAGE`)."""


class FocusError(AllocationError):
    """An allocation cannot be written as FOCUS data; no file is left behind."""


@unique
class FocusVersion(StrEnum):
    """A version of the FOCUS Cost and Usage dataset (ratified 2025-05, 2025-12 and 2026-06)."""

    V1_2 = "1.2"
    V1_3 = "1.3"
    V1_4 = "1.4"


@dataclass(frozen=True, slots=True)
class FocusRun:
    """What every row of a file has in common, and what stands where a charge says nothing.

    An estimated charge was never billed: it has no account, no issuer and no provider of its own.

    Attributes:
        run_id: Name of the run, for `x_RunId`.
        period: The billing period.
        currency: ISO 4217 code of the billing currency, such as EUR.
        billing_account_id: The account that pays; text, never a number.
        billing_account_name: Its display name.
        invoice_issuer: Who sends the invoice.
        provider: Who sells the services; also the service of a charge that names none, such as a tax.
        publisher: Who made them (FOCUS 1.2 and 1.3).
        converts: Whether rates were given: rows then say what they were billed in (`x_Original...`).
        weight_decimals: Decimal places of `share.weight`: 9 when it counts billionths of its driver's unit,
            0 when it counts whole ones.

    Raises:
        FocusError: When a name is empty, the currency is no code or the scale is not from 0 to 9.
    """

    run_id: str
    period: ChargePeriod
    currency: str
    billing_account_id: str
    billing_account_name: str
    invoice_issuer: str
    provider: str
    publisher: str
    weight_decimals: int = 9
    converts: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str) and not value.strip():
                raise FocusError(f"{field.name}: is empty, and FOCUS takes no empty text")
        if not _CURRENCY.fullmatch(self.currency):
            raise FocusError(f"currency '{self.currency}': expected an ISO 4217 code such as EUR")
        if not 0 <= self.weight_decimals <= _LARGEST_SCALE:
            raise FocusError(f"weight_decimals {self.weight_decimals}: expected 0 to {_LARGEST_SCALE}")

    @property
    def month(self) -> str:
        """The billing period as the name of a partition, such as 2026-10."""
        return f"{self.period.start:%Y-%m}"
