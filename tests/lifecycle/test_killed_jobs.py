"""Jobs about a database are killed on their way: the next run ends well, and no data is lost meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from components.scripts import script
from components.tenant.database import setup_script
from components.tenant.rotation import second_role
from tests.lifecycle.odoo import PASSWORD, ROLE, checksums
from tests.lifecycle.pods import TENANT, Pods, forget, keeping, move_places, said, set_up, setting_up
from tests.postgres import MAJORS, NEWEST_SOLD, OWNER, Server, running_server
from tests.sampling import asks_for_every

EVERYWHERE: Final = bool(os.environ.get("COSTACK_EVERY_KILL"))
"""`make torture` kills each job at twenty points, on every version of PostgreSQL."""
EARLY, LATE = 0.35, 0.7
"""When a job is killed, as a part of the time that it takes: at both where data moves, else at one."""
MOMENTS: Final = tuple(point / 20 for point in range(20))
VERSIONS: Final = MAJORS if EVERYWHERE else (NEWEST_SOLD,)
pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("server", VERSIONS, indirect=True)]

Environment = dict[str, str]


@pytest.fixture(scope="module")
def other() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def reset(pods: Pods, other: Server) -> Iterator[Callable[[], None]]:
    """Put the tenant back to where it was, with nothing of it on the other server; it ends so, too."""
    with keeping(pods) as put_back:

        def put_back_both() -> None:
            forget(other)
            other.ask(f"DROP ROLE IF EXISTS {ROLE}")
            put_back()

        try:
            yield put_back_both
        finally:
            put_back_both()


def sums(server: Server) -> dict[str, str]:
    return checksums(lambda sql: server.ask(sql, **TENANT))


def kill_everywhere(
    pods: Pods,
    text: str,
    environment: Environment,
    prepare: Callable[[], None],
    judge: Callable[[], None],
    *sample: float,
) -> None:
    """Kill *text* at all moments or at *sample*, each time after *prepare*; run it whole and *judge*."""
    prepare()
    began = time.monotonic()
    done = pods.run(text, **environment)
    lasted = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    for moment in MOMENTS if EVERYWHERE else sample:
        prepare()
        process = pods.start(text, **environment)
        time.sleep(lasted * moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        again = pods.run(text, **environment)
        assert again.returncode == 0, (moment, again.stderr)
        judge()


@pytest.mark.whole("the hand-over is killed here; make torture kills every job")
def test_a_killed_copy_is_made_anew(pods: Pods, other: Server, reset: Callable[[], None]) -> None:
    before = sums(pods.server)

    def judge() -> None:
        assert sums(other) == before == sums(pods.server)
        assert said(other).startswith("costack: copy m1 ")

    places = move_places(pods.server, other, "m1") | {"WAIT_SECONDS": "20"}
    kill_everywhere(pods, script("database_copy.sh"), places, reset, judge, EARLY, LATE)


def test_a_killed_hand_over_loses_nothing_and_ends(
    pods: Pods, other: Server, reset: Callable[[], None]
) -> None:
    before, moments = sums(pods.server), (EARLY, LATE) if asks_for_every() else (LATE,)
    places = move_places(pods.server, other, "m1") | {"WAIT_SECONDS": "20"}

    def prepare() -> None:
        reset()
        assert pods.run(script("database_copy.sh"), **places).returncode == 0

    def judge() -> None:
        assert (said(pods.server), said(other)) == ("costack: left m1", "costack: used m1")
        assert sums(other) == before
        refused = pods.server.try_to_ask("SELECT 1", **TENANT)
        assert "too many connections for database" in refused.stderr

    kill_everywhere(pods, script("database_hand_over.sh"), places, prepare, judge, *moments)


@pytest.mark.whole("the hand-over is killed here; make torture kills every job")
def test_a_killed_setup_neither_loses_nor_gives_away_a_database(pods: Pods) -> None:
    """Of a release without marks, and of a client that comes back with another password."""
    role = "t_brief"
    wanted = {
        **move_places(pods.server, pods.server, "m1"),
        "TENANT_ROLE": role,
        "TENANT_DATABASE": "odoo_brief",
    }
    opens = {"database": "odoo_brief", "user": role}
    said_there = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 't_brief'"
    password = pods.folder / "password"

    def begin(*, marked: bool) -> None:
        assert pods.run(script("database_drop.sh"), **wanted).returncode == 0
        password.write_text(PASSWORD, encoding="utf-8")
        assert pods.run(script("database_setup.sh"), **wanted).returncode == 0
        pods.server.ask("CREATE TABLE kept AS SELECT 7 AS id", **opens, password=PASSWORD)
        if marked:
            password.write_text("another", encoding="utf-8")
        else:
            pods.server.ask(f"COMMENT ON ROLE {role} IS NULL")

    def judge(word: str, ending: str) -> None:
        assert pods.server.ask("SELECT id FROM kept", **opens, password=word) == "7"
        assert pods.server.ask(said_there) == f"costack: owner {OWNER}{ending}"
        stranger = pods.run(script("database_setup.sh"), **wanted, OWNER="local/somebody-else/brief")
        assert "belong to" in stranger.stderr

    text = script("database_setup.sh")
    kill_everywhere(
        pods, text, wanted, lambda: begin(marked=False), lambda: judge(PASSWORD, ", found unmarked"), EARLY
    )
    kill_everywhere(pods, text, wanted, lambda: begin(marked=True), lambda: judge("another", ""), LATE)
    assert pods.run(script("database_drop.sh"), **wanted).returncode == 0


@pytest.mark.whole("a hand-over that is killed is tried in every run")
def test_a_killed_setup_and_a_killed_drop_go_on(pods: Pods) -> None:
    wanted = {
        "MASTER_SECRET_ARN": "arn:master",
        "TENANT_ROLE": "t_brief",
        "SECOND_LOGIN": "second_t_brief",
        "READER_ROLE": "reader_t_brief",
        "TENANT_DATABASE": "odoo_brief",
        "CONNECTION_LIMIT": "5",
        "IDLE_IN_TRANSACTION_SECONDS": "2100",
        "PGHOST": pods.server.host,
    }
    tenant = {"database": "odoo_brief", "user": "t_brief", "password": PASSWORD}
    (pods.folder / "password").write_text(PASSWORD, encoding="utf-8")

    def drop() -> None:
        assert pods.run(script("database_drop.sh"), **wanted).returncode == 0

    def set_it_up() -> None:
        assert pods.run(script("database_setup.sh"), **wanted).returncode == 0

    def works() -> None:
        extension = "SELECT extname FROM pg_extension WHERE extname = 'pg_trgm'"
        assert pods.server.ask(extension, **tenant) == "pg_trgm"

    def gone() -> None:
        databases = "SELECT count(*) FROM pg_database WHERE datname = 'odoo_brief'"
        roles = "SELECT count(*) FROM pg_roles WHERE rolname = 't_brief'"
        assert (pods.server.ask(databases), pods.server.ask(roles)) == ("0", "0")

    kill_everywhere(pods, script("database_setup.sh"), wanted, drop, works, LATE)
    kill_everywhere(pods, script("database_drop.sh"), wanted, set_it_up, gone, EARLY)


@pytest.mark.whole("the hand-over is killed here; make torture kills every job")
def test_a_killed_job_of_a_rotation_goes_on(pods: Pods) -> None:
    """At every stage; afterwards those logins open that the pods of the stage before and of this one use."""
    role, database, second = "t_turned", "odoo_turned", second_role("t_turned")
    logins = {"old": (role, "old"), "second": (second, "bridge"), "new": (role, "new")}

    def job(stage: str) -> Environment:
        password = "new" if stage in {"first-login", "none"} else "old"
        return setting_up(pods, role, database, password, 20, stage=stage, second="bridge", patience=20)

    def drop() -> None:
        assert pods.run(script("database_drop.sh"), **job("none")).returncode == 0
        assert pods.server.ask("SELECT count(*) FROM pg_roles WHERE rolname ~ 't_turned'") == "0"

    def at(*stages: str) -> None:
        drop()
        assert set_up(pods, role, database, "old").returncode == 0
        for stage in stages:
            assert pods.run(setup_script(), **job(stage)).returncode == 0
        job(following[stages])

    def opens(*names: str) -> None:
        for name, (user, password) in logins.items():
            done = pods.server.try_to_ask(
                "SELECT current_user", user=user, password=password, database=database
            )
            assert (done.stdout.strip() == role) == (name in names), (name, names, done.stderr)

    following: dict[tuple[str, ...], str] = {
        (): "second-login",
        ("second-login",): "first-login",
        ("second-login", "first-login"): "none",
    }
    left = {"second-login": ("old", "second"), "first-login": ("second", "new"), "none": ("new",)}
    for (before, stage), moment in zip(following.items(), (EARLY, LATE, EARLY), strict=True):
        prepare, judge = partial(at, *before), partial(opens, *left[stage])
        kill_everywhere(pods, setup_script(), job(stage), prepare, judge, moment)
    drop()
