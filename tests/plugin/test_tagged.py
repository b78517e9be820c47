"""`CostTagged`: what a program's own resources get from it."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest

from plugin.tagged import CostTagged, checked
from tests.components.monitor import Declared, declare
from tests.plugin import example
from tiers.errors import CatalogError


def below(given: Any, domain: str | None = None, *, preview: bool = False) -> dict[str, Declared]:
    """A bucket, a deployment and a bucket of nobody's, declared under the tags *given*."""

    def program() -> None:
        args: Any = {"cost_tags": given(), **({"domain": domain} if domain else {})}
        ours = pulumi.ResourceOptions(parent=CostTagged("extras", args))
        aws.s3.Bucket("reports", tags={"cost/client": "another", "team": "data"}, opts=ours)
        labels: Any = {"labels": {"app": "bi"}}
        pods: Any = {"selector": {"match_labels": labels["labels"]}, "template": {"metadata": labels}}
        k8s.apps.v1.Deployment("bi", metadata={"name": "bi"}, spec=pods, opts=ours)
        inner = pulumi.ResourceOptions(parent=pulumi.ComponentResource("a:b:C", "group", None, ours))
        aws.s3.Bucket("deep", opts=inner)
        another: Any = {"cost_tags": example.plan().tenants[1].cost_tags().as_tags()}
        apart = pulumi.ResourceOptions(parent=CostTagged("others", another, ours))
        aws.s3.Bucket("meridians", opts=apart)
        aws.s3.Bucket("nobodys")

    return {each.name: each for each in declare(program, preview=preview)}


def tags() -> dict[str, str]:
    return example.plan().tenants[0].cost_tags().as_tags()


def test_own_resources_get_the_tags_and_keep_theirs() -> None:
    found = below(tags)
    assert found["reports"].tags == {**tags(), "cost/client": "another", "team": "data"}
    assert found["bi"].labels.items() >= tags().items()
    spec = found["bi"].props["spec"]
    assert spec["template"]["metadata"]["labels"] == {**tags(), "app": "bi"}
    assert spec["selector"] == {"matchLabels": {"app": "bi"}}, "a selector can never change"
    assert not found["nobodys"].tags
    assert found["deep"].tags == tags()
    assert found["meridians"].tags["cost/tenant"] == "meridian"


def test_tags_may_be_another_components_output() -> None:
    assert below(lambda: pulumi.Output.from_input(tags()))["reports"].tags.items() >= {
        ("cost/tenant", "acme"),
        ("cost/portfolio", "example"),
    }


def test_the_domain_can_be_another() -> None:
    assert below(tags, "resilience")["bi"].labels["cost/domain"] == "resilience"


def test_tags_that_name_nobody_are_refused() -> None:
    with pytest.raises(CatalogError, match="cost/client"):
        checked({key: value for key, value in tags().items() if key != "cost/client"}, None)
