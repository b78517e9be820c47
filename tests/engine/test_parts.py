"""A fresh platform with every part that Costack runs, applied to a real API server; then without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.project import Project, running_project
from tests.localcloud.cluster import Cluster

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.whole(
        "tests/components/kubernetes/test_parts declares the parts, test_deployed refuses to lose more"
    ),
]

PLATFORM: Final = Path("portfolios/local/platform.yaml")
PARTS: Final = """
parts:
  scraped_from: monitoring
  usage_exporter: {}
  kube_state_metrics:
    image: registry.example.com/kube-state-metrics@sha256:DIGEST
  postgres_exporter:
    image: registry.example.com/postgres-exporter@sha256:DIGEST
  redis_exporter:
    image: registry.example.com/redis-exporter@sha256:DIGEST
  traefik:
    image: registry.example.com/traefik@sha256:DIGEST
    source_ranges: [0.0.0.0/0]
""".replace("DIGEST", "5" * 64)
OF_PARTS: Final = {
    "local-kube-state-metrics": "odoo-platform",
    "local-postgres-exporter": "odoo-platform",
    "local-redis-exporter": "odoo-platform",
    "traefik": "traefik",
    "acme-usage": "odoo-production",
}
REQUESTED: Final = {"10m", "20m", "100m"}
WORDS: Final = ("usage", "kube-state-metrics", "odoo-platform", "postgres-exporter", "redis-exporter")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Project]:
    """A stack of one tenant in a real API server, which says where its API is."""
    with running_project(tmp_path_factory.mktemp("parts") / "project") as made:
        for path in (made.folder / PLATFORM.parent / "tenants").iterdir():
            if path.name != "acme.yaml":
                path.unlink()
        text = (made.folder / PLATFORM).read_text(encoding="utf-8")
        # Whoever lets Costack run the ingress controller does not count it among the pods that are there.
        text = "".join(line for line in text.splitlines(keepends=True) if "{name: traefik," not in line)
        (made.folder / PLATFORM).write_text(
            text.replace("\ncluster:\n", "\ncluster:\n  api_cidrs: [172.20.0.0/16]\n"), encoding="utf-8"
        )
        made.apply_to(cluster.kubeconfig)
        yield made


def pods_of(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    """What the API server says of a pod of a live Deployment."""
    live = cluster.client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}").raise_for_status()
    template = live.json()["spec"]["template"]
    pod = {"metadata": {**template["metadata"], "name": name}, "spec": template["spec"]}
    answer = cluster.client.post(
        f"/api/v1/namespaces/{namespace}/pods", json=pod, params={"dryRun": "All"}
    ).raise_for_status()
    assert "Warning" not in answer.headers
    found: dict[str, Any] = answer.json()
    return found


def test_a_platform_gets_its_parts_and_loses_nothing_but_them(project: Project, cluster: Cluster) -> None:
    usual = (project.folder / PLATFORM).read_text(encoding="utf-8")
    (project.folder / PLATFORM).write_text(usual + PARTS, encoding="utf-8")
    project.up()
    with_parts = {each.urn for each in project.registered()}
    for name, namespace in OF_PARTS.items():
        labels = cluster.client.get(f"/api/v1/namespaces/{namespace}").json()["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        made = pods_of(cluster, namespace, name)
        assert made["metadata"]["labels"]["cost/portfolio"] == "local"
        assert made["spec"]["containers"][0]["resources"]["requests"]["cpu"] in REQUESTED
    assert not project.update()
    (project.folder / PLATFORM).write_text(usual, encoding="utf-8")
    project.up()
    gone = with_parts - {each.urn for each in project.registered()}
    assert gone
    # Traefik's namespace is called as it, and its right in a tenant's namespace `routes`.
    assert all(any(word in urn for word in (*WORDS, "traefik", "routes")) for urn in gone), gone
