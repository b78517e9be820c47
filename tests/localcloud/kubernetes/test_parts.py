"""Platform parts on a real API server: admitted where `restricted` is enforced, within their quota."""

from __future__ import annotations

from collections.abc import Iterator
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
    "apps/v1:Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
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


def token_of(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    """How a pod with that account speaks to the API server."""
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = cluster.client.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", json=asked)
    return {"Authorization": f"Bearer {answer.json()['status']['token']}"}


def test_traefik_reads_what_it_needs_where_tenants_have_routes(applied: Cluster) -> None:
    """Traefik 3.6.12 waits for each of these, and knows no route before it has them all."""
    token = token_of(applied, "traefik", "traefik")

    def looks(path: str) -> int:
        return applied.client.get(path, headers=token).status_code

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


def test_kube_state_metrics_may_look_at_what_it_tells_and_at_no_secret(applied: Cluster) -> None:
    (account,) = (
        each for each in of_kind("core/v1:ServiceAccount") if each.name == "local-kube-state-metrics"
    )
    namespace, name = account.props["metadata"]["namespace"], account.props["metadata"]["name"]
    token = token_of(applied, namespace, name)

    def looks(path: str) -> int:
        return applied.client.get(path, headers=token).status_code

    for allowed in ("api/v1/pods", "api/v1/services", "apis/apps/v1/deployments", "apis/batch/v1/jobs"):
        assert looks(f"/{allowed}") == httpx.codes.OK
    for closed in ("api/v1/secrets", "api/v1/configmaps", "api/v1/nodes"):
        assert looks(f"/{closed}") == httpx.codes.FORBIDDEN
    gone = applied.client.delete(f"/api/v1/namespaces/{namespace}/pods/any", headers=token)
    assert gone.status_code == httpx.codes.FORBIDDEN
