"""The section `security` of platform.yaml: what watches over the account, and hours people spend on it."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from tiers.vocabulary import Count, Frozen, Positive, TagValue


class SecurityMeter(Frozen):
    """What a security service of the cloud meters in a month; the account has it already."""

    name: TagValue
    """Name of the line."""
    service: str
    """Service as the price book spells it, such as AmazonGuardDuty."""
    item: str
    """Item of that service in the price book of the region."""
    quantity_per_month: Positive
    """How much of it a month has, in the unit of its price: events, checks, requests."""


class SecuritySpec(Frozen):
    """Security of the platform as a whole; the estimate counts it, and the bill shows it."""

    services: tuple[SecurityMeter, ...] = ()
    """What GuardDuty, CloudTrail, Config, Security Hub, WAF and others meter."""
    patching_hours_per_month: Count = 0
    """Hours people spend on patches that all tenants get."""
    review_hours_per_month: Count = 0
    """Hours people spend on findings, accesses and policies of the platform."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [each.name for each in self.services]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"services: '{twice[0]}' appears twice")
        return self
