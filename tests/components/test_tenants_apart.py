"""What the declared network policies let through, over every tier in every environment at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import product
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.reachability import Network, NotUnderstoodError, Pod, network_of
from tests.components.whole import whole, whole_network, whole_plan
from tests.portfolios import every_offer, local_portfolio, plan_of, wide_platform
from tiers.facts.names import OPERATIONS_NAMESPACE
from tiers.facts.network import CLUSTER_DNS, DnsPeer, Route
from tiers.plan.plan import facts_of
from tiers.vocabulary import Environment

PORTS = (8069, 8072, 5432, 6379, 80, 443, 53)
MAIL = (465, 587)
NFS = 2049
INTERNET = "203.0.113.9"
METADATA = "169.254.169.254"
POD_IDENTITY_AGENT = "169.254.170.23"
NAME = "app.kubernetes.io/name"
TRAEFIK = Pod("traefik", "traefik", {NAME: "traefik"})


def of_tenants(over: Network) -> list[Pod]:
    """The pods in tenants' namespaces; their databases are set up in the platform's own."""
    return [pod for pod in over.pods if pod.namespace != OPERATIONS_NAMESPACE]


def component(pod: Pod) -> str:
    return pod.labels["app.kubernetes.io/component"]


def environments() -> dict[str, Environment]:
    return {each.tenant: each.environment for each in whole_plan().tenants}


def between_tenants(over: Network) -> list[tuple[str, str, int, str]]:
    return [
        (source.name, destination.name, port, protocol)
        for source, destination in product(over.pods, repeat=2)
        # The ingress controller is the way in for all of them (`unexpected_access`, test_parts).
        if source.tenant != destination.tenant and source.labels.get(NAME) != TRAEFIK.labels[NAME]
        for port, protocol in product(PORTS, ("TCP", "UDP"))
        if over.allowed(source, destination, port, protocol)
    ]


def unexpected_access(over: Network) -> list[tuple[str, str, int]]:
    """Pods that reach a tenant's pod although they are not the ingress controller."""
    labels, ingress_namespace = TRAEFIK.labels, TRAEFIK.namespace
    outsiders = [
        Pod("beside it", ingress_namespace, {"app.kubernetes.io/name": "dashboard"}),
        Pod("unlabelled", ingress_namespace, {}),
        Pod("elsewhere", "default", labels),
        *(Pod(f"in {name}", name, labels) for name in sorted({pod.namespace for pod in over.pods})),
    ]
    return [
        (outsider.name, pod.name, port)
        for outsider, pod, port in product(outsiders, over.pods, PORTS)
        if over.allowed(outsider, pod, port)
    ]


def on_the_internet(over: Network) -> dict[str, set[int]]:
    """What each tenant pod may call out there, beyond what it is meant to."""
    beyond = {}
    for pod in of_tenants(over):
        production = environments()[str(pod.tenant)] is Environment.PRODUCTION
        # Dumps go to S3 by its public addresses: there is no private endpoint for them.
        meant = {443, *MAIL} if production else {443} if component(pod) == "backup" else set()
        called = {
            port for port in (*PORTS, *MAIL, 25, 22, 993, 995) if over.egress_to_address(pod, INTERNET, port)
        }
        if called != meant:
            beyond[pod.name] = called ^ meant
    return beyond


def asking_for_credentials(over: Network) -> set[str]:
    """Which kinds of tenant pods reach the agent that hands out AWS credentials."""
    return {component(pod) for pod in of_tenants(over) if over.egress_to_address(pod, POD_IDENTITY_AGENT, 80)}


def test_no_tenant_reaches_another() -> None:
    assert len({pod.tenant for pod in whole_network().pods}) == len(whole_plan().tenants) >= 14
    assert None not in {pod.tenant for pod in whole_network().pods}
    assert between_tenants(whole_network()) == []


