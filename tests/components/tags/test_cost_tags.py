from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from components.tags.cost_tags import AUTO_SCALING_GROUP, TAGGABLE_TYPES, merged, tagged_properties
from tests.components.monitor import Declared, declare
from tests.tagged import expected_keys, label_sets
from tiers.tags import MANDATORY_FOR_TENANTS

COST = {"cost/tenant": "acme", "cost/client": "acme-ltd"}
SECRET_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


def test_taggable_types_are_exactly_those_of_the_sdk_with_the_output_tags_all() -> None:
    found = set()
    for path in Path(pulumi_aws.__file__).parent.rglob("*.py"):
        for part in re.split(r'@pulumi\.type_token\("', path.read_text(encoding="utf-8"))[1:]:
            token = part.partition('"')[0]
            if token.startswith("aws:") and '@pulumi.getter(name="tagsAll")' in part:
                found.add(token)
    assert len(found) > 800
    assert found == TAGGABLE_TYPES


def test_every_taggable_type_gets_the_tags() -> None:
    for token in TAGGABLE_TYPES:
        tagged = tagged_properties(token, {"tags": {"Name": "x"}}, COST)
        assert tagged is not None
        assert tagged["tags"] == {"Name": "x", **COST}, token


@pytest.mark.parametrize(
    "token",
    [
        "aws:inspector/resourceGroup:ResourceGroup",  # its tags select instances
        "aws:devopsguru/resourceCollection:ResourceCollection",
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "aws:backup/selection:Selection",
    ],
)
def test_what_only_looks_taggable_is_left_alone(token: str) -> None:
    assert tagged_properties(token, {"tags": {"select": "me"}}, COST) is None


def test_an_auto_scaling_group_takes_its_tags_as_a_list() -> None:
    present = [{"key": "Name", "value": "nodes", "propagateAtLaunch": True}]
    props = tagged_properties(AUTO_SCALING_GROUP, {"tags": present}, {"cost/domain": "shared-platform"})
    assert props == {
        "tags": [
            {"key": "Name", "value": "nodes", "propagateAtLaunch": True},
            {"key": "cost/domain", "value": "shared-platform", "propagateAtLaunch": True},
        ]
    }


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_merging_keeps_what_is_there_and_adds_the_rest(existing: dict[str, str]) -> None:
    assert merged(existing, COST) == {**COST, **existing}


def test_the_innermost_component_decides() -> None:
    assert merged({"cost/domain": "resilience"}, {"cost/domain": "tenant-runtime"}) == {
        "cost/domain": "resilience"
    }


def test_a_secret_map_keeps_its_secret_and_gains_the_tags() -> None:
    seen: list[Any] = []
    envelope = {SECRET_KEY: SECRET_SIGNATURE, "value": {"owner": "hidden"}}
    assert rpc.is_rpc_secret(envelope)

    def program() -> Any:
        result = merged(envelope, COST)
        return pulumi.Output.all(result, result.is_secret()).apply(seen.append)

    declare(program)
    assert seen == [[{"owner": "hidden", **COST}, True]]


def test_an_unknown_map_is_left_for_the_update() -> None:
    unknown = rpc.UNKNOWN
    assert merged(unknown, COST) == unknown


def test_an_unknown_value_stays_beside_the_tags() -> None:
    assert merged({"owner": rpc.UNKNOWN}, COST) == {"owner": rpc.UNKNOWN, **COST}


@pytest.mark.parametrize(
    ("kind", "spec", "template_path"),
    [
        ("apps/v1:Deployment", {"template": {"spec": {}}}, ["spec", "template"]),
        ("apps/v1:StatefulSet", {"template": {"spec": {}}}, ["spec", "template"]),
        ("batch/v1:Job", {"template": {"spec": {}}}, ["spec", "template"]),
        (
            "batch/v1:CronJob",
            {"jobTemplate": {"spec": {"template": {"spec": {}}}}},
            ["spec", "jobTemplate", "spec", "template"],
        ),
    ],
)
def test_pod_templates_carry_the_labels_too(kind: str, spec: Any, template_path: list[str]) -> None:
    props = tagged_properties(f"kubernetes:{kind}", {"metadata": {"name": "x"}, "spec": spec}, COST)
    assert props is not None
    template: Any = props
    for step in template_path:
        template = template[step]
    assert template["metadata"]["labels"] == COST
    assert props["metadata"] == {"name": "x", "labels": COST}


def test_selectors_and_volume_claim_templates_are_never_touched() -> None:
    spec = {
        "selector": {"matchLabels": {"app": "odoo"}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        "template": {"metadata": {"labels": {"app": "odoo"}}, "spec": {}},
    }
    props = tagged_properties("kubernetes:apps/v1:StatefulSet", {"metadata": {}, "spec": spec}, COST)
    assert props is not None
    assert props["spec"]["selector"] == {"matchLabels": {"app": "odoo"}}
    assert props["spec"]["volumeClaimTemplates"] == [{"metadata": {"name": "data"}}]


def test_a_job_that_exists_keeps_every_cost_label(declared: tuple[Declared, ...]) -> None:
    """Each by itself: labels ignored as a whole make the provider replace a Job after any update of it."""
    jobs = [resource for resource in declared if resource.type == "kubernetes:batch/v1:Job"]
    assert jobs
    paths = ("metadata.labels", "spec.template.metadata.labels")
    kept = {f'{path}["{key}"]' for path in paths for key in MANDATORY_FOR_TENANTS}
    # What it was created with it keeps to its end: its template cannot change.
    kept.add("spec.template.spec.priorityClassName")
    for job in jobs:
        assert set(job.ignore_changes) == kept


def test_everything_taggable_carries_its_full_tag_set(declared: tuple[Declared, ...]) -> None:
    taggable = [resource for resource in declared if resource.type in TAGGABLE_TYPES]
    assert len(taggable) > 30
    for resource in taggable:
        assert expected_keys(resource.urn) <= resource.tags.keys(), resource.urn


def test_every_object_and_pod_template_carries_its_full_label_set(declared: tuple[Declared, ...]) -> None:
    objects = [resource for resource in declared if resource.type.startswith("kubernetes:")]
    assert len(objects) > 60
    for resource in objects:
        for labels in label_sets(resource.type, resource.props):
            assert expected_keys(resource.urn) <= labels.keys(), resource.urn


def test_what_belongs_to_a_tenant_names_it(declared: tuple[Declared, ...]) -> None:
    for resource in declared:
        owner = tenant_of(resource)
        if owner is None or not resource.custom:
            continue
        for labels in label_sets(resource.type, resource.props):
            assert labels["cost/tenant"] == owner, resource.urn


def test_backups_are_of_the_resilience_domain(declared: tuple[Declared, ...]) -> None:
    (job,) = [each for each in declared if each.type.endswith(":CronJob") and each.name == "acme-backup"]
    assert {labels["cost/domain"] for labels in label_sets(job.type, job.props)} == {"resilience"}


def test_no_component_names_a_tier() -> None:
    tiers = {path.stem for path in Path("tiers/catalog").glob("*.yaml")} - {"classes", "services"}
    assert tiers
    for path in Path("components").glob("*.py"):
        literals = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not literals & tiers, path


def tenant_of(resource: Declared) -> str | None:
    """The tenant whose stack a resource is in, by its URN."""
    chain = resource.urn.split("::")[2]
    if "costack:index:TenantStack" not in chain:
        return None
    names = ("acme-staging", "borealis-migration", "acme", "borealis", "cobalt", "halcyon", "meridian")
    found = [name for name in names if name in resource.name]
    return found[0] if found else None
