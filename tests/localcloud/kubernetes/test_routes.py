"""Routes on a real API server: admitted as they are declared, by server-side apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.components.kubernetes.test_route import ALL, declared

if TYPE_CHECKING:
    from tests.localcloud.cluster import Cluster

pytestmark = pytest.mark.cluster

_WORDS: Final = {"type": "array", "items": {"type": "string"}}
_SPECS: Final = {
    "Middleware": {
        "ipAllowList": {"type": "object", "properties": {"sourceRange": _WORDS}},
        "buffering": {
            "type": "object",
            "properties": {"maxRequestBodyBytes": {"type": "integer", "format": "int64"}},
        },
        "redirectRegex": {
            "type": "object",
            "properties": {
                "regex": {"type": "string"},
                "replacement": {"type": "string"},
                "permanent": {"type": "boolean"},
            },
        },
    },
    "ServersTransport": {
        "forwardingTimeouts": {
            "type": "object",
            "properties": {"responseHeaderTimeout": {"x-kubernetes-int-or-string": True}},
        }
    },
}
"""The fields of Traefik's kinds that are written, as its definitions of 3.7.9 have them."""
PATHS: Final = {
    "networking.k8s.io/v1:Ingress": "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}",
    "core/v1:Service": "/api/v1/namespaces/{namespace}/services/{name}",
    "networking.k8s.io/v1:NetworkPolicy": (
        "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}"
    ),
    "traefik.io/v1alpha1:Middleware": ("/apis/traefik.io/v1alpha1/namespaces/{namespace}/middlewares/{name}"),
    "traefik.io/v1alpha1:ServersTransport": (
        "/apis/traefik.io/v1alpha1/namespaces/{namespace}/serverstransports/{name}"
    ),
}


def definition(kind: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    spec = {"type": "object", "properties": _SPECS[kind]}
    schema = {"type": "object", "properties": {"spec": spec}, "required": ["spec"]}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.traefik.io"},
        "spec": {
            "group": "traefik.io",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def put(cluster: Cluster, where: str, content: dict[str, Any]) -> dict[str, Any]:
    """Server-side apply, and refuse a field that the API server does not know."""
    answer = cluster.client.patch(
        where,
        json=content,
        params={"fieldManager": "test", "force": "true", "fieldValidation": "Strict"},
        headers={"Content-Type": "application/apply-patch+yaml"},
    )
    assert answer.is_success, (where, answer.text)
    assert "Warning" not in answer.headers, (where, answer.headers["Warning"])
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture(scope="module")
def traefik(cluster: Cluster) -> Iterator[Cluster]:
    """The API server, once it knows Traefik's kinds."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}s.traefik.io"
    wheres = [path.format(kind.lower()) for kind in _SPECS]
    for kind, where in zip(_SPECS, wheres, strict=True):
        put(cluster, where, definition(kind))
        cluster.wait_for(f"/apis/traefik.io/v1alpha1/{kind.lower()}s")
    yield cluster
    for where in wheres:
        cluster.client.delete(where)


@pytest.mark.sample(1)
@pytest.mark.parametrize("controller", ALL)
def test_every_object_of_a_route_is_admitted(traefik: Cluster, controller: str) -> None:
    put(
        traefik,
        "/api/v1/namespaces/odoo-production",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "odoo-production"}},
    )
    made = []
    for kind, path in PATHS.items():
        for each in declared(controller):
            if each.type != f"kubernetes:{kind}" or not each.name.startswith("acme"):
                continue
            group, _, name = kind.rpartition(":")
            content = {**each.props, "apiVersion": group.removeprefix("core/"), "kind": name}
            where = path.format(**each.props["metadata"])
            there = put(traefik, where, content)
            made.append(where)
            if name in _SPECS:
                assert there["spec"] == each.props["spec"], where  # nothing was pruned
    expected = {"acme-web", "acme-redirects"}
    assert expected <= {where.rpartition("/")[2] for where in made}
    for where in reversed(made):
        traefik.client.delete(where)
