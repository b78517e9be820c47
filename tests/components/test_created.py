"""A platform that creates its network and its cluster, and one that adopts even the network."""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from components.tags.cost_tags import TAGGABLE_TYPES
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import local_portfolio, plan_of, tenant
from tests.tagged import expected_keys, label_sets
from tiers.facts.every_fact import ClusterControlPlane, NatGateway, NodeGroup, Origin
from tiers.plan.plan import Plan, fact_named, facts_of
from tiers.portfolio.platform import Platform

CREATED = {
    "admin_cidrs": ["198.51.100.0/24"],
    "log_retention_days": 90,
    "addons": {
        "vpc-cni": "v1.20.4-eksbuild.1",
        "coredns": "v1.12.4-eksbuild.1",
        "kube-proxy": "v1.35.0-eksbuild.2",
        "eks-pod-identity-agent": "v1.3.9-eksbuild.3",
        "aws-efs-csi-driver": "v2.1.13-eksbuild.1",
    },
}
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def platform(**changes: dict[str, Any]) -> Platform:
    """The local platform, otherwise; a value of None takes a field out."""
    document = local_portfolio().platform.model_dump(mode="json")
    for part, fields in changes.items():
        document[part] = {k: v for k, v in {**document[part], **fields}.items() if v is not None}
    return Platform.model_validate(document)


def creating(**cluster: Any) -> Platform:
    without = {"node_role_arn": None, "node_subnet_ids": None}
    return platform(cluster={**without, "created": CREATED, **cluster}, network={"client_cidrs": []})


@cache
def plan() -> Plan:
    options = {"users": 20, "controls": "enhanced"}
    acme = tenant("acme", tier="dedicated-db", options=options, data_residency=["us-east-1"])
    return plan_of(acme, platform=creating())


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan()))


def of_type(kind: str) -> list[Declared]:
    return [each for each in declared() if each.type.endswith(f":{kind}")]


def test_every_fact_is_what_is_registered() -> None:
    created = (ClusterControlPlane, NatGateway, NodeGroup)
    facts = [fact for kind in created for fact in facts_of(plan().platform, kind)]
    assert {fact.origin for fact in facts} == {Origin.CREATED}
    registered = [Registration(each.type, each.name, each.props) for each in declared()]
    assert differences(plan(), Registrations("local", registered)) == []


def test_subnets_of_a_vpc_do_not_overlap_and_lie_in_every_zone() -> None:
    subnets = of_type("Subnet")
    assert len(subnets) == 9
    ranges = [ipaddress.IPv4Network(each.props["cidrBlock"]) for each in subnets]
    vpc = ipaddress.IPv4Network("10.40.0.0/16")
    assert all(each.subnet_of(vpc) for each in ranges)
    assert not [1 for one in ranges for other in ranges if one is not other and one.overlaps(other)]
    assert sorted(each.props["availabilityZone"] for each in subnets) == sorted(ZONES * 3)
    assert not any(each.props["mapPublicIpOnLaunch"] for each in subnets)


