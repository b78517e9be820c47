"""Two tenants on one real PostgreSQL server, set up by database_setup.sh as the master that RDS gives."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from components.scripts import script
from tests.lifecycle.hostile import LIMIT, ONE, OTHER, answered, connect
from tests.lifecycle.pods import Pods, set_up
from tests.postgres import ADMIN, ADMIN_PASSWORD, Server

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def both(pods: Pods) -> Iterator[Server]:
    """The server, with both tenants set up."""
    for each in (ONE, OTHER):
        done = set_up(pods, each["user"], each["database"], each["password"], LIMIT)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(f"database {each['database']} and role {each['user']} are ready\n")
    yield pods.server
    for each in (ONE, OTHER):
        pods.server.ask(f"DROP DATABASE {each['database']}")
        pods.server.ask(f"DROP ROLE {each['user']}")


@pytest.mark.sample(1)
def test_a_tenant_is_at_home_in_its_own_database(both: Server) -> None:
    for each in (ONE, OTHER):
        both.ask("CREATE TABLE mine (id serial); INSERT INTO mine DEFAULT VALUES", **each)
        assert both.ask("SELECT current_user || ' ' || count(*) FROM mine", **each) == f"{each['user']} 1"
        assert both.ask("SELECT extname FROM pg_extension WHERE extname = 'pg_trgm'", **each) == "pg_trgm"
        assert both.ask("SHOW statement_timeout; SHOW idle_in_transaction_session_timeout", **each) == (
            "15min\n35min"
        )
        both.ask("DROP TABLE mine", **each)


def test_a_tenant_cannot_connect_to_anothers_database(both: Server) -> None:
    for mine, theirs in ((ONE, OTHER), (OTHER, ONE)):
        done = both.try_to_ask("SELECT 1", **{**mine, "database": theirs["database"]})
        assert done.returncode == 2
        assert f'permission denied for database "{theirs["database"]}"' in done.stderr
        assert "User does not have CONNECT privilege" in done.stderr


def test_every_tenant_and_the_master_reach_the_database_postgres(both: Server) -> None:
    """Every Odoo process needs it: it holds a LISTEN there."""
    for each in (ONE, OTHER, {"user": ADMIN, "password": ADMIN_PASSWORD}):
        assert both.ask("LISTEN imbus; SELECT 1", **{**each, "database": "postgres"}) == "1"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE DATABASE another",
        "CREATE ROLE another",
        "DROP DATABASE odoo_other",
        "ALTER ROLE t_other PASSWORD 'x'",
        "SET ROLE t_other",
        f"SET ROLE {ADMIN}",
        "GRANT CONNECT ON DATABASE odoo_other TO t_one",
        "ALTER ROLE t_one CONNECTION LIMIT 100",
        "SELECT * FROM pg_authid",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "CREATE TABLE public.left_behind (id integer)",
    ],
)
def test_a_tenant_has_no_right_on_the_server(both: Server, sql: str) -> None:
    done = both.try_to_ask(sql, **{**ONE, "database": "postgres"})
    assert done.returncode != 0
    assert "denied" in done.stderr or "must be" in done.stderr


def test_the_connection_limit_holds_and_is_a_tenants_own(both: Server) -> None:
    with ExitStack() as stack:
        for _ in range(LIMIT):
            assert answered(connect(both, ONE, stack)) == "here"
        refused = both.try_to_ask("SELECT 1", **ONE)
        assert refused.returncode == 2
        assert 'too many connections for role "t_one"' in refused.stderr
        # What it has open in the database `postgres` counts as well.
        assert both.try_to_ask("SELECT 1", **{**ONE, "database": "postgres"}).returncode == 2
        assert both.ask("SELECT 1", **OTHER) == "1"


def catalog(server: Server) -> str:
    """All that a setup makes, as the server has it; the stored password among it."""
    return server.ask(
        "SELECT row_to_json(r) FROM pg_authid r WHERE rolname LIKE 't\\_%' ORDER BY oid;"
        "SELECT oid, datname, datdba, datacl, datcollate, encoding FROM pg_database ORDER BY oid;"
        "SELECT * FROM pg_db_role_setting ORDER BY 1, 2; SELECT * FROM pg_auth_members ORDER BY 1, 2"
    )


def test_setting_up_again_changes_nothing(pods: Pods, both: Server) -> None:
    before = catalog(both)
    assert "SCRAM-SHA-256" in before
    with ExitStack() as stack:
        alive = connect(both, ONE, stack)
        assert answered(alive) == "here"
        done = set_up(pods, ONE["user"], ONE["database"], ONE["password"], LIMIT)
        assert done.returncode == 0, done.stderr
        assert answered(alive) == "here"
    assert catalog(both) == before


def test_a_password_is_changed_and_the_old_one_opens_nothing(pods: Pods, both: Server) -> None:
    new = 'a new one: it\'s "quoted" \\ $1'
    done = set_up(pods, ONE["user"], ONE["database"], new, LIMIT)
    assert done.returncode == 0, done.stderr
    assert new not in done.stdout + done.stderr
    refused = both.try_to_ask("SELECT 1", **ONE)
    assert refused.returncode == 2
    assert "password authentication failed" in refused.stderr
    assert both.ask("SELECT 1", **{**ONE, "password": new}) == "1"
    set_up(pods, ONE["user"], ONE["database"], ONE["password"], LIMIT)
    assert both.ask("SELECT 1", **ONE) == "1"


def test_a_new_limit_is_set(pods: Pods, both: Server) -> None:
    set_up(pods, ONE["user"], ONE["database"], ONE["password"], LIMIT + 1)
    limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 't_one'"
    assert both.ask(limit) == str(LIMIT + 1)
    set_up(pods, ONE["user"], ONE["database"], ONE["password"], LIMIT)
    assert both.ask(limit) == str(LIMIT)


def test_a_setup_that_fails_ends_with_its_failure(pods: Pods) -> None:
    done = set_up(pods, "t_one", "odoo_one", "x", connections=-5)
    assert done.returncode != 0
    assert "are ready" not in done.stdout


def test_the_servers_log_holds_no_password(pods: Pods, both: Server) -> None:
    new = "a word that nobody else would write"
    assert set_up(pods, OTHER["user"], OTHER["database"], new, LIMIT).returncode == 0
    assert both.ask("SELECT 1", **{**OTHER, "password": new}) == "1"
    assert set_up(pods, OTHER["user"], OTHER["database"], OTHER["password"], LIMIT).returncode == 0
    assert "ALTER" in both.log  # statements that change the catalog are written down
    assert "SCRAM-SHA-256$" in both.log
    for word in (new, OTHER["password"], ONE["password"]):
        assert word not in both.log


def test_the_master_never_connects_to_a_tenants_database(pods: Pods, both: Server) -> None:
    """Whatever its owner hangs on it would run with the master's rights."""
    before = both.log.count(f"user={ADMIN} database=odoo_one")
    assert set_up(pods, ONE["user"], ONE["database"], ONE["password"], LIMIT).returncode == 0
    assert both.log.count(f"user={ADMIN} database=odoo_one") == before == 0
    assert f"user={ADMIN} database=postgres" in both.log


