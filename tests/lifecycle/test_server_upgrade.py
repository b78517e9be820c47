"""The jobs of an upgrade of a server, on real servers: what the check refuses, what an upgrade leaves."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final

import pytest

from components.database_upgrade import upgrade_script
from components.scripts import script
from tests.lifecycle.odoo import DATABASE, ROLE, checksums
from tests.lifecycle.pods import TENANT, Pods, equip, running_pods, set_up
from tests.lifecycle.test_killed_jobs import EARLY, LATE, kill_everywhere
from tests.postgres import Server, lay_out, make_master, running_server, scratch, served, upgrade
from tiers.facts.names import CHECK_UPGRADE, GATHER_STATISTICS

pytestmark = pytest.mark.postgres
Done = subprocess.CompletedProcess[str]
OFFERED: Final = "pg_trgm,unaccent,btree_gin,hstore,pg_stat_statements,plpgsql"


def answers(pods: Pods, targets: tuple[str, ...], default: str, offered: str = OFFERED) -> None:
    """What AWS says of its versions, as its command-line client prints it."""
    ways = [{"Engine": "postgres", "EngineVersion": each, "AutoUpgrade": False} for each in targets]
    for name, said in (
        ("rds-versions", {"DBEngineVersions": [{"Engine": "postgres", "ValidUpgradeTarget": ways}]}),
        ("rds-default", {"DBEngineVersions": [{"EngineVersion": default}] if default else []}),
        (
            "rds-parameters",
            {
                "EngineDefaults": {
                    "Parameters": [
                        {"ParameterName": "work_mem"},
                        {"ParameterName": "rds.extensions", "ParameterValue": offered.replace(",", ", ")},
                    ]
                }
            },
        ),
    ):
        (pods.bucket / name).write_text(json.dumps(said), encoding="utf-8")


def asked(pods: Pods, to: str) -> dict[str, str]:
    """What both jobs get."""
    return {
        "MASTER_SECRET_ARN": "arn:master",
        "PGHOST": pods.server.host,
        "REGION": "us-east-1",
        "TO": to,
        "CHECK_SQL": script("upgrade_check.sql"),
    }


def check(pods: Pods, to: str) -> Done:
    """Run the job that looks before."""
    return pods.run(upgrade_script(CHECK_UPGRADE), **asked(pods, to))


def gather(pods: Pods, to: str) -> Done:
    """Run the job that gathers statistics after."""
    return pods.run(upgrade_script(GATHER_STATISTICS), **asked(pods, to))


@pytest.fixture(scope="module")
def before() -> Iterator[Pods]:
    """Pods beside a server of the version before the newest, with what RDS lets its master do."""
    settings = ("max_prepared_transactions=4", "wal_level=logical", "max_wal_senders=4")
    with running_server(17, like_rds=True, settings=settings) as server, running_pods(server) as pods:
        answers(pods, ("17.9", "18.1", "18.6"), "18.6")
        yield pods


def test_a_good_server_may_be_upgraded_and_is_not_changed(before: Pods) -> None:
    rows = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_database, pg_stat_user_tables"
    written = before.server.ask(rows, database=DATABASE)
    done = check(before, "18")
    assert done.returncode == 0, done.stderr
    assert "can be upgraded from PostgreSQL 17." in done.stdout
    assert "to 18.6: 3 databases looked into, nothing was changed" in done.stdout
    assert before.server.ask(rows, database=DATABASE) == written


BAD: Final = {
    "reg-type": (
        "CREATE TABLE bad (id integer, uses regproc)",
        "DROP TABLE bad",
        "column public.bad.uses has type regproc, which pg_upgrade cannot carry over",
    ),
    "nested-type": (
        "CREATE DOMAIN d AS regconfig; CREATE TYPE c AS (one d); CREATE TABLE bad (inner_one c[])",
        "DROP TABLE bad; DROP TYPE c; DROP DOMAIN d",
        "column public.bad.inner_one has type regconfig, which",
    ),
    "system-row-type": (
        "CREATE TABLE bad (row information_schema.tables)",
        "DROP TABLE bad",
        "column public.bad.row has row type information_schema.tables of the system",
    ),
    "not-null": (
        """CREATE TABLE above (id integer NOT NULL); CREATE TABLE bad () INHERITS (above);
           ALTER TABLE bad ALTER COLUMN id DROP NOT NULL""",
        "DROP TABLE above CASCADE",
        "column public.bad.id may be empty, and its table inherits one that may not",
    ),
    "prepared": (
        "BEGIN; CREATE TABLE bad (id integer); PREPARE TRANSACTION 'left open'",
        "ROLLBACK PREPARED 'left open'",
        "transaction left open in database odoo_acme is prepared and open: COMMIT PREPARED or ROLLBACK",
    ),
    "extension": (
        "CREATE EXTENSION lo",
        "DROP EXTENSION lo",
        "extension lo is not offered with PostgreSQL 18: drop it",
    ),
}
"""What spoils a database of Odoo, what mends it, and what the check says."""


@pytest.mark.sample(1)
@pytest.mark.parametrize(("spoil", "mend", "why"), BAD.values(), ids=BAD)
def test_a_bad_database_is_refused_by_name(before: Pods, spoil: str, mend: str, why: str) -> None:
    server = before.server
    server.ask(spoil, database=DATABASE)
    try:
        done = check(before, "18")
    finally:
        server.ask(mend, database=DATABASE)
    assert done.returncode == 1
    prefix = "" if why.startswith("transaction") else f"database {DATABASE}: "
    assert f"refused: {prefix}{why}" in done.stderr
    assert "stays on PostgreSQL 17." in done.stderr
    assert "1 reasons, each above; nothing was changed" in done.stderr


@pytest.mark.whole("what is wrong with a database is tried")
def test_what_is_wrong_with_the_server_and_with_aws_is_told_at_once(before: Pods) -> None:
    server = before.server
    answers(before, ("17.9", "18.6"), "18.1")
    server.ask("CREATE DATABASE frozen ALLOW_CONNECTIONS false")
    server.ask("CREATE DATABASE half; UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'")
    server.ask("UPDATE pg_database SET datistemplate = false WHERE datname = 'template1'")
    try:
        done = check(before, "18")
    finally:
        server.ask("UPDATE pg_database SET datistemplate = true WHERE datname = 'template1'")
        server.ask("UPDATE pg_database SET datallowconn = true WHERE datname = 'frozen'")
        server.ask("UPDATE pg_database SET datconnlimit = -1 WHERE datname = 'half'")
        server.ask("DROP DATABASE frozen")
        server.ask("DROP DATABASE half")
        answers(before, ("17.9", "18.1", "18.6"), "18.6")
    assert done.returncode == 1
    for why in (
        "RDS upgrades no 17.11 to 18.1; take one of: 18.6",
        "database frozen takes no connections (datallowconn): let it, or drop it",
        "database half is what an interrupted DROP DATABASE left: drop it",
        "template1 is no template, which pg_upgrade needs",
        "4 reasons, each above; nothing was changed",
    ):
        assert why in done.stderr, done.stderr


def test_what_could_not_be_asked_is_not_green(before: Pods) -> None:
    before.server.ask(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT 0")
    done = check(before, "18")
    before.server.ask(f"ALTER DATABASE {DATABASE} CONNECTION LIMIT -1")
    assert done.returncode == 1
    assert f"database {DATABASE} could not be looked into, so what is in it is unknown" in done.stderr


@pytest.mark.whole("what a database does not answer is tried")
def test_a_silent_aws_and_older_tools_are_refused(before: Pods) -> None:
    for name in ("rds-versions", "rds-parameters"):
        (before.bucket / name).unlink()
        done = check(before, "18")
        answers(before, ("18.6",), "18.6")
        assert done.returncode == 1
        assert "AWS did not say" in done.stderr
    answers(before, ("18.6",), "18.6", offered="")
    assert "AWS did not say which extensions it offers" in check(before, "18").stderr
    answers(before, ("18.6",), "18.6")
    done = check(Pods(before.server, before.folder, clients=17), "18")
    assert "images.operations has PostgreSQL 17, and its pg_dump reads no server of 18" in done.stderr
    assert "runs PostgreSQL 17.11 already" in check(before, "17").stderr


def test_nothing_of_a_tenant_runs_with_the_masters_rights(before: Pods) -> None:
    """A function that stands before the system's own in every search path of the tenant's is not called."""
    ask = before.server.ask
    ask("CREATE SCHEMA trap; CREATE TABLE trap.caught (who text)", **TENANT)
    body = "INSERT INTO trap.caught SELECT session_user; SELECT NULL::text"
    ask(f"CREATE FUNCTION trap.format(text, text) RETURNS text LANGUAGE sql AS '{body}'", **TENANT)
    ask("CREATE VIEW trap.pg_extension AS SELECT format('a', 'b') AS extname", **TENANT)
    ask(f"ALTER DATABASE {DATABASE} SET search_path = trap, pg_catalog", **TENANT)
    try:
        assert check(before, "18").returncode == 0
        assert gather(before, "17").returncode == 0
        assert ask("SELECT pg_catalog.count(*) FROM trap.caught", **TENANT) == "0"
    finally:
        ask(f"ALTER DATABASE {DATABASE} RESET search_path", **TENANT)
        ask("DROP SCHEMA trap CASCADE", **TENANT)


def test_statistics_are_for_the_version_that_was_asked_for(before: Pods) -> None:
    done = gather(before, "18")
    assert done.returncode == 1
    assert "still runs PostgreSQL 17.11: after its maintenance window run `pulumi refresh`" in done.stderr


@pytest.mark.whole("AWS changes an operating system's sorting rarely")
def test_an_index_is_built_anew_whose_order_has_changed(before: Pods) -> None:
    server = before.server
    server.ask(
        f"CREATE DATABASE sorted OWNER {ROLE} TEMPLATE template0 LOCALE_PROVIDER builtin LOCALE 'C.UTF-8'"
    )
    inside = {**TENANT, "database": "sorted"}
    try:
        server.ask(
            "CREATE TABLE names (name text PRIMARY KEY); INSERT INTO names VALUES ('ä'), ('z')", **inside
        )
        server.ask("UPDATE pg_database SET datcollversion = '0' WHERE datname = 'sorted'")
        built = "SELECT pg_relation_filenode('names_pkey')"
        first = server.ask(built, **inside)
        done = gather(before, "17")
        assert done.returncode == 0, done.stderr
        assert server.ask(built, **inside) != first
        fresh = (
            "SELECT datname FROM pg_database WHERE datcollversion = pg_database_collation_actual_version(oid)"
        )
        assert "sorted" in server.ask(fresh)
    finally:
        server.ask("DROP DATABASE sorted")


@pytest.mark.whole("AWS changes an operating system's sorting rarely")
def test_an_index_is_built_anew_while_somebody_works_for_longer_than_a_lock_is_waited_for(
    before: Pods,
) -> None:
    """A report of Odoo's takes minutes; what a run that was cut off left of its index is taken away."""
    server = before.server
    server.ask(
        f"CREATE DATABASE sorted OWNER {ROLE} TEMPLATE template0 LOCALE_PROVIDER builtin LOCALE 'C.UTF-8'"
    )
    inside = {**TENANT, "database": "sorted"}
    try:
        server.ask("CREATE TABLE names (name text PRIMARY KEY)", **inside)
        server.ask("CREATE INDEX names_pkey_ccnew ON names (name)", **inside)
        server.ask(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'names_pkey_ccnew'::regclass",
            database="sorted",
        )
        server.ask("UPDATE pg_database SET datcollversion = '0' WHERE datname = 'sorted'")
        works = "BEGIN; INSERT INTO names VALUES ('z'); SELECT pg_sleep(6); COMMIT"
        with ThreadPoolExecutor() as others:
            busy = others.submit(server.ask, works, **inside)
            text = upgrade_script(GATHER_STATISTICS).replace("lock_timeout=60s", "lock_timeout=1s")
            done = before.run(text, **asked(before, "17"))
            busy.result()
        assert done.returncode == 0, done.stderr
        assert server.ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid", database="sorted") == "0"
        assert (
            "0" not in server.ask("SELECT datcollversion FROM pg_database WHERE datname = 'sorted'").split()
        )
    finally:
        server.ask("DROP DATABASE sorted")


