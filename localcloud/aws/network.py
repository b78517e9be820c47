"""Knows networks: VPC, subnets, gateways and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.operations import creates, deletes, finds, from_key_values, key_values
from localcloud.aws.row import Call, Change, Row, Tags, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping


def ec2_tags(kind: str) -> Tags:
    """Tags of an EC2 resource; `kind` is what TagSpecifications calls it."""
    return Tags(
        at_create=lambda _, tags: (
            {"TagSpecifications": [{"ResourceType": kind, "Tags": key_values(tags)}]} if tags else {}
        ),
        read=lambda _call, _target, found: from_key_values(found.get("Tags")),
        add=lambda call, target, tags: call.ask("create_tags", Resources=[target], Tags=key_values(tags)),
        remove=lambda call, target, keys: call.ask(
            "delete_tags", Resources=[target], Tags=[{"Key": key} for key in keys]
        ),
        target="id",
    )


def _vpc_attributes(call: Call) -> None:
    attributes = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}
    for name in sorted(attributes.keys() & call.changed):
        default = name == "enableDnsSupport"
        value = {"Value": bool(call.new.get(name, default))}
        call.ask("modify_vpc_attribute", VpcId=call.id, **{attributes[name]: value})


def _vpc_facts(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    def attribute(name: str) -> bool:
        answer = call.ask("describe_vpc_attribute", VpcId=call.id, Attribute=name)
        return bool(answer[name[0].upper() + name[1:]]["Value"])

    of_vpc = [{"Name": "vpc-id", "Values": [call.id]}]
    groups = call.ask(
        "describe_security_groups", Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    tables = call.ask(
        "describe_route_tables", Filters=[*of_vpc, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    main = tables[0]["RouteTableId"] if tables else None
    return {
        "arn": call.arn(f"vpc/{found['VpcId']}"),
        "enableDnsSupport": attribute("enableDnsSupport"),
        "enableDnsHostnames": attribute("enableDnsHostnames"),
        "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
        "mainRouteTableId": main,
        "defaultRouteTableId": main,
    }


def _subnet_attributes(call: Call) -> None:
    for name in sorted({"mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"} & call.changed):
        value = {"Value": bool(call.new.get(name))}
        call.ask("modify_subnet_attribute", SubnetId=call.id, **{name[0].upper() + name[1:]: value})


def _attach_gateway(call: Call) -> None:
    before, after = call.old.get("vpcId"), call.new.get("vpcId")
    if before:
        call.ask("detach_internet_gateway", InternetGatewayId=call.id, VpcId=before)
    if after:
        call.ask("attach_internet_gateway", InternetGatewayId=call.id, VpcId=after)


def _delete_gateway(call: Call) -> None:
    if vpc := call.old.get("vpcId"):
        call.ask("detach_internet_gateway", InternetGatewayId=call.id, VpcId=vpc)
    call.ask("delete_internet_gateway", InternetGatewayId=call.id)


def _delete_nat_gateway(call: Call) -> None:
    call.ask("delete_nat_gateway", NatGatewayId=call.id)
    # AWS frees the address with the gateway; moto has to be asked.
    if held := call.old.get("allocationId"):
        address = call.ask("describe_addresses", AllocationIds=[held])["Addresses"][0]
        if address.get("AssociationId"):
            call.ask("disassociate_address", AssociationId=address["AssociationId"])


def _becomes_shared(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> frozenset[str]:
    """A network on hardware of its own may leave it in place; every other change of tenancy needs a new one.

    Source: terraform-provider-aws, internal/service/ec2/vpc_.go, resourceVPCCustomizeDiff.
    """
    leaves = held.get("instanceTenancy") == "dedicated" and wanted.get("instanceTenancy") == "default"
    return names("instanceTenancy") if leaves else frozenset()


def _tenancy(call: Call) -> None:
    call.ask("modify_vpc_tenancy", VpcId=call.id, InstanceTenancy=call.new["instanceTenancy"])


ROWS = (
    Row(
        kind="aws:ec2/vpc:Vpc",
        service="ec2",
        inputs=fields(
            """cidrBlock instanceTenancy assignGeneratedIpv6CidrBlock=AmazonProvidedIpv6CidrBlock
            enableDnsSupport= enableDnsHostnames= enableNetworkAddressUsageMetrics="""
        ),
        live=fields("cidrBlock instanceTenancy ownerId dhcpOptionsId"),
        derive=_vpc_facts,
        derived=names("arn defaultSecurityGroupId mainRouteTableId defaultRouteTableId"),
        create=creates("create_vpc", "Vpc.VpcId"),
        find=finds("describe_vpcs", "VpcIds", "Vpcs[0]", many=True),
        delete=deletes("delete_vpc", "VpcId"),
        changes=(
            Change(names("enableDnsSupport enableDnsHostnames"), _vpc_attributes, settles=True),
            Change(names("instanceTenancy"), _tenancy),
        ),
        replaces=names("cidrBlock instanceTenancy"),
        spares=_becomes_shared,
        tags=ec2_tags("vpc"),
    ),
    Row(
        kind="aws:ec2/subnet:Subnet",
        service="ec2",
        inputs=fields(
            """vpcId cidrBlock availabilityZone availabilityZoneId ipv6CidrBlock
            mapPublicIpOnLaunch= assignIpv6AddressOnCreation="""
        ),
        live=fields(
            """vpcId cidrBlock availabilityZone availabilityZoneId mapPublicIpOnLaunch
            assignIpv6AddressOnCreation arn=SubnetArn ownerId"""
        ),
        create=creates("create_subnet", "Subnet.SubnetId"),
        find=finds("describe_subnets", "SubnetIds", "Subnets[0]", many=True),
        changes=(
            Change(
                names("mapPublicIpOnLaunch assignIpv6AddressOnCreation"), _subnet_attributes, settles=True
            ),
        ),
        delete=deletes("delete_subnet", "SubnetId"),
        replaces=names("vpcId cidrBlock availabilityZone availabilityZoneId"),
        tags=ec2_tags("subnet"),
    ),
    Row(
        kind="aws:ec2/internetGateway:InternetGateway",
        service="ec2",
        inputs=fields("vpcId="),
        live=fields("vpcId=Attachments[0].VpcId ownerId"),
        derive=lambda call, _: {"arn": call.arn(f"internet-gateway/{call.id}")},
        derived=names("arn"),
        create=creates("create_internet_gateway", "InternetGateway.InternetGatewayId"),
        find=finds("describe_internet_gateways", "InternetGatewayIds", "InternetGateways[0]", many=True),
        changes=(Change(names("vpcId"), _attach_gateway, settles=True),),
        delete=_delete_gateway,
        tags=ec2_tags("internet-gateway"),
    ),
    Row(
        kind="aws:ec2/eip:Eip",
        service="ec2",
        inputs=fields("domain publicIpv4Pool networkBorderGroup"),
        live=fields("domain allocationId publicIp"),
        derive=lambda call, found: {
            "arn": call.arn(f"elastic-ip/{call.id}"),
            "publicDns": f"ec2-{found['PublicIp'].replace('.', '-')}.{call.region}.compute.amazonaws.com",
        },
        derived=names("arn publicDns"),
        create=creates("allocate_address", "AllocationId"),
        find=finds("describe_addresses", "AllocationIds", "Addresses[0]", many=True),
        delete=deletes("release_address", "AllocationId"),
        replaces=names("domain publicIpv4Pool networkBorderGroup"),
        tags=ec2_tags("elastic-ip"),
    ),
    Row(
        kind="aws:ec2/natGateway:NatGateway",
        service="ec2",
        inputs=fields("subnetId allocationId connectivityType privateIp=PrivateIpAddress"),
        live=fields(
            """subnetId connectivityType allocationId=NatGatewayAddresses[0].AllocationId
            publicIp=NatGatewayAddresses[0].PublicIp
            networkInterfaceId=NatGatewayAddresses[0].NetworkInterfaceId"""
        ),
        create=creates("create_nat_gateway", "NatGateway.NatGatewayId"),
        find=finds("describe_nat_gateways", "NatGatewayIds", "NatGateways[?State!='deleted']|[0]", many=True),
        delete=_delete_nat_gateway,
        replaces=names("subnetId allocationId connectivityType privateIp"),
        tags=ec2_tags("natgateway"),
    ),
)
