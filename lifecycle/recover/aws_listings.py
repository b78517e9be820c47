"""The AWS listing of each resource type, and the inputs by which a resource is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import boto3

_MADE_UP: Final = re.compile(r"-[0-9a-f]{7}$")
"""The suffix of names that Pulumi generates (Pulumi docs, auto-naming)."""
_ENDING: Final = 7


@dataclass(frozen=True)
class Search:
    """One AWS operation that lists resources of a type.

    Attributes:
        key: The key of the list in its answer, or the way to it with dots.
        id: The field with Pulumi's id, or the format that builds it from fields, inputs and request
            parameters. Where only names are listed, the field is `name`.
        same: Field, or the way to it with dots, -> input; both must be equal if the input is set.
        among: Field -> input; the field is a list, which must have the input.
        asked: Parameter -> input, if the operation needs parameters.
        tagged: Whether every tag of the inputs must be on the resource, too.
    """

    service: str
    operation: str
    key: str
    id: str
    same: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    tagged: bool = False
    among: Mapping[str, str] = field(default_factory=dict)

    def found(self, inputs: Mapping[str, Any], region: str | None, *, by_any_name: bool) -> Iterator[str]:
        """Ids of resources that match *inputs*; by any name: a generated name may have another suffix."""
        for each in self._listed(inputs, region):
            like = all(
                inputs.get(name) is None or _alike(inputs[name], _at(each, at), by_any_name=by_any_name)
                for at, name in self.same.items()
            ) and all(inputs[name] in each[at] for at, name in self.among.items())
            if like and (not self.tagged or _tags(each).items() >= dict(inputs.get("tags") or {}).items()):
                yield self.id.format_map({**inputs, **each}) if "{" in self.id else str(each[self.id])

    def _listed(self, inputs: Mapping[str, Any], region: str | None) -> Iterator[Mapping[str, Any]]:
        make: Any = boto3.client
        client = make(self.service, region_name=region)
        asked = {name: inputs[at] for name, at in self.asked.items()}
        if client.can_paginate(self.operation):
            pages = client.get_paginator(self.operation).paginate(**asked)
        else:
            pages = [getattr(client, self.operation)(**asked)]
        for each in chain.from_iterable(_at(page, self.key) or () for page in pages):
            yield {**asked, **({"name": each} if isinstance(each, str) else each)}


def _alike(wanted: object, found: object, *, by_any_name: bool) -> bool:
    if by_any_name and isinstance(wanted, str) and isinstance(found, str) and _MADE_UP.search(wanted):
        return bool(_MADE_UP.search(found)) and found[:-_ENDING] == wanted[:-_ENDING]
    # Route 53 lists names with their root.
    return found in {wanted, f"{wanted}."} if isinstance(wanted, str) else wanted == found


def _at(each: Mapping[str, Any], path: str) -> Any:
    first, _, rest = path.partition(".")
    return _at(each.get(first) or {}, rest) if rest else each.get(first)


def _tags(each: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in each.get("Tags") or ()}


def _named(service: str, operation: str, key: str, name: str, at: str = "name", **more: str) -> Search:
    return Search(service, operation, key, more.get("id", name), {name: at})


def _ec2(operation: str, key: str, made: str, *, tagged: bool = True, **same: str) -> Search:
    """With two underscores for a dot in the way to a field."""
    fields = {at.replace("__", "."): name for at, name in same.items()}
    return Search("ec2", operation, key, made, fields, tagged=tagged)


_CLUSTER: Final = {"clusterName": "clusterName"}

SEARCHES: Final[Mapping[str, Search]] = {
    "aws:backup/plan:Plan": _named(
        "backup", "list_backup_plans", "BackupPlansList", "BackupPlanName", id="BackupPlanId"
    ),
    "aws:backup/selection:Selection": Search(
        "backup",
        "list_backup_selections",
        "BackupSelectionsList",
        "SelectionId",
        {"SelectionName": "name"},
        {"BackupPlanId": "planId"},
    ),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": _named(
        "backup", "list_restore_testing_plans", "RestoreTestingPlans", "RestoreTestingPlanName"
    ),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": Search(
        "backup",
        "list_restore_testing_selections",
        "RestoreTestingSelections",
        "{RestoreTestingPlanName}:{RestoreTestingSelectionName}",
        {"RestoreTestingSelectionName": "name"},
        {"RestoreTestingPlanName": "restoreTestingPlanName"},
    ),
    "aws:backup/vault:Vault": _named("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    "aws:cloudwatch/logGroup:LogGroup": _named("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "aws:ec2/eip:Eip": _ec2("describe_addresses", "Addresses", "AllocationId"),
    "aws:ec2/internetGateway:InternetGateway": _ec2(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _named(
        "ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName", id="LaunchTemplateId"
    ),
    "aws:ec2/natGateway:NatGateway": _ec2(
        "describe_nat_gateways", "NatGateways", "NatGatewayId", SubnetId="subnetId"
    ),
    "aws:ec2/routeTable:RouteTable": _ec2(
        "describe_route_tables", "RouteTables", "RouteTableId", VpcId="vpcId"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _ec2(
        "describe_security_groups",
        "SecurityGroups",
        "GroupId",
        tagged=False,
        VpcId="vpcId",
        GroupName="name",
    ),
    "aws:ec2/subnet:Subnet": _ec2(
        "describe_subnets", "Subnets", "SubnetId", tagged=False, VpcId="vpcId", CidrBlock="cidrBlock"
    ),
    "aws:ec2/vpc:Vpc": _ec2("describe_vpcs", "Vpcs", "VpcId", CidrBlock="cidrBlock"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2(
        "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", VpcId="vpcId", ServiceName="serviceName"
    ),
    "aws:efs/accessPoint:AccessPoint": Search(
        "efs",
        "describe_access_points",
        "AccessPoints",
        "AccessPointId",
        asked={"FileSystemId": "fileSystemId"},
        tagged=True,
    ),
    "aws:efs/fileSystem:FileSystem": Search(
        "efs", "describe_file_systems", "FileSystems", "FileSystemId", tagged=True
    ),
    "aws:efs/mountTarget:MountTarget": Search(
        "efs",
        "describe_mount_targets",
        "MountTargets",
        "MountTargetId",
        {"SubnetId": "subnetId"},
        {"FileSystemId": "fileSystemId"},
    ),
    "aws:efs/replicationConfiguration:ReplicationConfiguration": Search(
        "efs",
        "describe_replication_configurations",
        "Replications",
        "SourceFileSystemId",
        {"SourceFileSystemId": "sourceFileSystemId"},
        {"FileSystemId": "sourceFileSystemId"},
    ),
    "aws:eks/addon:Addon": Search(
        "eks", "list_addons", "addons", "{clusterName}:{name}", {"name": "addonName"}, _CLUSTER
    ),
    "aws:eks/cluster:Cluster": Search("eks", "list_clusters", "clusters", "name", {"name": "name"}),
    "aws:eks/nodeGroup:NodeGroup": Search(
        "eks", "list_nodegroups", "nodegroups", "{clusterName}:{name}", {"name": "nodeGroupName"}, _CLUSTER
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Search(
        "eks",
        "list_pod_identity_associations",
        "associations",
        "associationId",
        asked={"clusterName": "clusterName", "namespace": "namespace", "serviceAccount": "serviceAccount"},
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": _named(
        "elasticache",
        "describe_replication_groups",
        "ReplicationGroups",
        "ReplicationGroupId",
        "replicationGroupId",
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": _named(
        "elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"
    ),
    "aws:elasticache/user:User": _named("elasticache", "describe_users", "Users", "UserId", "userId"),
    "aws:elasticache/userGroup:UserGroup": _named(
        "elasticache", "describe_user_groups", "UserGroups", "UserGroupId", "userGroupId"
    ),
    "aws:elasticache/userGroupAssociation:UserGroupAssociation": Search(
        "elasticache",
        "describe_user_groups",
        "UserGroups",
        "{UserGroupId},{userId}",
        {"UserGroupId": "userGroupId"},
        among={"UserIds": "userId"},
    ),
    "aws:iam/role:Role": _named("iam", "list_roles", "Roles", "RoleName"),
    "aws:kms/alias:Alias": _named("kms", "list_aliases", "Aliases", "AliasName"),
    "aws:rds/instance:Instance": _named(
        "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", "identifier"
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": Search(
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        "DBInstanceAutomatedBackupsArn",
        {"DBInstanceArn": "sourceDbInstanceArn"},
    ),
    "aws:rds/parameterGroup:ParameterGroup": _named(
        "rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"
    ),
    "aws:rds/subnetGroup:SubnetGroup": _named(
        "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"
    ),
    "aws:route53/record:Record": Search(
        "route53",
        "list_resource_record_sets",
        "ResourceRecordSets",
        "{HostedZoneId}_{Name}_{Type}",
        {"Name": "name", "Type": "type"},
        {"HostedZoneId": "zoneId"},
    ),
    "aws:cloudfront/distribution:Distribution": Search(
        "cloudfront",
        "list_distributions",
        "DistributionList.Items",
        "Id",
        {"Comment": "comment", "Aliases.Items": "aliases"},
    ),
    "aws:ssm/parameter:Parameter": _named("ssm", "describe_parameters", "Parameters", "Name"),
    "aws:s3/bucket:Bucket": _named("s3", "list_buckets", "Buckets", "Name", "bucket"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ec2(
        "describe_security_group_rules",
        "SecurityGroupRules",
        "SecurityGroupRuleId",
        tagged=False,
        GroupId="securityGroupId",
        FromPort="fromPort",
        ToPort="toPort",
        IpProtocol="ipProtocol",
        CidrIpv4="cidrIpv4",
        ReferencedGroupInfo__GroupId="referencedSecurityGroupId",
    ),
}
