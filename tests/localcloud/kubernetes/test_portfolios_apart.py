"""Two portfolios in one cluster, and a claim that moves to another namespace, under the real CLI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.engine.warm import home
from tests.kubernetes import OFFICIAL
from tests.localcloud.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.localcloud.cluster import Cluster

NAMESPACE = """
import pulumi_kubernetes as k8s
labels = {"cost/portfolio": "PORTFOLIO"}
namespace = k8s.core.v1.Namespace("shared", metadata={"name": "odoo-apart", "labels": labels})
inside = {"namespace": namespace.metadata.name, "labels": labels}
k8s.core.v1.ConfigMap("settings", metadata={**inside, "name": "settings"}, data={"of": "PORTFOLIO"})
"""
PATH = "/api/v1/namespaces/odoo-apart"


@pytest.mark.whole("what components do about it is tried here")
@pytest.mark.cluster
def test_server_side_apply_makes_the_second_portfolio_a_conflict(cluster: Cluster) -> None:
    """As the official provider applies: every resource with a field manager of its own, and without force."""

    def apply(manager: str, labels: dict[str, str]) -> httpx.Response:
        obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "odoo-ssa", "labels": labels}}
        return cluster.client.patch(
            "/api/v1/namespaces/odoo-ssa",
            json=obj,
            params={"fieldManager": manager, "force": "false"},
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    assert apply("pulumi-kubernetes-0a0a0a0a", {"cost/portfolio": "local"}).is_success
    assert apply("pulumi-kubernetes-0b0b0b0b", {"cost/domain": "shared-platform"}).is_success  # as before
    refused = apply("pulumi-kubernetes-0c0c0c0c", {"cost/portfolio": "mine"})
    assert refused.status_code == httpx.codes.CONFLICT
    assert 'conflict with "pulumi-kubernetes-0a0a0a0a"' in refused.json()["message"]
    assert "cost/portfolio" in refused.json()["message"]
    cluster.client.delete("/api/v1/namespaces/odoo-ssa")


@pytest.mark.whole("server-side apply makes it a conflict below")
@pytest.mark.sample(1)
@pytest.mark.engine
@pytest.mark.cluster
@pytest.mark.either
@pytest.mark.parametrize("upsert", ["false", "true"])
def test_a_second_portfolio_takes_nothing_over_and_nothing_away(
    tmp_path: Path, cluster: Cluster, upsert: str
) -> None:
    def stack(portfolio: str) -> Engine:
        config = {
            "kubernetes:kubeconfig": str(cluster.kubeconfig),
            "kubernetes:upsertExistingObjects": upsert,
        }
        program = NAMESPACE.replace("PORTFOLIO", portfolio)
        return Engine(tmp_path / portfolio, program, config=config, home=home())

    def there() -> dict[str, Any]:
        found = cluster.client.get(PATH).json()["metadata"]
        settings = cluster.client.get(f"{PATH}/configmaps/settings").json()
        return {"uid": found["uid"], "labels": found["labels"], "data": settings["data"]}

    first, second = stack("local"), stack("mine")
    assert first.up() == {"created": 3}
    before = there()
    said = second.run("up", "--yes", "--skip-preview", code=1)
    # The official one takes over what is there, where no other manager has said otherwise of a field.
    ours = "Namespace odoo-apart belongs to portfolio 'local': give one of the two its own"
    assert ("Apply failed with 1 conflict" if OFFICIAL else ours) in said
    assert there() == before
    second.destroy()
    assert there() == before
    assert first.up() == {"unchanged": 3}
    assert first.destroy() == {"deleted": 3}


CLAIM = """
import pulumi
import pulumi_kubernetes as k8s
anew = pulumi.ResourceOptions(replace_on_changes=["spec.claimRef.namespace"], delete_before_replace=True)
volume = k8s.core.v1.PersistentVolume(
    "volume",
    metadata={"name": "acme-filestore"},
    spec={
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": "NAMESPACE", "name": "acme-filestore"},
        "csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-1::fsap-1"},
    },
    opts=anew,
)
k8s.core.v1.PersistentVolumeClaim(
    "claim",
    metadata={"name": "acme-filestore", "namespace": "NAMESPACE"},
    spec={
        "accessModes": ["ReadWriteMany"],
        "volumeName": volume.metadata["name"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
)
"""
PLAIN = ('volume.metadata["name"]', '"acme-filestore"')


@pytest.mark.engine
@pytest.mark.either
def test_a_claim_that_moves_goes_before_its_volume_is_made_anew(project: Callable[..., Engine]) -> None:
    """What `components/kubernetes/filestore.py` declares; to an older stack it makes no difference."""
    before = CLAIM.replace("NAMESPACE", "odoo-production").replace(*PLAIN).replace("opts=anew,", "")
    engine = project(before, warm=True, config={"kubernetes:renderYamlToDirectory": "out"})
    assert engine.up() == {"created": 3}
    engine.program(CLAIM.replace("NAMESPACE", "odoo-production"))
    assert engine.up() == {"unchanged": 3}
    engine.program(CLAIM.replace("NAMESPACE", "odoo-acme"))
    said = engine.run("up", "--yes", "--skip-preview", "--show-replacement-steps")
    done = re.findall(r" (claim|volume) (deleted original|created replacement) ", said)
    assert done == [
        ("claim", "deleted original"),
        ("volume", "deleted original"),
        ("volume", "created replacement"),
        ("claim", "created replacement"),
    ]
