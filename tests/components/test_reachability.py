from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.components.reachability import (
    NAMESPACE_NAME,
    Network,
    NotUnderstoodError,
    Pod,
    Policy,
)

INTERNET = "203.0.113.9"

WEB = Pod("web", "shop", {"app": "web"})
CRON = Pod("cron", "shop", {"app": "cron", "quiet": "yes"})
PROXY = Pod("proxy", "edge", {"app": "proxy"})
OUTSIDER = Pod("outsider", "edge", {"app": "outsider"})
IMPOSTOR = Pod("impostor", "shop", {"app": "proxy"})
DENY = Policy("shop", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
EDGE = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: "edge"}}}
PROXIES = {"podSelector": {"matchLabels": {"app": "proxy"}}}


def reach(source: Pod, destination: Pod, *policies: Policy, port: int = 80) -> bool:
    return Network(policies, ()).allowed(source, destination, port)


def ingress(*peers: Mapping[str, Any]) -> Policy:
    rule = {"from": list(peers)}
    return Policy("shop", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]})


def egress(rule: Mapping[str, Any]) -> Policy:
    return Policy("shop", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]})


def test_pods_that_no_policy_selects_are_open() -> None:
    elsewhere = replace(DENY, namespace="edge")
    only_cron = Policy("shop", {"podSelector": {"matchLabels": {"app": "cron"}}, "policyTypes": ["Ingress"]})
    assert reach(CRON, WEB)
    assert reach(CRON, WEB, elsewhere, only_cron)
    assert not reach(WEB, CRON, only_cron)


def test_a_denied_pod_neither_calls_nor_is_called() -> None:
    assert not reach(WEB, PROXY, DENY)
    assert not reach(PROXY, WEB, DENY)
    assert reach(PROXY, OUTSIDER, DENY)


def test_a_policy_that_does_not_name_egress_isolates_ingress_alone() -> None:
    half = Policy("shop", {"podSelector": {}, "policyTypes": ["Ingress"]})
    assert reach(WEB, PROXY, half)
    assert not reach(PROXY, WEB, half)


@pytest.mark.parametrize(
    ("rules", "directions"),
    [
        ({}, {"Ingress"}),
        ({"egress": []}, {"Ingress"}),
        ({"ingress": [{}]}, {"Ingress"}),
        ({"egress": [{}]}, {"Ingress", "Egress"}),
        ({"policyTypes": [], "egress": [{}]}, {"Ingress", "Egress"}),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, {"Egress"}),
    ],
)
def test_policy_types_that_are_not_stated_follow_from_the_rules(
    rules: Mapping[str, Any], directions: set[str]
) -> None:
    assert Policy("shop", {"podSelector": {}, **rules}).directions == directions


def test_both_ends_must_agree() -> None:
    let_in = ingress(EDGE | PROXIES)
    closed_edge = Policy("edge", {"podSelector": {}, "policyTypes": ["Egress"]})
    assert reach(PROXY, WEB, DENY, let_in)
    assert not reach(PROXY, WEB, DENY, let_in, closed_edge)


def test_selectors_of_one_peer_must_both_hold_and_peers_are_alternatives() -> None:
    both, either = ingress(EDGE | PROXIES), ingress(EDGE, PROXIES)
    callers = (PROXY, OUTSIDER, IMPOSTOR, CRON)
    assert [reach(caller, WEB, both) for caller in callers] == [True, False, False, False]
    assert [reach(caller, WEB, either) for caller in callers] == [True, True, True, False]


def test_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    assert not reach(PROXY, WEB, ingress(PROXIES))
    assert reach(IMPOSTOR, WEB, ingress(PROXIES))


def test_an_empty_namespace_selector_means_every_namespace() -> None:
    anywhere = ingress({"namespaceSelector": {}, **PROXIES})
    assert reach(PROXY, WEB, anywhere)
    assert reach(IMPOSTOR, WEB, anywhere)
    assert not reach(OUTSIDER, WEB, anywhere)


@pytest.mark.parametrize("rule", [{}, {"from": []}, {"from": None}])
def test_no_peers_means_every_peer(rule: Mapping[str, Any]) -> None:
    open_door = Policy("shop", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]})
    assert reach(OUTSIDER, WEB, open_door, DENY)


