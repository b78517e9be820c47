from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lifecycle.errors import LifecycleError
from lifecycle.recover.aws_listings import SEARCHES
from lifecycle.recover.untracked import UNKNOWN, is_searchable, untracked_id, untracked_ids

HERE = "us-east-1"
KEY, VPC, SUBNET = "aws:kms/key:Key", "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=HERE)


def test_what_has_a_name_is_found_by_it() -> None:
    client("logs").create_log_group(logGroupName="/odoo/acme")
    kind = "aws:cloudwatch/logGroup:LogGroup"
    assert untracked_id(kind, {"name": "/odoo/acme"}, HERE, ()) == "/odoo/acme"
    assert untracked_id(kind, {"name": "/odoo"}, HERE, ()) is None
    assert untracked_id(kind, {"name": "/odoo/acme"}, HERE, {"/odoo/acme"}) is None


def test_a_parameter_is_found_by_its_name() -> None:
    """AWS refuses to make it a second time."""
    kind, name = "aws:ssm/parameter:Parameter", "/costack/local/odoo/acme-odoo"
    for each in (name, f"{name}-2"):
        client("ssm").put_parameter(Name=each, Value="secret", Type="SecureString")
    assert untracked_id(kind, {"name": name}, HERE, ()) == name
    assert untracked_id(kind, {"name": name}, HERE, {name}) is None


def test_a_network_is_found_by_its_tags_and_range() -> None:
    made = client("ec2").create_vpc(
        CidrBlock="10.1.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "a"}]}],
    )["Vpc"]["VpcId"]
    subnet = client("ec2").create_subnet(VpcId=made, CidrBlock="10.1.0.0/20")["Subnet"]["SubnetId"]
    wanted = {"cidrBlock": "10.1.0.0/16", "tags": {"Name": "a"}}
    assert untracked_id(VPC, wanted, HERE, ()) == made
    assert untracked_id(VPC, wanted | {"tags": {"Name": "b"}}, HERE, ()) is None
    assert untracked_id(VPC, wanted | {"cidrBlock": "10.2.0.0/16"}, HERE, ()) is None
    assert untracked_id(SUBNET, {"vpcId": made, "cidrBlock": "10.1.0.0/20"}, HERE, ()) == subnet


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_rule_for_a_group_is_no_rule_for_addresses() -> None:
    kind, ec2 = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    data, pods = (
        ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"]
        for name in ("data", "pods")
    )
    port = {"FromPort": 5432, "ToPort": 5432, "IpProtocol": "tcp"}

    def let_in(**whom: Any) -> str:
        made = ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[{**port, **whom}])
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    wanted = {"securityGroupId": data, "fromPort": 5432, "toPort": 5432, "ipProtocol": "tcp"}
    by_hand = let_in(IpRanges=[{"CidrIp": "10.9.0.0/16"}])
    assert untracked_id(kind, wanted | {"referencedSecurityGroupId": pods}, HERE, ()) is None
    made = let_in(UserIdGroupPairs=[{"GroupId": pods}])
    assert untracked_id(kind, wanted | {"referencedSecurityGroupId": pods}, HERE, ()) == made
    assert untracked_id(kind, wanted | {"cidrIpv4": "10.9.0.0/16"}, HERE, ()) == by_hand
    assert is_searchable(kind, wanted | {"referencedSecurityGroupId": UNKNOWN}) is False


def test_a_key_is_found_by_what_it_is_for_and_not_when_it_is_going() -> None:
    kms = client("kms")
    about: dict[str, Any] = {"Description": "data", "Tags": [{"TagKey": "t", "TagValue": "1"}]}
    made = kms.create_key(**about)["KeyMetadata"]["KeyId"]
    wanted = {"description": "data", "tags": {"t": "1"}}
    assert untracked_id(KEY, wanted, HERE, ()) == made
    assert untracked_id(KEY, wanted | {"description": "other"}, HERE, ()) is None
    assert untracked_id(KEY, wanted | {"tags": {"t": "2"}}, HERE, ()) is None
    kms.create_key(**about)
    with pytest.raises(LifecycleError, match="delete those that are not in use"):
        untracked_id(KEY, wanted, HERE, ())
    assert untracked_id(KEY, wanted, HERE, {made}) not in (None, made)
    kms.schedule_key_deletion(KeyId=made)
    assert untracked_id(KEY, wanted, HERE, ()) != made


def test_what_pulumi_named_is_found_under_another_ending() -> None:
    kind, ec2 = "aws:ec2/securityGroup:SecurityGroup", client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_security_group(GroupName="data-0a1b2c3", Description="d", VpcId=vpc)["GroupId"]
    ec2.create_security_group(GroupName="data-hand-made", Description="d", VpcId=vpc)
    wanted = {"vpcId": vpc, "name": "data-9f8e7d6"}
    assert untracked_id(kind, wanted, HERE, ()) is None
    assert untracked_ids(kind, wanted, HERE, (), by_any_name=True) == (made,)
    assert untracked_ids(kind, wanted | {"name": "data"}, HERE, (), by_any_name=True) == ()
    assert untracked_ids(kind, wanted | {"name": "other-9f8e7d6"}, HERE, (), by_any_name=True) == ()


def test_all_that_is_alike_is_named() -> None:
    ec2 = client("ec2")
    made = [ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"] for _ in range(3)]
    wanted = {"cidrBlock": "10.1.0.0/16"}
    assert untracked_ids(VPC, wanted, HERE, {made[0]}) == tuple(sorted(made[1:]))
    assert untracked_ids(VPC, wanted, HERE, made) == ()


@pytest.mark.parametrize(
    ("kind", "inputs", "possible"),
    [
        ("aws:iam/role:Role", {"name": "a"}, True),
        ("aws:iam/role:Role", {}, False),
        (SUBNET, {"vpcId": UNKNOWN, "cidrBlock": "10.1.0.0/20"}, False),
        (VPC, {"cidrBlock": "10.1.0.0/16", "tags": {"a": UNKNOWN}}, False),
        ("aws:efs/accessPoint:AccessPoint", {"fileSystemId": UNKNOWN, "tags": {"a": "b"}}, False),
        (KEY, {"description": "data"}, True),
        (KEY, {"description": UNKNOWN}, False),
        ("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b"}, False),
    ],
)
def test_what_waits_for_another_thing_is_not_looked_for(
    kind: str, inputs: dict[str, Any], *, possible: bool
) -> None:
    assert is_searchable(kind, inputs) is possible


def test_a_setting_of_another_resource_is_not_looked_for() -> None:
    assert untracked_id("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b"}, HERE, ()) is None


@pytest.mark.sample(4)
@pytest.mark.parametrize("kind", SEARCHES)
def test_every_search_is_an_operation_of_aws_that_takes_what_it_is_asked(kind: str) -> None:
    search = SEARCHES[kind]
    made = client(search.service)
    model = made.meta.service_model.operation_model(made.meta.method_to_api_mapping[search.operation])
    assert search.key in model.output_shape.members
    listed = model.output_shape.members[search.key].member
    fields = getattr(listed, "members", {"name": None}).keys() | search.asked.keys()
    named = {name for _, name, _, _ in Formatter().parse(search.id) if name} or {search.id}
    inputs = {"userId"} if search.among else set()  # an id may have what was asked for, too
    first = {each.partition(".")[0] for each in search.same}
    assert {*named - inputs, *first, *search.among} <= fields
    assert search.asked.keys() <= model.input_shape.members.keys()
    assert not search.tagged or "Tags" in fields
