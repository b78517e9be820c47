"""The sentences of the decisions a month calls for, with the figures behind each."""

from __future__ import annotations

from allocation.report.figures import money_of, number
from allocation.report.showback.content import EMPTY, Row, amount, text
from allocation.report.showback.month import Showback
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
            return _large_share(found, currency)
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


def action(signal: Signal) -> str:
    """What there is to do."""
    match signal.figures:
        case BeyondFairUse() if signal.tier is None:
            return "agree on an overage"
        case UserCount() as found:
            return f"set options.users to {found.to_declare}"
        case Size() as found:
            return f"request {number(found.used.p95)} {found.unit} of {found.what} or a little more"
        case ThinMargin() | CheapPromise() as found:
            return _of_offer(found)
        case IdlePool() as found:
            return "take fewer or smaller nodes" if found.nodes else f"make {found.pool} smaller"
        case _:
            return f"move it to {signal.tier}" if signal.tier else "raise its fee"


def _of_offer(found: ThinMargin | CheapPromise) -> str:
    if isinstance(found, ThinMargin):
        return f"raise the fee of {found.tier}, or lower what it costs"
    return f"build what {found.promise} needs, or promise less"


def decision_row(showback: Showback, signal: Signal) -> Row:
    """A row: what is at stake, and what the remedy changes where it is another tier."""
    options = showback.options.get(signal.tenant or "", ())
    option = next((each for each in options if each.tier == signal.tier), None)
    cost = option.cost_difference if option else None
    return (
        text(showback.name_of(signal.tenant) if signal.tenant else "platform"),
        text(signal.kind),
        text(reason(signal, showback.statement.currency)),
        text(action(signal)),
        EMPTY if signal.stake is None else amount(signal.stake),
        amount(option.fee_difference, signed=True) if option else EMPTY,
        EMPTY if cost is None else amount(cost, signed=True),
        text(signal.command),
    )


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


def _large_share(found: LargeShare, currency: str) -> str:
    more = found.pools - 1
    others = f" and most of {more} more pool{'s' if more > 1 else ''}" if more else ""
    return (
        f"uses {number(found.used_percent)} % of what all tenants use of {found.pool} ({found.driver})"
        f"{others}, pays {number(found.paid_percent)} % of all fees, "
        f"{money_of(found.missing)} {currency} too little for the least margin"
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
