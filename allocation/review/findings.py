"""Findings behind a signal: the figures that make a decision due."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from allocation.review.usage_levels import Level


class Breach(NamedTuple):
    """The longest run of days on which a tenant used more than its fee covers."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it lasted."""
        return (self.last - self.first) // timedelta(days=1) + 1


class Standing(NamedTuple):
    """How much of one measure a tenant uses, and how much its fee covers.

    Attributes:
        fair: How much the fee covers.
        measured: Whether the usage was measured; otherwise it is what the plan declares.
        lasting: Whether usage was above the fair use long enough to act on, and not for a peak only.
        breach: When it was above, where it was measured.
    """

    tenant: str
    measure: str
    used: Decimal
    fair: int
    measured: bool
    lasting: bool
    breach: Breach | None = None

    @property
    def over(self) -> bool:
        """Whether the usage is above the fair use."""
        return self.used > self.fair


class UserCount(NamedTuple):
    """The users a tenant declares, and those that its Odoo had when it was last counted.

    Attributes:
        active: Active users who are neither portal nor public; None where nobody counted.
        counted_on: The day of the count.
    """

    tenant: str
    declared: int
    active: Decimal | None = None
    counted_on: date | None = None

    @property
    def difference(self) -> Decimal | None:
        """How many more Odoo has than are declared; None where nobody counted."""
        return None if self.active is None else self.active - self.declared

    @property
    def to_declare(self) -> int:
        """What the tenant's file should say: the whole number that covers the count."""
        counted = self.declared if self.active is None else math.ceil(self.active)
        return max(counted, 1)


class BeyondFairUse(NamedTuple):
    """A tenant that uses more than its fee covers; `larger` is the cheapest tier that covers the usage."""

    standing: Standing
    tier: str
    larger: str | None


class LargeShare(NamedTuple):
    """A tenant that takes a larger percentage of pools than it pays of all fees, and pays too little.

    Attributes:
        pool: That of which it takes most.
        pools: Of how many pools it takes so much.
        missing: What its fee lacks to the least margin, in units.
    """

    pool: str
    driver: str
    used_percent: Decimal
    paid_percent: Decimal
    pools: int = 1
    missing: int = 0


class Size(NamedTuple):
    """What a tenant's pods request of CPU or memory, and what they use."""

    tenant: str
    what: str
    unit: str
    asked: Level
    used: Level


class ThinMargin(NamedTuple):
    """A tier whose production tenants leave a smaller margin than they should; amounts are units."""

    tier: str
    margin: int
    fees: int
    tenants: int
    least_percent: int


class IdlePool(NamedTuple):
    """A pool of which much stays idle; `nodes` when fewer or smaller nodes would do."""

    pool: str
    idle_percent: Decimal
    cost: int
    nodes: bool
