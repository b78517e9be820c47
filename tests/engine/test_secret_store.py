"""Secrets of a store in a living stack, in the order in which the tests stand here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.engine.project import STACK, Project, running_project
from tests.torture.kills import replace_in

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole("tests/components/kubernetes/test_secrets declares the store switched on and off"),
]
TENANT: Final = "acme"
NAMED: Final = re.compile(
    rf'"(?:secretName|name)": "({TENANT}-(?:odoo|admin|database)(?:-[0-9a-f]{{10,}})?)"'
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The platform with one tenant, whose Secrets are written as they are."""
    with running_project(tmp_path_factory.mktemp("store") / "project") as made:
        for other in (made.folder / "portfolios" / STACK / "tenants").glob("*.yaml"):
            if other.stem != TENANT:
                other.unlink()
        made.up()
        yield made


def manifests(project: Project) -> dict[Path, dict[str, Any]]:
    found = (project.folder / ".local" / "manifests").rglob("*.yaml")
    return {path: yaml.safe_load(path.read_text(encoding="utf-8")) for path in found}


def there(project: Project, kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in manifests(project).values() if each["kind"] == kind}


def named(project: Project) -> set[str]:
    """The Secrets that pods name."""
    kinds = {"Deployment", "CronJob", "Job"}
    return {
        name
        for each in manifests(project).values()
        if each["kind"] in kinds
        for name in NAMED.findall(json.dumps(each))
    }


def parameters(project: Project) -> list[str]:
    listed = project.clients().get("ssm").describe_parameters()["Parameters"]
    return sorted(each["Name"] for each in listed if each["Name"].startswith("/costack/"))


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    """A folder where a manifest is to be written."""
    text = path.read_text(encoding="utf-8")
    path.unlink()
    path.mkdir()
    yield
    path.rmdir()
    path.write_text(text, encoding="utf-8")


def test_a_store_is_switched_on(project: Project) -> None:
    platform = project.folder / "portfolios" / STACK / "platform.yaml"
    replace_in(platform, "cluster:\n", "cluster:\n  secret_store: parameters\n")
    project.up()
    assert len(named(project)) == 3
    assert there(project, "ExternalSecret") == named(project)
    assert there(project, "Secret") == set()
    assert len(parameters(project)) == 3
    project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def test_a_rotation_that_failed_is_taken_back_and_pods_have_their_secret(project: Project) -> None:
    """The Secret of before is named again, and the engine still has to delete the one of before."""
    project.costack("rotate", TENANT, "--begin", "--stack", STACK)
    (web,) = (
        path
        for path, each in manifests(project).items()
        if (each["kind"], each["metadata"]["name"]) == ("Deployment", f"{TENANT}-web")
    )
    with in_the_way(web):
        project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, code=1)
    project.costack("rotate", TENANT, "--back", "--stack", STACK)
    project.up()
    assert len(named(project)) == 3
    assert there(project, "ExternalSecret") == named(project)
    project.costack("rotate", TENANT, "--next", "--stack", STACK)
    project.up()
    assert there(project, "ExternalSecret") == named(project)


def test_a_store_is_switched_off(project: Project) -> None:
    platform = project.folder / "portfolios" / STACK / "platform.yaml"
    replace_in(platform, "  secret_store: parameters\n", "")
    project.up()
    assert there(project, "ExternalSecret") == set()
    assert (
        there(project, "Secret")
        == named(project)
        == {f"{TENANT}-{each}" for each in ("odoo", "admin", "database")}
    )
    assert parameters(project) == []
