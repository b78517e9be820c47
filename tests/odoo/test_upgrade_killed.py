"""An upgrade by OpenUpgrade is killed at many points of all its jobs: it goes on, or leads back.

Whatever is killed, people's database is as it was until the new one has its name, and then as it was again.
The points lie evenly over the whole of a stage: over each container by the time that it takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from lifecycle.upgrade import UpgradeResult, result_of
from tests.odoo.conftest import Hosts
from tests.odoo.tree import Tree
from tests.odoo.upgrading import LACKING, NEEDED, UpgradingHost, next_tree, perform, selling, version
from tests.odoo.visitor import Visitor
from tiers.facts.names import FINAL_BACKUP, MAKE_SIDE, SWITCH_SIDE, UPGRADE_SIDE

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.skipif(not all(os.environ.get(each) for each in NEEDED), reason=LACKING),
]
POINTS: Final = int(os.environ.get("ODOO_KILL_POINTS", "4"))
_JOBS: Final = (FINAL_BACKUP, MAKE_SIDE, UPGRADE_SIDE, SWITCH_SIDE)
_PEOPLE: Final = """SELECT (SELECT count(*) FROM crm_lead), (SELECT md5(string_agg(name || id, ',' ORDER BY id)) FROM crm_lead),
  (SELECT count(*) FROM mail_message), (SELECT count(*) FROM ir_attachment), (SELECT count(*) FROM res_users)"""


@pytest.fixture(scope="module")
def then() -> Tree:
    return next_tree()


@pytest.fixture(scope="module")
def seller(hosts: Hosts, then: Tree) -> Iterator[UpgradingHost]:
    with selling(hosts, then) as host:
        yield host


def gone_back(seller: UpgradingHost, people: str) -> None:
    """Take the tenant to where it was before: it works with its version, and nothing is left beside."""
    perform(seller.at("back"), "odoo-setup", SWITCH_SIDE, "restore-filestore")
    perform(seller.at("discard"), "odoo-setup", "drop-side-database")
    assert (version(seller), seller.ask(_PEOPLE)) == (seller.tree.version.partition(".")[0], people)
    assert databases(seller) == [seller.database]


def databases(seller: UpgradingHost) -> list[str]:
    where = f"WHERE datname LIKE '{seller.database}%' ORDER BY 1"
    return seller.server.ask(f"SELECT datname FROM pg_database {where}").splitlines()  # noqa: S608 - our own


def judged(said: str, then: Tree) -> dict[str, Any]:
    """What a result says but for the moments and the backup of each attempt."""
    found: UpgradeResult = result_of(said, "xs", "upgrade", then.version)
    return found.model_dump(exclude={"backup", "finished_at", "seconds", "command_seconds"})


def upgraded(during: UpgradingHost, then: Tree, lasted: dict[str, float]) -> dict[str, Any]:
    """Run all jobs of the stage to their end; what was found, and how long each took."""
    said = {}
    for job in _JOBS:
        began = time.monotonic()
        said[job] = perform(during, job)
        lasted[job] = time.monotonic() - began
    return judged(said[UPGRADE_SIDE], then)


def cut(during: UpgradingHost, lasted: dict[str, float], share: float) -> tuple[str, str | None]:
    """Run the jobs in their order and kill what runs after that share of the time; the job, its container."""
    left = share * sum(lasted.values())
    for job in _JOBS:
        if left < lasted[job]:
            during.empty_volumes()
            return job, during.killed_after(during.manifests.job(job), left)
        perform(during, job)
        left -= lasted[job]
    raise ValueError(f"{share}: expected less than 1")


def test_a_killed_upgrade_goes_on_or_leads_back(
    seller: UpgradingHost, then: Tree, note: Callable[[str], None]
) -> None:
    people, during, lasted = seller.ask(_PEOPLE), seller.at("upgrade"), dict[str, float]()
    expected = upgraded(during, then, lasted)
    after = seller.ask(_PEOPLE)
    gone_back(seller, people)
    places: dict[str, int] = {}
    went_on = 0
    for point in range(POINTS):
        job, container = cut(during, lasted, (point + 0.5) / POINTS)
        place = container or f"the end of {job}"
        places[place] = places.get(place, 0) + 1
        # Until the new database has its name, the one in use is as it was.
        switched = f"{seller.database}__kept" in databases(seller)
        assert switched or (version(seller), seller.ask(_PEOPLE)) == (seller.tree.version[:2], people)
        if point % 2 == 0:
            went_on += 1
            assert upgraded(during, then, {}) == expected
            assert (version(seller), seller.ask(_PEOPLE)) == (then.version.partition(".")[0], after)
        gone_back(seller, people)
    with seller.web():
        assert Visitor().log_in("admin", seller.administrator_password)
    where = ", ".join(f"{count} in {place}" for place, count in places.items())
    note(f"{POINTS} points over {sum(lasted.values()):.0f} s ({where}): {went_on} went on, all led back")
