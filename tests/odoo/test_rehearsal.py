"""A recovery in the second region is rehearsed with a real Odoo, which answers on what was restored."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle.rehearsal.result import RehearsalResult, rehearsal_result
from lifecycle.rehearsal.scratch import scratch_of
from tests.odoo.conftest import Hosts
from tests.odoo.declared import Manifest, plan
from tests.odoo.pod import Host
from tests.odoo.test_copies import back_up
from tests.portfolios import plan_of, tenant
from tests.postgres import give
from tiers.facts.every_fact import Rehearsal
from tiers.inventory import Inventory
from tiers.plan.plan import facts_of

pytestmark = pytest.mark.odoo
_PATIENCE_SECONDS = 600


class SecondRegion(Host):
    """Where the pod of a rehearsal runs: volumes of its own, and the tools of both images."""

    def _places(self, spec: Manifest) -> dict[str, Path]:
        return {each["name"]: self.folder / "second" / each["name"] for each in spec["volumes"]}

    def _show_trees(self, places: Mapping[str, Path]) -> None:
        """A container has a /tmp of its own, which hides a tree of Odoo that lies there."""
        for addons in self.tree.addons_path:
            below = Path(addons).relative_to("/tmp").parts[0] if str(addons).startswith("/tmp/") else None
            if below and not (link := places["scratch-odoo"] / below).is_symlink():
                link.symlink_to(Path("/tmp") / below)

    def rehearse(self, job: Mapping[str, Any]) -> str:
        """Run its containers to their good end; what the report said."""
        spec = job["spec"]["template"]["spec"]
        done = self.run_pod_of(spec)
        said = self.log(spec["containers"][-1]["name"])
        assert done, (said, self.log("odoo")[-3000:])
        return said

    def log(self, container: str) -> str:
        """What a container said; nothing of one that never started."""
        path = self.folder / f"{container}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def run_pod_of(self, spec: Mapping[str, Any]) -> bool:
        """Run containers, first one after the other, then beside each other; whether all ended well."""
        places = self._places(dict(spec))
        for each in (*spec["initContainers"], *spec["containers"]):
            (self.folder / f"{each['name']}.log").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "second", ignore_errors=True)
        for place in places.values():
            place.mkdir(parents=True)
        self._show_trees(places)
        give(self.folder / "second")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = {"HTTP_PORT": str(probe.getsockname()[1])}
        for each in spec["initContainers"]:
            with self._started(each, places, None, port) as running:
                if running.process.wait(_PATIENCE_SECONDS):
                    return False
        with ExitStack() as stack:
            beside = [
                stack.enter_context(self._started(each, places, None, port)) for each in spec["containers"]
            ]
            for running in reversed(beside):
                running.process.wait(_PATIENCE_SECONDS)
            return not any(running.process.returncode for running in beside)


def rehearsed(host: Host) -> RehearsalResult:
    """What the rehearsal of *host*'s tenant says; its copies are the backups themselves."""
    name = host.manifests.owner
    whole = plan(host.tree)
    mine = whole.tenant(name)
    assert mine is not None
    copied = plan_of(tenant(name, tier="cross-region-backup"))
    (fact,) = facts_of(copied.tenants[0].facts, Rehearsal)
    inventory = Inventory(plan=whole, cloud_ids={fact.bucket: "arn:aws:s3:::copies"})
    asked = datetime.now(UTC)
    job = scratch_of(inventory, mine, fact, asked).job
    return rehearsal_result(SecondRegion(**vars(host)).rehearse(job), name)


def test_odoo_answers_on_what_was_restored(hosts: Hosts, note: Callable[[str], None]) -> None:
    host = hosts.of("xs")
    row = "'real', 'mail.example.com', true, 'login', 'none'"
    columns = "name, smtp_host, active, smtp_authentication, smtp_encryption"
    host.ask(f"INSERT INTO ir_mail_server ({columns}) VALUES ({row})")  # noqa: S608 - written above
    crons = host.ask("SELECT count(*) FROM ir_cron WHERE active")
    back_up(host)
    found = rehearsed(host)
    assert found.passed, found.faults
    assert found.phases is not None
    assert found.files > 0
    assert found.newest_record_at
    note(f"RTO {found.rto_seconds} s, of which Odoo {found.phases.start} s; {found.files} files")
    # Nothing of it came back: what is in use sends its mail and runs its actions.
    assert (
        host.ask("SELECT count(*) FROM ir_mail_server WHERE active AND smtp_host = 'mail.example.com'") == "1"
    )
    assert host.ask("SELECT count(*) FROM ir_cron WHERE active") == crons
