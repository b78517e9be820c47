"""The jobs of a refresh and of an import are killed at many points: each goes on, no copy half harmless."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.declared import STAGING
from tests.odoo.pod import Host
from tests.odoo.staged import JOBS, copied_live, empty, reading, run_job, run_stage
from tests.odoo.test_restores import brought, dumped, harmless
from tests.odoo.test_restores_killed import POINTS, databases, kill
from tiers.facts.names import FILL_SIDE, LIVE_BACKUP, ODOO_SETUP, RESTORE_FILES
from tiers.portfolio.restore.stage import RestoreStage

pytestmark = pytest.mark.odoo
LIVE: Final = {"from_tenant": "xs", "live": True}
ARCHIVE: Final = {"from_archive": "odoo-sh.zip"}
_PEOPLE: Final = "SELECT count(*), sum(id), md5(string_agg(id || name, ',' ORDER BY id)) FROM res_partner"
_NEUTRALISED: Final = (
    "SELECT count(*) FROM ir_config_parameter WHERE key = 'database.is_neutralized' AND value = 'true'"
)


@pytest.fixture
def shop(hosts: Hosts) -> Host:
    return hosts.of("xs")


@pytest.fixture
def staging(hosts: Hosts) -> Iterator[Host]:
    host = hosts.of(STAGING)
    yield host
    run_stage(host, RestoreStage.BACK)
    run_stage(host, RestoreStage.DISCARD)


def backed_up(shop: Host) -> list[Path]:
    """The backups that are whole."""
    return sorted((shop.folder / "bucket" / "manifests" / "xs").glob("*.json"))


def test_a_killed_copy_of_production_goes_on_and_changes_nothing_there(
    shop: Host, staging: Host, note: Callable[[str], None]
) -> None:
    """What was killed leaves no backup that is taken for one."""
    asked, people, cut_off = copied_live(staging, shop, **LIVE), shop.ask(_PEOPLE), 0
    began = time.monotonic()
    run_job(asked, LIVE_BACKUP)
    lasted, there = time.monotonic() - began, backed_up(shop)
    for point in range(POINTS):
        empty(asked)
        killed = bool(asked.killed_after(asked.manifests.job(LIVE_BACKUP), lasted * (point + 0.5) / POINTS))
        cut_off += killed
        assert (shop.ask(_PEOPLE), len(backed_up(shop))) == (people, len(there) + (not killed))
        there = backed_up(shop)
    run_job(asked, LIVE_BACKUP)
    assert len(backed_up(shop)) == len(there) + 1
    note(f"{POINTS} points over {lasted:.1f} s, {cut_off} before its end")


@pytest.mark.parametrize("job", [FILL_SIDE, RESTORE_FILES])
@pytest.mark.parametrize("source", [LIVE, ARCHIVE], ids=["refresh", "import"])
def test_a_killed_refresh_or_import_goes_on(
    shop: Host, staging: Host, source: dict[str, Any], job: str, note: Callable[[str], None]
) -> None:
    """Fetched, restored, compared, anonymised, said to be ready; then the files: wherever it hits."""
    people, others = staging.ask(_PEOPLE), shop.ask(_PEOPLE)
    (stage,) = (each for each in (RestoreStage.PREPARE, RestoreStage.SWITCH) if job in JOBS[each])
    with ExitStack() as stack:
        if source is LIVE:
            run_job(copied_live(staging, shop, **LIVE), LIVE_BACKUP)
            stack.enter_context(reading(staging, shop))
        else:
            brought(staging, dumped(shop))
        cut_off, lasted = kill(staging, stage, job, **source)
        if stage is RestoreStage.PREPARE:
            assert staging.ask(_PEOPLE) == people
            run_stage(staging, RestoreStage.SWITCH, **source)
    assert "anonymised" in databases(staging)[staging.database]
    # As many as there, under the same numbers, and none with the name that it has there.
    assert staging.ask(_PEOPLE).split("|")[:2] == others.split("|")[:2]
    names = "SELECT string_agg(name, ',') FROM res_partner WHERE name <> ''"
    assert not {*staging.ask(names).split(",")} & {*shop.ask(names).split(",")}
    note(f"{POINTS} points over {lasted:.1f} s, {cut_off} before its end")


def test_a_killed_neutralisation_is_whole_or_lets_no_pod_pass(
    shop: Host, staging: Host, note: Callable[[str], None]
) -> None:
    run_job(copied_live(staging, shop, **LIVE), LIVE_BACKUP)
    with reading(staging, shop):
        run_stage(staging, RestoreStage.PREPARE, **LIVE)
        run_stage(staging, RestoreStage.SWITCH, **LIVE)
    snapshot, said = "snapshot_of_sandbox", databases(staging)[staging.database]
    server, spec, half, cut_off = staging.server, staging.manifests.job(ODOO_SETUP), 0, 0

    def put_back() -> None:
        server.ask(f"DROP DATABASE {staging.database} WITH (FORCE)")
        server.ask(f"CREATE DATABASE {staging.database} TEMPLATE {snapshot} OWNER {staging.role}")
        server.ask(f"COMMENT ON DATABASE {staging.database} IS '{said}'")

    server.ask(f"CREATE DATABASE {snapshot} TEMPLATE {staging.database} OWNER {staging.role}")
    try:
        assert staging.ask(_NEUTRALISED) == "0"
        began = time.monotonic()
        run_job(staging, ODOO_SETUP)
        lasted = time.monotonic() - began
        for point in range(POINTS):
            put_back()
            empty(staging)
            cut_off += bool(staging.killed_after(spec, lasted * (point + 0.5) / POINTS))
            web = staging.manifests.deployment("web")
            passed = staging.run({**web, "containers": web["initContainers"], "initContainers": []}).code == 0
            half += not passed
            assert not passed or staging.ask(_NEUTRALISED) == "1"
            if passed:
                harmless(staging)
        run_job(staging, ODOO_SETUP)
        harmless(staging)
    finally:
        server.ask(f"DROP DATABASE IF EXISTS {snapshot} WITH (FORCE)")
    note(
        f"{POINTS} points over {lasted:.1f} s, {cut_off} before its end, {half} times no pod passed after it"
    )
