"""What commitments would have saved for machines that ran through filed months."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allocation.money import UNITS_PER_CURRENCY
from allocation.preview.commitments.machines import commitments, steady_machines
from allocation.preview.commitments.offers import Offer, Payment
from allocation.statement.filed import FiledStatement
from tests.allocation.previews import comparison_of, now, prices
from tests.allocation.showbacks import filed
from tests.portfolios import local_plan

SERVER = "RDS PostgreSQL db.t4g.medium Multi-AZ"
YEAR = 365 * 24 * 3600


def offer(upfront: str = "0", hourly: str = "0.09", years: int = 1, payment: Payment = Payment.NONE) -> Offer:
    return Offer(
        "reserved instance",
        "AmazonRDS",
        SERVER,
        years * YEAR,
        payment,
        Fraction(upfront),
        Fraction(hourly),
        "x",
    )


def month() -> FiledStatement:
    return filed(now().statement)


def test_machines_of_the_platform_and_of_tenants_that_stayed_are_steady() -> None:
    found = {each.item: each for each in steady_machines(local_plan(), [month()], prices())}
    assert found[SERVER].count == 1
    assert found[SERVER].of_tenants == ()
    assert found[SERVER].on_demand == Fraction("0.129")
    assert found["RDS PostgreSQL db.r7g.large Multi-AZ"].of_tenants == (("halcyon", 1), ("meridian", 1))
    assert found["cache.t4g.micro Valkey"].count == 2
    assert found["m7g.xlarge Linux on-demand"].count == 5  # three of all, two of meridian


def test_a_tenant_that_had_another_tier_in_a_filed_month_has_no_steady_machine() -> None:
    before = filed(comparison_of("halcyon", "dedicated-db").after.statement)
    found = {each.item: each for each in steady_machines(local_plan(), [before, month()], prices())}
    assert found["RDS PostgreSQL db.r7g.large Multi-AZ"].of_tenants == (("meridian", 1),)


def test_what_is_saved_in_a_month_to_the_unit() -> None:
    (kind,) = (
        each
        for each in commitments(
            local_plan(), [month()], prices(), [offer(), offer("876", "0", 1, Payment.ALL)]
        )
        if each.machines.item == SERVER
    )
    none, everything = kind.months
    hours = none.hours  # an estimate's month has 720 of November
    assert none.on_demand == 1290000000 * hours
    assert none.committed == 900000000 * hours
    assert none.saved == none.on_demand - none.committed
    assert everything.committed == 1000000000 * hours  # 876 over 8,760 hours
    assert kind.smallest_promise == none.offer


def test_without_a_price_on_demand_nothing_is_said_to_be_saved() -> None:
    other = prices().__class__((), "USD")
    assert all(
        each.machines.on_demand is None and not each.months
        for each in commitments(local_plan(), [month()], other, [offer()])
    )


def test_it_pays_off_after_as_many_months_as_cost_the_same() -> None:
    """0.09 for 8,760 hours are 788.40; on demand a month of 730 hours costs 94.17."""
    months = offer().pays_off_after(Fraction("0.129"))
    assert months is not None
    assert round(float(months), 4) == 8.3721
    assert offer(hourly="0.2").pays_off_after(Fraction("0.129")) is None


@given(st.integers(0, 5000), st.integers(0, 3000), st.sampled_from([1, 3]), st.integers(1, 5000))
def test_used_for_so_long_it_costs_no_more_than_on_demand(
    upfront: int, hourly: int, years: int, on_demand: int
) -> None:
    one, price = offer(str(upfront), f"{hourly}/1000", years), Fraction(on_demand, 1000)
    months = one.pays_off_after(price)
    whole = one.upfront + one.hourly * one.term_hours
    if months is None:
        assert whole > price * one.term_hours
    else:
        assert months * 730 * price == whole
        assert months * 730 <= one.term_hours
    assert UNITS_PER_CURRENCY == 10**10
