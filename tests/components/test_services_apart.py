"""Each tenant reaches its own server and cache and nobody else's: security groups and network policies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.reachability import NotUnderstoodError, Pod
from tests.components.security_groups import GROUP, POD_POLICY, RULE, Reach, Service, reach_faults, reach_of
from tests.components.test_created import creating
from tests.components.whole import whole, whole_plan
from tests.portfolios import catalog, every_offer, measured, one_cluster, plan_of, tenant
from tiers.facts.every_fact import DatabaseInstance, Network
from tiers.facts.network import subnet_ranges
from tiers.plan.plan import Plan, fact_named, facts_of
from tiers.portfolio.move import data_moves
from tiers.portfolio.platform import Platform
from tiers.vocabulary import Environment, MoveStage

STRANGER = Pod("a pod of another tenant", "elsewhere", {"app.kubernetes.io/instance": "other"})


def platforms() -> dict[str, Platform]:
    """Platforms whose pods have groups of their own, in an adopted cluster and in a created one."""
    return {"adopted": one_cluster(), "created": creating(pod_security_groups=True, api_cidrs=[])}


@cache
def plan(kind: str) -> Plan:
    """Every offer, two more tenants that share, and two more with a server and a cache of their own."""
    neighbours = [tenant(name) for name in ("acme", "borealis")]
    rivals = [tenant(name, tier="ha-postgresql") for name in ("carina", "carina-2")]
    offers = every_offer()
    if kind == "created":
        offers = [
            each.model_copy(update={"options": each.options.model_copy(update={"warm_standby": False})})
            for each in offers
        ]
    return plan_of(*offers, *neighbours, *rivals, platform=platforms()[kind])


@cache
def declared(kind: str) -> tuple[Declared, ...]:
    return tuple(declare_plan(plan(kind)))


def reach(of: Plan, made: Sequence[Declared]) -> Reach:
    network = fact_named(of.platform, Network, "network")
    subnets = list(network.subnet_cidrs) or subnet_ranges(network.cidr, len(network.zones))
    return reach_of(made, network.client_cidrs, subnets)


def own(over: Reach) -> list[Service]:
    return [each for each in over.services if each.tenant is not None]


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", platforms())
def test_every_pod_reaches_what_it_needs_and_no_neighbours_server(kind: str) -> None:
    assert reach_faults(plan(kind), declared(kind)) == []
    over = reach(plan(kind), declared(kind))
    pods = [pod for pod in over.network.pods if pod.labels["app.kubernetes.io/name"] == "odoo"]
    assert len(own(over)) >= 8
    assert len(pods) >= 60
    for pod, service in product(pods, own(over)):
        if service.tenant != pod.tenant:
            assert not over.admits(pod, service), (pod.name, service.name)


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", platforms())
def test_a_pod_without_the_group_is_not_let_in_wherever_it_runs(kind: str) -> None:
    """The node itself, a pod of the platform, one of a tenant that shares: each has the node's group."""
    over = reach(plan(kind), declared(kind))
    assert over.groups_of(STRANGER) == frozenset()
    assert not [each.name for each in own(over) if over.admits(STRANGER, each)]
    shared = [each for each in over.services if each.tenant is None]
    assert [over.admits(STRANGER, each) for each in shared] == [True, True]


def test_pods_that_share_everything_take_no_interface_of_their_own() -> None:
    over = reach(plan("adopted"), declared("adopted"))
    grouped = {pod.tenant for pod in over.network.pods if over.groups_of(pod)}
    assert grouped == {each.tenant for each in own(over)}


@pytest.mark.whole("every pod reaches what it needs by it: tried here")
def test_pods_keep_the_group_of_the_cluster() -> None:
    """It carries names, the ingress controller and the API; a group of the tenant's has no rule."""
    for kind, cluster in (("adopted", "sg-0c0c0c0c"), ("created", "local-cluster-group")):
        over = reach(plan(kind), declared(kind))
        for pod in over.network.pods:
            groups = over.groups_of(pod)
            assert groups in (frozenset(), {cluster, f"local-{pod.tenant}-pods-id"})
        assert not [group for group in over.rules if group.endswith("-pods-id")]


@pytest.mark.whole("the rules of a cluster without groups for pods; those with groups are tried here")
def test_without_groups_a_servers_own_group_lets_in_the_clusters_addresses_and_no_more() -> None:
    """What the threat model says is open: its password is what keeps a server of one's own apart."""
    assert reach_faults(whole_plan(), whole()) == []
    over = reach(whole_plan(), whole())
    assert len(own(over)) >= 4
    assert len({each.groups for each in over.services}) == 1 + len({each.tenant for each in own(over)})
    for service in own(over):
        assert over.admits(STRANGER, service)
        rules = [rule for group in service.groups for rule in over.rules[group]]
        assert {rule.cidr for rule in rules} == {"10.20.0.0/16"}
        ports = {rule.first for rule in rules} | {rule.last for rule in rules}
        assert service.port in ports <= {5432, 6379}
    assert not [each for each in whole() if each.type == POD_POLICY]


