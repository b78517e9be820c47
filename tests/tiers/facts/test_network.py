from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.portfolios import LOCAL, catalog
from tiers.errors import CatalogError
from tiers.facts.network import CLUSTER_DNS, DnsPeer
from tiers.portfolio.loading import load_portfolio
from tiers.vocabulary import PRIVATE_RANGES

PODS = {"namespace": "kube-system", "pod_labels": {"k8s-app": "kube-dns"}}


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({}, "give namespace and pod_labels, or cidr"),
        ({"namespace": "kube-system"}, "give namespace and pod_labels, or cidr"),
        ({"pod_labels": {"k8s-app": "kube-dns"}}, "give namespace and pod_labels, or cidr"),
        ({**PODS, "cidr": "169.254.20.10/32"}, "give namespace and pod_labels, or cidr"),
        ({"cidr": "169.254.20.10/32", "pod_labels": {"a": "b"}}, "give namespace and pod_labels, or cidr"),
        ({"cidr": "10.40.0.0/16", "ports": [5432]}, "addresses have port 53"),
        ({"cidr": "169.254.169.254/32", "ports": [53, 80]}, "addresses have port 53"),
        ({"cidr": "1.1.1.1/32"}, "1.1.1.1/32 is not private"),
        ({"cidr": "0.0.0.0/0"}, "0.0.0.0/0 is not private"),
        ({**PODS, "ports": []}, "ports: give at least one"),
        ({**PODS, "ports": [0]}, "greater than 0"),
        ({**PODS, "pod_labels": {"k8s-app": "kube dns"}}, "match pattern"),
    ],
)
def test_what_is_no_server_for_names_is_refused(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DnsPeer.model_validate(given_)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_addresses_are_private_as_a_whole_or_refused(address: ipaddress.IPv4Address, bits: int) -> None:
    network = ipaddress.IPv4Network((address, bits), strict=False)
    private = any(network.subnet_of(ipaddress.IPv4Network(each)) for each in PRIVATE_RANGES)
    try:
        assert DnsPeer(cidr=str(network)).ports == (53,)
    except ValidationError:
        assert not private
    else:
        assert private


def test_people_know_a_server_by_its_pods_or_addresses() -> None:
    assert CLUSTER_DNS.label == "kube-system/kube-dns"
    assert DnsPeer(cidr="169.254.20.10/32").label == "169.254.20.10/32"


def test_a_cluster_has_a_server_for_names_and_a_wrong_one_is_one_mistake(tmp_path: Path) -> None:
    text = (LOCAL / "platform.yaml").read_text(encoding="utf-8")
    for peers, said in (
        ("[]", "cluster: dns_peers: give at least one, or leave it out"),
        ("[{cidr: 1.1.1.1/32}]", "cluster.dns_peers.0: cidr: 1.1.1.1/32 is not private"),
    ):
        written = text.replace("  ingress_namespace:", f"  dns_peers: {peers}\n  ingress_namespace:")
        (tmp_path / "platform.yaml").write_text(written, encoding="utf-8")
        with pytest.raises(CatalogError) as told:
            load_portfolio(tmp_path, catalog())
        (problem,) = told.value.problems
        assert said in problem
