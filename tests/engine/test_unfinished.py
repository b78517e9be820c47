"""An update that AWS refuses, that is killed or that leaves resources out: the inventory is what AWS has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.engine.listing import counted, listed, pass_the_window, told
from tests.engine.project import STACK, Project
from tests.torture.kills import replace_in
from tests.torture.worlds import Moment, Worlds, worlds
from tiers.deployed import RECORD, RECORD_TYPE

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole("tests/allocation/adapters/pulumi reads states of updates that AWS refused"),
]

TENANT: Final = "cobalt"
FILE: Final = f"portfolios/{STACK}/tenants/{TENANT}.yaml"
EVERY: Final = int(os.environ.get("COSTACK_EVERY_REFUSAL", "0"))
"""Every how many calls a sweep refuses one; `make torture` sets it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """The platform alone with one tenant that has its own server."""
    with worlds(tmp_path_factory.mktemp("unfinished") / "project") as made:
        tenants = made.project.folder / "portfolios" / STACK / "tenants"
        for file in tenants.glob("*.yaml"):
            if file.stem != TENANT:
                file.unlink()
        yield made


@dataclass(frozen=True)
class Update:
    """An update that nothing disturbs: its changing calls, and the world before and after it."""

    start: Moment
    calls: list[str]
    end: Moment


@pytest.fixture(scope="module")
def first(made: Worlds) -> Update:
    """The first update of all."""
    return undisturbed(made, made.keep())


@pytest.fixture(scope="module")
def change(made: Worlds, first: Update) -> Update:
    """An update after which the tenant has another tier, with the data in the same place."""
    made.go_back(first.end)
    replace_in(made.project.folder / FILE, "tier: dedicated-db", "tier: ha-postgresql")
    return undisturbed(made, made.keep())


def undisturbed(made: Worlds, start: Moment) -> Update:
    """The update from *start* on."""
    with made.faults(f"refuse={10**6}") as counter:
        made.project.up()
        calls = counter.read_text(encoding="utf-8").split()
    return Update(start, calls, made.keep())


def refused_at(made: Worlds, start: Moment, number: int) -> None:
    """An update in which AWS forbids one call."""
    made.go_back(start)
    with made.faults(f"refuse={number}"):
        made.project.up(code=1)


def chosen(calls: list[str], first: str, *more: str) -> list[int]:
    """The numbers of the calls to refuse: the first one named, or all that are and every few of a sweep."""
    if not EVERY:
        return [calls.index(first) + 1]
    named = {calls.index(operation) + 1 for operation in (first, *more)}
    return sorted(named | set(range(1, len(calls) + 1, EVERY)))


def converge(made: Worlds) -> None:
    """The update once more; what a refusal left between two calls of one resource is found and taken in."""
    try:
        made.project.up("--suppress-outputs")
    except AssertionError:
        made.project.costack("recover", "--stack", STACK, "--search", "--take")
        made.project.up("--suppress-outputs")


def test_a_first_update_that_aws_refuses(made: Worlds, first: Update) -> None:
    made.go_back(first.end)
    wanted = counted(told(made.project))
    assert wanted == listed(made.project)
    assert len(wanted["server"]) == 2
    for number in chosen(first.calls, "CreateReplicationGroup", "CreateAccessPoint"):
        refused_at(made, first.start, number)
        inventory = told(made.project)
        assert counted(inventory) == listed(made.project), first.calls[number - 1]
        assert inventory.pending, first.calls[number - 1]
        assert TENANT not in inventory.deployed_on
        converge(made)
        assert counted(told(made.project)) == listed(made.project) == wanted
        assert told(made.project).pending == {}
        assert told(made.project).deployed_on.keys() == {"platform", TENANT}


