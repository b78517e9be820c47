"""An update of modules by the real Odoo: a build whose module has a column more, and data for it.

The tests stand in this order: one build is updated, the next one fails, hangs, and is taken back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo, install
from tests.odoo.staged import run_stage
from tests.odoo.updating import MODULE, Pods, built, module, perform, watching
from tests.odoo.visitor import BASE, Visitor
from tests.postgres import scratch
from tiers.portfolio.restore.stage import RestoreStage

pytestmark = pytest.mark.odoo
_MADE = """
for number in range(50):
    env['costack.tried'].create({'name': f'thing {number}'})
env['ir.attachment'].create({'name': 'kept.txt', 'raw': b'what people attached'})
env.cr.commit()
"""
_STATE = f"SELECT state || ' ' || latest_version FROM ir_module_module WHERE name = '{MODULE}'"  # noqa: S608
_THINGS = "SELECT count(*) FROM costack_tried"


@dataclass
class Place:
    """The tenant with its first build; `base` is the image without the module."""

    base: Host
    host: Host
    addons: Path
    pods: Pods

    def build(self, number: int, ends: str = "") -> Host:
        """The place with that build of the module in its image."""
        return built(self.base, module(self.addons, self.version, number, ends), number)

    @property
    def version(self) -> str:
        return self.host.tree.version

    def log_in(self) -> Visitor:
        visitor = Visitor()
        assert visitor.log_in("admin", self.host.administrator_password)
        return visitor

    def backups(self) -> list[str]:
        found = sorted((self.host.folder / "bucket" / "manifests").rglob("*.json"))
        return [str(json.loads(each.read_text(encoding="utf-8")).get("started", "")) for each in found]


@pytest.fixture(scope="module")
def place(hosts: Hosts) -> Iterator[Place]:
    """People work with the first build."""
    with scratch() as addons:
        base = hosts.of("xs")
        first = built(base, module(addons, base.tree.version, 1))
        install(first, MODULE)
        in_odoo(first, _MADE)
        with_page = built(base, module(addons, base.tree.version, 1), 1)
        made = Place(base, first, addons, Pods(first, with_page))
        with made.pods.kept():
            made.pods.scale("web", 1)
            made.pods.scale("cron", 1)
            made.pods.ready()
            yield made
        hosts.forget("xs")


def test_a_build_is_updated_after_a_backup_while_nobody_works(
    place: Place, note: Callable[[str], None]
) -> None:
    before, began = place.backups(), time.monotonic()
    visitor = place.log_in()
    visitor.call("costack.tried", "create", [{"name": "said at the last moment"}])
    second = place.build(2)
    with watching() as statuses:
        done = perform(second, "odoo-update")
    lasted = time.monotonic() - began
    assert done.code == 0, done.output
    assert (place.pods.wanted("web"), place.pods.wanted("maintenance")) == (0, 1)
    # First Odoo, then the page; on this machine it takes the port when Odoo has left it.
    assert set(statuses) <= {HTTPStatus.OK, 0, HTTPStatus.SERVICE_UNAVAILABLE}
    assert statuses[-1] == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Your Odoo gets a new build." in httpx.get(f"{BASE}/odoo/crm", trust_env=False).text
    assert len(place.backups()) == len(before) + 1
    assert place.host.ask(_STATE) == f"installed {place.version}.2.0.0"
    assert place.host.ask(f"{_THINGS} WHERE note = 'of ' || name") == "51"
    again = perform(second, "odoo-update")
    assert (again.code, "nothing to do" in again.output) == (0, True)
    # The update of the Deployments comes after it, with the new image.
    done = second.run(second.manifests.job("odoo-setup"))
    assert done.code == 0, done.output
    place.pods.host = second
    place.pods.scale("web", 1)
    place.pods.ready()
    assert perform(second, "odoo-start").code == 0
    assert (place.pods.wanted("cron"), place.pods.wanted("maintenance")) == (1, 0)
    waited = time.monotonic() - began
    found = place.log_in().call(
        "costack.tried", "search_count", [("note", "=", "of said at the last moment")]
    )
    assert found == 1
    page = statuses.count(HTTPStatus.SERVICE_UNAVAILABLE)
    seen = f"the page answered {page} of {len(statuses)} requests meanwhile"
    note(f"updated in {lasted:.0f} s, backup included ({seen}); people waited {waited:.0f} s")


@pytest.mark.parametrize(("ends", "said"), [("breaks", "no such view"), ("hangs", "took more than")])
def test_an_update_that_fails_or_hangs_lets_people_work_with_the_build_of_before(
    place: Place, ends: str, said: str, note: Callable[[str], None]
) -> None:
    before, backups, began = place.host.ask(_THINGS), place.backups(), time.monotonic()
    bound = {"MOST_SECONDS": "15"} if ends == "hangs" else {}
    done = perform(place.build(3, ends), "odoo-update", **bound)
    assert done.code == 1
    assert said in done.output
    assert "the pods of before were started again, with the image of before" in done.output
    assert len(place.backups()) == len(backups) + 1
    assert place.pods.wanted("maintenance") == 0
    place.pods.ready()
    note(f"people waited {time.monotonic() - began:.0f} s")
    # What the module had not committed is undone, and people work.
    assert place.host.ask(_THINGS) == before
    place.log_in().call("costack.tried", "create", [{"name": f"after one that {ends}"}])
    assert int(place.host.ask(_THINGS)) == int(before) + 1


def test_the_backup_before_it_leads_back_to_the_database_of_before(
    place: Place, note: Callable[[str], None]
) -> None:
    """Odoo commits each module by itself, so some may be updated: the backup is of the moment before."""
    began = time.monotonic()
    waits = place.host.ask(_STATE)
    run_stage(place.pods.host, RestoreStage.PREPARE)
    place.pods.scale("web", 0)
    run_stage(place.pods.host, RestoreStage.SWITCH)
    place.pods.scale("web", 1)
    place.pods.ready()
    assert place.host.ask(_STATE) == f"installed {place.version}.2.0.0"
    assert place.host.ask(f"{_THINGS} WHERE name = 'after one that hangs'") == "0"
    assert place.host.ask(f"{_THINGS} WHERE name = 'after one that breaks'") == "1"
    read = "print('READ', env['ir.attachment'].search([('name', '=', 'kept.txt')], limit=1).raw)"
    assert "READ b'what people attached'" in in_odoo(place.pods.host, read)
    place.log_in()
    run_stage(place.pods.host, RestoreStage.CONFIRM)
    note(f"from '{waits}' back in {time.monotonic() - began:.0f} s")
