"""Plans of one portfolio after another are those that each of them would have by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import (
    catalog,
    every_offer,
    local_portfolio,
    measured,
    routed,
    tenant,
    two_regions,
    watched_over,
)
from tests.sampling import examples
from tiers.errors import CatalogError
from tiers.plan.resolve import Resolver, resolve
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.what_if import with_tenant

STEPS = st.tuples(
    st.sampled_from([each.tenant for each in local_portfolio().tenants]),
    st.sampled_from(sorted(catalog().tiers)),
    st.integers(1, 60),
)


@examples(3, of=40)
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_a_plan_after_others_is_the_one_it_would_be_alone(steps: list[tuple[str, str, int]]) -> None:
    start = local_portfolio()
    resolver = Resolver(catalog(), start.platform)
    portfolios = [start]
    for name, tier, users in steps:
        try:
            supposed = with_tenant(catalog(), portfolios[-1], name, tier, {"users": str(users)}).portfolio
        except CatalogError:
            continue
        portfolios.append(supposed)
    for portfolio in (*portfolios, start, portfolios[-1]):
        assert resolver.plan(portfolio) == resolve(catalog(), portfolio)


def test_a_tenant_that_stays_keeps_its_plan_and_the_one_that_changed_does_not() -> None:
    start = local_portfolio()
    resolver = Resolver(catalog(), start.platform)
    before = {each.tenant: each for each in resolver.plan(start).tenants}
    changed = with_tenant(catalog(), start, "acme", None, {"users": "14"}).portfolio
    after = {each.tenant: each for each in resolver.plan(changed).tenants}
    assert [name for name in before if after[name] is not before[name]] == ["acme"]


def test_what_another_tenant_asks_of_one_is_not_kept() -> None:
    """A live refresh of one makes a backup of the other, whose own file says nothing of it."""
    restore = {"at": "2026-11-29T01:15:00Z", "from_tenant": "acme", "live": True, "stage": "prepare"}
    production = tenant("acme", client="acme-ltd")
    larger = tenant("acme", client="acme-ltd", tier="dedicated-db")
    staging = tenant("a-staging", client="acme-ltd", environment="staging")
    asking = tenant("a-staging", client="acme-ltd", environment="staging", restore=restore)
    platform = local_portfolio().platform
    resolver = Resolver(catalog(), platform)
    plans = []
    for tenants in ((staging, production), (asking, production), (asking, larger), (staging, production)):
        portfolio = Portfolio(platform=platform, tenants=tenants)
        plans.append(resolver.plan(portfolio))
        assert plans[-1] == resolve(catalog(), portfolio)
    quiet, asked, of_larger, _ = (plan.tenants for plan in plans)
    assert len(asked[1].facts) > len(quiet[1].facts)
    assert of_larger[0] != asked[0]


def sized(platform: Platform, nodes: int, storage_gib: int) -> Platform:
    """*platform* with other capacity."""
    groups = tuple(group.model_copy(update={"nodes": nodes}) for group in platform.cluster.node_groups)
    return platform.model_copy(
        update={
            "cluster": platform.cluster.model_copy(update={"node_groups": groups}),
            "database": platform.database.model_copy(
                update={"storage_gib": storage_gib, "max_storage_gib": 2 * storage_gib}
            ),
        }
    )


@pytest.mark.parametrize("capacity", [(1, 20), (9, 3_000)])
def test_capacity_is_of_no_tenants_plan(capacity: tuple[int, int]) -> None:
    """So each keeps its plan when nodes and storage grow."""
    for platform, tenants in ((local_portfolio().platform, local_portfolio().tenants), everything()):
        resolver = Resolver(catalog(), platform)
        before = resolver.plan(Portfolio(platform=platform, tenants=tenants))
        larger = Portfolio(platform=sized(platform, *capacity), tenants=tenants)
        after = resolver.plan(larger)
        assert after == resolve(catalog(), larger) != before
        assert all(one is other for one, other in zip(before.tenants, after.tenants, strict=True))


def everything() -> tuple[Platform, tuple[Tenant, ...]]:
    """Tenants of every offer, on a platform with everything that reaches into their facts."""
    return routed(watched_over(measured(two_regions()))), tuple(every_offer())


def test_a_plan_that_is_equal_to_one_that_is_known_is_that_one() -> None:
    start = local_portfolio()
    known = resolve(catalog(), start)
    changed = with_tenant(catalog(), start, "acme", None, {"users": "14"}).portfolio
    found = Resolver(catalog(), start.platform, known.tenants).plan(changed)
    same = [one.tenant for one, other in zip(found.tenants, known.tenants, strict=True) if one is other]
    assert same == [each.tenant for each in known.tenants if each.tenant != "acme"]
    assert found == resolve(catalog(), changed)


@pytest.mark.parametrize("nodes", [1, 9])
def test_another_platform_is_another_plan_for_everybody(nodes: int) -> None:
    start = local_portfolio()
    resolver = Resolver(catalog(), start.platform)
    resolver.plan(start)
    group = start.platform.cluster.node_groups[0].model_copy(update={"nodes": nodes})
    cluster = start.platform.cluster.model_copy(update={"node_groups": (group,)})
    other = Portfolio(
        platform=start.platform.model_copy(update={"cluster": cluster, "portfolio": "other"}),
        tenants=start.tenants,
    )
    assert resolver.plan(other) == resolve(catalog(), other)
    assert resolver.plan(start) == resolve(catalog(), start)
