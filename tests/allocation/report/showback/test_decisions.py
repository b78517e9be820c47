from __future__ import annotations

from datetime import date
from decimal import Decimal

from allocation.report.showback.review.decisions import action, fair_use_result, reason
from allocation.review.findings import (
    BeyondFairUse,
    Breach,
    IdlePool,
    LargeShare,
    Size,
    Standing,
    ThinMargin,
    UserCount,
)
from allocation.review.signals import Kind, Signal
from allocation.review.usage_levels import Level

WEEK = Breach(date(2026, 11, 11), date(2026, 11, 17))
OVER = Standing("acme", "users", Decimal(14), 10, measured=True, lasting=True, breach=WEEK)
DECLARED = Standing("acme", "users", Decimal(12), 10, measured=False, lasting=True)
UNIT = 10**10


def sentence(figures: BeyondFairUse | UserCount | LargeShare | Size | ThinMargin | IdlePool) -> str:
    return reason(Signal(Kind.IDLE, None, "any", figures), "USD")


def size(used: str) -> Size:
    return Size("acme", "CPU", "cores", Level({date(2026, 11, 1): Decimal(1)}), Level({}, (Decimal(used),)))


def test_fair_use_says_what_is_used_for_how_long_and_which_tier_covers_it() -> None:
    assert sentence(BeyondFairUse(OVER, "shared-namespace", "dedicated-db")) == (
        "users: 14 used, shared-namespace covers 10, exceeded on 7 days in a row, 2026-11-11 to 2026-11-17; "
        "dedicated-db covers it"
    )
    assert sentence(BeyondFairUse(DECLARED, "shared-namespace", None)) == (
        "users: 12 declared, shared-namespace covers 10; no tier covers it: agree on an overage"
    )


def test_a_client_reads_whether_it_stayed_within_the_limit() -> None:
    assert fair_use_result(OVER) == "exceeded on 7 days in a row, 2026-11-11 to 2026-11-17"
    assert fair_use_result(DECLARED) == "exceeded, as declared"
    assert fair_use_result(OVER._replace(used=Decimal(9), breach=None)) == "within the limit"


def test_users_other_than_declared_are_said_with_the_day_they_were_counted() -> None:
    day = date(2026, 11, 30)
    assert sentence(UserCount("acme", 10, Decimal(14), day)) == (
        "users: 10 declared, Odoo had 14 active on 2026-11-30, 4 more: set options.users"
    )
    assert "Odoo had 7.5 active on 2026-11-30, 2.5 fewer" in sentence(
        UserCount("acme", 10, Decimal("7.5"), day)
    )


def test_a_noisy_neighbour_is_measured_against_its_fee() -> None:
    share = LargeShare("postgresql", "database-gib", Decimal("71.428"), Decimal(20), 3, 12 * UNIT)
    assert sentence(share) == (
        "uses 71.43 % of what all tenants use of postgresql (database-gib) and most of 2 more pools, pays "
        "20 % of all fees, 12.00 USD too little for the least margin"
    )


def test_what_to_do_is_said() -> None:
    share = Signal(Kind.NOISY_NEIGHBOUR, "acme", "any", LargeShare("a", "b", Decimal(50), Decimal(9)))
    said = [
        action(share),
        action(share._replace(tier="dedicated-db")),
        action(share._replace(figures=BeyondFairUse(OVER, "shared-namespace", None))),
        action(share._replace(figures=size("0.2"))),
        action(share._replace(figures=IdlePool("logs", Decimal(60), UNIT, nodes=False))),
        action(share._replace(figures=UserCount("acme", 10, Decimal("13.2"), date(2026, 11, 30)))),
    ]
    assert said == [
        "raise its fee",
        "move it to dedicated-db",
        "agree on an overage",
        "request 0.2 cores of CPU or a little more",
        "make logs smaller",
        "set options.users to 14",
    ]


def test_a_size_says_which_way_it_does_not_fit() -> None:
    numbers = "CPU: 1 cores requested; 95 % of the time the usage is "
    assert sentence(size("0.2")) == f"{numbers}0.2 or less: a smaller size fits"
    assert sentence(size("1.5")) == f"{numbers}1.5 or less: the request is too small"


def test_a_thin_margin_and_an_idle_pool_say_their_amounts() -> None:
    assert sentence(ThinMargin("shared-namespace", -5 * UNIT, 249 * UNIT, 1, 10)) == (
        "shared-namespace: a margin of -5.00 on fees of 249.00 USD from 1 production tenants is less "
        "than 10 %"
    )
    assert sentence(IdlePool("nodes", Decimal("60.5"), 1000 * UNIT, nodes=False)) == (
        "nodes: 60.5 % of 1,000.00 USD is idle"
    )
    assert sentence(IdlePool("nodes", Decimal("60.5"), 1000 * UNIT, nodes=True)).endswith(
        "is idle; fewer or smaller nodes would hold what is requested"
    )
