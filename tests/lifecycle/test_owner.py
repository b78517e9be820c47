"""Whose a database is, on real PostgreSQL: nobody reads, replaces or drops what belongs to somebody else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from components.scripts import script
from tests.lifecycle.conftest import LIKE_RDS
from tests.lifecycle.hostile import answered, connect
from tests.lifecycle.odoo import DATABASE, ROLE
from tests.lifecycle.pods import Pods, equip, move_places, said
from tests.postgres import (
    ADMIN,
    CHOSEN,
    EVERY_MAJOR,
    MAJORS,
    OWNER,
    Server,
    programs,
    running_server,
    scratch,
)

pytestmark = pytest.mark.postgres

OLD: Final = "the old client's"
NEW: Final = "the new client's"
ANOTHER: Final = "local/newcomer/acme"
MARK: Final = f"costack: owner {OWNER}"
UNMARKED: Final = f"{MARK}, found unmarked"
SECRET: Final = "an order of the old client"
once = pytest.mark.parametrize("shared", MAJORS[-1:], indirect=True, ids=["one version"])
"""Decided by the script alone, so one version of PostgreSQL shows it."""
on_every_version = pytest.mark.parametrize(
    "shared", EVERY_MAJOR, indirect=True, ids=lambda major: f"postgresql-{major}"
)
"""Decided by what a master may see and change on the server."""
_SAID: Final = f"SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{ROLE}'"  # noqa: S608 - a constant
_VERIFIER: Final = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{ROLE}'"  # noqa: S608 - a constant
Done = subprocess.CompletedProcess[str]


class Place:
    """A server on which one client has data, and the pods that set up and remove tenants."""

    def __init__(self, pods: Pods) -> None:
        self.pods, self.server = pods, pods.server

    def run(self, name: str, source: Server, owner: str, **more: str) -> Done:
        places = move_places(source, self.server, "m1") | {"OWNER": owner, "WAIT_SECONDS": "5"}
        return self.pods.run(script(name), **places, **more)

    def set_up(self, password: str, owner: str = OWNER) -> Done:
        (self.pods.folder / "password").write_text(password, encoding="utf-8")
        return self.run("database_setup.sh", self.server, owner)

    def drop(self, owner: str = OWNER) -> Done:
        return self.run("database_drop.sh", self.server, owner)

    def ask(self, sql: str, password: str = OLD) -> str:
        return self.server.ask(sql, user=ROLE, password=password, database=DATABASE)

    @property
    def mark(self) -> str:
        """What the role says of its owner."""
        return mark_on(self.server)

    def begin(self) -> None:
        """The old client's data, and nothing else."""
        clear(self.server)
        done = self.set_up(OLD)
        assert done.returncode == 0, done.stderr
        self.ask(f"CREATE TABLE orders AS SELECT '{SECRET}' AS text")

    def from_before_marks(self) -> None:
        """As a release without marks left it behind."""
        self.server.ask(f"COMMENT ON ROLE {ROLE} IS NULL")

    def catalog(self) -> str:
        """All roles, databases, comments and memberships; the stored passwords among them."""
        return self.server.ask(
            "SELECT row_to_json(r) FROM pg_authid r ORDER BY oid; "
            "SELECT oid, datdba, datacl FROM pg_database ORDER BY oid; "
            "SELECT * FROM pg_shdescription ORDER BY 1, 2; SELECT * FROM pg_auth_members ORDER BY 1, 2; "
            "SELECT * FROM pg_db_role_setting ORDER BY 1, 2"
        )


def mark_on(server: Server) -> str:
    return server.ask(_SAID)


