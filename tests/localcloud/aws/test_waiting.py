"""A server and a cache stay as they are until the maintenance window, unless they are to change at once."""

from __future__ import annotations

from typing import Any

from tests.localcloud.aws.driver import Driver
from tests.localcloud.aws.examples import EXAMPLES, Ground
from tests.localcloud.aws.test_resource import CACHE, DB, client

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


def test_what_is_taken_back_before_the_window_waits_no_longer(driver: Driver, ground: Ground) -> None:
    inputs = EXAMPLES[DB](ground)
    held = driver.create(DB, "regrets", inputs)
    later = driver.update(held, {**inputs, "instanceClass": "db.m7g.large"})
    again = driver.update(later, inputs)
    assert pending(driver, again.id) == {}
    assert again.state["instanceClass"] == inputs["instanceClass"]


def test_a_cache_changes_in_the_window_and_its_token_at_once(driver: Driver, ground: Ground) -> None:
    inputs = EXAMPLES[CACHE](ground)
    held = driver.create(CACHE, "waits", inputs)
    later = driver.update(held, {**inputs, "nodeType": "cache.m7g.large"})
    assert later.state["nodeType"] == inputs["nodeType"]
    now = driver.update(later, {**later.inputs, "authToken": "another-token-of-forty-characters-abcdef"})
    assert now.state["nodeType"] == "cache.m7g.large"
