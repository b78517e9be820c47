"""A signal's id, the same in every month, and its size, by which it is seen to grow."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple, assert_never

from allocation.money import amount_of
from allocation.review.findings import BeyondFairUse, IdlePool, LargeShare, Size, ThinMargin, UserCount
from allocation.review.promises import CheapPromise
from allocation.review.signals import Kind, Signal
from tiers.vocabulary import PLATFORM

_OTHER: Final = re.compile(r"[^a-z0-9]+")
_ONE_CAUSE: Final = frozenset({Kind.NOISY_NEIGHBOUR})
"""Kinds of which a tenant has one, in however many pools it shows."""
_HUNDRED: Final = 100


class Measure(NamedTuple):
    """How far a signal is from where it would be none, in its own unit; never below 0."""

    size: Decimal
    unit: str


def signal_id(signal: Signal) -> str:
    """Whose it is and what causes it, such as `acme/fair-use-users` and `platform/idle-capacity-nodes`."""
    cause = signal.kind if signal.kind in _ONE_CAUSE else f"{signal.kind} {signal.about}"
    return f"{signal.tenant or PLATFORM}/{slug(cause)}"


def slug(words: str) -> str:
    """*words* as a part of an id.

    >>> slug("fair use database_gib")
    'fair-use-database-gib'
    """
    return _OTHER.sub("-", words.lower()).strip("-")


def measure_of(signal: Signal, currency: str) -> Measure:
    """How large a signal is: what is beyond the limit, idle or missing."""
    match signal.figures:
        case BeyondFairUse(standing=standing):
            unit = "users" if standing.measure == "users" else "GiB"
            found = Measure(standing.used - standing.fair, unit)
        case UserCount() as count:
            found = Measure(abs(count.difference or Decimal(0)), "users")
        case LargeShare(used_percent=used, paid_percent=paid):
            found = Measure(used - paid, "percentage points")
        case Size() as pods:
            found = Measure(abs(pods.asked.average - pods.used.p95), pods.unit)
        case ThinMargin() as thin:
            missing = Decimal(thin.fees) * thin.least_percent / _HUNDRED - thin.margin
            found = Measure(missing.scaleb(-10), currency)
        case CheapPromise() as cheap:
            missing = Decimal(cheap.fee) * cheap.least_percent / _HUNDRED - cheap.cost
            found = Measure(missing.scaleb(-10), currency)
        case IdlePool() as pool:
            found = Measure(amount_of(pool.cost) * pool.idle_percent / _HUNDRED, currency)
        case _ as unknown:
            assert_never(unknown)
    return Measure(max(found.size, Decimal(0)).quantize(Decimal("0.0001")), found.unit)