def test_no_pod_is_reached_by_its_address_either() -> None:
    """Whether an address block may hold a pod is left to the network plugin, so none does."""
    for cidr in local_portfolio().platform.network.client_cidrs:
        address = str(IPv4Network(cidr)[77])
        for pod, port in product(whole_network().pods, (*PORTS, *MAIL)):
            assert not whole_network().egress_to_address(pod, address, port), pod.name


def test_only_the_ingress_controller_reaches_web_pods() -> None:
    webs = [pod for pod in whole_network().pods if component(pod) == "web"]
    assert len(webs) == len(whole_plan().tenants)
    for web in webs:
        route = facts_of(
            next(each for each in whole_plan().tenants if each.tenant == web.tenant).facts, Route
        )[0]
        ports = {port for port in PORTS if whole_network().allowed(TRAEFIK, web, port)}
        assert ports == {route.http_port, route.websocket_port}, web.name
    others = [pod for pod in whole_network().pods if component(pod) != "web"]
    assert not [pod for pod, port in product(others, PORTS) if whole_network().allowed(TRAEFIK, pod, port)]
    assert unexpected_access(whole_network()) == []


def test_only_production_calls_the_internet_and_backups_call_aws() -> None:
    assert set(environments().values()) >= {Environment.PRODUCTION, Environment.STAGING}
    assert on_the_internet(whole_network()) == {}


def test_no_one_sends_mail_without_a_password() -> None:
    assert not [pod for pod in whole_network().pods if whole_network().egress_to_address(pod, INTERNET, 25)]


def test_the_metadata_of_a_node_is_out_of_reach() -> None:
    for pod, port in product(whole_network().pods, (80, 443)):
        assert not whole_network().egress_to_address(pod, METADATA, port), pod.name


def test_of_tenant_pods_backups_alone_get_credentials() -> None:
    assert asking_for_credentials(whole_network()) == {"backup"}
    backups = [pod for pod in of_tenants(whole_network()) if component(pod) == "backup"]
    assert len(backups) >= 10
    for pod in backups:
        assert whole_network().egress_to_address(pod, POD_IDENTITY_AGENT, 80), pod.name


def test_every_tenant_pod_reaches_the_data_and_no_files_but_through_its_node() -> None:
    subnets = [each.props["cidrBlock"] for each in whole() if each.type == "aws:ec2/subnet:Subnet"]
    assert len(subnets) == 3
    for pod, cidr in product(of_tenants(whole_network()), subnets):
        address = str(IPv4Network(cidr)[9])
        reached = {port for port in (*PORTS, NFS) if whole_network().egress_to_address(pod, address, port)}
        assert reached == (set() if component(pod) == "sleep" else {5432, 6379}), pod.name


def test_who_lets_a_tenant_sleep_reaches_the_api_of_kubernetes_and_nothing_else() -> None:
    over = whole_network()
    clocks = [pod for pod in of_tenants(over) if component(pod) == "sleep"]
    sleepers = [each.tenant for each in whole_plan().tenants if each.environment is Environment.STAGING]
    assert {pod.tenant for pod in clocks} == set(sleepers)
    assert len(clocks) == 2 * len(sleepers) > 0
    for pod in clocks:
        for address in ("10.100.0.1", "172.20.0.1"):
            assert [port for port in PORTS if over.egress_to_address(pod, address, port)] == [443]
    others = [pod for pod in of_tenants(over) if component(pod) != "sleep"]
    assert not [pod for pod in others if over.egress_to_address(pod, "172.20.0.1", 443)]


def test_jobs_that_set_up_databases_reach_databases_and_aws() -> None:
    over = whole_network()
    jobs = [pod for pod in over.pods if pod.namespace == OPERATIONS_NAMESPACE]
    assert {component(pod) for pod in jobs} == {"database-setup"}
    addresses = {"10.40.0.9": {5432}, INTERNET: {443}, POD_IDENTITY_AGENT: {80}, METADATA: set()}
    for pod, (address, ports) in product(jobs, addresses.items()):
        reached = {port for port in (*PORTS, *MAIL, NFS) if over.egress_to_address(pod, address, port)}
        assert reached == ports, (pod.name, address)


