"""What needs a new resource and what is changed in place, where that is easily mistaken.

Sources: the schemas of terraform-provider-aws, ForceNew and CustomizeDiff, in the named files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import Driver
from tests.localcloud.aws.examples import EXAMPLES, KEY, Ground

PLAN, NODES, VPC = "aws:backup/plan:Plan", "aws:eks/nodeGroup:NodeGroup", "aws:ec2/vpc:Vpc"
CLUSTER, POLICY = "aws:eks/cluster:Cluster", "aws:kms/keyPolicy:KeyPolicy"
ASSOCIATION, TABLE = "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/routeTable:RouteTable"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("kind", "changed", "replaces"),
    [
        (PLAN, {"name": "another"}, ["name"]),  # internal/service/backup/plan.go
        (NODES, {"launchTemplate": {"id": "lt-0", "version": "1"}}, ["launchTemplate"]),  # eks/node_group.go
        (VPC, {"instanceTenancy": "dedicated"}, ["instanceTenancy"]),  # ec2/vpc_.go
        (POLICY, {"keyId": "another"}, []),  # kms/key_policy.go
        (ASSOCIATION, {"routeTableId": "rtb-0"}, []),  # ec2/vpc_route_table_association.go
        (ASSOCIATION, {"subnetId": "subnet-0"}, ["subnetId"]),
    ],
)
def test_a_change_replaces_as_on_aws(
    driver: Driver, ground: Ground, kind: str, changed: Mapping[str, Any], replaces: list[str]
) -> None:
    wanted = EXAMPLES[kind](ground)
    held = driver.create(kind, "held", wanted)
    seen = driver.diff(held, {**wanted, **changed})
    assert seen.changes
    assert sorted(seen.replaces or []) == replaces


def test_a_newer_version_of_the_same_template_replaces_no_node_group(driver: Driver, ground: Ground) -> None:
    wanted = EXAMPLES[NODES](ground)
    held = driver.create(NODES, "versions", wanted)
    newer = {**wanted, "launchTemplate": {**wanted["launchTemplate"], "version": "2"}}
    assert driver.diff(held, newer).replaces == []


def test_a_network_leaves_its_own_hardware_in_place(driver: Driver) -> None:
    wanted = {"cidrBlock": "10.9.0.0/16", "instanceTenancy": "dedicated"}
    held = driver.create(VPC, "alone", wanted)
    shared = {**wanted, "instanceTenancy": "default"}
    assert driver.diff(held, shared).replaces == []
    assert driver.update(held, shared).state["instanceTenancy"] == "default"


def test_an_association_goes_to_another_table_and_is_found_again(driver: Driver, ground: Ground) -> None:
    wanted = EXAMPLES[ASSOCIATION](ground)
    held = driver.create(ASSOCIATION, "joined", wanted)
    other = ground.need(TABLE, "other").id
    moved = driver.update(held, {**wanted, "routeTableId": other})
    assert moved.state["routeTableId"] == other
    seen = driver.read(moved)
    assert seen is not None
    assert seen.inputs == moved.inputs
    driver.delete(moved)
    assert driver.read(moved) is None


def test_a_policy_stays_with_the_key_it_was_made_for(driver: Driver, ground: Ground) -> None:
    wanted = EXAMPLES[POLICY](ground)
    held = driver.create(POLICY, "first", wanted)
    other = ground.need(KEY, "other").id
    assert driver.update(held, {**wanted, "keyId": other}).state["keyId"] == wanted["keyId"]


def test_secrets_of_a_cluster_are_encrypted_later_and_then_with_that_key(
    driver: Driver, ground: Ground
) -> None:
    """internal/service/eks/cluster.go: only to take encryption off needs a new cluster."""
    wanted = {**EXAMPLES[CLUSTER](ground), "name": "plain"}
    held = driver.create(CLUSTER, "plain", wanted)
    config = {"provider": {"keyArn": ground.out(KEY, "arn")}, "resources": ["secrets"]}
    encrypted = {**wanted, "encryptionConfig": config}
    assert driver.diff(held, encrypted).replaces == []
    held = driver.update(held, encrypted)
    assert driver.diff(held, wanted).replaces == ["encryptionConfig"]
    other = {**config, "provider": {"keyArn": ground.need(KEY, "other").state["arn"]}}
    with pytest.raises(ProviderError, match="InvalidParameterException: the encryption config"):
        driver.update(held, {**encrypted, "encryptionConfig": other})