def drop(pods: Pods, tenant: dict[str, str], attempts: int = 3) -> subprocess.CompletedProcess[str]:
    """Run the job that ends a tenant's database and role."""
    return pods.run(
        script("database_drop.sh"),
        MASTER_SECRET_ARN="arn:master",
        TENANT_ROLE=tenant["user"],
        SECOND_LOGIN=f"second_{tenant['user']}",
        READER_ROLE=f"reader_{tenant['user']}",
        TENANT_DATABASE=tenant["database"],
        PGHOST=pods.server.host,
        DROP_ATTEMPTS=str(attempts),
    )


_SLOW_TO_VACUUM = """
CREATE TABLE much (id integer, text text) WITH (autovacuum_vacuum_cost_delay = 100,
    autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0);
INSERT INTO much SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n;
DELETE FROM much WHERE id % 2 = 0;
"""
_AUTOVACUUM = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"


@pytest.mark.whole("a race that PostgreSQL itself settles")
def test_a_database_is_dropped_while_autovacuum_works_in_it(pods: Pods) -> None:
    gone = {"database": "odoo_gone", "user": "t_gone", "password": "soon no more"}
    assert set_up(pods, gone["user"], gone["database"], gone["password"], LIMIT).returncode == 0
    pods.server.ask(_SLOW_TO_VACUUM, **gone)
    working = _AUTOVACUUM + " AND datname = 'odoo_gone'"
    deadline = time.monotonic() + 90
    # Only here: in each of all servers it would take a share of the processor for as long as they run.
    pods.server.ask("ALTER SYSTEM SET autovacuum_naptime = 1")
    pods.server.ask("SELECT pg_reload_conf()")
    try:
        while pods.server.ask(working) == "0":
            assert time.monotonic() < deadline, "autovacuum never came"
            time.sleep(0.3)
    finally:
        pods.server.ask("ALTER SYSTEM RESET autovacuum_naptime")
        pods.server.ask("SELECT pg_reload_conf()")
    with ExitStack() as stack:
        assert answered(connect(pods.server, gone, stack)) == "here"
        done = drop(pods, gone)
    assert done.returncode == 0, done.stderr
    assert pods.server.ask("SELECT count(*) FROM pg_database WHERE datname = 'odoo_gone'") == "0"
    assert pods.server.ask("SELECT count(*) FROM pg_roles WHERE rolname = 't_gone'") == "0"
    again = drop(pods, gone)
    assert again.returncode == 0, again.stderr


