"""Security group policies of a tenant as an API server takes them: the kind is that of EKS."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.components.conftest import declare_plan
from tests.components.security_groups import POD_POLICY
from tests.localcloud import vpc_resources
from tests.localcloud.engine import Engine
from tests.portfolios import grouped_platform, plan_of, tenant

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localcloud.cluster import Cluster

pytestmark = [pytest.mark.cluster]


@cache
def declared() -> tuple[dict[str, Any], ...]:
    plan = plan_of(tenant("acme", tier="ha-postgresql"), platform=grouped_platform())
    made = [each.props for each in declare_plan(plan) if each.type == POD_POLICY]
    return tuple({name: each[name] for name in ("apiVersion", "kind", "metadata", "spec")} for each in made)


@pytest.fixture(scope="module")
def known(cluster: Cluster) -> Cluster:
    """The API server, which knows the kind and has the namespaces."""
    vpc_resources.install(cluster)
    for name in sorted({each["metadata"]["namespace"] for each in declared()}):
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        cluster.client.post("/api/v1/namespaces", json=namespace).raise_for_status()
    return cluster


def post(cluster: Cluster, policy: dict[str, Any]) -> httpx.Response:
    path = f"{vpc_resources.API}/namespaces/{policy['metadata']['namespace']}/securitygrouppolicies"
    return cluster.client.post(path, json=policy, params={"fieldValidation": "Strict"})


@pytest.mark.whole("an API server of its own for one kind of object")
def test_the_server_takes_every_policy_and_every_field_of_it(known: Cluster) -> None:
    assert len(declared()) == 3
    for policy in declared():
        answer = post(known, policy)
        assert answer.is_success, answer.text
        assert answer.json()["spec"] == policy["spec"]


def test_the_server_refuses_a_policy_without_groups_or_with_none(known: Cluster) -> None:
    policy = declared()[0]
    for groups in ([], [None]):
        wrong = {
            **policy,
            "metadata": {**policy["metadata"], "name": "wrong"},
            "spec": {**policy["spec"], "securityGroups": {"groupIds": groups}},
        }
        assert post(known, wrong).status_code == httpx.codes.UNPROCESSABLE_ENTITY


PROGRAM = """
import pulumi_kubernetes as k8s
k8s.apiextensions.CustomResource(
    "jobs",
    api_version="vpcresources.k8s.aws/v1beta1",
    kind="SecurityGroupPolicy",
    metadata={"name": "made-by-pulumi", "namespace": "odoo-acme"},
    spec={"podSelector": {"matchLabels": {"a": "b"}}, "securityGroups": {"groupIds": ["sg-0c0c0c0c"]}},
)
"""


@pytest.mark.whole("the server takes and refuses such a policy in the test above")
@pytest.mark.engine
@pytest.mark.either
def test_pulumi_makes_changes_and_removes_one(tmp_path: Path, known: Cluster) -> None:
    stack = Engine(tmp_path, PROGRAM, config={"kubernetes:kubeconfig": str(known.kubeconfig)})
    path = f"{vpc_resources.API}/namespaces/odoo-acme/securitygrouppolicies/made-by-pulumi"
    assert stack.up() == {"created": 2}
    stack.program(PROGRAM.replace("sg-0c0c0c0c", "sg-0d0d0d0d"))
    assert stack.up() == {"updated": 1, "unchanged": 1}
    assert known.client.get(path).json()["spec"]["securityGroups"]["groupIds"] == ["sg-0d0d0d0d"]
    stack.destroy()
    assert known.client.get(path).status_code == httpx.codes.NOT_FOUND
