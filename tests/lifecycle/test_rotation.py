"""A tenant's passwords change while it works: on real PostgreSQL, as the master that RDS gives."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

import pytest

from components.scripts import script
from components.tenant.rotation import second_role
from tests.lifecycle.conftest import LIKE_RDS
from tests.lifecycle.hostile import answered, connect
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.lifecycle.pods import Pods, running_pods, set_up
from tests.lifecycle.writer import Writer, writing, written
from tests.postgres import ADMIN, CHOSEN, MAJORS, NEWEST_SOLD, Server, chosen_versions, running_server

pytestmark = pytest.mark.postgres
SECOND: Final = second_role(ROLE)
NEW: Final = "the first one's new one"
SECOND_PASSWORD: Final = "the second one's own"
ROWS: Final = 2
"""How many rows each pod writes in every moment of a rotation."""

AGAIN: Final = (
    "delete the Job acme-database-setup-HASH (`kubectl get jobs --all-namespaces` lists it), then run "
    "`pulumi up --refresh`"
)

FORTH_ON: Final = MAJORS if len(CHOSEN) > 1 else (NEWEST_SOLD,)
"""In `make test` pods write while the newest version turns back, and while the newest sold turns; in `make
torture` every version does both. Without pods the newest one turns in most tests here."""
Login = tuple[str, str]


@dataclass(frozen=True)
class Stage:
    """A stage as the set-up job gets it, and whom odoo.conf names after it."""

    name: str
    password: str
    login: Login


FORTH: Final = (
    Stage("second-login", PASSWORD, (SECOND, SECOND_PASSWORD)),
    Stage("first-login", NEW, (ROLE, NEW)),
    Stage("none", NEW, (ROLE, NEW)),
)
BACK: Final = (
    Stage("second-login", PASSWORD, (SECOND, SECOND_PASSWORD)),
    Stage("back", PASSWORD, (ROLE, PASSWORD)),
    Stage("none", PASSWORD, (ROLE, PASSWORD)),
)


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"postgresql-{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of every version, with nothing on it but what these tests make."""
    with running_server(request.param, like_rds=request.param == LIKE_RDS) as running:
        yield running


