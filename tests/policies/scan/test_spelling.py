from __future__ import annotations

import re
from typing import Any, Final

import pytest

from policies.scan.registered import Registered
from policies.scan.spelling import snake, terraform_type, terraform_values

# A name that Terraform does not have is judged by no rule and looks clean: these were read in the
# documentation of Terraform's provider.
NAMES: Final = {
    "aws:autoscaling/tag:Tag": "aws_autoscaling_tag",
    "aws:backup/plan:Plan": "aws_backup_plan",
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": "aws_backup_restore_testing_plan",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": "aws_backup_restore_testing_selection",
    "aws:backup/selection:Selection": "aws_backup_selection",
    "aws:backup/vault:Vault": "aws_backup_vault",
    "aws:cloudfront/distribution:Distribution": "aws_cloudfront_distribution",
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws_default_security_group",
    "aws:ec2/eip:Eip": "aws_eip",
    "aws:ec2/flowLog:FlowLog": "aws_flow_log",
    "aws:ec2/internetGateway:InternetGateway": "aws_internet_gateway",
    "aws:ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
    "aws:ec2/natGateway:NatGateway": "aws_nat_gateway",
    "aws:ec2/route:Route": "aws_route",
    "aws:ec2/routeTable:RouteTable": "aws_route_table",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "aws_route_table_association",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/subnet:Subnet": "aws_subnet",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": "aws_vpc_peering_connection",
    "aws:ec2transitgateway/transitGateway:TransitGateway": "aws_ec2_transit_gateway",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": "aws_ec2_transit_gateway_vpc_attachment",
    "aws:efs/accessPoint:AccessPoint": "aws_efs_access_point",
    "aws:efs/fileSystem:FileSystem": "aws_efs_file_system",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "aws_efs_file_system_policy",
    "aws:efs/mountTarget:MountTarget": "aws_efs_mount_target",
    "aws:efs/replicationConfiguration:ReplicationConfiguration": "aws_efs_replication_configuration",
    "aws:eks/accessEntry:AccessEntry": "aws_eks_access_entry",
    "aws:eks/addon:Addon": "aws_eks_addon",
    "aws:eks/cluster:Cluster": "aws_eks_cluster",
    "aws:eks/nodeGroup:NodeGroup": "aws_eks_node_group",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "aws_eks_pod_identity_association",
    "aws:elasticache/replicationGroup:ReplicationGroup": "aws_elasticache_replication_group",
    "aws:elasticache/subnetGroup:SubnetGroup": "aws_elasticache_subnet_group",
    "aws:elasticache/user:User": "aws_elasticache_user",
    "aws:elasticache/userGroup:UserGroup": "aws_elasticache_user_group",
    "aws:elasticache/userGroupAssociation:UserGroupAssociation": "aws_elasticache_user_group_association",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:iam/policy:Policy": "aws_iam_policy",
    "aws:iam/role:Role": "aws_iam_role",
    "aws:iam/rolePolicy:RolePolicy": "aws_iam_role_policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "aws_iam_role_policy_attachment",
    "aws:kms/alias:Alias": "aws_kms_alias",
    "aws:kms/key:Key": "aws_kms_key",
    "aws:kms/keyPolicy:KeyPolicy": "aws_kms_key_policy",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/targetGroup:TargetGroup": "aws_lb_target_group",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "aws_db_instance_automated_backups_replication"
    ),
    "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "aws_s3_bucket_lifecycle_configuration"
    ),
    "aws:s3/bucketLogging:BucketLogging": "aws_s3_bucket_logging",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "aws_s3_bucket_ownership_controls",
    "aws:s3/bucketPolicy:BucketPolicy": "aws_s3_bucket_policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "aws_s3_bucket_server_side_encryption_configuration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "aws_s3_bucket_versioning",
    "aws:secretsmanager/secret:Secret": "aws_secretsmanager_secret",
    "aws:secretsmanager/secretVersion:SecretVersion": "aws_secretsmanager_secret_version",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
}


def test_types_are_called_what_terraform_calls_them() -> None:
    assert {token: terraform_type(token) for token in NAMES} == NAMES


def test_every_type_that_components_declare_was_looked_up(strong: list[Registered]) -> None:
    declared = {each.type for each in strong if each.type.startswith("aws:")}
    assert len(declared) > 30
    assert sorted(declared - NAMES.keys()) == []


@pytest.mark.parametrize("token", ["random:index/randomId:RandomId", "kubernetes:apps/v1:Deployment"])
def test_what_is_not_of_the_aws_provider_has_no_name(token: str) -> None:
    assert terraform_type(token) is None


@pytest.mark.parametrize(
    ("pulumi", "terraform"),
    [
        ({"parameters": [{"applyMethod": "immediate"}]}, {"parameter": [{"apply_method": "immediate"}]}),
        ({"accessPolicies": [{"a": 1}]}, {"access_policy": [{"a": 1}]}),
        ({"boxes": [{"a": 1}]}, {"box": [{"a": 1}]}),
        ({"ingress": [{"cidrBlocks": ["::/0"]}]}, {"ingress": [{"cidr_blocks": ["::/0"]}]}),
        ({"subnetIds": ["a", "b"]}, {"subnet_ids": ["a", "b"]}),
        ({"enabledCloudwatchLogsExports": []}, {"enabled_cloudwatch_logs_exports": []}),
        ({"rule": {"objectOwnership": "X"}}, {"rule": [{"object_ownership": "X"}]}),
        ({"labels": {"costack/dedicatedTo": "a"}}, {"labels": {"costack/dedicatedTo": "a"}}),
        ({"__defaults": ["region"], "name": "a"}, {"name": "a"}),
    ],
)
def test_properties_are_spelled_as_a_plan_spells_them(
    pulumi: dict[str, Any], terraform: dict[str, Any]
) -> None:
    assert terraform_values(pulumi) == terraform


def test_every_property_that_components_set_ends_up_in_terraforms_spelling(
    strong: list[Registered],
) -> None:
    seen = {snake(key) for each in strong if terraform_type(each.type) for key in each.inputs}
    assert {"cidr_ipv4", "ca_cert_identifier", "max_allocated_storage"} <= seen
    assert [key for key in seen if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", key)] == []
