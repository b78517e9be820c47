"""The role of postgres_exporter on a real PostgreSQL server: it reads sizes, and no table of a tenant."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from components.kubernetes.parts.postgres import login_script
from tests.lifecycle.hostile import ONE
from tests.lifecycle.pods import Pods, set_up
from tests.postgres import NEWEST_SOLD, Server

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", [NEWEST_SOLD], indirect=True)]
ROLE: Final = "costack_monitor"
PASSWORD: Final = "the monitor's 'own'"
MONITOR: Final = {"user": ROLE, "password": PASSWORD, "database": "postgres"}
SIZES: Final = "SELECT pg_database_size(datname) > 0 FROM pg_database WHERE datname = 'odoo_one'"


def make(pods: Pods, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """Run the job that makes the role."""
    (pods.folder / "monitor").write_text(password, encoding="utf-8")
    return pods.run(
        login_script(), MASTER_SECRET_ARN="arn:master", PGHOST=pods.server.host, MONITOR_ROLE=ROLE
    )


@pytest.fixture
def server_of_one(pods: Pods) -> Iterator[Server]:
    """The server with a tenant whose table holds something."""
    assert set_up(pods, ONE["user"], ONE["database"], ONE["password"]).returncode == 0
    pods.server.ask("CREATE TABLE mine AS SELECT 'private' AS said", **ONE)
    yield pods.server
    pods.server.ask(f"DROP DATABASE {ONE['database']}")
    pods.server.ask(f"DROP ROLE {ONE['user']}; DROP ROLE IF EXISTS {ROLE}")


def test_it_tells_sizes_and_reads_no_table_of_a_tenant(pods: Pods, server_of_one: Server) -> None:
    for _ in range(2):  # safe to run again
        done = make(pods)
        assert (done.returncode, done.stdout) == (0, f"role {ROLE} is ready\n"), done.stderr
    assert server_of_one.ask(SIZES, **MONITOR) == "t"
    assert server_of_one.ask("SELECT count(*) > 0 FROM pg_stat_database", **MONITOR) == "t"
    inside = server_of_one.try_to_ask("SELECT said FROM mine", **{**MONITOR, "database": ONE["database"]})
    assert "User does not have CONNECT privilege" in inside.stderr
    for refused in (
        "CREATE TABLE left_behind (id integer)",
        f"SET ROLE {ONE['user']}",
        "SELECT * FROM pg_authid",
        "CREATE DATABASE another",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum launcher'",
        "SET default_transaction_read_only = off; SET ROLE pg_read_all_data; SELECT 1",
    ):
        tried = server_of_one.try_to_ask(refused, **MONITOR)
        assert tried.returncode, refused
        assert "denied" in tried.stderr or "read-only" in tried.stderr, tried.stderr
    assert PASSWORD.replace("'", "''") not in server_of_one.log
    assert PASSWORD not in server_of_one.log


def test_another_password_replaces_the_first(pods: Pods, server_of_one: Server) -> None:
    assert make(pods).returncode == 0
    assert make(pods, "another one").returncode == 0
    assert server_of_one.try_to_ask(SIZES, **MONITOR).returncode
    assert server_of_one.ask(SIZES, **{**MONITOR, "password": "another one"}) == "t"


def test_a_role_that_somebody_else_made_is_left_alone(pods: Pods, server_of_one: Server) -> None:
    server_of_one.ask(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'theirs'")
    done = make(pods)
    assert done.returncode == 1
    assert f"role {ROLE} on {server_of_one.host} was not made by Costack" in done.stderr
    assert "nothing was changed" in done.stderr
    assert server_of_one.ask("SELECT 1", **{**MONITOR, "password": "theirs"}) == "1"