def test_data_has_no_way_out_and_nodes_have_one_through_nat_and_one_to_s3() -> None:
    routed = {each.props["subnetId"] for each in of_type("RouteTableAssociation")}
    assert routed == {f"local-cluster-{kind}-{zone}-id" for kind in ("nodes", "public") for zone in ZONES}
    (endpoint,) = of_type("VpcEndpoint")
    assert endpoint.props["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert endpoint.props["routeTableIds"] == [f"local-cluster-nodes-{zone}-id" for zone in ZONES]
    out = {each.name: each.props.get("natGatewayId") for each in of_type("Route")}
    assert {out[f"local-cluster-nodes-{zone}-out"] for zone in ZONES} == {"local-cluster-nat-0-id"}


def test_each_zone_has_a_way_out_of_its_own_where_that_is_paid_for() -> None:
    many = platform(
        cluster={"created": CREATED, "node_role_arn": None, "node_subnet_ids": None},
        ingress={"nat_gateways": 3},
    )
    made = declare_plan(plan_of(tenant("acme"), platform=many))
    gateways = sorted(each.props["subnetId"] for each in made if each.type.endswith(":NatGateway"))
    assert gateways == [f"local-cluster-public-{zone}-id" for zone in ZONES]
    used = [each.props["natGatewayId"] for each in made if "natGatewayId" in each.props]
    assert len(set(used)) == 3


def test_the_control_plane_is_closed_encrypted_and_logged() -> None:
    cluster = the(declared(), "aws:eks/cluster:Cluster", "local-cluster").props
    assert cluster["vpcConfig"]["publicAccessCidrs"] == ["198.51.100.0/24"]
    assert cluster["vpcConfig"]["endpointPrivateAccess"] is True
    assert cluster["encryptionConfig"]["resources"] == ["secrets"]
    assert "audit" in cluster["enabledClusterLogTypes"]
    logs = the(declared(), "aws:cloudwatch/logGroup:LogGroup", "local-cluster-log").props
    assert (logs["name"], logs["retentionInDays"]) == ("/aws/eks/odoo/cluster", 90)


def test_network_policies_are_enforced_and_files_can_be_mounted() -> None:
    settings = the(declared(), "aws:eks/addon:Addon", "local-cluster-vpc-cni").props["configurationValues"]
    assert json.loads(settings) == {"enableNetworkPolicy": "true"}
    driver = the(
        declared(),
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "local-cluster-efs-driver-pods",
    ).props
    assert (driver["namespace"], driver["serviceAccount"]) == ("kube-system", "efs-csi-controller-sa")


@pytest.mark.whole("every fact of the cluster is compared above")
def test_pods_get_groups_where_the_network_driver_may_make_interfaces() -> None:
    acme = tenant("acme", tier="dedicated-db")
    made = declare_plan(plan_of(acme, platform=creating(pod_security_groups=True)))
    driver = the(made, "aws:eks/addon:Addon", "local-cluster-vpc-cni")
    assert json.loads(driver.props["configurationValues"]) == {
        "enableNetworkPolicy": "true",
        "env": {"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "standard"},
    }
    attached = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    interfaces = the(made, attached, "local-cluster-control-plane-interfaces")
    assert interfaces.props["policyArn"].endswith(":policy/AmazonEKSVPCResourceController")
    assert interfaces.props["role"] == "local-cluster-control-plane"
    cluster = the(made, "aws:eks/cluster:Cluster", "local-cluster")
    assert interfaces.urn in cluster.dependencies
    assert cluster.urn in driver.made_of["clusterName"]


def test_add_ons_take_over_what_a_new_cluster_has_already() -> None:
    """EKS puts three of them there unmanaged (EKS API reference, CreateCluster); else the first up fails."""
    addons = of_type("Addon")
    assert {each.props["addonName"] for each in addons} == set(CREATED["addons"])  # type: ignore[call-overload]
    assert {each.props.get("resolveConflictsOnCreate") for each in addons} == {"OVERWRITE"}


def test_whoever_takes_a_role_goes_before_the_rights_of_that_role() -> None:
    """Pulumi removes a resource before those it depends on: else nodes and control plane cannot clean up."""
    rights: dict[str, set[str]] = {}
    for each in of_type("RolePolicyAttachment"):
        rights.setdefault(each.props["role"], set()).add(each.urn)
    cluster = the(declared(), "aws:eks/cluster:Cluster", "local-cluster")
    assert rights["local-cluster-control-plane"]
    assert rights["local-cluster-control-plane"] <= cluster.dependencies
    groups = of_type("NodeGroup")
    assert {each.name for each in groups} >= {"local-acme-nodes"}
    assert len(rights["local-cluster-nodes"]) == 3
    for each in groups:
        assert rights["local-cluster-nodes"] <= each.dependencies, each.name
    driver = the(declared(), "aws:eks/addon:Addon", "local-cluster-aws-efs-csi-driver")
    assert rights["local-cluster-efs-driver"] <= driver.dependencies


def test_databases_let_in_the_nodes_that_are_created() -> None:
    allowed = {each.props["cidrIpv4"] for each in of_type("SecurityGroupIngressRule")}
    assert allowed == {"10.40.80.0/20", "10.40.96.0/20", "10.40.112.0/20"}


def test_nodes_of_all_and_of_one_join_the_created_cluster() -> None:
    groups = {each.name: each.props for each in of_type("NodeGroup")}
    assert set(groups) == {"local-nodes-general", "local-acme-nodes"}
    assert "taints" not in groups["local-nodes-general"]
    assert groups["local-acme-nodes"]["nodeRoleArn"] == groups["local-nodes-general"]["nodeRoleArn"]


def test_what_is_created_is_tagged_like_everything() -> None:
    for each in declared():
        if each.type in TAGGABLE_TYPES:
            (tags,) = label_sets(each.type, each.props)
            assert expected_keys(each.urn) <= tags.keys(), each.urn


def test_an_adopted_network_gets_a_security_group_and_nothing_else() -> None:
    ids = [f"subnet-{zone * 8}" for zone in "abc"]
    ranges = ["10.9.0.0/24", "10.9.1.0/24", "10.9.2.0/24"]
    adopted = {"cidr": None, "vpc_id": "vpc-0123abcd", "subnet_ids": ids, "subnet_cidrs": ranges}
    made = declare_plan(plan_of(tenant("acme"), platform=platform(network=adopted)))
    kinds = {each.type.rpartition(":")[2] for each in made}
    assert "SecurityGroup" in kinds
    assert not kinds & {"Vpc", "Subnet"}
    group = the(made, "aws:ec2/securityGroup:SecurityGroup", "local-network-data").props
    assert group["vpcId"] == "vpc-0123abcd"
    subnets = the(made, "aws:rds/subnetGroup:SubnetGroup", "local-postgresql-subnets").props
    assert subnets["subnetIds"] == ids
    policy = the(made, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "acme-to-data").props["spec"]
    assert [peer["ipBlock"]["cidr"] for peer in policy["egress"][0]["to"]] == ranges


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": {"vpc_id": "vpc-0123abcd"}}, "set cidr to create a network, or vpc_id"),
        ({"network": {"cidr": None, "vpc_id": "vpc-0123abcd"}}, "subnet_ids has 0 entries"),
        ({"network": {"client_cidrs": []}}, "client_cidrs is missing"),
        ({"cluster": {"created": CREATED}}, "are for an adopted cluster"),
        ({"cluster": {"pod_security_groups": True}}, "of an adopted cluster needs security_group_id"),
        (
            {"cluster": {"pod_security_groups": True, "security_group_id": "sg-0c0c0c0c"}},
            "needs databases in the VPC of the cluster",
        ),
        ({"cluster": {"security_group_id": "sg-0c0c0c0c"}}, "leave it out"),
        (
            {"cluster": {"created": {**CREATED, "addons": {"coredns": "v1"}}}},
            "is missing; tenants cannot run",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        platform(**changes)


def test_a_cluster_needs_a_network_of_its_own() -> None:
    adopted = {
        "cidr": None,
        "vpc_id": "vpc-0123abcd",
        "subnet_ids": ["a", "b", "c"],
        "subnet_cidrs": ["10.9.0.0/24", "10.9.1.0/24", "10.9.2.0/24"],
    }
    cluster = {"created": CREATED, "node_role_arn": None, "node_subnet_ids": None}
    with pytest.raises(ValidationError, match="created needs a network that is created too"):
        platform(network=adopted, cluster=cluster)


def test_a_tenant_has_its_own_nodes_on_a_created_cluster() -> None:
    (nodes,) = facts_of(plan().tenants[0].facts, NodeGroup)
    assert nodes.nodes == 2
    assert fact_named(plan().platform, ClusterControlPlane, "control-plane").node_role_arn is None
