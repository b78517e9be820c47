"""Every job of a restore is killed at many points: it goes on, and no database or file of people is lost."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.pod import Host
from tests.odoo.staged import JOBS, at_stage, empty, run_job, run_stage
from tests.odoo.test_copies import back_up
from tiers.facts.names import DROP_SIDE, FILL_SIDE, MAKE_SIDE, RESTORE_FILES, SWITCH_SIDE
from tiers.portfolio.restore.stage import RestoreStage

pytestmark = pytest.mark.odoo
POINTS: Final = int(os.environ.get("ODOO_KILL_POINTS", "4"))
_PEOPLE: Final = "SELECT count(*), sum(id) FROM res_partner"
_KILLED: Final = (
    (RestoreStage.PREPARE, MAKE_SIDE),
    (RestoreStage.PREPARE, FILL_SIDE),
    (RestoreStage.SWITCH, SWITCH_SIDE),
    (RestoreStage.SWITCH, RESTORE_FILES),
    (RestoreStage.BACK, SWITCH_SIDE),
    (RestoreStage.DISCARD, DROP_SIDE),
    (RestoreStage.CONFIRM, DROP_SIDE),
)


@pytest.fixture
def shop(hosts: Hosts) -> Iterator[Host]:
    host = hosts.selling(hosts.of("xs"))
    back_up(host)
    yield host
    for name in ("side", "kept"):
        host.server.ask(f"DROP DATABASE IF EXISTS {host.database}__{name} WITH (FORCE)")
    host.server.ask(f"COMMENT ON DATABASE {host.database} IS NULL")


def reach(shop: Host, stage: RestoreStage, job: str, **source: Any) -> None:
    """Take the tenant to where that job is next, whatever was done before."""
    run_stage(shop, RestoreStage.BACK)
    run_stage(shop, RestoreStage.DISCARD)
    before = {
        RestoreStage.PREPARE: (),
        RestoreStage.SWITCH: (RestoreStage.PREPARE,),
        RestoreStage.BACK: (RestoreStage.PREPARE, RestoreStage.SWITCH),
        RestoreStage.DISCARD: (RestoreStage.PREPARE, RestoreStage.SWITCH, RestoreStage.BACK),
        RestoreStage.CONFIRM: (RestoreStage.PREPARE, RestoreStage.SWITCH),
    }[stage]
    for each in before:
        run_stage(shop, each, **source)
    for name in JOBS[stage][: JOBS[stage].index(job)]:
        run_job(at_stage(shop, stage, **source), name)


def databases(shop: Host) -> dict[str, str]:
    said = "datname || '=' || coalesce(shobj_description(oid, 'pg_database'), '')"
    where = f"WHERE datname LIKE '{shop.database}%'"
    listed = shop.server.ask(f"SELECT {said} FROM pg_database {where}")  # noqa: S608 - our own names
    return dict(line.split("=", 1) for line in listed.splitlines())


def put_back(shop: Host, there: dict[str, str]) -> None:
    """The databases as they were, with what they say; their data is the same in all of them."""
    for name in databases(shop).keys() - there.keys():
        shop.server.ask(f"DROP DATABASE {name} WITH (FORCE)")
    for name in there.keys() - databases(shop).keys():
        shop.server.ask(f"CREATE DATABASE {name} TEMPLATE {shop.database} OWNER {shop.role}")
    for name, said in there.items():
        shop.server.ask(f"COMMENT ON DATABASE {name} IS '{said}'")


@pytest.mark.parametrize(("stage", "job"), _KILLED, ids=[f"{stage}-{job}" for stage, job in _KILLED])
def test_a_killed_job_goes_on(shop: Host, stage: RestoreStage, job: str, note: Callable[[str], None]) -> None:
    files = len(list(shop.data.rglob("*")))
    cut_off, lasted = kill(shop, stage, job)
    assert len(list(shop.data.rglob("*"))) >= files or job == RESTORE_FILES
    note(f"{POINTS} points over {lasted:.1f} s, {cut_off} before its end")


def kill(shop: Host, stage: RestoreStage, job: str, points: int = POINTS, **source: Any) -> tuple[int, float]:
    """Kill that job at every point and run it again; how many kills it felt, and the seconds that it takes.

    No database is lost, none of people changes, and in the end all are as if nobody had killed it.
    """
    reach(shop, stage, job, **source)
    people = shop.ask(_PEOPLE)
    staged, before = at_stage(shop, stage, **source), databases(shop)
    spec = staged.manifests.job(job)
    began = time.monotonic()
    run_job(staged, job)
    lasted, ended = time.monotonic() - began, databases(shop)
    cut_off = 0
    # Whoever fills begins anew each time; what is done once is put back before each attempt.
    again = job in {FILL_SIDE, RESTORE_FILES}
    for point in range(points):
        if not again:
            put_back(shop, before)
        if job == RESTORE_FILES:
            shutil.rmtree(shop.data / "filestore" / shop.database, ignore_errors=True)
        empty(staged)
        cut_off += staged.killed_after(spec, lasted * (point + 0.5) / points) is not None
        assert shop.database in databases(shop)
        assert shop.ask(_PEOPLE) == people
        if not again:
            run_job(staged, job)
            assert databases(shop) == ended
    run_job(staged, job)
    assert databases(shop) == ended
    assert shop.ask(_PEOPLE) == people
    return cut_off, lasted
