from __future__ import annotations

from dataclasses import replace

import pytest

from allocation.estimate.assumptions import Scale
from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.estimates import Estimates
from tests.allocation.previews import conditions, now
from tests.portfolios import catalog, local_portfolio
from tiers.plan.resolve import resolve
from tiers.portfolio.what_if import with_tenant


@pytest.mark.parametrize("deployed", [None, now()])
def test_estimates_are_those_of_each_portfolio_alone(deployed: object) -> None:
    estimates = Estimates(catalog(), local_portfolio(), conditions(), now() if deployed else None)
    assert estimates.now.statement == now().statement
    assert estimates.of(local_portfolio()) is estimates.now
    other = with_tenant(catalog(), local_portfolio(), "acme", "dedicated-db", {"users": "14"}).portfolio
    alone = cost_estimate(resolve(catalog(), other), conditions())
    assert estimates.of(other).statement == alone.statement != now().statement
    assert estimates.of(other).priced == alone.priced


def test_what_is_deployed_is_no_estimate_of_another_portfolio() -> None:
    other = with_tenant(catalog(), local_portfolio(), "acme", "dedicated-db").portfolio
    assert Estimates(catalog(), other, conditions(), now()).now.statement != now().statement


def test_other_conditions_are_another_estimate() -> None:
    known = replace(now(), statement=replace(now().statement, unpriced=()))
    assert Estimates(catalog(), local_portfolio(), conditions(), known).now.statement == known.statement
    other = conditions(Scale.EXPECTED)
    assert Estimates(catalog(), local_portfolio(), other, known).now.statement != known.statement