def test_a_database_that_somebody_else_holds_is_left_whole(pods: Pods) -> None:
    """Such as RDS' own superuser, whom the master cannot disconnect."""
    held = {"database": "odoo_held", "user": "t_held", "password": "still here"}
    assert set_up(pods, held["user"], held["database"], held["password"], LIMIT).returncode == 0
    superuser = {"database": "odoo_held", "user": "postgres", "password": ADMIN_PASSWORD}
    with ExitStack() as stack:
        assert answered(connect(pods.server, superuser, stack)) == "here"
        done = drop(pods, held, attempts=1)
        assert done.returncode == 1
        assert "is still in use after 1 attempts" in done.stderr
        assert pods.server.ask("SELECT count(*) FROM pg_database WHERE datname = 'odoo_held'") == "1"
    assert drop(pods, held).returncode == 0


def test_a_role_that_a_neighbour_holds_stays_without_login(pods: Pods, both: Server) -> None:
    """Only the owner of what was granted can take it back: no neighbour may keep a tenant from ending."""
    gone = {"database": "odoo_liked", "user": "t_liked", "password": "held by another"}
    assert set_up(pods, gone["user"], gone["database"], gone["password"], LIMIT).returncode == 0
    both.ask("CREATE TABLE lent (id integer); GRANT SELECT ON lent TO t_liked", **OTHER)
    for _ in range(2):
        done = drop(pods, gone)
        assert done.returncode == 0, done.stderr
        assert "role t_liked stays without login, because it was granted rights in odoo_other" in done.stdout
    assert both.ask("SELECT rolcanlogin FROM pg_roles WHERE rolname = 't_liked'") == "f"
    assert both.ask("SELECT count(*) FROM pg_database WHERE datname = 'odoo_liked'") == "0"
    both.ask("DROP TABLE lent", **OTHER)
    assert "are gone" in drop(pods, gone).stdout


def test_a_role_is_dropped_whatever_it_left_in_the_common_database(pods: Pods) -> None:
    """Whoever may connect to `postgres` may own large objects there, and is asked for nothing."""
    gone = {"database": "odoo_keeper", "user": "t_keeper", "password": "mine for ever"}
    assert set_up(pods, gone["user"], gone["database"], gone["password"], LIMIT).returncode == 0
    common = {**gone, "database": "postgres"}
    kept = "SELECT count(*) FROM pg_largeobject_metadata"
    before = pods.server.ask(kept)
    pods.server.ask(
        "SELECT lo_from_bytea(0, 'kept'); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", **common
    )
    assert pods.server.ask(kept) == str(int(before) + 1)
    with ExitStack() as stack:
        assert answered(connect(pods.server, common, stack)) == "here"
        done = drop(pods, gone)
    assert done.returncode == 0, done.stderr
    assert pods.server.ask("SELECT count(*) FROM pg_roles WHERE rolname = 't_keeper'") == "0"
    assert pods.server.ask(kept) == before
    assert drop(pods, gone).returncode == 0
