"""The tags on every type that the installed SDKs know, in every state an input can be in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes
import pytest
from pulumi.runtime import rpc

from components.tags.cost_tags import TAGGABLE_TYPES, tagged_properties
from tests.components.monitor import declare

COST = {"cost/tenant": "acme", "cost/client": "acme-ltd"}
OWN = {"team": "web"}
SELECTOR = {"matchLabels": {"app": "odoo"}}
# What may never be touched: it is immutable, and a label there would replace the object.
UNTOUCHED: Mapping[str, Any] = {
    "selector": SELECTOR,
    "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    "podSelector": SELECTOR,
}


def secret(value: Any) -> dict[str, Any]:
    """A value as the engine sends it to a transform when it is secret."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


STATES: Mapping[str, Callable[[], Any]] = {
    "absent": lambda: None,
    "known": lambda: dict(OWN),
    "secret": lambda: secret(dict(OWN)),
    "an unknown value among them": lambda: {**OWN, "id": rpc.UNKNOWN},
    "another resource's": lambda: pulumi.Output.from_input(dict(OWN)),
}


@cache
def kinds() -> list[str]:
    """Every real Kubernetes kind of the SDK: one with the metadata of an object, and no list or patch."""
    found = []
    for path in Path(pulumi_kubernetes.__file__).parent.rglob("*.py"):
        for part in path.read_text(encoding="utf-8").split('@pulumi.type_token("')[1:]:
            token = part.partition('"')[0]
            if "ObjectMeta" in part and "def metadata(self)" in part:
                found.append(token)
    return sorted({token for token in found if not token.endswith(("Patch", "List"))})


@pytest.mark.sample(1)
@pytest.mark.parametrize("state", STATES)
def test_no_taggable_type_loses_a_tag(state: str) -> None:
    assert len(TAGGABLE_TYPES) > 850

    def program() -> pulumi.Output[Any]:
        checks = []
        for token in sorted(TAGGABLE_TYPES):
            props = {"name": "x"} if state == "absent" else {"name": "x", "tags": STATES[state]()}
            tagged = tagged_properties(token, props, COST)
            assert tagged is not None
            output = pulumi.Output.from_input(tagged["tags"])
            both = pulumi.Output.all(output, output.is_secret())
            checks.append(both.apply(partial(seen.__setitem__, token)))
        return pulumi.Output.all(*checks)

    seen: dict[str, Any] = {}
    declare(program)
    assert seen.keys() == TAGGABLE_TYPES
    expected = COST if state == "absent" else {**COST, **OWN}
    for token, (tags, is_secret) in seen.items():
        assert expected.items() <= tags.items(), token
        assert is_secret is (state == "secret"), token


def objects() -> Iterator[tuple[str, Any]]:
    """Each kind with labels in each state."""
    for token in kinds():
        for state, make in STATES.items():
            labels = {} if state == "absent" else {"labels": make()}
            yield f"{token} {state}", (token, {"metadata": {"name": "x", **labels}, "spec": dict(UNTOUCHED)})


def test_no_kind_of_object_loses_a_label_and_none_is_touched_where_it_would_be_replaced() -> None:
    assert len(kinds()) > 180
    results: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        checks = []
        for name, (token, props) in objects():
            tagged = tagged_properties(token, props, COST)
            assert tagged is not None, name
            assert {key: tagged["spec"][key] for key in UNTOUCHED} == UNTOUCHED, name
            labels = pulumi.Output.from_input(tagged["metadata"]["labels"])
            checks.append(labels.apply(partial(results.__setitem__, name)))
        return pulumi.Output.all(*checks)

    declare(program)
    assert len(results) == len(kinds()) * len(STATES)
    for name, labels in results.items():
        expected = COST if name.endswith(" absent") else {**COST, **OWN}
        assert expected.items() <= labels.items(), name


def pod_makers() -> list[str]:
    """Every kind of the SDK that holds a template of pods, by the types of its spec."""
    root = Path(pulumi_kubernetes.__file__).parent
    makers = set()
    for token in kinds():
        group, _, kind = token.removeprefix("kubernetes:").partition(":")
        inputs = root / group.replace(".k8s.io", "").replace(".", "") / "_inputs.py"
        text = inputs.read_text(encoding="utf-8") if inputs.is_file() else ""
        spec = re.search(rf"class {kind}SpecArgs:.*?(?=\nclass |\Z)", text, re.DOTALL)
        if spec and re.search(r"template: .*PodTemplateSpecArgs|job_template: ", spec.group(0)):
            makers.add(token)
    return sorted(makers)


def test_every_kind_that_makes_pods_labels_their_template() -> None:
    assert {"kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:CronJob"} <= set(pod_makers())
    template = {"metadata": {"labels": dict(OWN)}, "spec": {}}
    for token in pod_makers():
        spec: dict[str, Any] = {"template": template}
        if token.endswith(":CronJob"):
            spec = {"jobTemplate": {"spec": {"template": template}}}
        tagged = tagged_properties(token, {"metadata": {}, "spec": spec}, COST)
        assert tagged is not None
        inner = tagged["spec"]["jobTemplate"]["spec"] if "jobTemplate" in spec else tagged["spec"]
        assert inner["template"]["metadata"]["labels"] == {**COST, **OWN}, token


@pytest.mark.parametrize(
    "token",
    [
        "aws:inspector/resourceGroup:ResourceGroup",
        "aws:devopsguru/resourceCollection:ResourceCollection",
        "aws:resourcegroups/resource:Resource",
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_what_selects_by_tags_selects_the_same_afterwards(token: str, state: str) -> None:
    def program() -> None:
        assert tagged_properties(token, {"tags": STATES[state]()}, COST) is None

    assert declare(program) == []
