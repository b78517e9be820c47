"""A client goes back to a backup and forward again on one stack: the tests stand in this order.

Objects go to a real API server and data to a real PostgreSQL server; the test does what pods would do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engine.project import STACK, running_project
from tests.engine.test_life import CLIENT, OWN, Life
from tests.engine.test_priced import OTHERS
from tests.kubernetes import use_either
from tests.lifecycle.odoo import DATABASE, checksums
from tests.lifecycle.pods import running_pods
from tests.lifecycle.side import KEPT, SIDE, state
from tests.localcloud.cluster import Cluster
from tests.postgres import OWNER, give, running_server

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.postgres,
    pytest.mark.whole("tests/lifecycle runs the jobs, tests/components what is declared"),
]
LATER = "9998-12-31T00:00:00Z"


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Life]:
    """A client on the shared server, with one backup and work done since."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        pods = stack.enter_context(running_pods(server))
        project = stack.enter_context(running_project(tmp_path_factory.mktemp("restored") / "project"))
        made = Life(project, cluster, pods, server)
        for other in set(OTHERS):
            made.file(other).unlink(missing_ok=True)
        use_either(project)
        project.apply_to(cluster.kubeconfig)
        (pods.folder / "odoo" / ".costack-owner").write_text(OWNER, encoding="utf-8")
        give(pods.folder)
        pods.back_up()
        made.up()
        yield made


def step(life: Life, *options: str) -> str:
    """Take the client a step further, deploy it, and say what the command said."""
    said = life.project.costack("restore", CLIENT, "--stack", STACK, *options).stdout
    life.up()
    return said


def sums(life: Life, database: str = DATABASE) -> dict[str, str]:
    return checksums(lambda sql: life.pods.server.ask(sql, **{**OWN, "database": database}))


def work(life: Life, what: str) -> None:
    life.pods.server.ask(f"INSERT INTO no_id VALUES ('{what}')", **OWN)  # noqa: S608 - made here


def test_a_backup_is_restored_beside_while_people_work(life: Life) -> None:
    life.sums = sums(life)
    work(life, "since the backup")
    # Of the newest one: the clock of this machine made it.
    life.write(CLIENT, lambda text: f"{text}restore: {{at: {LATER}, stage: prepare}}\n")
    life.up()
    assert min(life.replicas(CLIENT)) >= 1
    for job in ("make-side-database", "fill-side-database"):
        life.perform(job)
    assert sums(life, SIDE) == life.sums
    assert (
        "is at stage prepare of its restore"
        in life.project.costack("restore", CLIENT, "--stack", STACK).stdout
    )


def test_a_skipped_step_changes_nothing(life: Life) -> None:
    before = life.file(CLIENT).read_text(encoding="utf-8")
    life.write(CLIENT, lambda text: text.replace("stage: prepare", "stage: start"))
    assert "which is not the next step" in life.up(code=1).text
    life.write(CLIENT, lambda text: text.replace(f"restore: {{at: {LATER}, stage: start}}\n", ""))
    assert "which is not the next step" in life.up(code=1).text
    life.write(CLIENT, lambda _: before)


def test_it_takes_the_place_when_all_stand_still(life: Life) -> None:
    assert "stops acme, backs it up" in step(life, "--next")
    assert set(life.replicas(CLIENT)) == {0}
    life.perform("final-backup")
    lost = [each for each in life.pods.filestore.rglob("*") if each.is_file()]
    for file in lost:
        file.unlink()
    for job in ("switch-side-database", "restore-filestore"):
        life.perform(job)
    assert all(file.exists() for file in lost if "checklist" not in file.parts)
    assert sums(life) == life.sums
    assert state(life.pods.server).keys() == {DATABASE, KEPT}


def test_people_work_with_what_was_restored_and_go_back(life: Life) -> None:
    step(life, "--next")
    assert min(life.replicas(CLIENT)) >= 1
    work(life, "since the restore")
    assert "gives the database before its place again" in step(life, "--back")
    assert set(life.replicas(CLIENT)) == {0}
    for job in ("switch-side-database", "restore-filestore"):
        life.perform(job)
    assert life.pods.server.ask("SELECT key FROM no_id", **OWN) == "since the backup"
    step(life, "--next")
    assert min(life.replicas(CLIENT)) >= 1
    life.perform("drop-side-database")
    assert "finished" in step(life, "--next")
    assert state(life.pods.server).keys() == {DATABASE}
    assert "restore:" not in life.file(CLIENT).read_text(encoding="utf-8")
    life.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
