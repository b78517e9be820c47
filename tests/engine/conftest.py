"""The stacks that are slow to build: each is built once, for the one file that tells its story."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest

from tests.engine.holdings import holdings
from tests.engine.project import Project, Registered, Said, running_project
from tests.engine.warm_server import DEBUG_LINES


@dataclass
class Deployed:
    """A project after its first `pulumi up`."""

    project: Project
    before: dict[str, set[str]]
    said: Said

    @cached_property
    def registered(self) -> list[Registered]:
        """What the engine registered; read before any test changes the stack."""
        return self.project.registered()


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The committed portfolio with its Kubernetes objects as manifests, as `make up` has it."""
    with running_project(tmp_path_factory.mktemp("rendered") / "project") as project:
        before = holdings(project.clients())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(DEBUG_LINES, "1")  # no secret is in them, either
            deployed = Deployed(project, before, project.up("--logtostderr", "-v=3"))
        assert deployed.registered
        yield deployed


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project in which nothing was deployed yet."""
    with running_project(tmp_path_factory.mktemp("empty") / "project") as project:
        yield project
