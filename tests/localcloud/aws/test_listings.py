"""What the simulation remembers is listed as AWS lists it, and `recover` finds it there."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.recover.aws_listings import SEARCHES
from lifecycle.recover.untracked import untracked_id
from tests.localcloud.aws.driver import Driver, Resource
from tests.localcloud.aws.examples import EXAMPLES, Ground

HERE, ELSEWHERE = "eu-west-1", "eu-central-1"
REMEMBERED = (
    "aws:backup/restoreTestingPlan:RestoreTestingPlan",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection",
    "aws:backup/selection:Selection",
    "aws:efs/replicationConfiguration:ReplicationConfiguration",
    "aws:eks/addon:Addon",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:elasticache/user:User",
    "aws:elasticache/userGroup:UserGroup",
    "aws:elasticache/userGroupAssociation:UserGroupAssociation",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
)


@pytest.fixture(autouse=True)
def account(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", driver.endpoint)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.mark.sample(2)
@pytest.mark.parametrize("kind", REMEMBERED)
def test_what_was_made_is_found_and_nothing_after_it_is_gone(
    kind: str, driver: Driver, ground: Ground
) -> None:
    inputs: dict[str, Any] = EXAMPLES[kind](ground)
    held = driver.create(kind, "listed", inputs)
    assert kind in SEARCHES
    assert untracked_id(kind, held.inputs, HERE, ()) == held.id
    assert untracked_id(kind, held.inputs, HERE, {held.id}) is None
    assert untracked_id(kind, held.inputs, ELSEWHERE, ()) is None
    driver.delete(held)
    assert untracked_id(kind, held.inputs, HERE, ()) is None


@pytest.mark.sample(4)
@pytest.mark.parametrize("kind", REMEMBERED)
def test_what_is_taken_in_by_what_was_asked_for_needs_no_change(
    kind: str, driver: Driver, ground: Ground
) -> None:
    """An existing replication is recognised although AWS lists more fields than were set."""
    held = driver.create(kind, "taken-in", EXAMPLES[kind](ground))
    taken = driver.read(Resource(held.urn, held.id, held.inputs, {}))
    assert taken is not None
    assert taken.inputs == held.inputs
    assert not driver.diff(taken, held.inputs).detailed_diff
    driver.delete(held)


def test_a_neighbour_of_the_same_kind_is_another(driver: Driver, ground: Ground) -> None:
    kind = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    inputs = EXAMPLES[kind](ground)
    first, second = (driver.create(kind, name, {**inputs, "namespace": name}) for name in ("one", "two"))
    assert untracked_id(kind, first.inputs, HERE, ()) == first.id
    assert untracked_id(kind, second.inputs, HERE, ()) == second.id
    for held in (first, second):
        driver.delete(held)


@pytest.mark.whole("a listing of a thousand things")
def test_more_than_a_page_is_listed(driver: Driver, ground: Ground) -> None:
    kind = "aws:backup/selection:Selection"
    inputs = EXAMPLES[kind](ground)
    made = [driver.create(kind, f"many-{number}", inputs) for number in range(12)]
    assert {untracked_id(kind, held.inputs, HERE, ()) for held in made} == {held.id for held in made}
    for held in made:
        driver.delete(held)