@pytest.fixture
def acme(server: Server) -> Iterator[Pods]:
    """The tenant `acme` at work, alone on the server; gone afterwards."""
    with running_pods(server) as pods:
        try:
            yield pods
        finally:
            server.ask(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            for role in (SECOND, ROLE):
                if exists(server, role):
                    server.ask(f"DROP OWNED BY {role}; DROP ROLE {role}")


def exists(server: Server, role: str) -> bool:
    return server.ask(f"SELECT count(*) FROM pg_roles WHERE rolname = '{role}'") == "1"  # noqa: S608


def deploy(pods: Pods, stage: Stage, patience: int = 60) -> subprocess.CompletedProcess[str]:
    """Run the set-up job of a stage."""
    return set_up(
        pods, ROLE, DATABASE, stage.password, 30, stage=stage.name, second=SECOND_PASSWORD, patience=patience
    )


def configure(pods: Pods, login: Login) -> None:
    """Write the Secret that pods and backups read."""
    path = pods.folder / "odoo.conf"
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("db_user", "db_password"))
    ]
    lines = [*kept, f"db_user = {login[0]}", f"db_password = {login[1]}", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


@contextmanager
def pod(pods: Pods, name: str, login: Login) -> Iterator[tuple[Writer, Writer]]:
    """What a pod does: it writes over a connection it keeps, and over a new one each time."""
    with (
        writing(pods.server, f"{name} kept", login=login, pause=0.2) as kept,
        writing(pods.server, f"{name} new", login=login, rows=1, pause=0.2) as fresh,
    ):
        yield kept, fresh


def back_up(pods: Pods) -> str:
    """Back up with what odoo.conf says now; backups of one second have one name."""
    time.sleep(1)
    return pods.back_up()


def at_work(*writers: Writer) -> None:
    for writer in writers:
        writer.wait_for(ROWS)
        assert writer.refused == []


@pytest.mark.whole("fifty seconds of all stages; each has a test of its own here and in tests/components")
@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("server", "way"),
    [*((major, FORTH) for major in FORTH_ON), *((major, BACK) for major in CHOSEN)],
    indirect=["server"],
    ids=[
        *(f"postgresql-{major}-forth" for major in FORTH_ON),
        *(f"postgresql-{major}-back" for major in CHOSEN),
    ],
)
def test_nothing_is_lost_and_every_backup_is_made(acme: Pods, way: tuple[Stage, ...]) -> None:
    """Old and new pods write at the same time; backups begin before and after every step of every update."""
    confirmed: list[str] = []
    seen: list[Writer] = []
    with ExitStack() as last:
        before = ExitStack()
        old = before.enter_context(pod(acme, "before", (ROLE, PASSWORD)))
        last.push(before)
        for stage in way:
            began = acme.start(script("backup.sh"))
            done = deploy(acme, stage)
            assert done.returncode == 0, done.stderr
            _, said_by_it = began.communicate(timeout=60)
            assert began.returncode == 0, said_by_it
            at_work(*old)
            tested = acme.restore_test(BACKUP=back_up(acme))
            assert tested.returncode == 0, tested.stderr
            if stage.name == "none":
                break
            configure(acme, stage.login)
            back_up(acme)
            after = ExitStack()
            new = after.enter_context(pod(acme, stage.name, stage.login))
            last.push(after)
            at_work(*old, *new)
            before.close()
            seen += old
            before, old = after, new
        before.close()
        seen += old
    for writer in seen:
        assert writer.refused == [], writer.name
        confirmed += writer.committed
    assert len(confirmed) >= 5 * 2 * ROWS
    assert written(acme.server) == set(confirmed)
    assert not exists(acme.server, SECOND)
    used, gone = way[-1].login, {NEW: PASSWORD, PASSWORD: NEW}[way[-1].login[1]]
    assert acme.server.ask("SELECT 1", user=used[0], password=used[1], database=DATABASE) == "1"
    for login in ((ROLE, gone), (SECOND, SECOND_PASSWORD)):
        refused = acme.server.try_to_ask("SELECT 1", user=login[0], password=login[1], database=DATABASE)
        assert "password authentication failed" in refused.stderr


@chosen_versions
def test_what_the_second_login_makes_belongs_to_the_first(acme: Pods) -> None:
    """Also after the reset by which a pool hands out a connection again; pods of both logins alter it."""
    assert deploy(acme, FORTH[0]).returncode == 0
    first = {"user": ROLE, "password": PASSWORD, "database": DATABASE}
    second = {"user": SECOND, "password": SECOND_PASSWORD, "database": DATABASE}
    with ExitStack() as stack:
        session = connect(acme.server, second, stack)
        assert answered(session, "CREATE SEQUENCE before_the_reset; SELECT session_user") == SECOND
        for reset in ("RESET ALL; SET SESSION AUTHORIZATION DEFAULT", "DISCARD ALL"):
            assert answered(session, f"{reset}; SELECT current_user") == ROLE
        assert answered(session, "CREATE TABLE after_it (id serial); SELECT 'made'") == "made"
    owner = "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relname ~ 'before_the_reset|after_it'"
    assert acme.server.ask(owner, **second) == ROLE
    acme.server.ask(
        "ALTER SEQUENCE before_the_reset INCREMENT 2; ALTER TABLE after_it ADD word text", **first
    )
    acme.server.ask("DROP TABLE after_it; ALTER TABLE no_rows ADD word text", **second)
    acme.server.ask("ALTER TABLE no_rows DROP word", **first)
    for login in (first, second):
        limits = acme.server.ask("SHOW statement_timeout; SHOW idle_in_transaction_session_timeout", **login)
        assert limits == "15min\n35min"


