"""A Pulumi program with every type of the table; `tenant` and `storage` are the stack's configuration."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws
from pulumi_aws import ec2, efs, elasticache, iam, kms, rds, s3, vpc

config = pulumi.Config()
tags = {"cost/tenant": config.get("tenant") or "acme"}


def allowing(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trusting(service: str) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


network = ec2.Vpc("network", cidr_block="10.8.0.0/16", enable_dns_hostnames=True, tags=tags)
zones = aws.get_availability_zones().names
subnets = [
    ec2.Subnet(
        f"subnet-{n}", vpc_id=network.id, cidr_block=f"10.8.{n}.0/24", availability_zone=zones[n], tags=tags
    )
    for n in range(2)
]
gateway = ec2.InternetGateway("gateway", vpc_id=network.id, tags=tags)
address = ec2.Eip("address", domain="vpc", tags=tags)
ec2.NatGateway("nat", subnet_id=subnets[0].id, allocation_id=address.id, tags=tags)
table = ec2.RouteTable("table", vpc_id=network.id, tags=tags)
ec2.Route("default", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
ec2.RouteTableAssociation("association", route_table_id=table.id, subnet_id=subnets[0].id)
ec2.VpcEndpoint(
    "endpoint",
    vpc_id=network.id,
    service_name="com.amazonaws.eu-west-1.s3",
    route_table_ids=[table.id],
    vpc_endpoint_type="Gateway",
    tags=tags,
)
group = ec2.SecurityGroup("group", vpc_id=network.id, description="data", tags=tags)
vpc.SecurityGroupIngressRule(
    "in",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=5432,
    to_port=5432,
    cidr_ipv4="10.8.0.0/16",
    tags=tags,
)
vpc.SecurityGroupEgressRule(
    "out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0", tags=tags
)

key = kms.Key("key", enable_key_rotation=True, deletion_window_in_days=7, tags=tags)
kms.Alias("alias", target_key_id=key.key_id)
account = {"AWS": "arn:aws:iam::123456789012:root"}
statement = {"Sid": "Account", "Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
kms.KeyPolicy(
    "key-policy", key_id=key.key_id, policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
)
ec2.DefaultSecurityGroup("default-group", vpc_id=network.id, tags=tags)

role = iam.Role("role", assume_role_policy=trusting("backup"), tags=tags)
iam.RolePolicy("inline", role=role.name, policy=allowing("s3:ListAllMyBuckets"))
policy = iam.Policy("policy", policy=allowing("s3:GetObject"), tags=tags)
iam.RolePolicyAttachment("attachment", role=role.name, policy_arn=policy.arn)

database = rds.Instance(
    "database",
    identifier="everything",
    instance_class="db.t4g.medium",
    engine="postgres",
    engine_version="16.3",
    allocated_storage=config.get_int("storage") or 40,
    username="odoo",
    password=pulumi.Output.secret("correct horse battery"),
    storage_encrypted=True,
    kms_key_id=key.arn,
    db_subnet_group_name=rds.SubnetGroup("subnets", subnet_ids=[s.id for s in subnets], tags=tags).name,
    parameter_group_name=rds.ParameterGroup(
        "parameters",
        family="postgres16",
        parameters=[{"name": "rds.force_ssl", "value": "1", "apply_method": "pending-reboot"}],
        tags=tags,
    ).name,
    vpc_security_group_ids=[group.id],
    performance_insights_enabled=True,
    skip_final_snapshot=True,
    backup_retention_period=7,
    tags=tags,
)
nobody, acme = (
    elasticache.User(
        f"user-{called}",
        user_id=f"everything-{called}",
        user_name=called,
        engine="redis",
        access_string="off ~keys* -@all +get",
        passwords=[pulumi.Output.secret("a-long-enough-password")],
        tags=tags,
    )
    for called in ("default", "acme")
)
users = elasticache.UserGroup(
    "users",
    engine="redis",
    user_group_id="everything",
    user_ids=[nobody.user_id],
    tags=tags,
    opts=pulumi.ResourceOptions(ignore_changes=["userIds"]),
)
elasticache.UserGroupAssociation("acme-in-users", user_group_id=users.user_group_id, user_id=acme.user_id)
cache = elasticache.ReplicationGroup(
    "cache",
    description="sessions",
    node_type="cache.t4g.small",
    num_cache_clusters=2,
    automatic_failover_enabled=True,
    transit_encryption_enabled=True,
    auth_token=pulumi.Output.secret("a-long-enough-token"),
    subnet_group_name=elasticache.SubnetGroup(
        "cache-subnets", subnet_ids=[s.id for s in subnets], tags=tags
    ).name,
    parameter_group_name=elasticache.ParameterGroup("cache-parameters", family="redis7", tags=tags).name,
    tags=tags,
)


def versioned(name: str) -> tuple[s3.Bucket, s3.BucketVersioning]:
    made = s3.Bucket(name, force_destroy=True, tags=tags)
    return made, s3.BucketVersioning(
        f"{name}-versioning", bucket=made.id, versioning_configuration={"status": "Enabled"}
    )


(bucket, source), (copy, target) = versioned("bucket"), versioned("copy")
s3.BucketReplicationConfig(
    "replication",
    bucket=bucket.id,
    role=role.arn,
    rules=[{"id": "all", "status": "Enabled", "destination": {"bucket": copy.arn}}],
    opts=pulumi.ResourceOptions(depends_on=[source, target]),
)
s3.BucketLifecycleConfiguration(
    "lifecycle",
    bucket=bucket.id,
    rules=[{"id": "old", "status": "Enabled", "filter": {"prefix": "dumps/"}, "expiration": {"days": 90}}],
)
s3.BucketServerSideEncryptionConfiguration(
    "encryption",
    bucket=bucket.id,
    rules=[
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": key.arn,
            }
        }
    ],
)
s3.BucketPublicAccessBlock("private", bucket=bucket.id, block_public_acls=True, block_public_policy=True)
s3.BucketOwnershipControls("owner", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"})
s3.BucketPolicy(
    "tls",
    bucket=bucket.id,
    policy=bucket.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": f"{arn}/*",
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
        )
    ),
)

secret = aws.secretsmanager.Secret("secret", kms_key_id=key.arn, recovery_window_in_days=0, tags=tags)
aws.secretsmanager.SecretVersion("version", secret_id=secret.id, secret_string=pulumi.Output.secret("s3cret"))

files = efs.FileSystem(
    "files",
    encrypted=True,
    kms_key_id=key.arn,
    lifecycle_policies=[{"transition_to_ia": "AFTER_30_DAYS"}],
    tags=tags,
)
efs.AccessPoint(
    "access",
    file_system_id=files.id,
    posix_user={"uid": 101, "gid": 101},
    root_directory={
        "path": "/a",
        "creation_info": {"owner_uid": 101, "owner_gid": 101, "permissions": "0750"},
    },
    tags=tags,
)
efs.MountTarget("mount", file_system_id=files.id, subnet_id=subnets[0].id, security_groups=[group.id])
efs.BackupPolicy("file-backups", file_system_id=files.id, backup_policy={"status": "ENABLED"})
mounting = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}
efs.FileSystemPolicy(
    "file-mounts",
    file_system_id=files.id,
    policy=pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [{**mounting, "Resource": files.arn}]}
    ),
)

vault = aws.backup.Vault("vault", kms_key_arn=key.arn, tags=tags)
plan = aws.backup.Plan(
    "plan",
    rules=[{"rule_name": "daily", "target_vault_name": vault.name, "schedule": "cron(0 3 * * ? *)"}],
    tags=tags,
)
aws.scheduler.Schedule(
    "schedule",
    schedule_expression="cron(0 19 ? * MON-FRI *)",
    flexible_time_window={"mode": "OFF"},
    target={
        "arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance",
        "role_arn": role.arn,
        "input": database.identifier.apply(lambda name: json.dumps({"DbInstanceIdentifier": name})),
    },
)
aws.backup.Selection("selection", plan_id=plan.id, iam_role_arn=role.arn, resources=[database.arn])
template = ec2.LaunchTemplate(
    "template",
    block_device_mappings=[
        {"device_name": "/dev/xvda", "ebs": {"volume_type": "gp3", "volume_size": 50, "encrypted": "true"}}
    ],
    tag_specifications=[{"resource_type": "volume", "tags": {"cost/tenant": "acme"}}],
    tags=tags,
)
nodes = aws.eks.NodeGroup(
    "nodes",
    cluster_name="platform",
    node_role_arn=role.arn,
    subnet_ids=[s.id for s in subnets],
    scaling_config={"desired_size": 2, "min_size": 2, "max_size": 3},
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    tags=tags,
)
aws.autoscaling.Tag(
    "nodes-tag",
    autoscaling_group_name=nodes.resources.apply(lambda made: made[0].autoscaling_groups[0].name),
    tag={"key": "cost/tenant", "value": "acme", "propagate_at_launch": True},
)
cluster = aws.eks.Cluster(
    "cluster",
    role_arn=role.arn,
    version="1.35",
    vpc_config={"subnet_ids": [s.id for s in subnets]},
    tags=tags,
)
aws.eks.Addon(
    "addon",
    cluster_name=cluster.name,
    addon_name="coredns",
    addon_version="v1",
    resolve_conflicts_on_create="OVERWRITE",
    tags=tags,
)
elsewhere = "eu-central-1"
key_elsewhere = kms.Key("key-elsewhere", region=elsewhere, deletion_window_in_days=7, tags=tags)
rds.InstanceAutomatedBackupsReplication(
    "backups-elsewhere", region=elsewhere, source_db_instance_arn=database.arn, kms_key_id=key_elsewhere.arn
)
replica = efs.ReplicationConfiguration(
    "files-elsewhere",
    source_file_system_id=files.id,
    destination={"region": elsewhere, "kms_key_id": key_elsewhere.arn},
)
testing = aws.backup.RestoreTestingPlan(
    "testing",
    name="restores",
    schedule_expression="cron(0 6 1 * ? *)",
    recovery_point_selection={
        "algorithm": "LATEST_WITHIN_WINDOW",
        "include_vaults": [vault.arn],
        "recovery_point_types": ["SNAPSHOT"],
    },
    tags=tags,
)
aws.backup.RestoreTestingSelection(
    "testing-files",
    name="files",
    restore_testing_plan_name=testing.name,
    protected_resource_type="EFS",
    protected_resource_arns=["*"],
    iam_role_arn=role.arn,
)
aws.cloudwatch.LogGroup("logs", retention_in_days=30, kms_key_id=key.arn, tags=tags)
aws.eks.PodIdentityAssociation(
    "identity",
    cluster_name="platform",
    namespace="acme",
    service_account="odoo",
    role_arn=role.arn,
    tags=tags,
)
zone = aws.route53.Zone("zone", name="odoo.example.com", tags=tags)
aws.route53.Record(
    "record",
    zone_id=zone.zone_id,
    name="acme.odoo.example.com",
    type="CNAME",
    ttl=300,
    records=["lb.example.com"],
)
cached = {
    "target_origin_id": "odoo",
    "viewer_protocol_policy": "https-only",
    "allowed_methods": ["GET", "HEAD"],
    "cached_methods": ["GET", "HEAD"],
    "compress": True,
    "forwarded_values": {"query_string": False, "cookies": {"forward": "none"}},
    "min_ttl": 0,
    "default_ttl": 0,
    "max_ttl": 31536000,
}
aws.cloudfront.Distribution(
    "cdn",
    aliases=["static.acme.example.com"],
    enabled=True,
    origins=[
        {
            "origin_id": "odoo",
            "domain_name": "acme.odoo.example.com",
            "custom_origin_config": {
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": "https-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        }
    ],
    default_cache_behavior={**cached, "trusted_signers": ["self"]},
    ordered_cache_behaviors=[{**cached, "path_pattern": "/web/assets/*"}],
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={
        "acm_certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
        "minimum_protocol_version": "TLSv1.2_2021",
        "ssl_support_method": "sni-only",
    },
    tags=tags,
)
aws.ssm.Parameter("parameter", type="String", value="1", tags=tags)

pulumi.export("endpoint", database.endpoint)
pulumi.export("replica", replica.destination.file_system_id)
pulumi.export("cache", cache.primary_endpoint_address)
pulumi.export("account", aws.get_caller_identity().account_id)
pulumi.export("region", aws.get_region().region)