def test_a_change_of_the_tier_that_aws_refuses(made: Worlds, change: Update) -> None:
    for number in chosen(change.calls, "ModifyDBInstance", "CreateReplicationGroup"):
        refused_at(made, change.start, number)
        inventory = told(made.project)
        assert counted(inventory) == listed(made.project), change.calls[number - 1]
        (tenant,) = inventory.plan.tenants
        assert (tenant.tier, str(tenant.fee_per_month)) == ("dedicated-db", "649.00")
        assert f"{TENANT}: the last update was not finished" in inventory.pending[TENANT][0]
        said = made.project.costack("allocate", "--stack", STACK)
        assert "649" in said.stdout
        assert "1990" not in said.stdout.replace(",", "")
        assert f"pending: {TENANT}: the last update was not finished (tier is dedicated-db" in said.stderr
        assert f"deployed: on {inventory.deployed_on[TENANT]}: " in said.stderr


def changed_at(project: Project) -> str:
    """When the engine last changed the record of the tenant."""
    (record,) = [
        each
        for each in project.saved()["resources"]
        if each["urn"].endswith(f"{RECORD_TYPE}::{TENANT}-{RECORD}")
    ]
    return str(record["modified"])


def test_a_change_that_waits_for_the_maintenance_window(made: Worlds, change: Update) -> None:
    made.go_back(change.start)
    before = changed_at(made.project)
    made.go_back(change.end)
    after = changed_at(made.project)
    assert after > before
    inventory = told(made.project)
    assert counted(inventory) == listed(made.project)
    (sentence, *_) = inventory.pending[TENANT]
    assert sentence.startswith(
        f"{TENANT}/server: AWS changes class db.t4g.medium to class db.r7g.large, one zone to two zones"
    )
    assert sentence.endswith("; run `pulumi refresh` after it")
    pass_the_window(made.project)
    made.project.refresh("--yes", "--skip-preview")
    inventory = told(made.project)
    assert counted(inventory) == listed(made.project)
    assert inventory.pending == {}
    assert inventory.plan.tenants[0].tier == "ha-postgresql"
    assert changed_at(made.project) == after
    made.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


@pytest.mark.skipif(not EVERY, reason="make torture; a made state in tests/allocation/adapters/pulumi")
def test_a_server_that_is_deleted_before_the_new_one_is_refused(made: Worlds, change: Update) -> None:
    made.go_back(change.start)
    encrypted = (
        "components/aws/database.py",
        '"storage_encrypted": True',
        '"storage_encrypted": fact.tenant is None',
    )
    (target,) = [
        each.urn
        for each in made.project.registered()
        if each.urn.endswith(f"aws:rds/instance:Instance::local-{TENANT}-postgresql")
    ]
    with made.project.edited(*encrypted):
        with made.faults("refuse=2"):
            made.project.up("--target", target, "--suppress-outputs", code=1)
        state = made.project.saved()["resources"]
        # What depends on its address goes first, such as pods.
        assert target in {each["urn"] for each in state if each.get("pendingReplacement")}
        inventory = told(made.project)
        assert counted(inventory) == listed(made.project)
        assert len(listed(made.project)["server"]) == 1
        told_of = [each for each in inventory.pending[TENANT] if each.startswith(f"{TENANT}/server: ")]
        assert [each.partition(";")[0] for each in told_of] == [
            f"{TENANT}/server: was deleted and is not made anew yet"
        ]
        made.project.up("--suppress-outputs")
    assert counted(told(made.project)) == listed(made.project)
    assert len(listed(made.project)["server"]) == 1 + 1


def test_an_update_of_some_resources_only(made: Worlds, change: Update) -> None:
    made.go_back(change.start)
    (target,) = [
        each.urn
        for each in made.project.registered()
        if each.urn.endswith(f"aws:rds/instance:Instance::local-{TENANT}-postgresql")
    ]
    made.project.up("--target", target, "--suppress-outputs")
    for _ in range(2):
        inventory = told(made.project)
        assert counted(inventory) == listed(made.project)
        assert inventory.plan.tenants[0].tier == "dedicated-db"
        assert made.project.inventory()["plan"]["tenants"][0]["tier"] == "dedicated-db"
        pass_the_window(made.project)
        made.project.refresh("--yes", "--skip-preview")
    assert ("db.r7g.large", True, 100) in listed(made.project)["server"]