@pytest.mark.whole("what it makes belongs to the first: tried here")
@chosen_versions
def test_what_the_second_login_owns_is_kept_when_it_goes(acme: Pods) -> None:
    """An addon may leave the role it was given; the master never looks into the tenant's database."""
    assert deploy(acme, FORTH[0]).returncode == 0
    second = {"user": SECOND, "password": SECOND_PASSWORD}
    mine = (
        "SET ROLE NONE; CREATE SCHEMA odd AUTHORIZATION CURRENT_USER; CREATE TABLE odd.t AS SELECT 42 AS it"
    )
    acme.server.ask(f"GRANT CREATE ON DATABASE {DATABASE} TO {SECOND}")
    acme.server.ask(mine, database=DATABASE, **second)
    acme.server.ask("SET ROLE NONE; SELECT lo_from_bytea(0, 'kept')", database="postgres", **second)
    for stage in FORTH[1:]:
        done = deploy(acme, stage)
        assert done.returncode == 0, done.stderr
    first = {"user": ROLE, "password": NEW, "database": DATABASE}
    assert acme.server.ask("SELECT it FROM odd.t", **first) == "42"
    assert acme.server.ask("SELECT relowner::regrole FROM pg_class WHERE relname = 't'", **first) == ROLE
    assert f"user={ADMIN} database={DATABASE}" not in acme.server.log


@pytest.mark.whole("ten seconds in which a job waits for a session")
@chosen_versions
def test_a_password_in_use_is_not_changed(acme: Pods) -> None:
    """Whoever writes the stage too early, or whose old pods hang, reads a sentence; nothing is changed."""
    assert deploy(acme, FORTH[0]).returncode == 0
    with ExitStack() as stack:
        late = {"user": ROLE, "password": PASSWORD, "database": DATABASE}
        assert answered(connect(acme.server, late, stack)) == "here"
        done = deploy(acme, FORTH[1], patience=1)
        assert done.returncode == 1
        assert (
            f"1 connections of role {ROLE} are open after 1 s: somebody still logs in with it" in done.stderr
        )
        assert done.stderr.strip().endswith(AGAIN)
        assert acme.server.ask("SELECT 1", **late) == "1"
    with ExitStack() as stack:
        assert deploy(acme, FORTH[1]).returncode == 0
        late = {"user": SECOND, "password": SECOND_PASSWORD, "database": DATABASE}
        assert answered(connect(acme.server, late, stack)) == "here"
        done = deploy(acme, FORTH[2], patience=1)
        assert done.returncode == 1
        assert f"1 connections of role {SECOND} are open after 1 s" in done.stderr
        assert acme.server.ask("SELECT 1", **late) == "1"
    assert f"role {SECOND} is gone" in deploy(acme, FORTH[2]).stdout


@chosen_versions
def test_a_neighbour_has_nothing_of_the_second_login(acme: Pods) -> None:
    neighbour = {"user": "t_other", "password": "theirs"}
    assert set_up(acme, "t_other", "odoo_other", "theirs").returncode == 0
    try:
        assert deploy(acme, FORTH[0]).returncode == 0
        for sql in (
            f"SET ROLE {SECOND}",
            f"GRANT {SECOND} TO t_other",
            f"ALTER ROLE {SECOND} PASSWORD 'mine'",
            f"ALTER ROLE {SECOND} SET role = 't_other'",
        ):
            refused = acme.server.try_to_ask(sql, database="postgres", **neighbour)
            assert "denied" in refused.stderr, sql
        beside = acme.server.try_to_ask(
            "SELECT 1", database="odoo_other", user=SECOND, password=SECOND_PASSWORD
        )
        assert 'permission denied for database "odoo_other"' in beside.stderr
        inside = acme.server.try_to_ask("SELECT 1", database=DATABASE, **neighbour)
        assert f'permission denied for database "{DATABASE}"' in inside.stderr
        # Who lends it something cannot keep it alive either.
        acme.server.ask(
            f"CREATE TABLE lent (id integer); GRANT SELECT ON lent TO {SECOND}",
            database="odoo_other",
            **neighbour,
        )
        for stage in FORTH[1:]:
            done = deploy(acme, stage)
            assert done.returncode == 0, done.stderr
        assert (
            f"role {SECOND} stays without login, because it was granted rights in odoo_other" in done.stdout
        )
        can = f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{SECOND}'"  # noqa: S608 - our own name
        assert acme.server.ask(can) == "f"
        assert acme.server.ask(f"SELECT pg_has_role('{SECOND}', '{ROLE}', 'MEMBER')") == "f"
        # It serves the next rotation.
        assert deploy(acme, replace(FORTH[0], password=NEW)).returncode == 0
    finally:
        acme.server.ask("DROP DATABASE odoo_other WITH (FORCE)")
        acme.server.ask("DROP ROLE t_other")


