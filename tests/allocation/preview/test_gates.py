from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import AllocationError
from allocation.preview.comparison import Comparison, Step, compared
from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.gates import Gates, Limit
from tests.allocation.previews import comparison_of, conditions, now
from tests.portfolios import catalog, local_plan, local_portfolio, plan_of, tenant
from tiers.change.effects import effects_of
from tiers.plan.resolve import resolve
from tiers.vocabulary import TenantId


def upwards() -> Comparison:
    return comparison_of("cobalt", "ha-postgresql")


def downwards() -> Comparison:
    return comparison_of("halcyon", "shared-namespace")


def limits(*texts: str) -> Gates:
    return Gates(tuple(map(Limit.parsed, texts)))


@pytest.mark.parametrize("text", ["50", "50/month", "-1/mo", "ten%", "5 %", "", "1e3%", "1/mo "])
def test_a_limit_is_an_amount_a_month_or_a_part(text: str) -> None:
    with pytest.raises(AllocationError, match="expected an amount per month such as 50/mo"):
        Limit.parsed(text)


@given(st.integers(0, 10**14), st.integers(-(10**14), 10**14), st.integers(0, 300))
def test_a_part_is_exceeded_beyond_it_and_not_at_it(before: int, rise: int, percent: int) -> None:
    step = Step(before, before + rise)
    assert Limit.parsed(f"{percent}%").exceeded_by(step) is (Decimal(rise) > Decimal(before) * percent / 100)


def test_an_amount_is_exceeded_beyond_it_and_not_at_it() -> None:
    assert not Limit.parsed("50/mo").exceeded_by(Step(0, 50 * 10**10))
    assert Limit.parsed("50/mo").exceeded_by(Step(0, 50 * 10**10 + 1))


def test_from_nothing_every_rise_is_too_much() -> None:
    assert Limit.parsed("1000%").exceeded_by(Step(0, 1))
    assert not Limit.parsed("0%").exceeded_by(Step(0, 0))


def test_a_bill_that_rises_too_far_is_one_sentence() -> None:
    (reported,) = limits("50/mo").failed(upwards())
    assert reported.startswith("the bill rises by ")
    assert "more than the 50/mo allowed" in reported
    assert len(limits("50/mo", "10%").failed(upwards())) == 2
    assert limits("2000/mo", "50%").failed(upwards()) == ()


def test_a_bill_that_falls_is_never_too_much() -> None:
    assert limits("0/mo", "0%").failed(downwards()) == ()


def test_a_margin_below_the_floor_names_its_tenant() -> None:
    (reported,) = Gates(margin_floor_percent=Decimal(30)).failed(comparison_of("acme", users="60"))
    assert reported.startswith("acme: the margin falls to ")
    assert "below the floor of 30 %" in reported


def test_a_neighbour_that_is_pushed_below_the_floor_counts() -> None:
    line = next(each for each in upwards().tenants if each.tenant == "acme")
    between = Decimal(100 * line.margin.before) / line.fee.before
    reported = Gates(margin_floor_percent=between).failed(upwards())
    assert any(each.startswith("acme: ") for each in reported)


def test_who_was_below_and_gets_no_worse_is_not_this_changes_doing() -> None:
    same = compared(now(), now())
    assert Gates(margin_floor_percent=Decimal(99)).failed(same) == ()


def test_a_budget_of_the_tenants_own_file_always_holds() -> None:
    (reported,) = Gates().failed(comparison_of("acme", budget_per_month="100.00"))
    assert reported.startswith("acme: costs ")
    assert "more than its budget_per_month of 100.00" in reported
    assert Gates().failed(comparison_of("acme", budget_per_month="1000.00")) == ()


def test_no_changes_were_expected() -> None:
    (reported,) = Gates(no_changes=True).failed(upwards())
    assert "cobalt" in reported
    assert Gates(no_changes=True).failed(compared(now(), now())) == ()


def test_a_tenant_that_is_gone_fails_by_itself_unless_it_is_named() -> None:
    comparison = compared(
        *(cost_estimate(plan_of(*map(tenant, names)), conditions()) for names in ("abc", "c"))
    )
    effects = effects_of(comparison.before.plan, comparison.after.plan)
    lost = Gates().failed(comparison, effects)
    assert [each.partition(":")[0] for each in lost] == ["a", "b"]
    assert "`costack decommission a`" in lost[0]
    (other,) = Gates(gone=frozenset({TenantId("a")})).failed(comparison, effects)
    assert other.startswith("b: is gone")
    both = Gates(gone=frozenset({TenantId("a"), TenantId("b")}), fail_on=("data",))
    assert both.failed(comparison, effects) == ()


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("restart",), {"major", "restart"}),
        (("major",), {"major"}),
        (("data",), {"data"}),
        (("data", "major"), {"data", "major"}),
        ((), set()),
    ],
)
def test_effects_fail_by_the_words_that_name_them(words: tuple[str, ...], kinds: set[str]) -> None:
    database = local_portfolio().platform.database
    newer = database.model_copy(update={"engine_version": "18.1", "backup_retention_days": 7})
    images = local_portfolio().platform.images
    odoo = images.odoo.model_copy(update={"addons_path": ("/opt/addons",)})
    update = {"database": newer, "images": images.model_copy(update={"odoo": odoo})}
    platform = local_portfolio().platform.model_copy(update=update)
    plan = resolve(catalog(), local_portfolio().model_copy(update={"platform": platform}))
    comparison = compared(now(), cost_estimate(plan, conditions()))
    assert comparison.charged.difference <= 0  # what costs nothing is not harmless
    failed = Gates(fail_on=words).failed(comparison, effects_of(local_plan(), plan))
    assert {each.partition(":")[0] for each in failed} == kinds
    for sentence in failed:
        named = sentence.rpartition("(--fail-on ")[2].removesuffix(")").split(",")
        assert named
        assert set(named) <= set(words)


def test_a_decommissioned_tenant_is_gone_as_was_asked_and_is_named_too() -> None:
    ended = tenant("a", lifecycle_stage="decommissioning", protected=False)
    plans = (plan_of(ended, tenant("b")), plan_of(tenant("b")))
    comparison = compared(*(cost_estimate(plan, conditions()) for plan in plans))
    (sentence,) = Gates().failed(comparison)
    assert sentence == "a: is gone, as its decommission asks; say that it may be with --gone a"
    assert Gates(gone=frozenset({TenantId("a")})).failed(comparison) == ()