def moves() -> list[tuple[str, str]]:
    """Every move that brings a server or a cache, or takes one away; a second region changes none of it."""
    names = sorted(catalog().tiers.keys() - {"cross-region-backup"})
    return [
        (one, other)
        for one, other in product(names, names)
        if one != other and data_moves(catalog(), Environment.PRODUCTION, one, other)
    ]


EVERY = bool(os.environ.get("COSTACK_EVERY_COMBINATION"))


def moments() -> list[tuple[str, str, MoveStage]]:
    """Every move at every stage in `make torture`; in `make test` every move, and every stage, once."""
    stages = list(MoveStage)
    return [
        (origin, tier, stage)
        for number, (origin, tier) in enumerate(moves())
        for at, stage in enumerate(stages)
        if EVERY or (at + number) % len(stages) == 0
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize(("origin", "tier", "stage"), moments())
def test_while_it_moves_a_tenant_reaches_both_of_its_servers(
    origin: str, tier: str, stage: MoveStage
) -> None:
    moving = tenant("acme", tier=tier, move={"from_tier": origin, "stage": stage})
    moved = plan_of(moving, tenant("borealis", tier="ha-postgresql"), platform=measured(one_cluster()))
    made = declare_plan(moved)
    assert facts_of(moved.tenants[0].facts, DatabaseInstance)
    assert reach_faults(moved, made) == []


@cache
def rivals() -> tuple[Plan, tuple[Declared, ...]]:
    acme, borealis = (tenant(name, tier="ha-postgresql") for name in ("acme", "borealis"))
    made = plan_of(acme, borealis, platform=one_cluster())
    return made, tuple(declare_plan(made))


def without(kind: str) -> Callable[[Declared], Declared | None]:
    return lambda each: None if each.type == kind else each


def rewritten(kind: str, old: str, new: str) -> Callable[[Declared], Declared]:
    def change(each: Declared) -> Declared:
        if not each.type.endswith(kind):
            return each
        return replace(each, props=json.loads(json.dumps(each.props).replace(old, new)))

    return change


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (without(POD_POLICY), "acme-web does not reach local-acme-postgresql"),
        (without(RULE), "acme-web does not reach local-acme-postgresql"),
        (rewritten("Deployment", "costack/pod-group", "costack/other"), "acme-web does not reach"),
        (
            rewritten(POD_POLICY, '"acme"', '"borealis"'),
            "borealis-database-setup reaches local-acme-postgresql",
        ),
        (rewritten(POD_POLICY, "cron", "odoo-setup"), "acme-odoo-setup does not reach"),
        (rewritten(POD_POLICY, '"odoo-operations"', '"elsewhere"'), "acme-database-setup does not reach"),
        (
            rewritten(
                RULE, '"referencedSecurityGroupId": "local-acme-pods-id"', '"cidrIpv4": "10.20.0.0/16"'
            ),
            "borealis-web reaches local-acme-sessions of acme",
        ),
        (rewritten(RULE, "local-acme-pods-id", "sg-0c0c0c0c"), "borealis-web reaches local-acme-postgresql"),
        (rewritten(RULE, '"fromPort": 5432', '"fromPort": 5433'), "acme-web does not reach local-acme-post"),
        (
            rewritten(":Instance", "local-borealis-data-id", "local-acme-data-id"),
            "acme-web reaches local-bor",
        ),
        (
            rewritten("NetworkPolicy", '"port": 6379', '"port": 6380'),
            "acme-web does not reach local-acme-ses",
        ),
    ],
)
def test_what_opens_or_closes_a_server_is_seen(
    change: Callable[[Declared], Declared | None], fault: str
) -> None:
    of, made = rivals()
    assert reach_faults(of, made) == []
    changed = [left for each in made if (left := change(each)) is not None]
    found = reach_faults(of, changed)
    assert [each for each in found if each.startswith(fault)], found[:5]


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (RULE, '"ipProtocol": "tcp"', '"ipProtocol": "-1"'),
        (RULE, '"referencedSecurityGroupId"', '"prefixListId"'),
        (GROUP, '"description"', '"ingress"'),
        (POD_POLICY, '"podSelector"', '"serviceAccountSelector"'),
        (POD_POLICY, '"sg-0c0c0c0c"', "null"),
        (POD_POLICY, '"NotIn"', '"Gt"'),
    ],
)
def test_what_is_not_understood_is_refused(kind: str, old: str, new: str) -> None:
    of, made = rivals()
    with pytest.raises((NotUnderstoodError, KeyError)):
        reach_faults(of, [rewritten(kind, old, new)(each) for each in made])
