"""The cluster that waits in a second region is paid by those who may fail over there, and by nobody else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from allocation.billed.billed_statement import billed_allocation, deployed_in
from allocation.charges import ChargePeriod
from allocation.engine.drivers import DECLARED, Driver
from allocation.engine.rulebook import rules_on
from allocation.estimate.assumptions import Assumptions
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from tests.allocation.previews import NOVEMBER, prices
from tests.allocation.small import Line, loaded
from tests.portfolios import plan_of, tenant, two_regions
from tiers.inventory import Inventory
from tiers.plan.plan import Plan
from tiers.portfolio.tenant import Tenant

DECEMBER = ChargePeriod.month("2026-12")
POOL = "second-region"
CONTROL_PLANE = "platform/eu-west-1/control-plane"
SOLD = st.sampled_from(("shared-namespace", "cross-region-backup", "with a standby"))


def estimated(plan: Plan) -> CostEstimate:
    rules = rules_on(DECEMBER.start.date())
    return cost_estimate(plan, Conditions(DECEMBER, prices(), rules, Assumptions(date(2026, 12, 31))))


def sold(name: str, what: str, users: int) -> Tenant:
    stands_by = what == "with a standby"
    tier = "cross-region-backup" if stands_by else what
    return tenant(name, tier=tier, options={"users": users, "warm_standby": stands_by})


def planned(*tenants: Tenant) -> Plan:
    return plan_of(*tenants, platform=two_regions())


@trying(max_examples=8)
@given(st.lists(st.tuples(SOLD, st.integers(1, 400)), min_size=1, max_size=3))
def test_who_may_not_fail_over_pays_nothing_of_it(several: list[tuple[str, int]]) -> None:
    plan = planned(*(sold(f"t{number}", *each) for number, each in enumerate(several)))
    found = estimated(plan)
    statement = found.statement
    whole = sum(each.units for each in found.priced.charges if each.fact == CONTROL_PLANE)
    may = {f"t{number}": users for number, (what, users) in enumerate(several) if what == "with a standby"}
    shares = {line.tenant: line.pooled.get(POOL, 0) for line in statement.tenants}
    assert whole > 0
    assert statement.stated == statement.charged
    assert {name for name, units in shares.items() if units} == set(may)
    assert sum(shares.values()) == (whole if may else 0)
    if not may:
        assert whole in {each.units for each in statement.unallocated}
    for name, users in may.items():
        assert abs(shares[name] - Fraction(whole * users, sum(may.values()))) < 1


def test_a_preview_says_what_a_new_standby_takes_over_of_it() -> None:
    others = (sold("acme", "with a standby", 30), sold("borealis", "shared-namespace", 50))
    before = estimated(planned(*others, sold("cygnus", "cross-region-backup", 10)))
    after = estimated(planned(*others, sold("cygnus", "with a standby", 10)))
    comparison = compared(before, after)
    moved = {change.tenant: change.by_pool[POOL] for change in comparison.tenants if POOL in change.by_pool}
    assert moved["cygnus"].before == 0
    assert moved["cygnus"].difference == -moved["acme"].difference > 0
    assert moved["acme"].after == 3 * moved["cygnus"].after
    assert all(step.difference == 0 for name, step in moved.items() if name == "borealis")


def test_a_bill_knows_it_by_the_arn_in_the_inventory() -> None:
    plan = planned(sold("acme", "with a standby", 30), sold("borealis", "shared-namespace", 50))
    arn = "arn:aws:eks:eu-west-1:123456789012:cluster/odoo-standby"
    inventory = Inventory(plan=plan, cloud_ids={CONTROL_PLANE: arn})
    deployed = deployed_in(NOVEMBER, [(datetime(2026, 1, 1, tzinfo=UTC), inventory)])
    lines = [Line(73, values={"resource_id": arn, "service": "Amazon Elastic Kubernetes Service"})]
    with loaded(lines, []) as connection:
        statement, sources, _ = billed_allocation(connection, deployed, NOVEMBER, rules_on(date(2026, 12, 1)))
    assert {line.tenant: line.pooled.get(POOL, 0) for line in statement.tenants} == {
        "acme": 73,
        "borealis": 0,
    }
    assert sources[Driver.FAILOVER_USERS] == DECLARED