MARKS: Final = """
SELECT rolname, rolconnlimit, rolcanlogin, rolconfig, shobj_description(oid, 'pg_authid')
  FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1;
SELECT datname, pg_get_userbyid(datdba), datconnlimit, datacl, shobj_description(oid, 'pg_database')
  FROM pg_database WHERE datname !~ '^template' ORDER BY 1;
SELECT d.datname, r.rolname, setconfig
  FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase
  LEFT JOIN pg_roles r ON r.oid = setrole
 ORDER BY 1, 2;
SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), admin_option FROM pg_auth_members ORDER BY 1, 2;
"""
"""What says whose a role or database is, and who may do what (ADR 10, 23)."""
WITHOUT: Final = (
    "SELECT count(*) FROM pg_class"
    " WHERE relkind = 'r' AND reltuples < 0 AND relnamespace = 'public'::regnamespace"
)
KNOWN: Final = "SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'public'"


def prepare(pods: Pods) -> None:
    """What an Odoo server of some years has: extensions, a large table, a second tenant, a kept database."""
    server = pods.server
    server.ask("CREATE EXTENSION unaccent; CREATE EXTENSION btree_gin", **TENANT)
    server.ask(
        "CREATE TABLE mail_message AS SELECT n AS id, md5(n::text) AS body, n % 50 AS author_id"
        " FROM generate_series(1, 60000) n; CREATE INDEX ON mail_message (author_id)",
        **TENANT,
    )
    server.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: used m1 2026-11-29T01:15:00Z'")
    assert set_up(pods, "t_other", "odoo_other", "the other's").returncode == 0
    server.ask("CREATE DATABASE odoo_other__kept OWNER t_other")
    server.ask("COMMENT ON DATABASE odoo_other__kept IS 'costack: kept m2 '")


