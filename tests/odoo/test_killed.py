"""The set-up job is killed at many points: the next run ends well, or says what is wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.declared import STAGING
from tests.odoo.pod import Host

pytestmark = pytest.mark.odoo
POINTS: Final = int(os.environ.get("ODOO_KILL_POINTS", "4"))
_WAITING: Final = "SELECT count(*) FROM ir_module_module WHERE state LIKE 'to %'"


def empty(host: Host) -> None:
    """Take the tenant's database and files away, and make the database anew."""
    host.server.ask(f"DROP DATABASE IF EXISTS {host.database} WITH (FORCE)")
    (host.data / ".costack-server").unlink(missing_ok=True)
    done = host.run(host.manifests.job("database-setup"))
    assert done.code == 0, done.output


def killed_after(host: Host, seconds: float) -> str:
    """Run the set-up job, kill it and everything it started after that time; what it had said."""
    with host.running(host.manifests.job("odoo-setup")) as job:
        time.sleep(seconds)
        job.end(signal.SIGKILL)
        return job.output


def whole(host: Host) -> None:
    """Run the job to its end and judge."""
    done = host.run(host.manifests.job("odoo-setup"))
    assert done.code == 0, done.output
    assert host.ask(_WAITING) == "0"
    assert host.ask("SELECT state FROM ir_module_module WHERE name = 'base'") == "installed"
    assert host.ask("SELECT value FROM ir_config_parameter WHERE key = 'report.url'").startswith("http://127")


@pytest.mark.parametrize("name", ["xs", STAGING])
def test_a_killed_set_up_ends_well_the_next_time(
    hosts: Hosts, name: str, note: Callable[[str], None]
) -> None:
    host = hosts.bare(name)
    empty(host)
    began = time.monotonic()
    whole(host)
    lasted = time.monotonic() - began
    went_on = 0
    for point in range(POINTS):
        empty(host)
        killed_after(host, lasted * (point + 0.5) / POINTS)
        went_on += int(host.ask("SELECT to_regclass('ir_module_module') IS NOT NULL") == "t")
        whole(host)
        if name == STAGING:
            web = host.manifests.deployment("web")
            gate = host.run({**web, "containers": web["initContainers"], "initContainers": []})
            assert gate.code == 0, gate.output
    note(f"{POINTS} points over {lasted:.0f} s, {went_on} of them with a schema")
