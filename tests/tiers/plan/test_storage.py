from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import local_plan, plan_of, tenant
from tiers.facts.data import DatabaseInstance
from tiers.plan.plan import Plan, facts_of
from tiers.plan.storage import grown, keeping_storage

LARGE = plan_of(tenant("acme", tier="ha-postgresql"))
SMALL = plan_of(tenant("acme", tier="dedicated-db"))
SHARED = plan_of(tenant("acme"))


def server(plan: Plan) -> DatabaseInstance:
    return facts_of(plan.tenants[0].facts, DatabaseInstance)[0]


def test_a_smaller_offer_keeps_the_larger_disk_and_says_so() -> None:
    after, (note,) = keeping_storage(LARGE, SMALL)
    assert (server(LARGE).storage_gib, server(SMALL).storage_gib, server(after).storage_gib) == (100, 50, 100)
    assert note.startswith("acme/server: keeps its 100 GiB, 50 GiB would be enough")
    assert server(after).instance_class == server(SMALL).instance_class


@pytest.mark.parametrize(
    ("before", "after"), [(SMALL, LARGE), (SHARED, SMALL), (LARGE, SHARED), (SMALL, SMALL)]
)
def test_what_grows_comes_or_goes_is_as_planned(before: Plan, after: Plan) -> None:
    assert keeping_storage(before, after) == (after, ())


@given(st.integers(20, 2000))
def test_a_server_has_what_it_grew_to_and_never_less_than_planned(gib: int) -> None:
    plan = grown(SMALL, {"acme/server": gib})
    assert server(plan).storage_gib == max(50, gib)
    assert server(plan).max_storage_gib >= server(plan).storage_gib
    assert grown(plan, {"acme/server": gib}) == plan


def test_the_shared_server_grows_too_and_nothing_else_changes() -> None:
    plan = grown(local_plan(), {"platform/database": 80, "nobody/server": 10})
    (database,) = facts_of(plan.platform, DatabaseInstance)
    assert database.storage_gib == 80
    assert plan.tenants == local_plan().tenants
