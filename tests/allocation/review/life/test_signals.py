from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from allocation.review.findings import BeyondFairUse, IdlePool, LargeShare, Standing
from allocation.review.life.identity import Measure, measure_of, signal_id
from allocation.review.life.signals import Seen, SignalLife, lives, open_signals
from allocation.review.promises import CheapPromise
from allocation.review.signals import Kind, Signal
from tiers.portfolio.reviews.entries import SignalEntry
from tiers.portfolio.reviews.states import SignalState
from tiers.vocabulary import CostCategory

UNIT = 10**10
NAME = "acme/fair-use-users"


def over(used: int) -> Signal:
    standing = Standing("acme", "users", Decimal(used), 10, measured=True, lasting=True)
    return Signal(Kind.FAIR_USE, "acme", "users", BeyondFairUse(standing, "shared-namespace", None))


def noisy(pool: str, used: int) -> Signal:
    return Signal(Kind.NOISY_NEIGHBOUR, "acme", pool, LargeShare(pool, "users", Decimal(used), Decimal(10)))


def entry(state: str, **fields: str) -> SignalEntry:
    told = {"signal": NAME, "state": state, "on": "2026-11-05", "by": "dana", **fields}
    return SignalEntry.model_validate(told)


def seen(today: str = "2026-12-03", *measured: tuple[str, Driver], month: str = "2026-11") -> Seen:
    return Seen(
        ChargePeriod.month(month), date.fromisoformat(today), frozenset({"acme"}), frozenset(measured)
    )


def life(said: SignalEntry, used: int = 14, today: str = "2026-12-03") -> SignalLife:
    (found,) = lives([over(used)], [said], "USD", seen(today))
    return found


def test_an_id_is_of_a_tenant_and_a_cause() -> None:
    assert signal_id(over(14)) == NAME
    assert signal_id(noisy("postgresql", 60)) == signal_id(noisy("nodes", 60)) == "acme/noisy-neighbour"
    idle = Signal(Kind.IDLE, None, "nodes", IdlePool("nodes", Decimal(40), 200 * UNIT, nodes=True))
    assert signal_id(idle) == "platform/idle-capacity-nodes"
    assert measure_of(idle, "USD") == Measure(Decimal(80), "USD")


def test_a_promise_that_costs_nearly_nothing_is_as_large_as_what_it_lacks() -> None:
    figures = CheapPromise("enhanced controls", CostCategory.SECURITY, 10 * UNIT, 4000 * UNIT, 1)
    cheap = Signal(Kind.PROMISE, "acme", figures.promise, figures)
    assert measure_of(cheap, "USD") == Measure(Decimal(30), "USD")


def test_nobody_spoke_of_a_signal() -> None:
    (found,) = lives([over(14)], [], "USD", seen())
    assert (found.state, found.why, found.measure) == (SignalState.OPEN, "", Measure(Decimal(4), "users"))


def test_the_rows_of_one_cause_are_one_signal_as_large_as_the_largest() -> None:
    (found,) = lives([noisy("nodes", 60), noisy("postgresql", 80)], [], "USD", seen())
    assert found.measure == Measure(Decimal(70), "percentage points")
    assert len(found.rows) == 2


def test_an_acknowledged_signal_is_open_again_on_its_day() -> None:
    said = entry("acknowledged", until="2026-12-04")
    assert life(said).state is SignalState.ACKNOWLEDGED
    again = life(said, today="2026-12-04")
    assert again.state is SignalState.OPEN
    assert again.why == "acknowledged until 2026-12-04 by dana on 2026-11-05: that day has passed"


def test_a_dismissed_signal_is_open_again_once_it_has_grown_by_half() -> None:
    said = entry("dismissed", reason="they leave in May", size="4")
    assert life(said, 15).state is SignalState.DISMISSED
    again = life(said, 16)
    assert again.state is SignalState.OPEN
    assert again.why == (
        "dismissed by dana on 2026-11-05 because: they leave in May: it has grown from 4 to 6 users"
    )


def test_a_solved_signal_that_a_later_month_shows_is_back() -> None:
    said = entry("solved")
    assert life(said).state is SignalState.SOLVED
    (again,) = lives([over(14)], [said], "USD", seen("2027-01-03", month="2026-12"))
    assert (again.state, again.why) == (
        SignalState.OPEN,
        "solved by dana on 2026-11-05: it is back in 2026-12",
    )


@pytest.mark.parametrize(
    ("name", "measured", "end"),
    [
        ("acme/fair-use-users", (), "2026-11 does not show it"),
        ("gone/fair-use-users", (), "gone is not deployed in 2026-11"),
        ("acme/declared-users-users", (), "nothing of it was measured in 2026-11, so nobody knows"),
        ("acme/declared-users-users", (("acme", Driver.USERS),), "2026-11 does not show it"),
        ("platform/idle-capacity-nodes", (), "2026-11 does not show it"),
    ],
)
def test_a_signal_that_the_month_does_not_show_stays_and_says_why(
    name: str, measured: tuple[tuple[str, Driver], ...], end: str
) -> None:
    (found,) = lives([], [entry("solved", signal=name)], "USD", seen("2026-12-03", *measured))
    assert (found.state, found.measure) == (SignalState.SOLVED, None)
    assert found.why.endswith(f"; {end}")


def test_the_last_entry_holds() -> None:
    said = [entry("dismissed", reason="small", size="99"), entry("open", reason="it grew")]
    (found,) = lives([over(14)], said, "USD", seen())
    assert found.state is SignalState.OPEN


@given(
    st.lists(st.sampled_from([over(14), noisy("nodes", 60), noisy("postgresql", 80)]), max_size=5),
    st.lists(
        st.sampled_from(
            [
                entry("solved"),
                entry("acknowledged", until="2027-05-01"),
                entry("dismissed", reason="small", size="7", signal="acme/noisy-neighbour"),
                entry("open"),
            ]
        ),
        max_size=3,
    ),
)
def test_no_signal_is_lost_or_moved_and_none_is_closed_by_silence(
    shown: list[Signal], said: list[SignalEntry]
) -> None:
    found = lives(shown, said, "USD", seen())
    assert Counter(row for each in found for row in each.rows) == Counter(shown)
    closed = {each.id for each in found if each.state is not SignalState.OPEN}
    assert closed <= {each.signal for each in said}
    assert list(open_signals(shown, found)) == [each for each in shown if signal_id(each) not in closed]
    for each in found:
        assert each.why or each.state is SignalState.OPEN