@pytest.mark.whole("a pool that is full ends the job the same way")
@chosen_versions
def test_the_limit_of_connections_counts_for_both_logins(acme: Pods) -> None:
    done = set_up(acme, ROLE, DATABASE, PASSWORD, 4, stage="second-login", second=SECOND_PASSWORD)
    assert done.returncode == 0, done.stderr
    with ExitStack() as stack:
        for login in ((ROLE, PASSWORD), (SECOND, SECOND_PASSWORD)) * 2:
            tenant = {"user": login[0], "password": login[1], "database": DATABASE}
            assert answered(connect(acme.server, tenant, stack)) == "here"
        for user, password in ((ROLE, PASSWORD), (SECOND, SECOND_PASSWORD)):
            refused = acme.server.try_to_ask("SELECT 1", user=user, password=password, database=DATABASE)
            assert f'too many connections for database "{DATABASE}"' in refused.stderr
    for stage in FORTH[1:]:
        assert deploy(acme, stage).returncode == 0
    limit = f"SELECT datconnlimit FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608
    assert acme.server.ask(limit) == "-1"


@pytest.mark.whole("a rarer case than those that are tried here")
@chosen_versions
@pytest.mark.parametrize(
    ("taken", "named", "place"),
    [
        (((ROLE, DATABASE), (SECOND, DATABASE)), ROLE, DATABASE),
        (((SECOND, "postgres"),) * 2, SECOND, "postgres"),
    ],
)
def test_a_full_pool_ends_the_job_with_a_sentence(
    acme: Pods, taken: tuple[tuple[str, str], ...], named: str, place: str
) -> None:
    """Not with PostgreSQL's own words; when there is room again, the same stage is reached."""
    words = {ROLE: PASSWORD, SECOND: SECOND_PASSWORD}

    def second_login() -> subprocess.CompletedProcess[str]:
        return set_up(acme, ROLE, DATABASE, PASSWORD, 4, stage="second-login", second=SECOND_PASSWORD)

    assert second_login().returncode == 0
    with ExitStack() as stack:
        for user, database in taken * 2:
            login = {"user": user, "password": words[user], "database": database}
            assert answered(connect(acme.server, login, stack)) == "here"
        done = second_login()
        assert done.returncode == 1
        assert "FATAL" not in done.stderr
        assert f"role {named} found no free connection to {place} on {acme.server.host}" in done.stderr
        assert done.stderr.strip().endswith(AGAIN)
    assert second_login().returncode == 0


@pytest.mark.whole("a full pool ends the job in a sentence above")
@chosen_versions
def test_the_second_logins_check_takes_no_connection_of_the_tenants(acme: Pods) -> None:
    """Both logins share those of the database, and their pods may have them all."""
    before = len(acme.server.log)
    assert deploy(acme, FORTH[0]).returncode == 0
    log = acme.server.log[before:]
    assert f"user={SECOND} database=postgres" in log
    assert f"user={SECOND} database={DATABASE}" not in log


@chosen_versions
def test_no_password_is_in_the_servers_log(acme: Pods) -> None:
    for stage in FORTH:
        done = deploy(acme, stage)
        for word in (PASSWORD, NEW, SECOND_PASSWORD):
            assert word not in done.stdout + done.stderr + acme.server.log