def clear(server: Server) -> None:
    server.ask(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    server.ask(f"DROP ROLE IF EXISTS {ROLE}")


@pytest.fixture(scope="module", params=CHOSEN, ids=lambda major: f"postgresql-{major}")
def shared(request: pytest.FixtureRequest) -> Iterator[Place]:
    with (
        running_server(request.param, like_rds=request.param == LIKE_RDS) as server,
        scratch() as folder,
    ):
        for name in ("tools", "bucket"):
            (folder / name).mkdir()
        pods = Pods(server, folder)
        equip(pods)
        yield Place(pods)


@pytest.fixture
def place(shared: Place) -> Place:
    shared.begin()
    return shared


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A tenant's own server, from which it moves to the shared one."""
    with running_server() as running:
        yield running


@on_every_version
def test_a_new_client_with_an_ended_tenants_name_reads_nothing(place: Place) -> None:
    before = place.catalog()
    done = place.set_up(NEW, ANOTHER)
    assert done.returncode == 1
    (said_once,) = done.stderr.splitlines()
    assert said_once.startswith(
        f"role {ROLE} and database {DATABASE} on {place.server.host} belong to {OWNER} ("
    )
    assert (
        "tenant acme of client acme-consulting in portfolio local), and this tenant is local/newcomer/acme"
        in said_once
    )
    assert (
        "decommission that tenant, or give this one another name, or, if the client was only ren" in said_once
    )
    assert place.catalog() == before
    entered = place.server.try_to_ask("SELECT * FROM orders", user=ROLE, password=NEW, database=DATABASE)
    assert entered.returncode == 2
    assert SECRET not in entered.stdout
    assert place.ask("SELECT text FROM orders") == SECRET


@pytest.mark.sample(1)
@once
@pytest.mark.parametrize(
    "another", ["elsewhere/acme-consulting/acme", "local/acme-consulting/acme-2", "local/acme-consulting/ac"]
)
def test_portfolio_client_and_first_name_all_count(place: Place, another: str) -> None:
    before = place.catalog()
    assert place.set_up(NEW, another).returncode == 1
    assert place.catalog() == before


def test_the_same_client_comes_back_to_its_own_data(place: Place) -> None:
    done = place.set_up(NEW)
    assert done.returncode == 0, done.stderr
    assert place.ask("SELECT text FROM orders", NEW) == SECRET
    assert place.mark == MARK


@pytest.mark.whole("of stacks that an old version deployed")
@on_every_version
def test_a_database_from_before_marks_is_its_own_stacks(place: Place) -> None:
    """The set-up of a new release runs on what the one before has made, while people work."""
    place.from_before_marks()
    with ExitStack() as stack:
        alive = connect(place.server, {"user": ROLE, "password": OLD, "database": DATABASE}, stack)
        assert answered(alive) == "here"
        done = place.set_up(OLD)
        assert done.returncode == 0, done.stderr
        assert answered(alive) == "here"
    assert place.mark == UNMARKED
    before = place.catalog()
    assert place.set_up(OLD).returncode == 0
    assert place.catalog() == before
    assert place.set_up(NEW, ANOTHER).returncode == 1
    assert place.catalog() == before
    assert place.set_up(NEW).returncode == 0


@pytest.mark.whole("of stacks that an old version deployed")
def test_a_database_from_before_marks_is_nobody_elses(place: Place) -> None:
    place.from_before_marks()
    before = place.catalog()
    done = place.set_up(NEW, ANOTHER)
    assert done.returncode == 1
    (said_once,) = done.stderr.splitlines()
    assert f"has no owner's mark, holds something in {DATABASE}, and this tenant's password does" in said_once
    assert place.catalog() == before
    assert place.ask("SELECT text FROM orders") == SECRET
    # Whoever knows better says so as the master user, with the statement that the sentence ends in.
    (remedy,) = re.findall(r"run as the master user: (COMMENT ON ROLE .*)$", said_once)
    place.server.ask(remedy, user=ADMIN)
    assert place.set_up(NEW, ANOTHER).returncode == 0
    assert place.mark == f"costack: owner {ANOTHER}, found unmarked"


@pytest.mark.whole("tests/lifecycle/test_rotation has full pools")
def test_a_tenant_at_its_limit_of_connections_is_known_by_its_password(place: Place) -> None:
    place.from_before_marks()
    tenant = {"user": ROLE, "password": OLD, "database": DATABASE}
    with ExitStack() as stack:
        for _ in range(10):
            assert answered(connect(place.server, tenant, stack)) == "here"
        before = place.server.ask(_VERIFIER)
        assert f"role {ROLE} found no free connection" in place.set_up(OLD).stderr  # of the last step
        assert place.mark == UNMARKED
        assert place.server.ask(_VERIFIER) == before
        place.from_before_marks()
        assert "this tenant's password does not open it" in place.set_up(NEW, ANOTHER).stderr


@once
def test_an_answer_to_another_question_is_no_answer(place: Place) -> None:
    """Neither a refusal nor a new password follows from a server that could not be reached as the tenant."""
    place.from_before_marks()
    before = place.catalog()
    tool = place.pods.folder / "tools" / "psql"
    real = programs(place.pods.clients) / "psql"
    busy = "FATAL:  remaining connection slots are reserved"
    tool.write_text(
        f'#!/bin/bash\n[ "$PGUSER" != {ROLE} ] || {{ echo "{busy}" >&2; exit 2; }}\nexec {real} "$@"\n',
        encoding="utf-8",
    )
    tool.chmod(0o755)
    try:
        done = place.set_up(OLD)
    finally:
        tool.unlink()
    assert done.returncode == 1
    assert f"could not be found out on {place.server.host}: {busy}" in done.stderr
    assert place.catalog() == before


@pytest.mark.whole("a role that somebody made by hand")
@once
def test_a_role_behind_which_there_is_nothing_is_nobodys(place: Place) -> None:
    """A first set-up was killed, or a removal of a release without marks."""
    place.server.ask(f"DROP DATABASE {DATABASE}")
    place.from_before_marks()
    assert place.set_up(NEW, ANOTHER).returncode == 0
    assert place.mark == f"costack: owner {ANOTHER}"


@pytest.mark.whole("a role that somebody made by hand")
def test_a_role_that_still_owns_something_elsewhere_is_not_taken_over(place: Place) -> None:
    place.server.ask("SELECT lo_from_bytea(0, 'kept')", user=ROLE, password=OLD)
    place.server.ask(f"DROP DATABASE {DATABASE}")
    place.from_before_marks()
    done = place.set_up(NEW, ANOTHER)
    assert done.returncode == 1
    assert "holds something in postgres" in done.stderr
    assert place.drop(ANOTHER).returncode == 0


@once
def test_a_database_of_another_role_is_not_touched(place: Place) -> None:
    place.server.ask(f"ALTER DATABASE {DATABASE} OWNER TO {ADMIN}")
    before = place.catalog()
    done = place.set_up(OLD)
    assert done.returncode == 1
    assert (
        f"{DATABASE} on {place.server.host} belongs to role {ADMIN}, expected {ROLE}: nothing" in done.stderr
    )
    assert place.catalog() == before


@once
def test_only_its_owner_drops_it_and_then_the_name_is_free(place: Place) -> None:
    refused = place.drop(ANOTHER)
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith(
        f"belong to {OWNER}, and this tenant is {ANOTHER}: nothing was dropped"
    )
    assert place.ask("SELECT text FROM orders") == SECRET
    assert place.drop().returncode == 0
    assert (
        place.server.ask("SELECT count(*) FROM pg_shdescription d WHERE description LIKE 'costack:%'") == "0"
    )
    assert place.set_up(NEW, ANOTHER).returncode == 0
    assert place.ask("SELECT count(*) FROM pg_class WHERE relname = 'orders'", NEW) == "0"


@pytest.mark.sample(1)
@once
@pytest.mark.parametrize("marked", [True, False])
def test_a_move_replaces_nothing_that_somebody_left(
    place: Place, own_server: Server, *, marked: bool
) -> None:
    """The old client moved away and was never removed; the new one moves to where its data still is."""
    place.ask(f"COMMENT ON DATABASE {DATABASE} IS 'costack: left m0'")
    if not marked:
        place.from_before_marks()
    before = place.catalog()
    newcomer = Place(Pods(own_server, place.pods.folder))
    clear(own_server)
    assert newcomer.set_up(NEW, ANOTHER).returncode == 0
    done = place.run("database_copy.sh", own_server, ANOTHER)
    assert done.returncode == 1
    assert (f"belong to {OWNER}" if marked else "has no owner's mark") in done.stderr
    assert place.catalog() == before
    assert place.ask("SELECT text FROM orders") == SECRET


@pytest.mark.sample(1)
@once
@pytest.mark.parametrize("begins", [MARK, UNMARKED])
def test_a_copy_belongs_to_whom_the_original_does(place: Place, own_server: Server, begins: str) -> None:
    clear(own_server)
    away = Place(Pods(own_server, place.pods.folder))
    if begins == UNMARKED:
        place.from_before_marks()
        assert place.set_up(OLD).returncode == 0
    done = away.run("database_copy.sh", place.server, OWNER)
    assert done.returncode == 0, done.stderr
    assert (mark_on(own_server), said(own_server)[:15]) == (begins, "costack: copy m")
    assert away.ask("SELECT text FROM orders") == SECRET


def test_a_tenant_cannot_say_whose_it_is(place: Place) -> None:
    done = place.server.try_to_ask(
        f"COMMENT ON ROLE {ROLE} IS 'costack: owner {ANOTHER}'", user=ROLE, password=OLD, database=DATABASE
    )
    assert done.returncode != 0
    assert "denied" in done.stderr
    assert place.mark == MARK
