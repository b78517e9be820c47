"""The example of the plugin: a YAML program, the real engine, and components built by `Construct`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from plugin.schema import PATH
from tests.components.conftest import declare_plan
from tests.declarations import Registration, Registrations, differences
from tests.engine.project import STACK, Project, Registered, running_project
from tests.plugin import example
from tests.tagged import expected_keys, label_sets
from tiers.deployed import RECORD_TYPE
from tiers.inventory import Inventory

pytestmark = [pytest.mark.engine]
INVENTORY = "costack:index:Inventory"
PROGRAM = "Pulumi.yaml"


@dataclass
class Consumer:
    """The example, up on a loopback cloud of its own."""

    project: Project
    registered: list[Registered]


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consumer]:
    """A copy of the example beside a copy of the plugin, as it lies in the repository."""
    home = tmp_path_factory.mktemp("plugin")
    with running_project(home / "project") as project:
        shutil.copytree(example.EXAMPLE, project.folder / "examples" / "plugin" / "yaml")
        inside = project.within("examples/plugin/yaml")
        inside.pulumi("stack", "select", "--create", STACK)
        inside.up()
        yield Consumer(inside, inside.registered())


def test_the_resources_are_those_of_the_in_process_program(consumer: Consumer) -> None:
    built = {_suffix(each.urn) for each in consumer.registered if each.type != INVENTORY}
    declared = declare_plan(example.plan())
    assert built == {_suffix(each.urn) for each in declared if each.type != RECORD_TYPE}
    assert len(built) > 150
    stored = consumer.project.export()
    records = [each.urn for each in declared if each.type == RECORD_TYPE]
    assert [urn for urn in records if _suffix(urn) not in stored] == []


def test_tags_and_labels_are_those_of_the_in_process_program(consumer: Consumer) -> None:
    ours = {_suffix(each.urn): each for each in declare_plan(example.plan()) if each.custom}
    for each in consumer.registered:
        if each.custom:
            expected = label_sets(each.type, ours[_suffix(each.urn)].props)
            assert label_sets(each.type, each.inputs) == expected, each.urn
            assert all(expected_keys(each.urn) <= labels.keys() for labels in expected), each.urn


def test_every_fact_is_registered_as_planned(consumer: Consumer) -> None:
    found = [Registration(each.type, each.name, each.inputs) for each in consumer.registered if each.custom]
    plan = example.plan()
    assert differences(plan, Registrations(plan.portfolio, found)) == []


def test_the_inventory_is_the_plan_and_can_be_allocated(consumer: Consumer) -> None:
    inventory = Inventory.model_validate(consumer.project.inventory())
    assert inventory.plan == example.plan()
    stored = json.dumps([each.outputs for each in consumer.registered])
    assert len(inventory.cloud_ids) > 15
    assert [
        arn for arn in inventory.cloud_ids.values() if "file-system/" not in arn and arn not in stored
    ] == []
    said = consumer.project.costack("allocate", "--stack", STACK, "--period", "2026-11")
    assert said.stdout.rstrip().endswith("difference 0")


def test_the_token_of_the_cache_is_kept_secret(consumer: Consumer) -> None:
    (token,) = [
        each.outputs["result"] for each in consumer.registered if each.name == "example-sessions-token"
    ]
    assert token in consumer.project.export("--show-secrets")
    assert token not in consumer.project.export()


def test_the_engine_gets_the_committed_schema(consumer: Consumer) -> None:
    got = json.loads(consumer.project.pulumi("package", "get-schema", "../../..").stdout)
    committed = json.loads(PATH.read_text(encoding="utf-8"))
    assert got["version"] == committed["version"]
    assert _shape(got) == _shape(committed)


@pytest.mark.whole("tests/engine/test_created asks it of a portfolio")
def test_a_second_up_changes_nothing(consumer: Consumer) -> None:
    consumer.project.up("--expect-no-changes")


@pytest.mark.whole("tests/plugin has each mistake and its property")
def test_mistakes_are_told_at_their_property_and_nothing_is_built(consumer: Consumer) -> None:
    with consumer.project.edited(PROGRAM, "options: {users: 8}", "options: {users: -8}"):
        said = consumer.project.pulumi("preview", "--stack", STACK, code=1)
    assert "property tenants[0].options.users" in said.text
    assert "expected a number above 0" in said.text
    assert "Traceback" not in said.text
    with consumer.project.edited(PROGRAM, "tier: ${acme.tier}", "tier: gold"):
        said = consumer.project.pulumi("preview", "--stack", STACK, code=1)
    assert "'gold' is not in the catalog" in said.text
    assert "Traceback" not in said.text


def test_what_may_not_follow_is_refused_as_in_a_portfolio(consumer: Consumer) -> None:
    line = "ingressNamespace: traefik"
    with consumer.project.edited(PROGRAM, line, f"{line}\n      namespacePrefix: example"):
        text = consumer.project.pulumi("preview", "--stack", STACK, code=1).text
    assert "cluster.namespace_prefix cannot change while the portfolio is deployed" in text
    assert "Traceback" not in text
    with consumer.project.edited(PROGRAM, '["${acme}", "${meridian}"]', '["${acme}"]'):
        text = consumer.project.pulumi("preview", "--stack", STACK, code=1).text
    assert "meridian" in text
    assert "is deployed" in text
    assert "Traceback" not in text


def test_destroy_removes_everything(consumer: Consumer) -> None:
    consumer.project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert consumer.project.registered() == []


def _shape(schema: dict[str, Any]) -> dict[str, list[list[str]]]:
    """The names a program in another language sees; the engine words the rest of a schema its own way."""
    parts = ("inputProperties", "requiredInputs", "properties", "required")
    return {token: [sorted(about[part]) for part in parts] for token, about in schema["resources"].items()}


def _suffix(urn: str) -> str:
    """The chain of types and the name: all of a URN that a component decides."""
    return "::".join(urn.split("::")[2:])
