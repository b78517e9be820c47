from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from allocation.billed.billed_statement import billed_allocation, deployed_in, terms_of
from allocation.charges import ChargePeriod
from allocation.engine.drivers import CAPACITY, DECLARED, MEASURED, Driver
from allocation.errors import AllocationError
from allocation.money import units_of
from allocation.statement.statement import Term
from tests.allocation.rulebooks import POOL, rulebook
from tests.allocation.small import TAGS, Line, Usage, loaded
from tests.portfolios import plan_of, tenant
from tiers.inventory import Inventory
from tiers.vocabulary import Environment

NOVEMBER = ChargePeriod.month("2026-11")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SIXTEENTH = datetime(2026, 11, 16, tzinfo=UTC)


def inventory(*names: str, **ids: str) -> Inventory:
    plan = plan_of(*(tenant(name) for name in names))
    return Inventory(plan=plan, cloud_ids={f"platform/{fact}": arn for fact, arn in ids.items()})


BEFORE, AFTER = inventory("acme", "zephyr"), inventory("acme", "newcomer")
MOVED = deployed_in(NOVEMBER, [(SIXTEENTH, AFTER), (LONG_AGO, BEFORE)])


def test_inventories_are_in_force_one_after_the_other() -> None:
    assert [(one.start, one.end) for one in MOVED] == [
        (NOVEMBER.start, SIXTEENTH),
        (SIXTEENTH, NOVEMBER.end),
    ]


def test_one_that_is_over_or_not_there_yet_is_left_out() -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    (only,) = deployed_in(NOVEMBER, [(LONG_AGO, BEFORE), (later, AFTER)])
    assert only.inventory is BEFORE


def test_an_inventory_is_needed() -> None:
    with pytest.raises(AllocationError, match="no inventory: it is needed for the tenants"):
        deployed_in(NOVEMBER, [])


def test_two_portfolios_have_one_currency_and_no_tenant_of_the_same_id() -> None:
    there = BEFORE.plan.model_copy(update={"portfolio": "elsewhere"})
    other = BEFORE.model_copy(update={"plan": there})
    with pytest.raises(
        AllocationError, match="tenant 'acme' is in portfolio elsewhere and in portfolio local"
    ):
        deployed_in(NOVEMBER, [(LONG_AGO, BEFORE), (SIXTEENTH, other)])
    euros = BEFORE.model_copy(update={"plan": there.model_copy(update={"currency": "EUR", "tenants": ()})})
    with pytest.raises(AllocationError, match="one currency, found elsewhere in EUR, local in USD"):
        deployed_in(NOVEMBER, [(LONG_AGO, BEFORE), (LONG_AGO, euros)])


def test_a_fee_is_paid_for_the_time_a_tenant_was_there() -> None:
    whole = units_of(BEFORE.plan.tenants[0].fee_per_month)
    fees = {term.tenant: term.fee for term in terms_of(MOVED, NOVEMBER)}
    assert fees == {"acme": whole, "newcomer": whole // 2, "zephyr": whole // 2}


@pytest.mark.parametrize(
    ("usage", "how", "idle"),
    [
        ([], DECLARED, True),
        ([Usage("acme", "cpu-requests", 9)], MEASURED, True),
        ([Usage("acme", "cpu-requests", 9), Usage(CAPACITY, "cpu-requests", 9)], MEASURED, False),
    ],
)
def test_what_was_not_measured_is_declared(usage: list[Usage], how: str, *, idle: bool) -> None:
    rules = rulebook(POOL | {"idle": "keep"})
    with loaded([Line(10**10)], usage) as connection:
        statement, sources, _ = billed_allocation(connection, MOVED, NOVEMBER, rules)
    assert sources == {Driver.CPU_REQUESTS: how}
    assert (statement.idle_total > 0) is idle
    assert {line.tenant for line in statement.tenants} == {"acme", "newcomer", "zephyr"}


def test_a_pool_is_not_divided_by_users_while_a_tenant_was_not_counted() -> None:
    rules = rulebook(POOL | {"driver": {"measure": "users"}})
    counted = [Usage(name, "users", 9) for name in ("acme", "newcomer", "zephyr")]
    with (
        loaded([Line(10**10)], counted[:2]) as connection,
        pytest.raises(AllocationError, match="the users of 2 of 3 tenants, and not of zephyr: add rows"),
    ):
        billed_allocation(connection, MOVED, NOVEMBER, rules)
    with loaded([Line(10**10)], counted) as connection:
        _, sources, _ = billed_allocation(connection, MOVED, NOVEMBER, rules)
    assert sources == {Driver.USERS: MEASURED}


def test_a_resource_is_known_by_its_arn_or_by_the_end_of_it() -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/costack/50dc6c495c0c9188"
    deployed = deployed_in(NOVEMBER, [(LONG_AGO, inventory("acme", database=arn))])
    rules = rulebook(
        POOL, rules=[{"rule": "known", "pool": "nodes", "when": {"facts": ["database-instance"]}}]
    )
    lines = [Line(3, values={"resource_id": name}) for name in (arn, "50dc6c495c0c9188", "another")]
    with loaded(lines, []) as connection:
        statement, _, _ = billed_allocation(connection, deployed, NOVEMBER, rules)
    assert statement.pooled + statement.idle_total == 6
    assert statement.unallocated_total == 3


def test_days_count_by_their_length() -> None:
    (first, second) = MOVED
    length = [Fraction((one.end - one.start).days, 30) for one in (first, second)]
    assert length == [Fraction(1, 2), Fraction(1, 2)]


def test_what_is_kept_of_a_tenant_that_ended_stays_its_clients() -> None:
    """A snapshot bears its tags; without a word about who it was, nobody would pay for it."""
    deployed = deployed_in(NOVEMBER, [(LONG_AGO, inventory("zephyr"))])
    rules = rulebook(POOL, rules=[{"rule": "its", "direct": True, "when": {"owner": "tenant"}}])
    lines = [Line(7, values={"tags": json.dumps(TAGS)})]
    gone = Term("acme", "acme-ltd", Environment.PRODUCTION, "ha-postgresql", 0)
    with loaded(lines, []) as connection:
        unknown, _, _ = billed_allocation(connection, deployed, NOVEMBER, rules)
    assert unknown.unallocated_total == 7
    with loaded(lines, []) as connection:
        known, _, _ = billed_allocation(connection, deployed, NOVEMBER, rules, ended=[gone])
    assert {line.tenant: (line.direct, line.fee) for line in known.tenants}["acme"] == (7, 0)
    assert known.unallocated_total == 0
