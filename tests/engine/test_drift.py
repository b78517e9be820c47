"""A stack in an account and in a real API server: nothing differs, then people change things by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.record import version
from tests.engine.drift_injections import INJECTIONS, OBJECT_INJECTIONS
from tests.engine.project import STACK, Project, running_project
from tests.kubernetes import use_either
from tests.localcloud.cluster import Cluster
from tests.portfolios import local_plan

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.whole("tests/lifecycle/drift names each difference of a state without an engine"),
]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Project]:
    """The committed portfolio with its objects in an API server."""
    with running_project(tmp_path_factory.mktemp("drift") / "project") as project:
        use_either(project)
        project.apply_to(cluster.kubeconfig)
        project.up()
        yield project


def drift(project: Project, code: int) -> dict[str, Any]:
    said = project.costack("drift", "--stack", STACK, "--output", "json", code=code)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def test_a_stack_that_was_deployed_just_now_has_none(deployed: Project) -> None:
    found = drift(deployed, 0)
    assert (found["differences"], found["broken_rules"], found["objects_only_files"]) == ([], [], [])
    assert found["compared"] > 300
    assert found["searched_account"]
    owners = ["platform", *(each.tenant for each in local_plan().tenants)]
    assert [each["owner"] for each in found["templates"]] == owners
    assert {each["version"] for each in found["templates"]} == {version()}


def test_every_change_by_hand_is_named_with_its_owner_and_what_it_does(
    deployed: Project, cluster: Cluster
) -> None:
    clients = deployed.clients()
    for injection in INJECTIONS.values():
        injection.make(clients)
    for changed in OBJECT_INJECTIONS.values():
        changed.make(cluster.client)
    found = drift(deployed, 5)["differences"]
    seen: dict[tuple[str, str], set[str]] = {}
    for each in found:
        seen[each["owner"] or "", each["resource"]] = set(each["effects"])
    expected: dict[tuple[str, str], set[str]] = {}
    # Two changes of one resource are one difference.
    for account in INJECTIONS.values():
        expected.setdefault((account.owner, account.resource), set()).update(account.effects)
    for object_ in OBJECT_INJECTIONS.values():
        expected.setdefault((object_.owner, object_.resource), set()).update(object_.effects)
    assert seen == expected
    assert all(each["remedy"] for each in found)
    assert "only-a-test-of-drift" not in json.dumps(found)