def state(server: Server) -> tuple[str, Mapping[str, str]]:
    """The marks, and the data of the tenant."""
    return server.ask(MARKS), checksums(lambda sql: server.ask(sql, **TENANT))


@contextmanager
def on(pods: Pods, major: int) -> Iterator[Pods]:
    """The same pods beside the same data, which *major* serves."""
    with served(major, pods.server.folder, ending=signal.SIGINT) as server:
        moved = Pods(server, pods.folder)
        equip(moved)
        yield moved


@contextmanager
def prepared(major: int, *settings: str) -> Iterator[Pods]:
    """Pods, and the data of a server that has ended in good order."""
    with scratch() as data, ExitStack() as stack:
        lay_out(major, data)
        with served(major, data, settings=settings, ending=signal.SIGINT) as server:
            make_master(server, like_rds=True)
            pods = stack.enter_context(running_pods(server))
            prepare(pods)
        yield pods


@pytest.mark.whole("two upgrades of a real server take half a minute")
def test_16_becomes_17_becomes_18_and_keeps_everything() -> None:
    with prepared(16) as pods:
        with on(pods, 16) as here:
            kept = state(here.server)
            answers(here, ("17.11",), "17.11")
            done = check(here, "17")
            assert done.returncode == 0, done.stderr
        for old, new in ((16, 17), (17, 18)):
            upgrade(pods.server.folder, old, new)
            with on(pods, new) as here:
                if new < 18:  # which takes them along
                    assert here.server.ask(KNOWN, database=DATABASE) == "0"
                done = gather(here, str(new))
                assert done.returncode == 0, done.stderr
                assert here.server.ask(WITHOUT, database=DATABASE) == "0"
                assert int(here.server.ask(KNOWN, database=DATABASE)) > 5
                assert state(here.server) == kept
                assert set_up(here, "t_other", "odoo_other", "the other's").returncode == 0
                if new < 18:
                    answers(here, ("18.6",), "18.6")
                    done = check(here, "18")
                    assert done.returncode == 0, done.stderr


