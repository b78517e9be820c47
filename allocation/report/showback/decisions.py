"""The sentences of the decisions a month calls for, with the figures behind each."""

from __future__ import annotations

from allocation.report.figures import money_of, number
from allocation.review.findings import (
    BeyondFairUse,
    IdlePool,
    LargeShare,
    Size,
    Standing,
    ThinMargin,
    UserCount,
)
from allocation.review.promises import CheapPromise
from allocation.review.signals import Signal
from tiers.vocabulary import CostCategory

_REMEDIES = {
    CostCategory.SECURITY: "give the hours of patches and reviews with `--labour`, and check that the bill "
    "has the accounts of the security services",
    CostCategory.RESILIENCE: "check that backups, copies and the second server are on the bill, and ran",
}
"""What to do about a promise that costs nearly nothing, by the category that keeps it."""


def reason(signal: Signal, currency: str) -> str:  # noqa: PLR0911 - a sentence for each kind of figures
    """Why a decision is due, in one sentence."""
    match signal.figures:
        case BeyondFairUse() as found:
            return _beyond_fair_use(found)
        case UserCount() as found:
            return _ill_declared(found)
        case LargeShare() as found:
            return (
                f"uses {number(found.used_percent)} % of what all tenants use of {found.pool} "
                f"({found.driver}) and pays {number(found.paid_percent)} % of all fees"
            )
        case Size() as found:
            return _ill_sized(found)
        case ThinMargin() as found:
            return (
                f"{found.tier}: a margin of {money_of(found.margin)} on fees of {money_of(found.fees)} "
                f"{currency} from {found.tenants} production tenants is less than {found.least_percent} %"
            )
        case IdlePool() as found:
            advice = "; fewer or smaller nodes would hold what is requested" if found.nodes else ""
            cost = f"{money_of(found.cost)} {currency}"
            return f"{found.pool}: {number(found.idle_percent)} % of {cost} is idle{advice}"
        case CheapPromise() as found:
            return _cheap_promise(found, currency)


def fair_use_result(standing: Standing) -> str:
    """Whether a tenant stayed within its fair use, as its client reads it.

    >>> from decimal import Decimal
    >>> fair_use_result(Standing("acme", "users", Decimal(9), 10, measured=False, lasting=False))
    'within the limit, as declared'
    """
    result = "exceeded" if standing.over else "within the limit"
    if not standing.measured:
        return f"{result}, as declared"
    return f"{result} {_days(standing)}" if standing.breach else result


def _days(standing: Standing) -> str:
    breach = standing.breach
    return f"on {breach.days} days in a row, {breach.first} to {breach.last}" if breach else ""


def _beyond_fair_use(found: BeyondFairUse) -> str:
    standing = found.standing
    used = f"{standing.measure}: {number(standing.used)} {'used' if standing.measured else 'declared'}"
    above = f", exceeded {_days(standing)}" if standing.breach else ""
    remedy = f"{found.larger} covers it" if found.larger else "no tier covers it: agree on an overage"
    return f"{used}, {found.tier} covers {standing.fair}{above}; {remedy}"


def _ill_declared(found: UserCount) -> str:
    if found.active is None or found.difference is None:
        return f"users: {found.declared} declared, Odoo's were not counted"
    more = "more" if found.difference > 0 else "fewer"
    return (
        f"users: {found.declared} declared, Odoo had {number(found.active)} active on {found.counted_on}, "
        f"{number(abs(found.difference))} {more}: set options.users"
    )


def _ill_sized(found: Size) -> str:
    most = found.used.p95
    advice = "the request is too small" if most > found.asked.average else "a smaller size fits"
    return (
        f"{found.what}: {number(found.asked.average)} {found.unit} requested; 95 % of the time the usage is "
        f"{number(most)} or less: {advice}"
    )


def _cheap_promise(found: CheapPromise, currency: str) -> str:
    return (
        f"{found.promise}: {money_of(found.cost)} {currency} of {found.category} is less than "
        f"{found.least_percent} % of the fee of {money_of(found.fee)}; {_REMEDIES[found.category]}"
    )
