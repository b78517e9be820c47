from __future__ import annotations

from dataclasses import replace
from datetime import date

from allocation.preview.price_age import PriceAge, price_age
from allocation.prices.age import is_older_than_a_year
from tests.allocation.previews import now


def test_the_prices_of_an_estimate_are_counted_once_and_those_older_than_a_year_are_said() -> None:
    estimate = now()
    used = {
        (charge.region or estimate.facts[charge.fact].region, charge.service, charge.item)
        for charge in estimate.priced.charges
    }
    found = {item: estimate.conditions.prices.find(*item) for item in used}
    day = estimate.conditions.assumptions.as_of
    old = [item for item, price in found.items() if price and is_older_than_a_year(price.date, day)]
    age = price_age(estimate)
    assert age == PriceAge(len(old), len(used))
    assert 0 < age.old < age.known
    assert age.in_words == f"{age.old} of {age.known} prices are older than a year"


def test_in_ten_years_all_of_them_are_old_and_ten_years_ago_none_was() -> None:
    estimate = now()
    for day, old in ((date(2036, 12, 1), True), (date(2016, 12, 1), False)):
        assumptions = replace(estimate.conditions.assumptions, as_of=day)
        conditions = replace(estimate.conditions, assumptions=assumptions)
        age = price_age(replace(estimate, conditions=conditions))
        assert age.old == (age.known if old else 0)
        assert bool(age.in_words) is old
