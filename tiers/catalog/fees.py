"""Fees: amounts of money a month, and the currency in which a catalog has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, PlainSerializer

from tiers.vocabulary import Frozen, TagValue

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Fee = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=2, allow_inf_nan=False)]
FeeText = Annotated[Fee, PlainSerializer(str, return_type=str)]
"""The same in a document: as text, because a number of JSON may lose digits."""


class FeePart(Frozen):
    """What a part of a tenant's fee is for: its offer, an option or a service that it buys, a month."""

    part: TagValue
    fee_per_month: FeeText


OFFER: Final = "offer"
"""The part that the offer itself is; each tenant has it."""
ENHANCED: Final = "enhanced-controls"
STANDBY: Final = "warm-standby"
CDN: Final = "cdn"
