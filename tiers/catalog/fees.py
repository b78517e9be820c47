"""Fees: amounts of money a month, and the currency in which a catalog has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Fee = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=2, allow_inf_nan=False)]
FeeText = Annotated[Fee, PlainSerializer(str, return_type=str)]
"""The same in a document: as text, because a number of JSON may lose digits."""