@pytest.mark.whole("each is another server that pg_upgrade refuses")
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("reg-type", "reg"),
        ("nested-type", "reg"),
        ("system-row-type", "system-defined composite"),
        ("not-null", "not.null"),
        ("prepared", "prepared transactions"),
    ],
)
def test_postgresqls_own_program_refuses_what_the_check_does(bad: str, said: str) -> None:
    """The binaries here have every extension, so that refusal is AWS' own."""
    with prepared(17, "max_prepared_transactions=4") as pods:
        with served(
            17, pods.server.folder, settings=["max_prepared_transactions=4"], ending=signal.SIGINT
        ) as server:
            server.ask(BAD[bad][0], database=DATABASE)
        with pytest.raises(RuntimeError) as refused:
            upgrade(pods.server.folder, 17, 18)
        assert re.search(said, str(refused.value), re.IGNORECASE)


@pytest.mark.whole("both jobs can begin again; make torture kills them at every point")
def test_a_killed_job_of_an_upgrade_begins_again(before: Pods) -> None:
    server = before.server
    kept = state(server)

    def forget_statistics() -> None:
        """As pg_upgrade leaves a database, before 18."""
        server.ask(
            "DELETE FROM pg_statistic; UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind = 'r'",
            database=DATABASE,
        )
        assert server.ask(KNOWN, database=DATABASE) == "0"

    def gathered() -> None:
        assert server.ask(WITHOUT, database=DATABASE) == "0"
        assert int(server.ask(KNOWN, database=DATABASE)) > 5
        assert state(server) == kept

    def unchanged() -> None:
        assert state(server) == kept

    text, check_text = upgrade_script(GATHER_STATISTICS), upgrade_script(CHECK_UPGRADE)
    kill_everywhere(before, text, asked(before, "17"), forget_statistics, gathered, EARLY, LATE)
    kill_everywhere(before, check_text, asked(before, "18"), lambda: None, unchanged, EARLY, LATE)
