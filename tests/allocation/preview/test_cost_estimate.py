from __future__ import annotations

from allocation.estimate.assumptions import Scale
from allocation.estimate.estimated_statement import estimated_statement
from allocation.preview.cost_estimate import cost_estimate
from tests.allocation.previews import NOVEMBER, conditions, now, prices
from tests.portfolios import local_plan
from tiers.inventory import Inventory


def test_a_valuation_is_what_the_estimate_of_the_inventory_says() -> None:
    inventory = Inventory(plan=local_plan(), cloud_ids={})
    assert now().statement == estimated_statement(inventory, NOVEMBER, prices(), conditions().rules)


def test_everything_can_be_found_by_name() -> None:
    assert set(now().tenants) == {line.tenant for line in now().statement.tenants}
    assert sum(charge.units for charge in now().charges.values()) == now().statement.charged
    assert {charge.fact for charge in now().priced.charges} <= set(now().facts)


def test_pods_that_are_scaled_out_take_more_of_the_nodes_and_cost_no_more_in_all() -> None:
    shares = []
    for scale in Scale:
        statement = cost_estimate(local_plan(), conditions(scale)).statement
        halcyon = next(line for line in statement.tenants if line.tenant == "halcyon")
        shares.append((halcyon.pooled["nodes"], statement.charged))
    (least, bill), (expected, same), (most, still) = shares
    assert least < expected < most
    assert bill == same == still
