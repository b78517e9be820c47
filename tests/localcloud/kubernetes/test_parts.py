"""Platform parts on a real API server: admitted where `restricted` is enforced, within their quota."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import grouped_platform, measured, plan_of, tenant

if TYPE_CHECKING:
    from tests.localcloud.cluster import Cluster

pytestmark = pytest.mark.cluster

# Kinds of which admission, quota and rights are made, in the order in which they are applied.
PATHS: Final = {
    "scheduling.k8s.io/v1:PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses/{name}",
    "core/v1:Namespace": "/api/v1/namespaces/{name}",
    "core/v1:LimitRange": "/api/v1/namespaces/{namespace}/limitranges/{name}",
    "core/v1:ResourceQuota": "/api/v1/namespaces/{namespace}/resourcequotas/{name}",
    "core/v1:ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts/{name}",
    "networking.k8s.io/v1:NetworkPolicy": (
        "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}"
    ),
    "rbac.authorization.k8s.io/v1:ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}",
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": (
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}"
    ),
    "rbac.authorization.k8s.io/v1:Role": (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles/{name}"
    ),
    "rbac.authorization.k8s.io/v1:RoleBinding": (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/{name}"
    ),
    "networking.k8s.io/v1:IngressClass": "/apis/networking.k8s.io/v1/ingressclasses/{name}",
    "policy/v1:PodDisruptionBudget": "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{name}",
    "core/v1:Service": "/api/v1/namespaces/{namespace}/services/{name}",
    "core/v1:ConfigMap": "/api/v1/namespaces/{namespace}/configmaps/{name}",
    "apps/v1:Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
    "apps/v1:DaemonSet": "/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}",
}
PARTS: Final = {
    "local-kube-state-metrics",
    "local-postgres-exporter",
    "local-redis-exporter",
    "local-traefik",
    "acme-usage",
}


@cache
def declared() -> tuple[Declared, ...]:
    """A tenant in a namespace of its own, with a quota, on a platform with all parts."""
    mine = tenant("acme", tier="dedicated-db")
    return tuple(declare_plan(plan_of(mine, platform=measured(grouped_platform()))))


def of_kind(kind: str) -> Iterator[Declared]:
    return (each for each in declared() if each.type == f"kubernetes:{kind}")


def manifest(kind: str, props: dict[str, Any]) -> dict[str, Any]:
    group, _, name = kind.rpartition(":")
    return {**props, "apiVersion": group.removeprefix("core/"), "kind": name}


@pytest.fixture(scope="module")
def applied(cluster: Cluster) -> Iterator[Cluster]:
    made = []
    for kind, path in PATHS.items():
        for each in of_kind(kind):
            where = path.format(**each.props["metadata"])
            answer = cluster.client.patch(
                where,
                json=manifest(kind, dict(each.props)),
                params={"fieldManager": "test", "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
            assert answer.is_success, (where, answer.text)
            assert "Warning" not in answer.headers, (where, answer.headers["Warning"])
            made.append(where)
    yield cluster
    for where in reversed(made):
        cluster.client.delete(where)


@pytest.mark.whole("tests/components/kubernetes/test_parts reads that they are restricted")
def test_every_part_is_admitted_as_restricted_and_fits_the_quota(applied: Cluster) -> None:
    parts = [each for each in of_kind("apps/v1:Deployment") if each.name in PARTS]
    assert {each.name for each in parts} == PARTS
    for each in parts:
        namespace = each.props["metadata"]["namespace"]
        told = applied.client.get(f"/api/v1/namespaces/{namespace}").json()["metadata"]["labels"]
        assert told["pod-security.kubernetes.io/enforce"] == "restricted"
        template = each.props["spec"]["template"]
        pod = {"metadata": {**template["metadata"], "name": each.name}, "spec": template["spec"]}
        made = applied.client.post(f"/api/v1/namespaces/{namespace}/pods", json=pod, params={"dryRun": "All"})
        assert made.is_success, (each.name, made.text)
        assert "Warning" not in made.headers, made.headers["Warning"]
        # Requests and limits are the fact's own, and no default of the namespace's.
        wanted = template["spec"]["containers"][0]["resources"]
        assert made.json()["spec"]["containers"][0]["resources"] == wanted
        pod["spec"] = {**template["spec"], "securityContext": {}}
        refused = applied.client.post(
            f"/api/v1/namespaces/{namespace}/pods", json=pod, params={"dryRun": "All"}
        )
        assert refused.status_code == httpx.codes.FORBIDDEN


def test_traefik_reads_what_it_needs_where_tenants_have_routes(applied: Cluster) -> None:
    """Traefik 3.6.12 waits for each of these, and knows no route before it has them all."""
    looks = looking_as(applied, "local-traefik")
    for namespace in ("odoo-acme", "traefik"):
        for what in (
            f"api/v1/namespaces/{namespace}/services",
            f"api/v1/namespaces/{namespace}/secrets",
            f"apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
            f"apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses",
        ):
            assert looks(f"/{what}") == httpx.codes.OK, what
    for everywhere in ("api/v1/nodes", "apis/networking.k8s.io/v1/ingressclasses"):
        assert looks(f"/{everywhere}") == httpx.codes.OK
    for closed in (
        "api/v1/secrets",
        "api/v1/namespaces/odoo-platform/secrets",
        "api/v1/namespaces/odoo-operations/secrets",
        "api/v1/namespaces/odoo-acme/pods",
    ):
        assert looks(f"/{closed}") == httpx.codes.FORBIDDEN


def test_the_log_shipper_is_admitted_in_its_own_namespace_alone(applied: Cluster) -> None:
    (daemons,) = of_kind("apps/v1:DaemonSet")
    template = daemons.props["spec"]["template"]
    pod = {"metadata": {**template["metadata"], "name": daemons.name}, "spec": template["spec"]}

    def answered(namespace: str, spec: dict[str, Any]) -> httpx.Response:
        where = f"/api/v1/namespaces/{namespace}/pods"
        return applied.client.post(where, json={**pod, "spec": spec}, params={"dryRun": "All"})

    made = answered(daemons.props["metadata"]["namespace"], template["spec"])
    assert made.is_success, made.text
    assert "Warning" not in made.headers, made.headers["Warning"]
    assert made.json()["spec"]["containers"][0]["resources"] == template["spec"]["containers"][0]["resources"]
    elsewhere = answered("odoo-platform", {**template["spec"], "serviceAccountName": "default"})
    assert elsewhere.status_code == httpx.codes.FORBIDDEN
    assert "hostPath" in elsewhere.text


def test_the_log_shipper_may_ask_for_a_pod_and_list_none(applied: Cluster) -> None:
    looks = looking_as(applied, "local-fluent-bit")
    # It may look for a pod that is not there.
    assert looks("/api/v1/namespaces/odoo-acme/pods/any") == httpx.codes.NOT_FOUND
    for closed in ("pods", "namespaces", "secrets", "nodes"):
        assert looks(f"/api/v1/{closed}") == httpx.codes.FORBIDDEN


def looking_as(cluster: Cluster, name: str) -> Callable[..., int]:
    """What the API answers to a part's own account, by path and method."""
    (account,) = (each for each in of_kind("core/v1:ServiceAccount") if each.name == name)
    metadata = account.props["metadata"]
    where = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{metadata['name']}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = cluster.client.post(where, json=asked)
    token = {"Authorization": f"Bearer {answer.json()['status']['token']}"}
    return lambda path, method="GET": cluster.client.request(method, path, headers=token).status_code


def test_kube_state_metrics_may_look_at_what_it_tells_and_at_no_secret(applied: Cluster) -> None:
    looks = looking_as(applied, "local-kube-state-metrics")
    for allowed in ("api/v1/pods", "api/v1/services", "apis/apps/v1/deployments", "apis/batch/v1/jobs"):
        assert looks(f"/{allowed}") == httpx.codes.OK
    for closed in ("api/v1/secrets", "api/v1/configmaps", "api/v1/nodes"):
        assert looks(f"/{closed}") == httpx.codes.FORBIDDEN
    assert looks("/api/v1/namespaces/odoo-platform/pods/any", "DELETE") == httpx.codes.FORBIDDEN