def test_a_namespace_cannot_call_itself_another() -> None:
    liar = Pod("liar", "elsewhere", {"app": "proxy"}, {NAMESPACE_NAME: "edge"})
    assert not reach(liar, WEB, ingress(EDGE | PROXIES))


@pytest.mark.parametrize(
    ("ports", "open_ports"),
    [
        (None, {79, 80, 81, 90}),
        ([], {79, 80, 81, 90}),
        ([{"port": 80}], {80}),
        ([{"protocol": "TCP"}], {79, 80, 81, 90}),
        ([{"protocol": "UDP", "port": 80}], set()),
        ([{"port": 80, "endPort": 81}], {80, 81}),
        ([{"port": 79}, {"port": 90}], {79, 90}),
    ],
)
def test_ports_are_alternatives_and_none_means_all(ports: Any, open_ports: set[int]) -> None:
    let_in = Policy("shop", {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": ports}]})
    assert {port for port in (79, 80, 81, 90) if reach(PROXY, WEB, let_in, port=port)} == open_ports


def test_an_address_block_ends_where_its_exceptions_begin() -> None:
    block = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}
    network = Network([egress({"to": [{"ipBlock": block}], "ports": [{"port": 443}]})], ())
    assert network.egress_to_address(WEB, INTERNET, 443)
    assert not network.egress_to_address(WEB, INTERNET, 80)
    assert not network.egress_to_address(WEB, INTERNET, 443, "UDP")
    assert not network.egress_to_address(WEB, "10.1.2.3", 443)
    assert network.allowed(WEB, replace(PROXY, ip=INTERNET), 443)
    assert not network.allowed(WEB, PROXY, 443)


def test_a_selector_never_holds_an_address() -> None:
    network = Network([egress({"to": [EDGE]})], ())
    assert network.allowed(WEB, PROXY, 443)
    assert not network.egress_to_address(WEB, INTERNET, 443)


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "app", "operator": "In", "values": ["web", "job"]}, (True, False)),
        ({"key": "quiet", "operator": "NotIn", "values": ["yes"]}, (True, False)),
        ({"key": "quiet", "operator": "Exists"}, (False, True)),
        ({"key": "quiet", "operator": "DoesNotExist"}, (True, False)),
    ],
)
def test_expressions_select(expression: Mapping[str, Any], selected: tuple[bool, bool]) -> None:
    policy = Policy("shop", {"podSelector": {"matchExpressions": [expression]}})
    assert (policy.selects(WEB), policy.selects(CRON)) == selected
    never = Policy("shop", {"podSelector": {"matchLabels": {"app": "x"}, "matchExpressions": [expression]}})
    assert not never.selects(WEB)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"podSelector": {}, "priority": 1},
        {"podSelector": {"matchNames": ["web"]}},
        {"podSelector": {}, "policyTypes": ["Forward"]},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Gt", "values": ["1"]}]}},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Gt"}]}},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": []}]}},
        {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists", "values": ["x"]}]}},
        {"podSelector": {}, "ingress": [{"to": []}]},
        {"podSelector": {}, "egress": [{"to": [{"serviceSelector": {}}]}]},
        {"podSelector": {}, "egress": [{"to": [{}]}]},
        {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
        {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "only": []}}]}]},
        {
            "podSelector": {},
            "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}],
        },
        {"podSelector": {}, "egress": [{"ports": [{"port": "https"}]}]},
        {"podSelector": {}, "egress": [{"ports": [{"protocol": "ICMP"}]}]},
        {"podSelector": {}, "egress": [{"ports": [{"endPort": 90}]}]},
        {"podSelector": {}, "egress": [{"ports": [{"port": 80, "endPort": 79}]}]},
        {"podSelector": {}, "egress": [{"ports": [{"port": 80, "name": "http"}]}]},
    ],
)
def test_what_is_not_understood_is_refused(spec: Mapping[str, Any]) -> None:
    with pytest.raises(NotUnderstoodError):
        Policy("shop", spec)
