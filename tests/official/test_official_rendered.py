"""Objects that are only written as files: by this repository's provider, then by the official one."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.kubernetes.objects import quantity
from tests.engine.project import STACK, Project, running_project
from tests.kubernetes import use_official
from tests.official.conftest import forget

pytestmark = [pytest.mark.engine, pytest.mark.kubernetes]

Files = dict[str, Any]
SCHEDULE = "  schedule:\n    awake: Mon-Fri 07:00-19:00\n    timezone: Europe/Brussels\n"
SIZES = frozenset({"requests", "limits", "hard", "default", "defaultRequest", "max", "min", "capacity"})


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The committed portfolio as `make up` has it, and a sandbox that sleeps."""
    with running_project(tmp_path_factory.mktemp("rendered") / "project") as project:
        sandbox = project.folder / "portfolios" / "local" / "tenants" / "acme-staging.yaml"
        sandbox.write_text(sandbox.read_text(encoding="utf-8") + SCHEDULE, encoding="utf-8")
        project.up()
        yield project


def manifests(project: Project) -> Path:
    return project.folder / ".local" / "manifests"


def files(project: Project) -> Files:
    """What every file says, by its path."""
    folder = manifests(project)
    return {
        str(path.relative_to(folder)): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.yaml")
    }


def meaning(said: Any, *, sizes: bool = False) -> Any:
    """What Kubernetes understands: the official provider writes 1000m as 1, and Secrets in Base64."""
    if isinstance(said, list):
        return [meaning(each) for each in said]
    if not isinstance(said, dict):
        return quantity(said) if sizes else said
    if "stringData" in said:
        coded = {key: base64.b64encode(text.encode()).decode() for key, text in said["stringData"].items()}
        said = {**{key: each for key, each in said.items() if key != "stringData"}, "data": coded}
    if said.get("kind") == "PersistentVolume" and not said["spec"].get("storageClassName"):
        # No class; it leaves the empty text out.
        spec = {key: each for key, each in said["spec"].items() if key != "storageClassName"}
        said = {**said, "spec": spec}
    return {
        key: meaning(each, sizes=key in SIZES or (sizes and not isinstance(each, dict)))
        for key, each in said.items()
    }


def test_both_write_the_same_files(rendered: Project, tmp_path: Path) -> None:
    ours = files(rendered)
    assert len(ours) > 130
    shutil.rmtree(manifests(rendered))
    forget(rendered, tmp_path / "state.json", lambda each: str(each["type"]).startswith("kubernetes:"))
    use_official(rendered)
    rendered.up()
    theirs = files(rendered)
    assert theirs.keys() == ours.keys()
    assert {path for path, said in theirs.items() if meaning(said) != meaning(ours[path])} == set()
    said = rendered.up("--expect-no-changes").text
    jobs = [each for each in theirs.values() if each["kind"] == "Job"]
    assert said.count("skipping replaceUnready check") >= len(jobs) > 0


def test_a_refresh_is_told_that_there_is_no_cluster(rendered: Project) -> None:
    before = files(rendered)
    refused = rendered.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK, code=1).text
    assert "failed to read resource state due to unreachable cluster" in refused
    said = rendered.costack("recover", "--stack", STACK).text
    assert "Kubernetes objects are files in .local/manifests, which somebody else applies" in said
    rendered.up("--expect-no-changes")
    assert files(rendered) == before


def test_destroy_removes_every_file(rendered: Project) -> None:
    rendered.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert rendered.registered() == []
    assert files(rendered) == {}
