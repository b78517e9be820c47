from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from allocation.money import units_of
from allocation.preview.estimates import Estimates
from allocation.preview.unit_costs.curve import UnitCost, unit_costs
from tests.allocation.previews import conditions, now
from tests.portfolios import catalog, local_portfolio
from tiers.errors import CatalogError


def curve(*counts: int, tier: str = "shared-namespace") -> list[UnitCost]:
    return list(unit_costs(Estimates(catalog(), local_portfolio(), conditions()), tier, counts))


def test_the_curve_begins_with_what_there_is() -> None:
    (first,) = curve(0)
    assert (first.tenants, first.bill, first.idle) == (7, now().statement.charged, now().statement.idle_total)
    alike = [line.total for line in now().statement.tenants if line.tenant in ("acme", "borealis")]
    assert first.each == sum(alike) // 2
    assert first.marginal is None
    assert first.margin == sum(line.fee for line in now().statement.tenants) - first.bill


def test_everybody_shares_what_is_there_so_each_costs_less() -> None:
    points = curve(50, 0, 5, 10, 5)
    assert [point.more for point in points] == [0, 5, 10, 50]
    costs = [point.each for point in points]
    assert costs == sorted(costs, reverse=True)
    for before, after in pairwise(points):
        assert after.marginal == (after.bill - before.bill) // (after.more - before.more)


@pytest.mark.whole("tests/tiers/plan/test_capacity lets nodes and storage grow")
def test_what_must_grow_is_said_and_paid() -> None:
    few, many = curve(0, 100)
    assert few.grown == ()
    assert any("more nodes of general" in note for note in many.grown)
    assert many.bill - few.bill > 100 * units_of(Decimal(100))


def test_a_tier_without_tenants_costs_nothing_yet() -> None:
    only = local_portfolio().model_copy(update={"tenants": local_portfolio().tenants[:1]})
    first, second = unit_costs(Estimates(catalog(), only, conditions()), "dedicated-db", (0, 1))
    assert first.each == 0
    assert second.each > 0


def test_a_region_that_is_full_is_reported() -> None:
    with pytest.raises(CatalogError, match="AWS allows 20 per region"):
        curve(0, 30, tier="cross-region-backup")
