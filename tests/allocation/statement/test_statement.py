from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.engine.shared_charges import AllocationType
from allocation.errors import UnreconciledStatementError
from allocation.estimate.assumptions import Assumptions, Given, KnownBy
from allocation.estimate.estimated_charges import PricedCharges, priced_charges
from allocation.estimate.estimated_statement import allocated_estimate, estimated_statement
from allocation.money import amount_of, units_of
from allocation.prices.price_book import load_price_book
from allocation.statement.statement import Statement
from tests.portfolios import local_plan, plan_of, tenant
from tests.sampling import examples
from tiers.inventory import Inventory
from tiers.plan.plan import Plan

NOVEMBER = ChargePeriod.month("2026-11")
RULES = rules_on(date(2026, 11, 1))
PRICES = load_price_book("USD")
ASSUMED = Assumptions.on(date(2026, 11, 30))


def statement_of(plan: Plan, estimated: PricedCharges | None = None) -> Statement:
    return allocated_estimate(
        plan, estimated or priced_charges(plan, PRICES, ASSUMED), NOVEMBER, PRICES, RULES
    )


def test_the_local_portfolio_adds_up_to_the_last_unit() -> None:
    statement = statement_of(local_plan())
    charges = priced_charges(local_plan(), PRICES, ASSUMED).charges
    assert statement.charged == sum(charge.units for charge in charges)
    parts = statement.direct + statement.pooled + sum(statement.idle.values())
    assert parts == statement.charged
    assert statement.unallocated == ()


def test_direct_cost_is_what_names_the_tenant() -> None:
    acme = statement_of(local_plan()).tenants[0]
    # 2 hours of support at 60, 2 GiB of logs at 0.50, the same kept a month at 0.03; 5 GiB sent at 0.09 and
    # 10 from zone to zone at 0.01, twice.
    assert (acme.tenant, amount_of(acme.direct)) == ("acme", Decimal("121.71"))


def test_margin_is_the_fee_less_everything() -> None:
    acme = statement_of(local_plan()).tenants[0]
    assert amount_of(acme.fee) == Decimal("249.00")
    assert acme.margin == acme.fee - acme.direct - sum(acme.pooled.values())


def test_a_statement_can_be_made_from_an_inventory() -> None:
    inventory = Inventory(plan=local_plan(), cloud_ids={})
    assert estimated_statement(inventory, NOVEMBER, PRICES, RULES) == statement_of(local_plan())


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("month", "assumptions", "extra"),
    [
        ("2027-02", None, "0"),
        ("2027-03", None, "365.00"),  # 1.35 is supported until the 27th: 730 hours at 0.50
        ("2027-03", Assumptions.on(date(2027, 3, 27)), "0"),
    ],
)
def test_support_is_asked_for_on_the_last_day_of_the_month(
    month: str, assumptions: Assumptions | None, extra: str
) -> None:
    inventory = Inventory(plan=local_plan(), cloud_ids={})
    statement = estimated_statement(inventory, ChargePeriod.month(month), PRICES, RULES, assumptions)
    assert amount_of(statement.charged - statement_of(local_plan()).charged) == Decimal(extra)


def test_what_is_said_about_use_is_what_is_divided() -> None:
    usage = {("platform/nat", "data"): Given(Decimal(120), KnownBy.MEASURED)}
    inventory = Inventory(plan=local_plan(), cloud_ids={})
    assumptions = Assumptions(ASSUMED.as_of, usage)
    statement = estimated_statement(inventory, NOVEMBER, PRICES, RULES, assumptions)
    # 100 GiB more than the 20 of the platform, at 0.045.
    assert amount_of(statement.charged - statement_of(local_plan()).charged) == Decimal("4.50")


def test_a_platform_without_tenants_is_unallocated_not_lost() -> None:
    statement = statement_of(plan_of())
    assert statement.tenants == ()
    idle = sum(statement.idle.values())
    unallocated = sum(part.units for part in statement.unallocated)
    assert idle + unallocated == statement.charged > 0


