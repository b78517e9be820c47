"""Objects on a real API server, without the CLI: creation, drift, refusals, deletion."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.kubernetes.applied import AppliedObject
from localcloud.kubernetes.provider import KubernetesProvider
from localcloud.properties import UNKNOWN
from localcloud.provider import ProviderError, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.localcloud.cluster import Cluster

pytestmark = [pytest.mark.cluster]


def subject(version: str, kind: str, identity: str = "", timeout: float = 0.0) -> Subject:
    group = version if "/" in version else f"core/{version}"
    return Subject(f"urn:pulumi:s::p::kubernetes:{group}:{kind}::thing", identity, timeout)


@pytest.fixture
def applied(cluster: Cluster) -> Iterator[AppliedObject]:
    with closing(AppliedObject({"kubeconfig": str(cluster.kubeconfig)})) as connected:
        yield connected


@pytest.fixture
def namespace(applied: AppliedObject) -> str:
    name = f"n-{uuid.uuid4().hex[:8]}"
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    applied.create(subject("v1", "Namespace"), obj)
    return name


def config_map(namespace: str, **data: Any) -> dict[str, Any]:
    metadata = {"name": "settings", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(namespace: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "odoo:17"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


@pytest.mark.whole("test_life has the same objects on an API server")
def test_what_was_created_is_read_back_without_drift(applied: AppliedObject, namespace: str) -> None:
    inputs = deployment(namespace)
    made = applied.create(subject("apps/v1", "Deployment"), inputs)
    assert made.id == f"{namespace}/web"
    assert "managedFields" not in made.outputs["metadata"]
    seen = applied.read(subject("apps/v1", "Deployment", made.id), inputs, made.outputs)
    assert seen is not None
    assert seen.inputs == inputs


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_field_left_out_of_an_update_goes(applied: AppliedObject, namespace: str) -> None:
    olds = config_map(namespace, a="1", b="2")
    made = applied.create(subject("v1", "ConfigMap"), olds)
    outputs = applied.update(
        subject("v1", "ConfigMap", made.id), config_map(namespace, a="3"), olds, made.outputs
    )
    assert outputs["data"] == {"a": "3"}


def test_an_existing_object_is_not_adopted_unless_asked(
    applied: AppliedObject, namespace: str, cluster: Cluster
) -> None:
    applied.create(subject("v1", "ConfigMap"), config_map(namespace, a="1"))
    with pytest.raises(ProviderError, match=rf"ConfigMap {namespace}/settings already exists: import it"):
        applied.create(subject("v1", "ConfigMap"), config_map(namespace, a="2"))
    settings = {"kubeconfig": str(cluster.kubeconfig), "upsertExistingObjects": "true"}
    with closing(AppliedObject(settings)) as upserting:
        made = upserting.create(subject("v1", "ConfigMap"), config_map(namespace, a="2"))
    assert made.outputs["data"] == {"a": "2"}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"replicas": -1}, r"Deployment \S+/web: spec\.replicas: Invalid value: -1"),
        ({"replica": 1}, r"Deployment \S+/web: .*\.spec\.replica: field not declared in schema"),
    ],
)
def test_a_refusal_names_object_and_field_in_preview_and_update(
    applied: AppliedObject, namespace: str, spec: dict[str, Any], sentence: str
) -> None:
    wrong = deployment(namespace, **spec)
    with pytest.raises(ProviderError, match=sentence):
        applied.preview(subject("apps/v1", "Deployment"), wrong, {})
    with pytest.raises(ProviderError, match=sentence):
        applied.create(subject("apps/v1", "Deployment"), wrong)


def test_a_preview_tries_only_what_can_be_tried_and_changes_nothing(
    applied: AppliedObject, namespace: str
) -> None:
    wrong = deployment("not-there-yet", replicas=-1)
    assert applied.preview(subject("apps/v1", "Deployment"), wrong, {})["spec"]["replicas"] == -1
    unknown = deployment(namespace, replicas=UNKNOWN)
    assert applied.preview(subject("apps/v1", "Deployment"), unknown, {})["spec"]["replicas"] is UNKNOWN
    applied.preview(subject("apps/v1", "Deployment"), deployment(namespace), {})
    assert applied.api.get(deployment(namespace)) is None


def test_what_another_owner_set_is_a_conflict_unless_forced(
    applied: AppliedObject, namespace: str, cluster: Cluster
) -> None:
    inputs = config_map(namespace, a="1")
    made = applied.create(subject("v1", "ConfigMap"), inputs)
    answer = cluster.client.patch(
        f"/api/v1/namespaces/{namespace}/configmaps/settings",
        json={"data": {"a": "mine"}},
        params={"fieldManager": "someone"},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert answer.is_success
    seen = applied.read(subject("v1", "ConfigMap", made.id), inputs, made.outputs)
    assert seen is not None
    assert seen.inputs == config_map(namespace, a="mine")
    conflict = r'data\.a: conflict with "someone".*pulumi\.com/patchForce'
    with pytest.raises(ProviderError, match=conflict):
        applied.preview(subject("v1", "ConfigMap", made.id), inputs, made.outputs)
    with pytest.raises(ProviderError, match=conflict):
        applied.update(subject("v1", "ConfigMap", made.id), inputs, inputs, made.outputs)
    forced = config_map(namespace, a="1")
    forced["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    applied.preview(subject("v1", "ConfigMap", made.id), forced, made.outputs)
    assert applied.update(subject("v1", "ConfigMap", made.id), forced, inputs, made.outputs)["data"] == {
        "a": "1"
    }


def test_a_deleted_object_is_gone_for_read_update_and_a_second_delete(
    applied: AppliedObject, namespace: str
) -> None:
    inputs = config_map(namespace, a="1")
    made = applied.create(subject("v1", "ConfigMap"), inputs)
    target = subject("v1", "ConfigMap", made.id)
    applied.delete(target, inputs, made.outputs)
    assert applied.read(target, inputs, made.outputs) is None
    applied.delete(target, inputs, made.outputs)
    with pytest.raises(ProviderError, match="gone from the cluster: run `pulumi refresh`"):
        applied.update(target, inputs, inputs, made.outputs)


def test_a_deletion_that_hangs_names_the_finalizer(
    applied: AppliedObject, namespace: str, cluster: Cluster
) -> None:
    inputs = config_map(namespace, a="1")
    inputs["metadata"]["finalizers"] = ["costack.test/hold"]
    made = applied.create(subject("v1", "ConfigMap"), inputs)
    with pytest.raises(
        ProviderError, match=r"still there 1 s after deletion; the finalizer costack\.test/hold"
    ):
        applied.delete(subject("v1", "ConfigMap", made.id, timeout=1.0), inputs, made.outputs)
    released = cluster.client.patch(
        f"/api/v1/namespaces/{namespace}/configmaps/settings",
        json={"metadata": {"finalizers": None}},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert released.is_success


def test_an_import_finds_the_object_by_its_id(applied: AppliedObject, namespace: str) -> None:
    applied.create(subject("apps/v1", "Deployment"), deployment(namespace))
    found = applied.read(subject("apps/v1", "Deployment", f"{namespace}/web"), {}, {})
    assert found is not None
    assert found.inputs is not None
    assert "status" not in found.inputs
    assert applied.adopted(deployment(namespace), found.outputs) == deployment(namespace)
    assert applied.read(subject("apps/v1", "Deployment", f"{namespace}/absent"), {}, {}) is None
    by_name = applied.read(subject("v1", "Namespace", namespace), {}, {})
    assert by_name is not None
    assert by_name.id == namespace


def test_objects_of_a_kind_defined_in_the_same_run_can_follow_at_once(
    applied: AppliedObject, namespace: str
) -> None:
    plural = f"tenants{uuid.uuid4().hex[:6]}"
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"tier": {"type": "string"}}}},
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": plural.capitalize(), "plural": plural},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
    tenant = {
        "apiVersion": "example.com/v1",
        "kind": plural.capitalize(),
        "metadata": {"name": "acme", "namespace": namespace},
        "spec": {"tier": "dedicated-db"},
    }
    what = subject("example.com/v1", plural.capitalize())
    with pytest.raises(ProviderError, match="does not serve this kind"):
        applied.create(what, tenant)
    assert applied.preview(what, tenant, {})["spec"] == {"tier": "dedicated-db"}
    made = applied.create(subject("apiextensions.k8s.io/v1", "CustomResourceDefinition"), definition)
    assert applied.create(what, tenant).id == f"{namespace}/acme"
    applied.delete(subject("apiextensions.k8s.io/v1", "CustomResourceDefinition"), definition, made.outputs)
    applied.delete(what, tenant, {})


def test_a_generated_name_is_kept_through_updates(applied: AppliedObject, namespace: str) -> None:
    inputs = config_map(namespace, a="1")
    inputs["metadata"] = {"generateName": "run-", "namespace": namespace}
    applied.preview(subject("v1", "ConfigMap"), inputs, {})
    made = applied.create(subject("v1", "ConfigMap"), inputs)
    assert made.id.startswith(f"{namespace}/run-")
    target = subject("v1", "ConfigMap", made.id)
    assert applied.update(target, {**inputs, "data": {"a": "2"}}, inputs, made.outputs)["data"] == {"a": "2"}
    applied.delete(target, inputs, made.outputs)
    assert applied.read(target, inputs, made.outputs) is None


def test_a_namespace_is_filled_in_where_the_kind_has_one(applied: AppliedObject) -> None:
    what = subject("v1", "ConfigMap")
    news = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert applied.check(what, news, {}).inputs["metadata"]["namespace"] == "default"
    cluster_wide = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
    assert "namespace" not in applied.check(what, cluster_wide, {}).inputs["metadata"]


def test_bundles_are_refused_with_a_remedy() -> None:
    provider = KubernetesProvider()
    provider.use_settings({})
    with pytest.raises(ProviderError, match="declare the objects themselves"):
        provider.resource_type("kubernetes:helm.sh/v3:Release")


def test_a_server_that_is_away_is_named() -> None:
    config = (
        '{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],'
        '"clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:9"}}],"users":[{"name":"u","user":{}}]}'
    )
    with (
        closing(AppliedObject({"kubeconfig": config})) as unreachable,
        pytest.raises(ProviderError, match=r"the API server http://127\.0\.0\.1:9 cannot be reached"),
    ):
        unreachable.read(subject("v1", "ConfigMap", "a/b"), {}, {})
