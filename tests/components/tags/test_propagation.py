"""The nine places where tags stop by themselves, and what hands them on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pulumi.runtime import rpc

from components.tags.cost_tags import TAGGABLE_TYPES, tagged_properties
from components.tags.propagation import _BY_TYPE
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import ROOT, plan_of, tenant

COST = {"cost/client": "acme-ltd", "cost/tenant": "acme"}
TEMPLATE, PLAN = "aws:ec2/launchTemplate:LaunchTemplate", "aws:backup/plan:Plan"
STORAGE = "kubernetes:storage.k8s.io/v1:StorageClass"
SERVICE, INGRESS = "kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress"
NLB = "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags"


def tagged(token: str, props: dict[str, Any]) -> Any:
    found = tagged_properties(token, props, COST)
    assert found is not None
    return found


def enhanced() -> list[Declared]:
    options = {"users": 50, "controls": "enhanced"}
    return declare_plan(plan_of(tenant("acme", tier="dedicated-db", options=options)))


# 1: a managed node group hands its tags on to nothing.


def test_a_launch_template_hands_tags_on_to_all_that_it_starts() -> None:
    own = [{"resourceType": "volume", "tags": {"Name": "disk"}}, {"resourceType": "spot-fleet-request"}]
    found = tagged(TEMPLATE, {"tagSpecifications": own})["tagSpecifications"]
    assert {each["resourceType"]: each.get("tags") for each in found} == {
        "volume": {"Name": "disk", **COST},
        "instance": COST,
        "network-interface": COST,
        "spot-fleet-request": None,
    }
    assert len(tagged(TEMPLATE, {})["tagSpecifications"]) == 3


def test_a_node_group_is_tagged_down_to_its_auto_scaling_group() -> None:
    declared = enhanced()
    template = the(declared, TEMPLATE, "local-acme-nodes-template")
    for each in template.props["tagSpecifications"]:
        assert each["tags"]["cost/tenant"] == "acme"
    group = the(declared, "aws:eks/nodeGroup:NodeGroup", "local-acme-nodes")
    assert group.props["launchTemplate"]["id"] == "local-acme-nodes-template-id"
    tags = [each.props for each in declared if each.type == "aws:autoscaling/tag:Tag"]
    assert {each["autoscalingGroupName"] for each in tags} == {"eks-local-acme-nodes"}
    assert {each["tag"]["key"]: each["tag"]["value"] for each in tags} == group.tags
    assert all(each["tag"]["propagateAtLaunch"] for each in tags)


# 2: a CSI driver makes disks that no program sees.


def test_a_storage_class_hands_tags_on_to_its_disks() -> None:
    parameters = {"type": "gp3", "tagSpecification_1": "cost/client=mine"}
    found = tagged(STORAGE, {"metadata": {}, "provisioner": "ebs.csi.aws.com", "parameters": parameters})[
        "parameters"
    ]
    assert found == {**parameters, "tagSpecification_2": "cost/tenant=acme"}
    other = {"metadata": {}, "provisioner": "efs.csi.aws.com", "parameters": {}}
    assert tagged(STORAGE, other)["parameters"] == {}


# 3 and 4: snapshots and recovery points are resources of their own.


@pytest.mark.parametrize("token", sorted(token for token in _BY_TYPE if "instance" in token.lower()))
def test_snapshots_are_tagged_as_their_server(token: str) -> None:
    assert tagged(token, {})["copyTagsToSnapshot"] is True
    assert tagged(token, {"copyTagsToSnapshot": False})["copyTagsToSnapshot"] is False


def test_recovery_points_are_tagged_by_every_rule_of_a_plan() -> None:
    rules = [{"ruleName": "a"}, {"ruleName": "b", "recoveryPointTags": {"cost/tenant": "kept"}}]
    found = tagged(PLAN, {"rules": rules})["rules"]
    assert [each["recoveryPointTags"] for each in found] == [COST, {**COST, "cost/tenant": "kept"}]


# 5: a controller makes load balancers from objects.


def test_a_load_balancer_is_tagged_through_the_object_it_is_made_from() -> None:
    made = {"metadata": {"annotations": {NLB: "team=web"}}, "spec": {"type": "LoadBalancer"}}
    found = tagged(SERVICE, made)["metadata"]["annotations"][NLB]
    assert found == "team=web,cost/client=acme-ltd,cost/tenant=acme"
    inside: dict[str, Any] = {"metadata": {}, "spec": {"type": "ClusterIP"}}
    assert "annotations" not in tagged(SERVICE, inside)["metadata"]


def test_an_ingress_is_annotated_for_the_controller_that_makes_balancers_only() -> None:
    alb: dict[str, Any] = {"metadata": {}, "spec": {"ingressClassName": "alb"}}
    annotations = tagged(INGRESS, alb)["metadata"]["annotations"]
    assert annotations == {"alb.ingress.kubernetes.io/tags": "cost/client=acme-ltd,cost/tenant=acme"}
    traefik: dict[str, Any] = {"metadata": {}, "spec": {"ingressClassName": "traefik"}}
    assert "annotations" not in tagged(INGRESS, traefik)["metadata"]


# 6 and 7: what cannot be tagged is known by its id, or is a pool with a driver.


def test_what_takes_no_tags_is_known_to_the_inventory_by_its_arn() -> None:
    from tests.plugin.test_stacks import from_values  # noqa: PLC0415 - the stacks that say their ids

    collected: list[Any] = []
    from_values(collected.append)
    ids = collected[0]["cloud_ids"]
    assert "meridian/server-copy" in ids
    assert ids["meridian/file-system-copy"].startswith("arn:aws:elasticfilesystem:eu-west-1:123456789012:")


# 8: a service that logs creates a log group without tags.


def test_log_groups_are_there_before_what_writes_to_them() -> None:
    declared = enhanced()
    names = {each.props["name"]: each.tags.get("cost/tenant") for each in declared if "logGroup" in each.type}
    assert names["/aws/rds/instance/local-acme-postgresql/postgresql"] == "acme"
    assert names["/aws/rds/instance/local-acme-postgresql/upgrade"] == "acme"
    for each in declared:
        if each.type == "aws:rds/instance:Instance":
            exported = each.props["enabledCloudwatchLogsExports"]
            assert {f"/aws/rds/instance/{each.props['identifier']}/{log}" for log in exported} <= names.keys()


# 9: nothing is left to a provider's default tags.


def test_no_tag_depends_on_the_configuration_of_a_provider() -> None:
    stacks = list((ROOT / "stacks").glob("*.yaml"))
    assert stacks
    assert not [path for path in stacks if "defaultTags" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("token", sorted(_BY_TYPE))
def test_what_is_secret_or_unknown_is_never_broken(token: str) -> None:
    secret = {rpc._special_sig_key: rpc._special_secret_sig, "value": {}}
    for odd in (rpc.UNKNOWN, secret):
        props = {"metadata": odd, "spec": odd, "rules": odd, "tagSpecifications": odd, "parameters": odd}
        found = tagged(token, props)
        assert found["rules"] == odd
        assert found["parameters"] == odd


def test_the_page_on_tagging_names_every_type_that_hands_tags_on() -> None:
    text = (ROOT / "docs" / "tagging.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z.0-9]+:[\w./]+:\w+)`", text))
    assert named >= set(_BY_TYPE)
    assert {token for token in _BY_TYPE if token.startswith("aws:")} <= TAGGABLE_TYPES