@pytest.mark.parametrize(("surplus", "word"), [(1, "much"), (-1, "little")])
def test_a_unit_too_many_or_too_few_stops_the_statement(surplus: int, word: str) -> None:
    statement = statement_of(local_plan())
    (pool, units), *_ = statement.idle.items()
    wrong = replace(statement, idle={pool: units + surplus})
    with pytest.raises(UnreconciledStatementError, match=rf"2026-11: direct .* \(1E-10 too {word}\)"):
        wrong.reconciled()


@pytest.mark.whole("golden statements have every margin")
def test_margins_take_off_variable_then_fixed_then_shared_cost() -> None:
    acme = statement_of(local_plan()).tenants[0]
    first, second, third = acme.contribution_margins
    # Support hours and logs move with what acme does; it has nothing of its own that does not.
    assert (first, second, third) == (acme.fee - acme.direct, acme.fee - acme.direct, acme.margin)
    halcyon = next(line for line in statement_of(local_plan()).tenants if line.tenant == "halcyon")
    assert halcyon.contribution_margins[0] > halcyon.contribution_margins[1] > halcyon.margin


def test_a_line_adds_up_by_category_and_by_domain() -> None:
    for line in statement_of(local_plan()).tenants:
        assert sum(line.by_category.values()) == sum(line.by_domain.values()) == line.total


def test_nobody_pays_more_than_alone_or_less_than_it_adds() -> None:
    statement = statement_of(local_plan())
    assert statement.out_of_bounds == {}
    for line in statement.tenants:
        floor, ceiling = statement.bounds[line.tenant]
        assert floor == line.direct <= line.total <= ceiling


def test_who_is_carried_by_a_negative_pool_is_flagged() -> None:
    statement = statement_of(local_plan())
    first, *others = statement.tenants
    credit = first.cells[-1]._replace(allocation_type=AllocationType.USAGE, pool="nodes", units=-first.total)
    wrong = replace(statement, tenants=(replace(first, cells=(*first.cells, credit)), *others))
    assert wrong.out_of_bounds == {"acme": "below its incremental floor"}


def test_subsidies_cancel_out() -> None:
    statement = statement_of(local_plan())
    assert sum(statement.cross_subsidies.values()) == 0
    loss = next(line for line in statement.tenants if line.margin < 0)
    assert statement.cross_subsidies[loss.tenant] < 0


@pytest.mark.whole("tests/allocation/preview/test_unit_costs shares with more neighbours")
def test_a_neighbour_more_makes_shared_cost_cheaper_for_all() -> None:
    few = statement_of(plan_of(tenant("acme"), tenant("borealis")))
    many = statement_of(plan_of(tenant("acme"), tenant("borealis"), tenant("cygnus")))
    before = {line.tenant: line.pooled["postgresql"] for line in few.tenants}
    after = {line.tenant: line.pooled["postgresql"] for line in many.tenants}
    assert all(after[name] < cost for name, cost in before.items())


sizes = st.fixed_dictionaries(
    {"users": st.integers(1, 500)},
    optional={
        "database_gib": st.integers(1, 500),
        "filestore_gib": st.integers(1, 2000),
        "workload_class": st.sampled_from(["sandbox", "xs", "s", "m"]),
    },
)


@examples(4, of=25)
@given(st.lists(sizes, max_size=12))
def test_any_portfolio_reconciles(options: list[dict[str, Any]]) -> None:
    tenants = [tenant(f"t{index}", options=chosen) for index, chosen in enumerate(options)]
    statement = statement_of(plan_of(*tenants))  # raises unless every unit is accounted for
    assert statement.charged > 0


def test_equal_tenants_differ_by_no_more_than_their_charges() -> None:
    """Symmetry: each charge's remainder can give one of two equals one unit more."""
    statement = statement_of(plan_of(tenant("acme"), tenant("borealis")))
    acme, borealis = statement.tenants
    charges = sum(1 for charge in priced_charges(plan_of(), PRICES, ASSUMED).charges if charge.tenant is None)
    assert abs(acme.total - borealis.total) <= 2 * charges
    assert units_of(Decimal("0.0001")) > abs(acme.total - borealis.total)
