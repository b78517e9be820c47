"""Sizes of a tenant's own server and cache: rows of the menus, and only where it has its own."""

from __future__ import annotations

import pytest

from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.errors import CatalogError
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.sizes.faults import size_faults
from tiers.portfolio.tenant import Move, Portfolio
from tiers.portfolio.what_if import with_platform, with_tenant, with_tiers
from tiers.vocabulary import MoveStage


def of(portfolio: Portfolio, name: str) -> TenantPlan:
    (found,) = (each for each in plan_of(*portfolio.tenants).tenants if each.tenant == name)
    return found


def test_a_tenant_chooses_the_size_of_its_own_server_and_cache() -> None:
    options = {"users": 40, "database_class": "s", "cache_class": "m"}
    (plan,) = plan_of(tenant("acme", tier="ha-postgresql", options=options)).tenants
    (server,), (cache,) = facts_of(plan.facts, DatabaseInstance), facts_of(plan.facts, CacheGroup)
    assert (server.instance_class, cache.node_type) == ("db.t4g.medium", "cache.t4g.medium")
    (usual,) = plan_of(tenant("acme", tier="ha-postgresql", options={"users": 40})).tenants
    (server,), (cache,) = facts_of(usual.facts, DatabaseInstance), facts_of(usual.facts, CacheGroup)
    assert (server.instance_class, cache.node_type) == ("db.r7g.large", "cache.t4g.small")


@pytest.mark.parametrize(
    ("tier", "options", "said"),
    [
        (
            "ha-postgresql",
            {"database_class": "xl"},
            "'xl' is not in Costack's classes.yaml; there are l, m, s",
        ),
        (
            "shared-namespace",
            {"database_class": "m"},
            "on shared-namespace its database is on the shared server",
        ),
        (
            "dedicated-db",
            {"cache_class": "m"},
            "on dedicated-db its sessions are in the shared cache; take the",
        ),
        ("dedicated-db", {"database_class": "m"}, None),
    ],
)
def test_a_size_that_is_not_allowed_is_told(tier: str, options: dict[str, str], said: str | None) -> None:
    made = tenant("acme", tier=tier, options={"users": 5, **options})
    found = list(size_faults(made, catalog()))
    assert [(where, message.startswith(said or "")) for where, message in found] == (
        [(("options", *options), True)] if said else []
    )


def test_a_tenant_that_moves_may_have_the_size_of_either_tier() -> None:
    move = Move(from_tier="dedicated-db", stage=MoveStage.EXPAND)
    made = tenant("acme", tier="shared-namespace", options={"users": 5, "database_class": "m"})
    assert list(size_faults(made, catalog()))
    assert not list(size_faults(made.model_copy(update={"move": move}), catalog()))


def test_a_what_if_drops_the_size_of_what_the_other_tier_does_not_have() -> None:
    sized = with_tenant(
        catalog(), local_portfolio(), "halcyon", None, {"cache_class": "m", "database_class": "m"}
    )
    for moved in (
        with_tenant(catalog(), sized.portfolio, "halcyon", "dedicated-db"),
        with_tiers(catalog(), sized.portfolio, {"ha-postgresql": "dedicated-db"}),
    ):
        (found,) = (each for each in moved.portfolio.tenants if each.tenant == "halcyon")
        assert (found.options.database_class, found.options.cache_class) == ("m", None)
        assert "halcyon: options.cache_class is dropped: dedicated-db has none" in moved.notes


def test_settings_of_the_platform_are_supposed_by_their_path() -> None:
    changed = with_platform(
        catalog(),
        local_portfolio(),
        {"database.database_class": "m", "cluster.node_groups.general.nodes": "2"},
    ).portfolio.platform
    assert (changed.database.database_class, changed.cluster.node_groups[0].nodes) == ("m", 2)
    assert changed.cluster.node_groups[0].node_class == "m7g.xlarge"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("database.class", "m", "platform.yaml has no setting 'database.class' with a value to replace"),
        ("cluster.node_groups.general", "m", "no setting 'cluster.node_groups.general' with a value"),
        ("cluster.node_groups.other.nodes", "1", "no setting 'cluster.node_groups.other.nodes'"),
        ("database.database_class.size", "m", "no setting 'database.database_class.size'"),
        ("", "m", "no setting ''"),
        ("database.database_class", "xl", "platform: database.database_class: 'xl' is not in Costack's"),
        ("cluster.node_groups.general.nodes", "none", "nodes: expected a whole number"),
        ("region", "eu-west-1", "platform: network.zones.0: 'us-east-1a' is no zone of eu-west-1"),
        (
            "currency",
            "EUR",
            "what if: tenant acme: tier: shared-namespace is sold in USD, but the platform's",
        ),
    ],
)
def test_a_setting_of_the_platform_that_cannot_be_is_told(path: str, value: str, said: str) -> None:
    with pytest.raises(CatalogError) as refused:
        with_platform(catalog(), local_portfolio(), {path: value})
    assert any(said in problem for problem in refused.value.problems), refused.value.problems
