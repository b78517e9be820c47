from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import UnreconciledStatementError
from allocation.preview.comparison import Comparison, Kind, Step, compared, steps_of
from allocation.preview.cost_estimate import cost_estimate
from allocation.prices.price_book import PriceBook
from tests.allocation.previews import comparison_of, conditions, now
from tests.portfolios import catalog, every_offer, local_plan, plan_of, tenant
from tests.sampling import examples
from tiers.plan.plan import emptied

TIERS = sorted(catalog().tiers)


def conserved(comparison: Comparison) -> bool:
    """Whether tenants, idle and unallocated add up to the bill, counted here and not by the comparison."""
    before, after = comparison.before, comparison.after
    bill = sum(each.units for each in after.priced.charges) - sum(
        each.units for each in before.priced.charges
    )
    tenants = sum(line.total for line in after.statement.tenants) - sum(
        line.total for line in before.statement.tenants
    )
    nobodys = comparison.idle.difference + comparison.unallocated.difference
    return tenants + nobodys == bill


@pytest.mark.sample(2)
@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ["acme", "acme-staging", "borealis-migration", "cobalt"])
def test_nothing_gets_lost_between_two_tiers(name: str, tier: str) -> None:
    assert conserved(comparison_of(name, tier))


_TENANTS = st.lists(
    st.tuples(st.sampled_from(every_offer()), st.integers(1, 500)),
    max_size=6,
    unique_by=lambda pair: pair[0].tenant,
)


@given(_TENANTS, _TENANTS)
@examples(4, of=25)
def test_nothing_gets_lost_between_any_two_portfolios(before: list, after: list) -> None:  # type: ignore[type-arg]
    plans = [
        plan_of(
            *(
                one.model_copy(update={"options": one.options.model_copy(update={"users": users})})
                for one, users in side
            )
        )
        for side in (before, after)
    ]
    comparison = compared(*(cost_estimate(plan, conditions()) for plan in plans))
    assert conserved(comparison)
    back = compared(comparison.after, comparison.before)
    assert [each.cost.difference for each in back.tenants] == [
        -each.cost.difference for each in comparison.tenants
    ]


def test_a_comparison_that_lost_a_unit_is_refused() -> None:
    right = comparison_of("cobalt", "ha-postgresql")
    wrong = replace(right.after, statement=replace(right.after.statement, charged=right.charged.after + 1))
    with pytest.raises(UnreconciledStatementError, match="!= difference of the bill"):
        replace(right, after=wrong).proven()


def test_who_moves_and_who_only_pays_another_share() -> None:
    kinds = {each.tenant: each.kind for each in comparison_of("cobalt", "ha-postgresql").tenants}
    assert kinds["cobalt"] is Kind.MOVED
    assert kinds["acme"] is Kind.NEIGHBOUR  # cobalt's sessions leave the shared cache
    assert kinds["meridian"] is Kind.SAME  # it shares nothing that cobalt leaves


def test_a_setting_is_a_change_too() -> None:
    kinds = {each.tenant: each.kind for each in comparison_of("acme", users="9").tenants}
    assert kinds["acme"] is Kind.CHANGED


def test_who_comes_and_who_goes() -> None:
    before, after = plan_of(tenant("acme")), plan_of(tenant("borealis"))
    found = compared(cost_estimate(before, conditions()), cost_estimate(after, conditions())).tenants
    assert [(each.tenant, each.kind) for each in found] == [("acme", Kind.GONE), ("borealis", Kind.NEW)]
    assert found[0].cost.after == found[0].fee.after == 0
    assert found[1].cost.before == found[1].margin.before == 0


def test_a_new_stack_is_compared_with_nothing() -> None:
    comparison = compared(cost_estimate(emptied(local_plan()), conditions()), now())
    assert comparison.charged == Step(0, now().statement.charged)
    assert {each.kind for each in comparison.tenants} == {Kind.NEW}
    assert conserved(comparison)


def test_the_same_twice_is_empty() -> None:
    assert compared(now(), now()).empty
    assert not comparison_of("acme", users="9").empty


def test_parts_of_a_tenants_difference_add_up() -> None:
    for change in comparison_of("acme", "cross-region-backup").tenants:
        assert sum(step.difference for step in change.by_category.values()) == change.cost.difference
        assert sum(step.difference for step in change.by_domain.values()) == change.cost.difference
        assert change.direct.difference + change.pooled.difference == change.cost.difference
        assert sum(step.difference for step in change.by_pool.values()) == change.pooled.difference
        assert change.fee.difference - change.cost.difference == change.margin.difference


def test_lines_that_differ_hold_the_whole_difference() -> None:
    comparison = comparison_of("cobalt", "ha-postgresql")
    assert sum(line.cost.difference for line in comparison.lines) == comparison.charged.difference
    instance = next(line for line in comparison.lines if line.id == "cobalt/server#instance")
    assert instance.before is not None
    assert instance.before.item == "RDS PostgreSQL db.t4g.medium Single-AZ"
    assert instance.either.item == "RDS PostgreSQL db.r7g.large Single-AZ"
    other = next(line for line in comparison.lines if line.id == "cobalt/server#second-instance")
    assert other.before is None
    assert other.either.item == "RDS PostgreSQL db.r7g.large Multi-AZ"


def test_categories_of_the_bill_add_up_to_it() -> None:
    comparison = comparison_of("cobalt", "ha-postgresql")
    assert sum(step.after for step in comparison.by_category.values()) == comparison.charged.after
    assert comparison.margin.difference == comparison.fee.difference - comparison.charged.difference


def test_currencies_are_not_mixed() -> None:
    euros = replace(now(), plan=local_plan().model_copy(update={"currency": "EUR"}))
    with pytest.raises(ValueError, match="USD cannot be compared with EUR"):
        compared(now(), euros)


def test_a_price_that_changes_is_a_change() -> None:
    without = PriceBook([], "USD")
    comparison = compared(now(), cost_estimate(local_plan(), replace(conditions(), prices=without)))
    assert not comparison.empty
    assert comparison.charged.after == 0
    assert {each.kind for each in comparison.tenants} == {Kind.CHANGED}
    itemised = sum(
        line.id.endswith(("#second-instance", "#second-storage")) for line in comparison.lines
    )  # a line without a price is one, whatever it would be divided into
    assert itemised
    unpriced = len(comparison.after.priced.unpriced)
    assert unpriced == len(comparison.lines) - itemised + len(now().priced.unpriced)


def test_steps_name_what_is_on_either_side() -> None:
    assert steps_of({"gone": 1}, {"new": 2}) == {"new": Step(0, 2), "gone": Step(1, 0)}
