"""Shares what is slow to start: one PostgreSQL server with a tenant on it, and one backup of that tenant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lifecycle.pods import Pods, running_pods
from tests.postgres import EVERY_MAJOR, Server, running_server

LIKE_RDS = 17
"""On this one the master has the rights that RDS gives, on the others the least that is needed."""


@pytest.fixture(scope="session", params=EVERY_MAJOR, ids=lambda major: f"postgresql-{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A real PostgreSQL server of every version a portfolio may name, stopped when the session ends."""
    with running_server(request.param, like_rds=request.param == LIKE_RDS) as running:
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
