"""Overage: what is used beyond the fair use of an offer, its prices, and the terms of a tenant."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Self

from pydantic import model_validator

from tiers.catalog.fees import Fee, FeeText
from tiers.vocabulary import Frozen, Positive


@unique
class Measure(StrEnum):
    """What fair use bounds, and overage is measured in."""

    USERS = "users"
    DATABASE_GIB = "database_gib"
    FILESTORE_GIB = "filestore_gib"
    CORE_HOURS = "core_hours"

    @property
    def accrues(self) -> bool:
        """Whether it adds up over a month; of the others the average of the month counts."""
        return self is Measure.CORE_HOURS


class FairUse(Frozen):
    """The usage that the fee covers; beyond it a tenant needs a larger offer, or pays overage."""

    users: Positive
    database_gib: Positive
    filestore_gib: Positive
    core_hours: Positive | None = None
    """Hours of a core that its pods use in a month; None where the offer does not bound them."""


class OveragePrices(Frozen):
    """The price of one unit beyond fair use for a month; None for what is not sold beyond it."""

    users: Fee | None = None
    """One user for a month."""
    database_gib: Fee | None = None
    """One GiB of the database for a month."""
    filestore_gib: Fee | None = None
    """One GiB of the filestore for a month."""
    core_hours: Fee | None = None
    """One hour of a core."""


class OverageTerm(Frozen):
    """How much of a measure the fee covers, and the price of a unit beyond it, a month."""

    measure: Measure
    covered: Positive
    price: FeeText


class OverageTerms(Frozen):
    """The overage terms of a tenant; not `agreed`: what is used beyond fair use is shown, and not charged."""

    agreed: bool
    terms: tuple[OverageTerm, ...]

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        measures = [term.measure for term in self.terms]
        if len(set(measures)) != len(measures):
            raise ValueError("terms: a measure appears twice")
        return self


def overage_terms(fair: FairUse, prices: OveragePrices | None, *, agreed: bool) -> OverageTerms | None:
    """The terms of an offer; None where it has no overage prices."""
    if prices is None:
        return None
    found = []
    for measure in Measure:
        covered, price = getattr(fair, measure), getattr(prices, measure)
        if covered is not None and price is not None:
            found.append(OverageTerm(measure=measure, covered=covered, price=price))
    return OverageTerms(agreed=agreed, terms=tuple(found)) if found else None
