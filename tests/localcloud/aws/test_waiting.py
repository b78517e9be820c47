"""A server and a cache stay as they are until the maintenance window, unless they are to change at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from localcloud.aws import clock
from localcloud.aws.clients import Clients
from localcloud.aws.windows import opens, weekly
from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import Driver, Resource
from tests.localcloud.aws.examples import EXAMPLES, Ground
from tests.localcloud.aws.test_resource import CACHE, DB, client

GROUP = "aws:rds/parameterGroup:ParameterGroup"
LARGE = {"instanceClass": "db.m7g.large", "multiAz": False, "allocatedStorage": 200}


def pending(driver: Driver, name: str) -> dict[str, Any]:
    """What AWS says that it will change."""
    (found,) = client(driver, "rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return dict(found["PendingModifiedValues"])


def test_a_server_changes_in_the_window(driver: Driver, ground: Ground) -> None:
    inputs = EXAMPLES[DB](ground)
    held = driver.create(DB, "waits", inputs)
    later = driver.update(held, {**inputs, **LARGE, "backupRetentionPeriod": 21})
    assert {name: later.state[name] for name in LARGE} == {name: inputs[name] for name in LARGE}
    assert later.inputs["instanceClass"] == "db.m7g.large"
    assert later.state["backupRetentionPeriod"] == 21
    wanted = {"DBInstanceClass": "db.m7g.large", "MultiAZ": False, "AllocatedStorage": 200}
    assert pending(driver, later.id) == wanted
    seen = driver.read(later)
    assert seen is not None
    assert seen.inputs == later.inputs

    # The window: AWS makes what waits together with the next change that is to be made at once.
    client(driver, "rds").modify_db_instance(DBInstanceIdentifier=later.id, ApplyImmediately=True)
    assert pending(driver, later.id) == {}
    seen = driver.read(later)
    assert seen is not None
    assert {name: seen.state[name] for name in LARGE} == LARGE


@pytest.mark.whole("tests/engine/test_data_services plans it with the engine")
def test_a_change_that_waits_is_planned_again_and_harms_nobody(driver: Driver, ground: Ground) -> None:
    """The official provider compares what is wanted with what is there (`Row.waits`)."""
    wanted = {**EXAMPLES[DB](ground), "instanceClass": "db.m7g.large"}
    held = driver.update(driver.create(DB, "again", EXAMPLES[DB](ground)), wanted)
    assert set(driver.diff(held, wanted).detailed_diff) == {"instanceClass"}
    again = driver.update(held, wanted)
    assert again.state == held.state
    assert pending(driver, again.id) == {"DBInstanceClass": "db.m7g.large"}


def test_what_is_taken_back_before_the_window_is_made_nevertheless(driver: Driver, ground: Ground) -> None:
    """There is no difference then, so the official provider sends nothing; AWS is told by its own command.

    RDS User Guide, "Using the schedule modifications setting".
    """
    inputs = EXAMPLES[DB](ground)
    held = driver.create(DB, "regrets", inputs)
    later = driver.update(held, {**inputs, "instanceClass": "db.m7g.large"})
    assert not driver.diff(later, inputs).changes
    assert pending(driver, later.id) == {"DBInstanceClass": "db.m7g.large"}
    client(driver, "rds").modify_db_instance(
        DBInstanceIdentifier=later.id, DBInstanceClass=inputs["instanceClass"]
    )
    assert pending(driver, later.id) == {"DBInstanceClass": "db.m7g.large"}
    client(driver, "rds").modify_db_instance(
        DBInstanceIdentifier=later.id, DBInstanceClass=inputs["instanceClass"], ApplyImmediately=True
    )
    assert pending(driver, later.id) == {}


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_group_of_a_version_that_waits_is_not_taken_alone(driver: Driver, ground: Ground) -> None:
    """And the provider sees the group of before: terraform-provider-aws, pull 47121."""
    new = driver.create(GROUP, "newer-group", {"name": "newer-group", "family": "postgres17"})
    inputs = {**EXAMPLES[DB](ground), "allowMajorVersionUpgrade": True}
    wanted = {**inputs, "engineVersion": "17.6", "parameterGroupName": new.id}
    held = driver.create(DB, "waits-for-group", inputs)
    later = driver.update(held, wanted)
    assert later.state["engineVersion"] == "17.6"
    assert later.state["parameterGroupName"] == held.state["parameterGroupName"] != new.id
    assert set(driver.diff(later, wanted).detailed_diff) == {"parameterGroupName"}
    with pytest.raises(ProviderError, match="can't be used for this instance"):
        driver.update(later, wanted)
    assert not driver.diff(later, {**wanted, "parameterGroupName": later.state["parameterGroupName"]}).changes
    driver.delete(later)
    driver.delete(new)


def clients(driver: Driver) -> Clients:
    return Clients(driver.endpoint, "eu-west-1")


def to_the_next(window: str, driver: Driver, late: timedelta = timedelta(0)) -> None:
    """Move the clock to the next time that a window opens, or a little later or earlier."""
    there, found = clock.now(clients(driver)), weekly(window)
    assert found is not None
    monday = there.replace(hour=0, minute=0) - timedelta(days=there.weekday())
    opening = monday + timedelta(minutes=found[0])
    clock.move(clients(driver), (opening if opening > there else opening + timedelta(weeks=1)) + late)


def seen(driver: Driver, held: Resource) -> Resource:
    found = driver.read(held)
    assert found is not None
    return found


WINDOW = "sun:03:00-sun:04:00"


def test_the_window_makes_what_waits(driver: Driver, ground: Ground) -> None:
    inputs = {**EXAMPLES[DB](ground), "maintenanceWindow": WINDOW, "backupWindow": "00:00-01:00"}
    wanted = {**inputs, **LARGE, "engineVersion": "16.9"}
    held = driver.update(driver.create(DB, "on-sunday", inputs), wanted)
    assert (held.state["engineVersion"], held.state["engineVersionActual"]) == ("16.9", "16.3")
    to_the_next(WINDOW, driver, -timedelta(minutes=1))
    assert pending(driver, held.id)["EngineVersion"] == "16.9"
    assert seen(driver, held).state["instanceClass"] == inputs["instanceClass"]
    to_the_next(WINDOW, driver)
    assert pending(driver, held.id) == {}
    made = seen(driver, held)
    assert {name: made.state[name] for name in LARGE} == LARGE
    assert made.state["engineVersionActual"] == "16.9"
    assert not driver.diff(made, wanted).changes


@pytest.mark.whole("the window of a server is tried here")
def test_the_window_of_a_cache_makes_what_waits(driver: Driver, ground: Ground) -> None:
    inputs = {**EXAMPLES[CACHE](ground), "engineVersion": "7.0", "maintenanceWindow": WINDOW}
    wanted = {**inputs, "engineVersion": "7.1", "nodeType": "cache.m7g.large"}
    held = driver.update(driver.create(CACHE, "on-sunday", inputs), wanted)
    assert (held.state["engineVersion"], held.state["nodeType"]) == ("7.0", inputs["nodeType"])
    to_the_next(WINDOW, driver)
    made = seen(driver, held)
    assert (made.state["engineVersion"], made.state["nodeType"]) == ("7.1", "cache.m7g.large")
    assert not driver.diff(made, wanted).changes


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("asked", "told", "automatic"), [("16", "16", True), ("16.3", "16.11", True), ("16.3", "16.3", False)]
)
def test_aws_upgrades_minor_versions_in_the_window(
    driver: Driver, ground: Ground, asked: str, told: str, *, automatic: bool
) -> None:
    """What refresh and the next plan see: with a major version nothing, with a minor one a downgrade."""
    inputs = {
        **EXAMPLES[DB](ground),
        "engineVersion": asked,
        "autoMinorVersionUpgrade": automatic,
        "maintenanceWindow": WINDOW,
        "backupWindow": "00:00-01:00",
    }
    held = driver.create(DB, f"minor-{asked.replace('.', '-')}-{automatic}".lower(), inputs)
    was = held.state["engineVersionActual"]
    clock.release(clients(driver), "postgres", "16.11")
    assert seen(driver, held).state["engineVersionActual"] == was
    to_the_next(WINDOW, driver)
    found = seen(driver, held)
    assert found.state["engineVersionActual"] == ("16.11" if automatic else was)
    assert found.state["engineVersion"] == told
    assert driver.diff(found, inputs).changes == (told != asked)
    if told != asked:
        with pytest.raises(ProviderError, match=r"Cannot upgrade postgres from 16\.11 to 16\.3"):
            driver.update(found, inputs)
    driver.delete(found)


@pytest.mark.sample(1)
@pytest.mark.parametrize("automatic", [True, False])
def test_aws_upgrades_a_cache_and_the_provider_would_replace_it(
    driver: Driver, ground: Ground, *, automatic: bool
) -> None:
    inputs = {
        **EXAMPLES[CACHE](ground),
        "engineVersion": "7.0",
        "autoMinorVersionUpgrade": automatic,
        "maintenanceWindow": WINDOW,
    }
    held = driver.create(CACHE, f"minor-{automatic}".lower(), inputs)
    clock.release(clients(driver), "redis", "7.1")
    to_the_next(WINDOW, driver)
    found = seen(driver, held)
    assert found.state["engineVersion"] == ("7.1" if automatic else "7.0")
    assert driver.diff(found, inputs).replaces == (["engineVersion"] if automatic else [])
    driver.delete(found)


def test_the_clock_stands_still_and_does_not_go_back(driver: Driver) -> None:
    there = clock.now(clients(driver))
    assert there >= clock.START
    assert clock.now(clients(driver)) == there
    with pytest.raises(ProviderError, match="expected a later time"):
        clock.move(clients(driver), there - timedelta(minutes=1))


def test_storage_grows_again_after_six_hours(driver: Driver, ground: Ground) -> None:
    """RDS User Guide, "Scaling up DB instance storage"."""
    inputs = {**EXAMPLES[DB](ground), "allocatedStorage": 50, "applyImmediately": True}
    held = driver.update(driver.create(DB, "grows", inputs), {**inputs, "allocatedStorage": 55})
    assert held.state["allocatedStorage"] == 55
    with pytest.raises(ProviderError, match="the previous storage change is being optimized"):
        driver.update(held, {**inputs, "allocatedStorage": 80})
    clock.move(clients(driver), clock.now(clients(driver)) + timedelta(hours=6))
    assert driver.update(held, {**inputs, "allocatedStorage": 80}).state["allocatedStorage"] == 80


@pytest.mark.parametrize(
    ("after", "until", "opened"),
    [
        ("2026-12-05T00:00", "2026-12-06T02:59", False),
        ("2026-12-05T00:00", "2026-12-06T03:00", True),
        ("2026-12-06T03:00", "2026-12-13T02:59", False),
        ("2026-12-06T03:30", "2026-12-13T03:00", True),
    ],
)
def test_a_window_opens_once_a_week(after: str, until: str, *, opened: bool) -> None:
    assert opens(WINDOW, datetime.fromisoformat(after), datetime.fromisoformat(until)) is opened


def test_a_cache_changes_in_the_window_and_its_token_at_once(driver: Driver, ground: Ground) -> None:
    inputs = EXAMPLES[CACHE](ground)
    held = driver.create(CACHE, "waits", inputs)
    later = driver.update(held, {**inputs, "nodeType": "cache.m7g.large"})
    assert later.state["nodeType"] == inputs["nodeType"]
    now = driver.update(later, {**later.inputs, "authToken": "another-token-of-forty-characters-abcdef"})
    assert now.state["nodeType"] == "cache.m7g.large"