def test_every_pod_may_ask_for_names() -> None:
    names = Pod("coredns", "kube-system", {"k8s-app": "kube-dns"})
    other = Pod("metrics", "kube-system", {"k8s-app": "metrics-server"})
    for pod, protocol in product(whole_network().pods, ("TCP", "UDP")):
        assert whole_network().allowed(pod, names, 53, protocol), pod.name
        assert not whole_network().allowed(pod, other, 53, protocol), pod.name


@pytest.mark.whole("no tenant reaches another: tried here, with the same policies")
def test_every_pod_may_ask_the_servers_for_names_that_the_platform_lists() -> None:
    """NodeLocal DNSCache beside the cluster's DNS: two addresses, and nothing else of the node or of AWS."""
    node_local, service = "169.254.20.10", "172.20.0.10"
    usual = wide_platform()
    peers = (CLUSTER_DNS, DnsPeer(cidr=f"{node_local}/32"), DnsPeer(cidr=f"{service}/32"))
    cluster = usual.cluster.model_copy(update={"dns_peers": peers})
    listed = usual.model_copy(update={"cluster": cluster})
    over = network_of(declare_plan(plan_of(*every_offer()[:4], platform=listed)))
    names = Pod("coredns", "kube-system", {"k8s-app": "kube-dns"})
    assert len(over.pods) > 10
    for pod, protocol in product(over.pods, ("TCP", "UDP")):
        assert over.allowed(pod, names, 53, protocol), pod.name
        for address in (node_local, service):
            assert over.egress_to_address(pod, address, 53, protocol), pod.name
        for address in (METADATA, INTERNET, "172.20.0.11"):
            assert not over.egress_to_address(pod, address, 53, protocol), pod.name
        assert not over.egress_to_address(pod, node_local, 80, protocol), pod.name
    for pod in whole_network().pods:
        assert not whole_network().egress_to_address(pod, node_local, 53, "UDP"), pod.name


def test_a_policy_of_another_kind_is_not_passed_over() -> None:
    declared = list(whole())
    policy = next(each for each in declared if each.type.endswith(":NetworkPolicy"))
    with pytest.raises(NotUnderstoodError, match="AdminNetworkPolicy"):
        network_of(
            [*declared, replace(policy, type="kubernetes:policy.networking.k8s.io:AdminNetworkPolicy")]
        )


def _peers_apart(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    apart = [
        {**rule, "from": [{key: value} for peer in rule["from"] for key, value in peer.items()]}
        for rule in spec.get("ingress", ())
    ]
    return {**spec, "ingress": apart}


def _from_anywhere(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**spec, "ingress": [{**rule, "from": []} for rule in spec.get("ingress", ())]}


def _to_anywhere(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**_from_anywhere(spec), "egress": [{}]}


def _ingress_forgotten(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**spec, "policyTypes": ["Egress"]}


def _egress_forgotten(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**spec, "policyTypes": ["Ingress"]}


def _whoever_lives_here(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**spec, "podSelector": {}}


def _no_exceptions(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    open_world = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}
    return {**spec, "egress": [open_world] if spec.get("egress") else []}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (_peers_apart, unexpected_access),
        (_from_anywhere, unexpected_access),
        (_ingress_forgotten, unexpected_access),
        (_egress_forgotten, on_the_internet),
        (_whoever_lives_here, on_the_internet),
        (_no_exceptions, on_the_internet),
        (_to_anywhere, between_tenants),
    ],
)
def test_a_hole_in_the_policies_is_seen(
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]], seen: Callable[[Network], Any]
) -> None:
    policies = [replace(each, spec=change(each.spec)) for each in whole_network().policies]
    assert not seen(whole_network())
    assert seen(replace(whole_network(), policies=policies))


def test_a_namespace_without_its_first_policy_is_seen() -> None:
    open_by_default = [
        each for each in whole_network().policies if set(each.spec) != {"podSelector", "policyTypes"}
    ]
    assert len(open_by_default) < len(whole_network().policies)
    inside = replace(whole_network(), policies=open_by_default)
    assert unexpected_access(inside)
