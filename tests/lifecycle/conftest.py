"""Shares what is slow to start: one PostgreSQL server with a tenant on it, and one backup of that tenant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lifecycle.pods import Pods, running_pods
from tests.postgres import Server, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL server, stopped when the session ends."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def pods(server: Server) -> Iterator[Pods]:
    """Where the pods of the tenant `acme` run; its database and files are there."""
    with running_pods(server) as running:
        yield running


@pytest.fixture(scope="session")
def backup(pods: Pods) -> str:
    """When the one good backup of `acme` was taken."""
    return pods.back_up()


@pytest.fixture
def damaged(pods: Pods, backup: str) -> Iterator[Pods]:
    """A bucket of its own for a test that does harm to it; it holds `backup`."""
    assert backup in pods.manifests()
    with pods.copied() as other:
        yield other
