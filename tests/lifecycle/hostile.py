"""What a tenant of a shared server may try with nothing but SQL, and what comes of it: the rows of a page.

`docs/shared-server.md` has the same rows, and tests compare the two. Every statement here is harmless.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from tests.postgres import ADMIN, ADMIN_PASSWORD, OWNER, Server

LIMIT: Final = 4
TEMPORARY_KIB: Final = 1024
"""The server's limit of temporary files here, where the real one is a tenth of its disk."""
ONE: Final = {"database": "odoo_one", "user": "t_one", "password": "one's own"}
OTHER: Final = {"database": "odoo_other", "user": "t_other", "password": "the other's \"own\" \\ :'x'"}
COMMON: Final = {**ONE, "database": "postgres"}
OTHERS_COMMON: Final = {**OTHER, "database": "postgres"}
COSTACK: Final = "closed by Costack"
POSTGRESQL: Final = "closed by PostgreSQL"
OPEN: Final = "open"


@dataclass(frozen=True)
class Attempt:
    """One row: what is tried, what comes of it, and the check that it does."""

    what: str
    outcome: str
    check: Callable[[Server], None]


def connect(server: Server, tenant: dict[str, str], stack: ExitStack) -> subprocess.Popen[str]:
    """A connection that stays open until the stack closes."""
    process = stack.enter_context(
        subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"],
            env=server.connection(tenant["user"], tenant["password"], tenant["database"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    assert process.stdin
    stack.callback(process.stdin.close)
    return process


def answered(process: subprocess.Popen[str], sql: str = "SELECT 'here'") -> str:
    """The first line of what a connection answers."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{sql};\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def refused(server: Server, sql: str, because: str, tenant: dict[str, str] | None = None) -> None:
    done = server.try_to_ask(sql, **(tenant or COMMON))
    assert done.returncode != 0, sql
    assert because in done.stderr, done.stderr


def _other_database(server: Server) -> None:
    refused(server, "SELECT 1", "User does not have CONNECT privilege", {**ONE, "database": "odoo_other"})


def _all_connections(server: Server) -> None:
    """Those in the database `postgres` count as well; the neighbour and the master still get in."""
    with ExitStack() as stack:
        for tenant in (ONE, COMMON) * (LIMIT // 2):
            assert answered(connect(server, tenant, stack)) == "here"
        for tenant in (ONE, COMMON):
            refused(server, "SELECT 1", 'too many connections for role "t_one"', tenant)
        assert server.ask("SELECT 1", **OTHER) == "1"
        assert server.ask("SELECT 1", user=ADMIN, password=ADMIN_PASSWORD) == "1"


def _temporary_files(server: Server) -> None:
    large = (
        "SELECT count(*) FROM (SELECT repeat(n::text, 20) t FROM generate_series(1, 50000) n ORDER BY t) s"
    )
    refused(server, f"SET work_mem = '64kB'; {large}", "temporary file size exceeds", ONE)
    for wish in ("SET temp_file_limit = -1", "ALTER ROLE t_one SET temp_file_limit = -1"):
        refused(server, wish, 'permission denied to set parameter "temp_file_limit"', ONE)


def _owns_something_in_common(server: Server) -> None:
    """The job that ends a tenant drops it: test_shared_server.py runs it."""
    kept = server.ask("SELECT lo_create(0)", **COMMON)
    owner = f"SELECT lomowner::regrole FROM pg_largeobject_metadata WHERE oid = {kept}"  # noqa: S608 - a number
    assert server.ask(owner, user=ADMIN, password=ADMIN_PASSWORD) == "t_one"
    server.ask(f"SELECT lo_unlink({kept})", **COMMON)


def _others_queries(server: Server) -> None:
    with ExitStack() as stack:
        assert answered(connect(server, OTHER, stack), "SELECT 'a secret of the other'") != ""
        seen = "SELECT DISTINCT query FROM pg_stat_activity WHERE usename = 't_other'"
        assert server.ask(seen, **COMMON) == "<insufficient privilege>"


def _others_connections(server: Server) -> None:
    with ExitStack() as stack:
        alive = connect(server, OTHER, stack)
        assert answered(alive) == "here"
        for function in ("pg_terminate_backend", "pg_cancel_backend"):
            act = f"SELECT {function}(pid) FROM pg_stat_activity WHERE usename = 't_other'"  # noqa: S608 - names here
            refused(server, act, "permission denied to ")
        assert answered(alive) == "here"


def _tables_in_common(server: Server) -> None:
    refused(server, "CREATE TABLE left_behind (id integer)", "permission denied for schema public")
    refused(server, "CREATE SCHEMA left_behind", "permission denied for database postgres")


def _files_and_programs(server: Server) -> None:
    refused(server, "CREATE TEMP TABLE t (t text); COPY t FROM '/dev/null'", "permission denied to COPY from")
    refused(server, "COPY (SELECT 1) TO '/dev/null'", "permission denied to COPY to")
    refused(server, "COPY (SELECT 1) TO PROGRAM 'true'", "permission denied to COPY to or from an external")
    refused(server, "SELECT pg_read_file('PG_VERSION')", "permission denied for function pg_read_file")


def _extensions(server: Server) -> None:
    """Those that leave the database need a superuser; harmless ones may be made in one's own."""
    for extension in ("dblink", "postgres_fdw", "file_fdw"):
        refused(server, f"CREATE EXTENSION {extension}", "permission denied to create extension", ONE)
    refused(server, "CREATE EXTENSION hstore", "permission denied to create extension")
    assert server.ask("CREATE EXTENSION hstore; DROP EXTENSION hstore; SELECT 1", **ONE) == "1"


def _others_large_objects(server: Server) -> None:
    kept = server.ask("SELECT lo_from_bytea(0, 'the other''s')", **OTHERS_COMMON)
    for touch in (f"SELECT lo_get({kept})", f"SELECT lo_put({kept}, 0, 'mine')"):
        refused(server, touch, f"permission denied for large object {kept}")
    refused(server, f"SELECT lo_unlink({kept})", f"must be owner of large object {kept}")
    server.ask(f"SELECT lo_unlink({kept})", **OTHERS_COMMON)


def _rights(server: Server) -> None:
    for wish in (
        "CREATE DATABASE another",
        "CREATE ROLE another",
        "DROP DATABASE odoo_other",
        "ALTER DATABASE odoo_other SET work_mem = '1MB'",
        "ALTER ROLE t_other PASSWORD 'x'",
        "ALTER ROLE t_other SET work_mem = '1MB'",
        "ALTER ROLE t_one CONNECTION LIMIT 100",
        "SET ROLE t_other",
        f"SET ROLE {ADMIN}",
        "GRANT CONNECT ON DATABASE odoo_other TO t_one",
        "SELECT * FROM pg_authid",
    ):
        done = server.try_to_ask(wish, **COMMON)
        assert done.returncode != 0, wish
        assert "permission denied" in done.stderr or "must be owner" in done.stderr, done.stderr


def _owners_marks(server: Server) -> None:
    """The marks stand on roles, which only the master may comment on; on databases their owners could."""
    for role in ("t_one", "t_other"):
        refused(server, f"COMMENT ON ROLE {role} IS 'costack: owner local/mine/{role}'", "permission denied")


def _settings(server: Server) -> None:
    refused(server, "ALTER SYSTEM SET work_mem = '1MB'", "permission denied to set parameter")
    for name in ("log_statement", "session_preload_libraries", "max_stack_depth"):
        refused(server, f"SET {name} = DEFAULT", f'permission denied to set parameter "{name}"')


def _others_size(server: Server) -> None:
    refused(server, "SELECT pg_database_size('odoo_other')", "permission denied for database odoo_other")


def _prepared_and_replicated(server: Server) -> None:
    refused(server, "BEGIN; PREPARE TRANSACTION 'x'", "prepared transactions are disabled", ONE)
    slot = "SELECT pg_create_physical_replication_slot('x')"
    refused(server, slot, "permission denied to use replication slots")
    elsewhere = "CREATE SUBSCRIPTION x CONNECTION 'host=127.0.0.1' PUBLICATION x WITH (connect = false)"
    refused(server, elsewhere, "permission denied to create subscription", ONE)


def _hears_channels(server: Server) -> None:
    """What Odoo's bus sends: the database, the model and the id of a channel; and what its cron sends."""
    channel = '[["odoo_other","res.partner",7]]'
    with ExitStack() as stack:
        listening = connect(server, COMMON, stack)
        assert answered(listening, "LISTEN imbus; LISTEN cron_trigger; SELECT 'here'") == "here"
        server.ask(f"SELECT pg_notify('imbus', '{channel}')", **OTHERS_COMMON)
        server.ask("NOTIFY cron_trigger, 'odoo_other'", **OTHERS_COMMON)
        heard, _ = listening.communicate("SELECT 'heard';\n", timeout=30)
        assert f'"imbus" with payload "{channel}"' in heard
        assert '"cron_trigger" with payload "odoo_other"' in heard


def _wakes_neighbours(server: Server) -> None:
    with ExitStack() as stack:
        neighbour = connect(server, OTHERS_COMMON, stack)
        assert answered(neighbour, "LISTEN imbus; SELECT 'here'") == "here"
        server.ask("SELECT pg_notify('imbus', '[]')", **COMMON)
        heard, _ = neighbour.communicate("SELECT 'woken';\n", timeout=30)
        assert 'Asynchronous notification "imbus" with payload "[]"' in heard


def _lists_names(server: Server) -> None:
    databases = server.ask("SELECT datname FROM pg_database", **COMMON).splitlines()
    roles = server.ask("SELECT rolname FROM pg_roles", **COMMON).splitlines()
    assert {"odoo_one", "odoo_other"} <= set(databases)
    assert {"t_one", "t_other"} <= set(roles)
    mark = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 't_other'"
    assert server.ask(mark, **COMMON) == f"costack: owner {OWNER}"
    with ExitStack() as stack:
        assert answered(connect(server, OTHER, stack)) == "here"
        there = "SELECT DISTINCT datname FROM pg_stat_activity WHERE usename = 't_other'"
        assert server.ask(there, **COMMON) == "odoo_other"


def _counters(server: Server) -> None:
    counted = "SELECT xact_commit >= 0 FROM pg_stat_database WHERE datname = 'odoo_other'"
    assert server.ask(counted, **COMMON) == "t"


def _lifts_time_limits(server: Server) -> None:
    lifted = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SHOW statement_timeout"
    assert server.ask("SHOW statement_timeout", **ONE) == "15min"
    assert server.ask(lifted, **ONE) == "0"


def _fills_the_disk(server: Server) -> None:
    """Tables, temporary ones among them, are no temporary files: PostgreSQL has no quota for them."""
    rows = f"SELECT repeat('x', 1000) t FROM generate_series(1, {TEMPORARY_KIB * 2}) n"  # noqa: S608 - a number
    for kind, where in (("", ONE), ("TEMP", ONE), ("TEMP", COMMON)):
        size = "SELECT pg_table_size('much') > 1024 * 1024"
        sql = f"BEGIN; CREATE {kind} TABLE much AS {rows}; {size}; ROLLBACK"
        assert server.ask(sql, **where) == "t"


def _opens_its_own(server: Server) -> None:
    server.ask("GRANT CONNECT ON DATABASE odoo_one TO t_other", **ONE)
    try:
        assert server.ask("SELECT 1", **{**OTHER, "database": "odoo_one"}) == "1"
    finally:
        server.ask("REVOKE CONNECT ON DATABASE odoo_one FROM t_other", **ONE)


ATTEMPTS: Final = (
    Attempt("connects to another tenant's database", COSTACK, _other_database),
    Attempt("opens all connections of the server", COSTACK, _all_connections),
    Attempt("fills the disk with the temporary files of a query", COSTACK, _temporary_files),
    Attempt("keeps its role from being dropped", COSTACK, _owns_something_in_common),
    Attempt("reads the queries of others", POSTGRESQL, _others_queries),
    Attempt("ends or cancels the work of others", POSTGRESQL, _others_connections),
    Attempt("makes tables in the database `postgres`", POSTGRESQL, _tables_in_common),
    Attempt("reads or writes files of the server, starts programs", POSTGRESQL, _files_and_programs),
    Attempt("installs an extension that leaves the database", POSTGRESQL, _extensions),
    Attempt("reads, writes or deletes large objects of others", POSTGRESQL, _others_large_objects),
    Attempt("gives itself rights, changes other roles or databases", POSTGRESQL, _rights),
    Attempt("says that a database belongs to another client", POSTGRESQL, _owners_marks),
    Attempt("changes settings of the server", POSTGRESQL, _settings),
    Attempt("asks for the size of another database", POSTGRESQL, _others_size),
    Attempt("leaves a prepared transaction or a replication slot", POSTGRESQL, _prepared_and_replicated),
    Attempt("hears which channels of other tenants' live updates are used", OPEN, _hears_channels),
    Attempt("wakes or disturbs other tenants' live updates", OPEN, _wakes_neighbours),
    Attempt("lists databases, roles, their clients, and who is connected", OPEN, _lists_names),
    Attempt("reads the activity counters of other databases", OPEN, _counters),
    Attempt("lifts its own time limits, takes processor and disk time", OPEN, _lifts_time_limits),
    Attempt("fills the disk with tables or large objects", OPEN, _fills_the_disk),
    Attempt("opens its own database to another tenant", OPEN, _opens_its_own),
)
