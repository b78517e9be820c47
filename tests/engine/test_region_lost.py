"""The first region stops answering during a failover, and comes back; the tests stand in this order.

Every call to that region fails, and so does its API server; commands and updates are those that the page
and the command itself say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from localcloud.aws.faults import VARIABLE
from tests.engine.project import STACK
from tests.engine.test_failed_over import CLIENT, TO, Regions, running_regions
from tests.engine.test_life import OWN
from tests.lifecycle.writer import writing, written
from tiers.facts.names import OPEN_AGAIN

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.postgres,
    pytest.mark.whole("tests/components compares what a lost region's update changes, resource by resource"),
]
FIRST = "us-east-1"
_NOWHERE = "https://127.0.0.1:9"


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    with running_regions(tmp_path_factory) as made:
        yield made


@contextmanager
def lost(regions: Regions) -> Iterator[None]:
    """Neither AWS nor the cluster of the first region answers; the operator does what the command says."""
    file = regions.kubeconfig
    before = file.read_text(encoding="utf-8")
    config = json.loads(before)
    next(each for each in config["clusters"] if each["name"] == "here")["cluster"]["server"] = _NOWHERE
    file.write_text(json.dumps(config), encoding="utf-8")
    regions.project.configure({"aws:stsRegion": TO})
    with ExitStack() as stack:
        stack.callback(file.write_text, before, "utf-8")
        stack.callback(regions.project.configure, {"aws:stsRegion": None})
        told = {VARIABLE: f"gone={FIRST}", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}
        stack.enter_context(regions.project.told(**told))
        yield


def test_it_is_lost_after_the_fence_and_people_work_in_the_second_one(regions: Regions) -> None:
    regions.life.up()
    with writing(regions.pods.server, "until it is closed") as people:
        people.wait_for(5)
        said = regions.step("--to", TO)
        assert "describe-replication-configurations --region us-east-1" in " ".join(said.split())
        regions.perform("here", "fence-database")
    regions.committed = people.committed
    # The promotion was written and its update hangs: the file goes on without the region.
    regions.project.costack("failover", CLIENT, "--stack", STACK, "--next")
    with lost(regions):
        regions.life.up(code=1)
        said = " ".join(regions.step("--region-lost").split())
        assert "first_region: lost-after-fence" in regions.life.file(CLIENT).read_text(encoding="utf-8")
        assert f"pulumi config set aws:stsRegion {TO} --stack {STACK}" in said
        assert f"delete-replication-configuration --region {TO} --source-file-system-id fs-" in said
        assert not regions.standby().get("ReadReplicaSourceDBInstanceIdentifier")
        regions.follower.ask("SELECT pg_promote()")
        assert "everything that was committed" in regions.perform("there", "open-database")
        assert set(regions.committed) <= written(regions.follower)
        regions.step("--next")
        assert min(regions.replicas("there")) >= 1
        with writing(regions.follower, "there") as people:
            people.wait_for(3)
        regions.step("--next")
        regions.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert regions.replicas("here") == [0, 0]


def test_once_it_is_back_what_runs_there_is_closed(regions: Regions) -> None:
    said = " ".join(regions.step("--region-back").split())
    assert "unset PULUMI_K8S_SKIP_UPDATE_UNREACHABLE" in said
    regions.perform("here", "fence-database")
    late = regions.pods.server.try_to_ask("INSERT INTO no_id VALUES ('late')", **OWN).stderr
    assert "too many connections for database" in late
    regions.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    home = regions.project.costack("failback", CLIENT, "--stack", STACK).stdout
    assert "backs it up there" in home


def test_it_is_lost_once_more_on_the_way_home_which_is_given_up(regions: Regions) -> None:
    """Odoo is stopped in both regions then, and its database is closed in both."""
    regions.life.up()
    regions.perform("there", "final-backup")
    assert "is closed" in regions.perform("there", "fence-database")
    assert regions.replicas("here") == regions.replicas("there") == [0, 0]
    with lost(regions):
        said = " ".join(regions.step("--region-lost").split())
        assert "opens the database of acme in eu-west-1 again and starts it there" in said
        file = regions.life.file(CLIENT).read_text(encoding="utf-8")
        assert "stage: stay, first_region: lost-after-promotion" in file
        regions.perform("there", OPEN_AGAIN)
        assert min(regions.replicas("there")) >= 1
        with writing(regions.follower, "there again") as people:
            people.wait_for(3)
        regions.step("--next")
        regions.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert regions.replicas("here") == [0, 0]
