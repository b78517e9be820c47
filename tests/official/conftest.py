"""The committed portfolio with the official Kubernetes provider, an API server, and its controllers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.project import STACK, Project, running_project
from tests.kubernetes import OFFICIAL, PROVIDER, use_official
from tests.localcloud.cluster import Cluster, running_cluster
from tests.localcloud.operator import install
from tests.official.controllers import CONTROLLERS, controlled
from tests.official.kubelet import Kubelet

REASON: Final = "`make official` builds the official Kubernetes provider and runs these: 20 minutes"


@dataclass(frozen=True)
class Official:
    """A project whose Kubernetes objects go through the official provider."""

    project: Project
    cluster: Cluster
    kubelet: Kubelet


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """Both programs; `make test` skips this folder."""
    if not OFFICIAL:
        pytest.skip(REASON)
    assert PROVIDER.exists()
    assert CONTROLLERS.exists()


@contextmanager
def official_project(folder: Path) -> Iterator[Project]:
    """A project that finds the official provider where it would find this repository's own."""
    with running_project(folder) as project:
        use_official(project)
        yield project


def forget(project: Project, file: Path, lost: Callable[[dict[str, Any]], bool]) -> None:
    """Take resources out of the state and out of what others depend on; *file* holds it on the way."""
    state = json.loads(project.export())
    resources = state["deployment"]["resources"]
    gone = {each["urn"] for each in resources if lost(each)}
    left = [each for each in resources if each["urn"] not in gone]
    for each in left:
        each["dependencies"] = [urn for urn in each.get("dependencies", []) if urn not in gone]
        each["propertyDependencies"] = {
            name: [urn for urn in urns or [] if urn not in gone]
            for name, urns in each.get("propertyDependencies", {}).items()
        }
    state["deployment"]["resources"] = left
    file.write_text(json.dumps(state), encoding="utf-8")
    project.pulumi("stack", "import", "--file", str(file), "--stack", STACK)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    """Nothing is deployed yet."""
    kubelets: list[Kubelet] = []

    @contextmanager
    def tended(cluster: Cluster) -> Iterator[None]:
        with controlled(cluster) as kubelet:
            kubelets.append(kubelet)
            yield

    folder = tmp_path_factory.mktemp("official")
    (folder / "cluster").mkdir()
    with (
        running_cluster(folder / "cluster", tended) as cluster,
        official_project(folder / "project") as project,
    ):
        install(cluster)
        project.apply_to(cluster.kubeconfig)
        yield Official(project, cluster, kubelets[0])
