"""The examples of the plugin, each through the SDK that Pulumi makes of the schema; YAML needs none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.conftest import declare_plan
from tests.languages.conftest import STACK, VERSIONS, Program, World, program
from tests.plugin import example
from tests.tagged import label_sets
from tiers.deployed import RECORD_TYPE
from tiers.inventory import Inventory
from tiers.vocabulary import CostDomain

MISTAKES = {
    "python": ("__main__.py", '"users": 8', '"users": -8'),
    "typescript": ("index.ts", "users: 8", "users: -8"),
    "go": ("portfolio.go", "Users: 8", "Users: -8"),
    "java": ("src/main/java/example/Portfolio.java", "users(8)", "users(-8)"),
    "yaml": ("Pulumi.yaml", "users: 8", "users: -8"),
}
EXTRAS = """
import * as pulumi from "@pulumi/pulumi";

class Raw extends pulumi.CustomResource {
    constructor(type: string, name: string, opts: pulumi.CustomResourceOptions) {
        super(type, name, {}, opts);
    }
}

const extras = new costack.CostTagged("extras", { costTags: stacks[0].costTags, domain: "resilience" });
new Raw("aws:s3/bucket:Bucket", "acme-reports", { parent: extras });
"""
"""A bucket of the program's own, without an SDK of AWS, which would be 100 MB of downloads."""
OWN = {
    "costack:index:CostTagged::extras",
    "costack:index:CostTagged$aws:s3/bucket:Bucket::acme-reports",
    "costack:index:Inventory::parts",
}


@pytest.fixture(scope="module", params=list(MISTAKES))
def deployed(
    request: pytest.FixtureRequest, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """The example of a language, up on the loopback cloud, with the package from its address."""
    folder: Path = tmp_path_factory.mktemp("programs") / request.param
    made = program(request.param, folder, world)
    if request.param == "typescript":
        with (folder / "index.ts").open("a", encoding="utf-8") as source:
            source.write(EXTRAS)
    made.add(VERSIONS[0])
    made.up()
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert made.resources() == []


def _suffix(urn: str) -> str:
    return "::".join(urn.split("::")[2:])


def test_the_resources_and_their_tags_are_those_of_the_in_process_program(deployed: Program) -> None:
    declared = {_suffix(each.urn): each for each in declare_plan(example.plan()) if each.type != RECORD_TYPE}
    built = {_suffix(each["urn"]): each for each in deployed.resources()}
    assert built.keys() - OWN == declared.keys()
    assert len(declared) > 150
    for urn, each in declared.items():
        if each.custom:
            found = label_sets(each.type, built[urn]["inputs"])
            assert found == label_sets(each.type, each.props), urn


def test_a_resource_of_the_programs_own_gets_its_tenants_tags(deployed: Program) -> None:
    if deployed.language != "typescript":
        pytest.skip("tried once: a transform is run by the engine, whatever the language")
    (bucket,) = (each for each in deployed.resources() if each["urn"].endswith("::acme-reports"))
    acme = example.plan().tenants[0].cost_tags(CostDomain.RESILIENCE)
    assert bucket["inputs"]["tags"] == acme.as_tags()


def test_the_inventory_is_the_plan(deployed: Program) -> None:
    said = deployed.pulumi("stack", "output", "inventory", "--json", "--stack", STACK)
    read = json.JSONDecoder().raw_decode(said[said.index("{") :])[0]
    assert Inventory.model_validate(read).plan == example.plan()


def test_a_mistake_is_told_at_its_property(deployed: Program) -> None:
    name, old, new = MISTAKES[deployed.language]
    file = deployed.folder / name
    before = file.read_text(encoding="utf-8")
    assert before.count(old) == 1
    file.write_text(before.replace(old, new), encoding="utf-8")
    said = deployed.pulumi("preview", "--stack", STACK, code=1)
    file.write_text(before, encoding="utf-8")
    assert "tenants[0].options.users" in said
    assert "expected a number above 0" in said
    # Whatever a component refuses, Pulumi's SDK for Python shows where in the program it was declared.
    assert "Traceback" not in said or deployed.language == "python"
    assert not re.search(r"/plugin/\w+\.py", said), "where in the plugin it was found is nobody's concern"


def test_a_later_version_changes_nothing_but_its_own_records(deployed: Program) -> None:
    """Records, resources of the engine itself, say which version of Costack made them."""
    before = {each["urn"]: each for each in deployed.resources()}
    deployed.add(VERSIONS[1])
    assert "replaced" not in deployed.up()
    after = {each["urn"]: each for each in deployed.resources()}
    assert after.keys() == before.keys()
    assert [urn for urn, each in after.items() if each.get("id") != before[urn].get("id")] == []
    assert [urn for urn, each in after.items() if each.get("inputs") != before[urn].get("inputs")] == []
