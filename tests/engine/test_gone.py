"""A tenant that is deployed and in no file stops every command that would delete something of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.engine.project import STACK, Project, running_project

pytestmark = [pytest.mark.engine]

TENANTS = "portfolios/local/tenants"


TWICE = ("acme-staging", "borealis")
"""Tenants of a tier that another one has, too."""


@dataclass
class Deployed:
    """The stack, and what was there when everything was."""

    project: Project

    @cached_property
    def everything(self) -> set[str]:
        """Every resource, before any test."""
        return self.resources()

    def resources(self) -> set[str]:
        """Every resource of the state."""
        return {each["urn"] for each in self.project.saved()["resources"]}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A tenant of each tier and a sandbox, where data refuses deletion."""
    with running_project(tmp_path_factory.mktemp("gone") / "project") as project:
        platform = project.folder / "portfolios/local/platform.yaml"
        said = platform.read_text(encoding="utf-8")
        platform.write_text(said.replace("deletion_protection: false", "deletion_protection: true"))
        for name in TWICE:
            (project.folder / TENANTS / f"{name}.yaml").unlink()
        project.up()
        made = Deployed(project)
        assert made.everything
        yield made


@pytest.fixture
def protected(deployed: Deployed) -> Project:
    """The project of the stack."""
    return deployed.project


@pytest.fixture
def nothing_deleted(deployed: Deployed) -> Iterator[Path]:
    """The folder of the tenants, which a test may change; every resource must be there afterwards."""
    folder = deployed.project.folder / TENANTS
    kept = deployed.project.folder / "kept"
    shutil.copytree(folder, kept)
    yield folder
    assert deployed.resources() == deployed.everything
    shutil.rmtree(folder)
    kept.rename(folder)


def test_a_file_that_was_dropped_stops_preview_and_update(protected: Project, nothing_deleted: Path) -> None:
    (nothing_deleted / "acme.yaml").unlink()
    (nothing_deleted / "borealis-migration.yaml").unlink()
    said = protected.pulumi("preview", "--stack", STACK, code=1).text
    for name in ("acme", "borealis-migration"):
        assert f"tenant '{name}' is deployed and has no file in portfolios/local/tenants" in said
        assert f"costack decommission {name} --stack local" in said
    assert "Traceback" not in said
    for options in ((), ("--target", "**acme**")):  # `--refresh` is in test_dropped
        assert "nothing was changed" in protected.up(*options, code=1).text


@pytest.mark.whole("tests/cli/actions/test_rename renames; the id of a tenant is in no name that changes")
def test_a_rename_keeps_everything(protected: Project, nothing_deleted: Path) -> None:
    """By hand it stops, and `costack rename` puts the file right; only records change."""
    file, other = nothing_deleted / "halcyon.yaml", nothing_deleted / "zenith.yaml"
    other.write_text(file.read_text("utf-8").replace("tenant: halcyon\n", "tenant: zenith\n"), "utf-8")
    file.unlink()
    wanted = "costack rename halcyon zenith --stack local"
    assert f"run `{wanted}`, which keeps its data" in protected.up(code=1).text
    protected.costack(*wanted.split()[1:])
    assert "display_name: zenith\n" in other.read_text("utf-8")
    before = {each.urn: each.inputs for each in protected.registered()}
    protected.up()
    (changed,) = [each for each in protected.registered() if before[each.urn] != each.inputs]
    assert changed.urn.endswith("costack:index:TenantStack::halcyon")  # the component, and no resource of it
    said = protected.costack("allocate", "--stack", STACK).text
    assert "zenith: its id in the cloud, on bills and in files is 'halcyon'" in said
    protected.costack("rename", "zenith", "halcyon", "--stack", STACK)
    assert file.read_text("utf-8") == (protected.folder / "kept/halcyon.yaml").read_text("utf-8")
    protected.up()


def test_an_empty_folder_stops_the_update(protected: Project, nothing_deleted: Path) -> None:
    for file in nothing_deleted.glob("*.yaml"):
        file.unlink()
    assert protected.up(code=1).text.count("is deployed and has no file") >= 5


@pytest.mark.usefixtures("nothing_deleted")
def test_the_engine_alone_refuses_to_destroy(protected: Project) -> None:
    """Even if it goes on after an error; `make torture` has the other ways in test_dropped."""
    destroy = ("destroy", "--yes", "--skip-preview", "--stack", STACK, "--continue-on-error")
    said = protected.pulumi(*destroy, code=1).text
    assert said.count("cannot be deleted\n") >= 8


@pytest.mark.whole("the test before it asks for all of them")
@pytest.mark.usefixtures("nothing_deleted")
def test_the_engine_alone_refuses_to_destroy_one_tenant(protected: Project) -> None:
    (urn,) = [each.urn for each in protected.registered() if each.urn.endswith("TenantStack::halcyon")]
    target = ("--target", urn, "--target-dependents")
    protected.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK, *target, code=1)
