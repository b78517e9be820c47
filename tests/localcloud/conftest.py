"""Shares what is slow to start: one API server per test session and throw-away projects for the real CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.localcloud.cluster import Cluster, running_cluster
from tests.localcloud.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real API server, stopped when the session ends."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Engine]:
    """Makes a throw-away project: `project(program, config={...})`."""

    def make(program: str, **options: dict[str, str]) -> Engine:
        return Engine(tmp_path, program, config=options.get("config"))

    return make
