"""An upgrade by OpenUpgrade is killed at many points of all its jobs: it goes on, or leads back.

Whatever is killed, people's database is as it was until the new one has its name, and then as it was again.
The points lie evenly over the whole of a stage: over each container by the time that it takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pytest

from lifecycle.upgrade import UpgradeResult, result_of
from tests.odoo.conftest import Hosts
from tests.odoo.declared import Manifest
from tests.odoo.tree import Tree
from tests.odoo.upgrading import LACKING, NEEDED, UpgradingHost, next_tree, perform, selling, version
from tests.odoo.visitor import Visitor
from tiers.facts.names import (
    DROP_SIDE,
    FINAL_BACKUP,
    MAKE_SIDE,
    RESTORE_FILES,
    SWITCH_SIDE,
    UPGRADE_SIDE,
)

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.skipif(not all(os.environ.get(each) for each in NEEDED), reason=LACKING),
]
POINTS: Final = int(os.environ.get("ODOO_KILL_POINTS", "4"))
_JOBS: Final = (FINAL_BACKUP, MAKE_SIDE, UPGRADE_SIDE, SWITCH_SIDE)
_IN_ONE: Final = {"discard": (SWITCH_SIDE, "odoo-setup", DROP_SIDE)}
"""How an upgrade that failed is left."""
_IN_TWO: Final = {"back": ("odoo-setup", SWITCH_SIDE, RESTORE_FILES), "discard": ("odoo-setup", DROP_SIDE)}
"""How one is left that went well."""
_PEOPLE: Final = """SELECT (SELECT count(*) FROM crm_lead),
  (SELECT md5(string_agg(name || id, ',' ORDER BY id)) FROM crm_lead), (SELECT count(*) FROM mail_message),
  (SELECT count(*) FROM ir_attachment), (SELECT count(*) FROM res_users)"""


@pytest.fixture(scope="module")
def then() -> Tree:
    return next_tree()


@pytest.fixture(scope="module")
def seller(hosts: Hosts, then: Tree) -> Iterator[UpgradingHost]:
    with selling(hosts, then) as host:
        yield host


class Part(NamedTuple):
    """A container of one of the jobs of the stage."""

    job: str
    container: str
    spec: Manifest

    @property
    def called(self) -> str:
        return self.job if self.container == self.job else f"{self.job}/{self.container}"


def parts(during: UpgradingHost) -> list[Part]:
    """All containers of the stage in their order, each as a pod of its own."""
    found = []
    for job in _JOBS:
        spec = during.manifests.job(job)
        for each in (*spec.get("initContainers", ()), *spec["containers"]):
            found.append(Part(job, each["name"], {**spec, "initContainers": [], "containers": [each]}))
    return found


def gone_back(seller: UpgradingHost, people: str, stages: Mapping[str, tuple[str, ...]]) -> None:
    """Take the tenant to where it was before: it works with its version, and nothing is left beside."""
    for stage, jobs in stages.items():
        perform(seller.at(stage), *jobs)
    assert (version(seller), seller.ask(_PEOPLE)) == (seller.tree.version.partition(".")[0], people)
    assert databases(seller) == [seller.database]
    roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'upgrade%'"
    assert seller.server.ask(roles) == "0"


def databases(seller: UpgradingHost) -> list[str]:
    where = f"WHERE datname LIKE '{seller.database}%' ORDER BY 1"
    return seller.server.ask(f"SELECT datname FROM pg_database {where}").splitlines()  # noqa: S608 - our own


def judged(said: str, then: Tree) -> dict[str, Any]:
    """What a result says but for the moments and the backup of each attempt."""
    found: UpgradeResult = result_of(said, "xs", "upgrade", then.version)
    return found.model_dump(exclude={"backup", "finished_at", "seconds", "command_seconds"})


def gone_on(during: UpgradingHost, then: Tree, job: str) -> dict[str, Any] | None:
    """Run that job and those after it, as the next update does; what was found if it upgrades."""
    said = {each: perform(during, each) for each in _JOBS[_JOBS.index(job) :]}
    return judged(said[UPGRADE_SIDE], then) if UPGRADE_SIDE in said else None


def measured(during: UpgradingHost, then: Tree) -> tuple[dict[str, Any], list[float]]:
    """Run all containers to their end; what was found, and how long each took."""
    lasted, before, found = [], "", {}
    for part in parts(during):
        if part.job != before:
            during.empty_volumes()
        before, began = part.job, time.monotonic()
        done = during.run(part.spec)
        assert done.code == 0, (part.called, done.output)
        lasted.append(time.monotonic() - began)
        if part.container == "after":
            found = judged(done.output, then)
    return found, lasted


def points(lasted: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Where to kill: half of the points in the middle of containers, the others evenly over all the time."""
    by_part = min(len(lasted), POINTS // 2 + 1)
    for number in range(by_part):
        part = number * len(lasted) // by_part
        yield part, lasted[part] / 2
    for number in range(POINTS - by_part):
        left, part = sum(lasted) * (number + 0.5) / (POINTS - by_part), 0
        while left >= lasted[part]:
            left, part = left - lasted[part], part + 1
        yield part, left


def cut(during: UpgradingHost, index: int, seconds: float) -> str:
    """Run all that comes before a container, and kill that one after so many seconds; which one it was."""
    all_parts = parts(during)
    killed = all_parts[index]
    for job in _JOBS[: _JOBS.index(killed.job)]:
        perform(during, job)
    during.empty_volumes()
    for part in all_parts[:index]:
        if part.job == killed.job:
            assert during.run(part.spec).code == 0
    cut_off = during.killed_after(killed.spec, seconds)
    return killed.called if cut_off else f"the end of {killed.called}"


def test_a_killed_upgrade_goes_on_or_leads_back(
    seller: UpgradingHost, then: Tree, note: Callable[[str], None]
) -> None:
    people, during, old = seller.ask(_PEOPLE), seller.at("upgrade"), seller.tree.version.partition(".")[0]
    expected, lasted = measured(during, then)
    after = seller.ask(_PEOPLE)
    gone_back(seller, people, _IN_TWO)
    places: dict[str, int] = {}
    for number, (index, seconds) in enumerate(points(lasted)):
        place = cut(during, index, seconds)
        places[place] = places.get(place, 0) + 1
        # Until the new database has its name, the one in use is as it was.
        switched = f"{seller.database}__kept" in databases(seller)
        assert switched or (version(seller), seller.ask(_PEOPLE)) == (old, people)
        if number % 2 == 0:
            found = gone_on(during, then, parts(during)[index].job)
            assert found is None or found == expected
            assert (version(seller), seller.ask(_PEOPLE)) == (then.version.partition(".")[0], after)
        gone_back(seller, people, _IN_TWO if number % 2 == 0 else _IN_ONE)
        print(f"{number + 1}: {place} after {seconds:.1f} s", flush=True)  # noqa: T201 - it takes an hour
    with seller.web():
        assert Visitor().log_in("admin", seller.administrator_password)
    where = ", ".join(f"{count} in {place}" for place, count in places.items())
    went_on = (POINTS + 1) // 2
    note(
        f"{POINTS} points over {sum(lasted):.0f} s ({where}): {went_on} went on, the others led back at once"
    )
