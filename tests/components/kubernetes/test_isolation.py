from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests import portfolios
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import policies, the
from tiers.facts.compute import ComputeRequest, NamespaceQuota

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACES = ("odoo-production", "odoo-staging", "odoo-migration", "odoo-operations")


@pytest.mark.sample(2)
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_namespace_admits_restricted_pods_only(declared: tuple[Declared, ...], namespace: str) -> None:
    labels = the(declared, "kubernetes:core/v1:Namespace", namespace).labels
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_nothing_talks_until_a_policy_says_so(declared: tuple[Declared, ...], namespace: str) -> None:
    spec = the(declared, POLICY, f"{namespace}-default-deny").props["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_the_ingress_controller_reaches_a_tenant(declared: tuple[Declared, ...]) -> None:
    spec = policies(declared, "acme")["from-ingress"]
    (rule,) = spec["ingress"]
    (peer,) = rule["from"]
    # One peer with both selectors: two peers would let every pod of the namespace in.
    assert set(peer) == {"namespaceSelector", "podSelector"}
    assert {port["port"] for port in rule["ports"]} == {8069, 8072}
    assert spec["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "web"


def test_a_sandbox_has_one_port_because_it_has_no_workers(declared: tuple[Declared, ...]) -> None:
    (rule,) = policies(declared, "borealis-migration")["from-ingress"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [8069]


@pytest.mark.parametrize(
    ("tenant", "opened"),
    [("acme", True), ("borealis", True), ("acme-staging", False), ("borealis-migration", False)],
)
def test_only_production_reaches_the_internet(
    declared: tuple[Declared, ...],
    tenant: str,
    opened: bool,  # noqa: FBT001
) -> None:
    assert ("to-internet" in policies(declared, tenant)) is opened


def test_no_opening_leads_to_the_metadata_service_or_private_networks(declared: tuple[Declared, ...]) -> None:
    blocks: list[Any] = [
        peer["ipBlock"]
        for each in declared
        if each.type == POLICY
        for rule in each.props["spec"].get("egress", [])
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    world = [block for block in blocks if block["cidr"] == "0.0.0.0/0"]
    assert world
    for block in world:
        assert {"169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(block["except"])


def test_a_tenants_policies_select_its_own_pods_only(declared: tuple[Declared, ...]) -> None:
    for tenant in ("acme", "acme-staging", "borealis", "borealis-migration"):
        for purpose, spec in policies(declared, tenant).items():
            selected = spec["podSelector"]["matchLabels"]["app.kubernetes.io/instance"]
            assert selected == tenant, purpose


def test_data_is_reached_by_address_and_port(declared: tuple[Declared, ...]) -> None:
    (rule,) = policies(declared, "acme")["to-data"]["egress"]
    assert [peer["ipBlock"]["cidr"] for peer in rule["to"]] == [
        "10.40.0.0/20",
        "10.40.16.0/20",
        "10.40.32.0/20",
    ]
    assert [port["port"] for port in rule["ports"]] == [5432, 6379]


def test_support_may_look_at_pods_and_at_nothing_else(declared: tuple[Declared, ...]) -> None:
    roles = [each for each in declared if each.type == "kubernetes:rbac.authorization.k8s.io/v1:Role"]
    namespaces = {
        each.props["metadata"]["name"] for each in declared if each.type == "kubernetes:core/v1:Namespace"
    }
    assert {each.props["metadata"]["namespace"] for each in roles} == namespaces
    for each in roles:
        (rule,) = each.props["rules"]
        assert set(rule["resources"]) == {"pods", "pods/log", "events"}
        assert set(rule["verbs"]) == {"get", "list", "watch"}
    bindings = [each.props for each in declared if each.type.endswith(":RoleBinding")]
    assert len(bindings) == len(roles)
    assert {subject["name"] for each in bindings for subject in each["subjects"]} == {"costack:support"}


def limits_of(declared: Sequence[Declared], namespace: str) -> dict[str, Any]:
    (limits,) = the(declared, "kubernetes:core/v1:LimitRange", f"{namespace}-defaults").props["spec"][
        "limits"
    ]
    found: dict[str, Any] = limits
    return found


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_pod_that_says_nothing_gets_little(declared: tuple[Declared, ...], namespace: str) -> None:
    limits = limits_of(declared, namespace)
    assert {name: limits[name] for name in ("type", "default", "defaultRequest")} == {
        "type": "Container",
        "default": {"cpu": "500m", "memory": "512Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
    }
    assert limits.get("max") == {
        "odoo-production": {"cpu": "1000m", "memory": "2048Mi"},
        "odoo-operations": None,
    }.get(namespace, {"cpu": "1000m", "memory": "1536Mi"})


def test_a_namespace_that_tenants_share_has_one_quota_for_all_of_them(declared: tuple[Declared, ...]) -> None:
    """Two tenants of class xs: 3 pods and 6 of jobs each, a fifth more, and one that may have been larger."""
    quotas = [each for each in declared if each.type == "kubernetes:core/v1:ResourceQuota"]
    assert {each.props["metadata"]["namespace"] for each in quotas} >= set(NAMESPACES) - {"odoo-operations"}
    hard = the(declared, "kubernetes:core/v1:ResourceQuota", "odoo-production-quota").props["spec"]["hard"]
    assert hard == {
        "requests.cpu": "6150m",
        "requests.memory": "19456Mi",
        "limits.memory": "36864Mi",
        "pods": "22",
        "requests.storage": "48Gi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        "persistentvolumeclaims": "8",
        "secrets": "100",
        "configmaps": "40",
        "count/cronjobs.batch": "10",
        "count/jobs.batch": "60",
        "count/ingresses.networking.k8s.io": "50",
    }


def test_no_default_is_larger_than_the_largest_pod() -> None:
    """Kubernetes refuses such a LimitRange, and every pod of a shared namespace would be small then."""
    small = ComputeRequest(
        cpu_request_millicores=50, memory_request_mib=64, cpu_limit_millicores=250, memory_limit_mib=256
    )
    plan = portfolios.plan_of(portfolios.tenant("acme"))
    facts = tuple(
        each.model_copy(update={"largest_pod": small}) if isinstance(each, NamespaceQuota) else each
        for each in plan.platform
    )
    limits = limits_of(declare_plan(plan.model_copy(update={"platform": facts})), "odoo-production")
    assert limits["default"] == limits["max"] == {"cpu": "250m", "memory": "256Mi"}
    assert limits["defaultRequest"] == {"cpu": "50m", "memory": "64Mi"}
