from __future__ import annotations

import pytest

from tests.portfolios import catalog, failing_over, local_portfolio, measured, two_regions
from tiers.facts.compute import NodeGroup
from tiers.facts.monitoring import LogShipper
from tiers.plan.capacity import add_capacity
from tiers.plan.plan import facts_of
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_more


def test_what_fits_is_left_alone() -> None:
    assert add_capacity(catalog(), local_portfolio()) == (local_portfolio(), ())


@pytest.mark.sample(1)
@pytest.mark.parametrize("count", [1, 30, 200])
def test_nodes_and_storage_grow_until_nothing_is_short(count: int) -> None:
    crowded = with_more(catalog(), local_portfolio(), "shared-namespace", count).portfolio
    roomy, notes = add_capacity(catalog(), crowded)
    plan = resolve(catalog(), roomy)
    short = [
        each for each in advice(catalog(), roomy, plan) if "add nodes" in each or "expected to store" in each
    ]
    assert short == []
    (before,) = facts_of(resolve(catalog(), crowded).platform, NodeGroup)
    (after,) = facts_of(plan.platform, NodeGroup)
    assert (after.nodes > before.nodes) is any("more nodes" in note for note in notes)


def test_one_node_fewer_would_be_too_few() -> None:
    crowded = with_more(catalog(), local_portfolio(), "shared-namespace", 60).portfolio
    roomy = add_capacity(catalog(), crowded).portfolio
    (group,) = roomy.platform.cluster.node_groups
    fewer = roomy.platform.cluster.model_copy(
        update={"node_groups": (group.model_copy(update={"nodes": group.nodes - 1}),)}
    )
    tight = roomy.model_copy(update={"platform": roomy.platform.model_copy(update={"cluster": fewer})})
    assert any("add nodes" in each for each in advice(catalog(), tight, resolve(catalog(), tight)))


@pytest.mark.whole("nodes grow until nothing is short above")
def test_a_node_that_is_added_runs_a_log_shipper_too() -> None:
    shipped = local_portfolio().model_copy(update={"platform": measured()})
    crowded = with_more(catalog(), shipped, "shared-namespace", 200).portfolio
    roomy, _ = add_capacity(catalog(), crowded)
    plan = resolve(catalog(), roomy)
    (group,) = facts_of(plan.platform, NodeGroup)
    (shipper,) = facts_of(plan.platform, LogShipper)
    assert shipper.replicas == group.nodes
    assert not any("add nodes" in each for each in advice(catalog(), roomy, plan))


def test_pods_in_a_second_region_take_no_nodes_of_the_first() -> None:
    """A tenant that works there has pods on nodes of that cluster, which are counted there.

    Of a region that is lost nothing changes, so the tenant's pods are declared in both.
    """

    def short(stage: str | None, nodes: int) -> tuple[list[str], tuple[str, ...]]:
        usual = two_regions()
        group = usual.cluster.node_groups[0].model_copy(update={"nodes": nodes, "node_class": "m7g.large"})
        cluster = usual.cluster.model_copy(update={"node_groups": (group,)})
        one = failing_over(stage, **({"first_region": "lost"} if stage else {}))
        crowd = Portfolio(platform=usual.model_copy(update={"cluster": cluster}), tenants=(one,))
        said = advice(catalog(), crowd, resolve(catalog(), crowd))
        return [each for each in said if "add nodes" in each], add_capacity(catalog(), crowd).notes

    nodes = next(each for each in range(1, 50) if short(None, each) == ([], ()))
    assert short("settled", nodes) == ([], ())
