"""One example of every type in the table, and whatever it stands on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.localcloud.aws.driver import Driver, Resource

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def mounts_policy(file_system: str) -> str:
    """A policy of mounts of one file system, by its ARN."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "elasticfilesystem:ClientMount",
        "Resource": file_system,
        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LIST_ALL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
    }
)

CACHED = {
    "targetOriginId": "odoo",
    "viewerProtocolPolicy": "https-only",
    "allowedMethods": ["GET", "HEAD"],
    "cachedMethods": ["GET", "HEAD"],
    "compress": True,
    "forwardedValues": {"queryString": False, "cookies": {"forward": "none"}},
    "minTtl": 0,
    "defaultTtl": 0,
    "maxTtl": 31536000,
    "responseHeadersPolicyId": "60669652-455b-4ae9-85a4-c4c02393f86c",
}
CACHE_USER, CACHE_USERS = "aws:elasticache/user:User", "aws:elasticache/userGroup:UserGroup"


class Ground:
    """Makes what an example needs, once each."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._made: dict[tuple[str, str], Resource] = {}

    def need(self, token: str, variant: str = "a", **overrides: Any) -> Resource:
        """A resource of the type; another `variant` is another resource."""
        key = (token, variant)
        if key not in self._made:
            name = f"ground-{token.rsplit(':', 1)[-1].lower()}-{variant}"
            wanted = {**EXAMPLES[token](self), **overrides}
            given = {name: value for name, value in wanted.items() if value is not None}
            self._made[key] = self.driver.create(token, name, given)
        return self._made[key]

    def subnets(self) -> list[str]:
        """Two subnets in two zones."""
        zones = {"a": ("10.7.1.0/24", "eu-west-1a"), "b": ("10.7.2.0/24", "eu-west-1b")}
        return [
            self.need(SUBNET, variant, cidrBlock=cidr, availabilityZone=zone).id
            for variant, (cidr, zone) in zones.items()
        ]

    def bucket(self, variant: str = "a") -> str:
        """A bucket's name."""
        return self.need("aws:s3/bucket:Bucket", variant).id

    def versioned(self, variant: str) -> str:
        """The name of a bucket with versioning."""
        bucket = self.bucket(variant)
        status = {"status": "Enabled"}
        self.need(
            "aws:s3/bucketVersioning:BucketVersioning", variant, bucket=bucket, versioningConfiguration=status
        )
        return bucket

    def out(self, token: str, name: str) -> Any:
        """An output of the resource of a type."""
        return self.need(token).state[name]


SUBNET = "aws:ec2/subnet:Subnet"
VPC, GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/securityGroup:SecurityGroup"
ZONE = "aws:route53/zone:Zone"
KEY, ROLE = "aws:kms/key:Key", "aws:iam/role:Role"
FILES, VAULT = "aws:efs/fileSystem:FileSystem", "aws:backup/vault:Vault"
TESTING_PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
ELSEWHERE = "eu-central-1"
"""A second region: what is copied comes from there or goes there."""

CLUSTER = "aws:eks/cluster:Cluster"
TEMPLATE, NODES = "aws:ec2/launchTemplate:LaunchTemplate", "aws:eks/nodeGroup:NodeGroup"
DATABASE = "aws:rds/instance:Instance"
# What a database in the other region leaves to AWS: its network and its parameters are not there.
ABROAD: Mapping[str, Any] = {
    "region": ELSEWHERE,
    "dbSubnetGroupName": None,
    "parameterGroupName": None,
    "vpcSecurityGroupIds": None,
}

EXAMPLES: Mapping[str, Callable[[Ground], dict[str, Any]]] = {
    VPC: lambda _: {"cidrBlock": "10.7.0.0/16", "enableDnsHostnames": True},
    SUBNET: lambda g: {
        "vpcId": g.need(VPC).id,
        "cidrBlock": "10.7.9.0/24",
        "availabilityZone": "eu-west-1a",
        "mapPublicIpOnLaunch": True,
    },
    GROUP: lambda g: {
        "vpcId": g.need(VPC).id,
        "description": "database",
        "ingress": [{"protocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrBlocks": ["10.7.0.0/16"]}],
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda g: {
        "securityGroupId": g.need(GROUP).id,
        "ipProtocol": "tcp",
        "fromPort": 6379,
        "toPort": 6379,
        "cidrIpv4": "10.7.0.0/16",
        "description": "cache",
    },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda g: {
        "securityGroupId": g.need(GROUP).id,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "referencedSecurityGroupId": g.need(GROUP, "b").id,
    },
    "aws:ec2/internetGateway:InternetGateway": lambda g: {"vpcId": g.need(VPC, "b").id},
    "aws:ec2/eip:Eip": lambda _: {"domain": "vpc"},
    "aws:ec2/natGateway:NatGateway": lambda g: {
        "subnetId": g.subnets()[0],
        "allocationId": g.need("aws:ec2/eip:Eip").id,
    },
    "aws:ec2/routeTable:RouteTable": lambda g: {"vpcId": g.need(VPC).id},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": lambda g: {
        "routeTableId": g.need("aws:ec2/routeTable:RouteTable").id,
        "subnetId": g.subnets()[0],
    },
    "aws:ec2/route:Route": lambda g: {
        "routeTableId": g.need("aws:ec2/routeTable:RouteTable", "c", vpcId=g.need(VPC, "c").id).id,
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": g.need("aws:ec2/internetGateway:InternetGateway", "c", vpcId=g.need(VPC, "c").id).id,
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda g: {
        "vpcId": g.need(VPC).id,
        "serviceName": "com.amazonaws.eu-west-1.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [g.need("aws:ec2/routeTable:RouteTable").id],
    },
    "aws:rds/subnetGroup:SubnetGroup": lambda g: {"subnetIds": g.subnets()},
    "aws:rds/parameterGroup:ParameterGroup": lambda _: {
        "family": "postgres16",
        "parameters": [{"name": "rds.force_ssl", "value": "1", "applyMethod": "pending-reboot"}],
    },
    "aws:rds/instance:Instance": lambda g: {
        "instanceClass": "db.t4g.medium",
        "engine": "postgres",
        "engineVersion": "16.3",
        "allocatedStorage": 40,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": g.out(KEY, "arn"),
        "username": "odoo",
        "password": "correct horse battery",
        "multiAz": True,
        "backupRetentionPeriod": 7,
        "dbSubnetGroupName": g.need("aws:rds/subnetGroup:SubnetGroup").id,
        "parameterGroupName": g.need("aws:rds/parameterGroup:ParameterGroup").id,
        "vpcSecurityGroupIds": [g.need(GROUP).id],
        "performanceInsightsEnabled": True,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "copyTagsToSnapshot": True,
        "skipFinalSnapshot": True,
    },
    "aws:elasticache/subnetGroup:SubnetGroup": lambda g: {"subnetIds": g.subnets()},
    "aws:elasticache/parameterGroup:ParameterGroup": lambda _: {
        "family": "redis7",
        "parameters": [{"name": "maxmemory-policy", "value": "volatile-lru"}],
    },
    "aws:elasticache/replicationGroup:ReplicationGroup": lambda g: {
        "description": "sessions",
        "nodeType": "cache.t4g.small",
        "engine": "redis",
        "engineVersion": "7.1",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "transitEncryptionEnabled": True,
        "atRestEncryptionEnabled": True,
        "authToken": "a-long-enough-token",
        "subnetGroupName": g.need("aws:elasticache/subnetGroup:SubnetGroup").id,
        "parameterGroupName": g.need("aws:elasticache/parameterGroup:ParameterGroup").id,
        "securityGroupIds": [g.need(GROUP).id],
        "snapshotRetentionLimit": 3,
    },
    CACHE_USER: lambda _: {
        "userId": "acme",
        "userName": "acme",
        "engine": "redis",
        "accessString": "on ~session::acme:* -@all +get +set",
        "passwords": ["a-long-enough-password"],
    },
    CACHE_USERS: lambda g: {
        "userGroupId": "users",
        "engine": "redis",
        "userIds": [g.need(CACHE_USER, "default", userId="nobody", userName="default").id],
    },
    "aws:elasticache/userGroupAssociation:UserGroupAssociation": lambda g: {
        "userGroupId": g.need(CACHE_USERS, "joined", userGroupId="joined").id,
        "userId": g.need(CACHE_USER, "joining", userId="joining", userName="joining").id,
    },
    "aws:s3/bucket:Bucket": lambda _: {"forceDestroy": True},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lambda g: {
        "bucket": g.bucket("lifecycle"),
        "rules": [
            {
                "id": "old",
                "status": "Enabled",
                "filter": {"prefix": "dumps/"},
                "transitions": [{"days": 30, "storageClass": "GLACIER"}],
                "expiration": {"days": 365},
                "noncurrentVersionExpiration": {"noncurrentDays": 30},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            }
        ],
    },
    "aws:s3/bucketVersioning:BucketVersioning": lambda g: {
        "bucket": g.bucket("versioning"),
        "versioningConfiguration": {"status": "Enabled"},
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": lambda g: {
        "bucket": g.bucket("encryption"),
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": g.out(KEY, "arn"),
                },
                "bucketKeyEnabled": True,
            }
        ],
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": lambda g: {
        "bucket": g.bucket("public"),
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketPolicy:BucketPolicy": lambda g: {
        "bucket": g.bucket("policy"),
        "policy": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:PutObject",
                        "Resource": f"arn:aws:s3:::{g.bucket('policy')}/*",
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
        ),
    },
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": lambda g: {
        "bucket": g.bucket("ownership"),
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    },
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": lambda g: {
        "bucket": g.versioned("source"),
        "role": g.out(ROLE, "arn"),
        "rules": [
            {
                "id": "copy",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": ""},
                "deleteMarkerReplication": {"status": "Disabled"},
                "destination": {"bucket": f"arn:aws:s3:::{g.versioned('target')}"},
            }
        ],
    },
    KEY: lambda _: {"description": "acme", "enableKeyRotation": True, "deletionWindowInDays": 7},
    "aws:kms/alias:Alias": lambda g: {"targetKeyId": g.need(KEY).id},
    ROLE: lambda _: {"assumeRolePolicy": TRUST, "description": "backups"},
    "aws:iam/rolePolicy:RolePolicy": lambda g: {"role": g.need(ROLE).id, "policy": LIST_ALL},
    "aws:iam/policy:Policy": lambda _: {"policy": LIST_ALL},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda g: {
        "role": g.need(ROLE).id,
        "policyArn": g.out("aws:iam/policy:Policy", "arn"),
    },
    "aws:secretsmanager/secret:Secret": lambda g: {
        "description": "admin password",
        "kmsKeyId": g.out(KEY, "arn"),
        "recoveryWindowInDays": 7,
    },
    "aws:secretsmanager/secretVersion:SecretVersion": lambda g: {
        "secretId": g.need("aws:secretsmanager/secret:Secret").id,
        "secretString": "s3cret",
        "versionStages": ["NEXT"],
    },
    FILES: lambda g: {
        "encrypted": True,
        "kmsKeyId": g.out(KEY, "arn"),
        "lifecyclePolicies": [{"transitionToIa": "AFTER_30_DAYS"}],
        "throughputMode": "elastic",
    },
    "aws:efs/accessPoint:AccessPoint": lambda g: {
        "fileSystemId": g.need(FILES).id,
        "posixUser": {"uid": 101, "gid": 101},
        "rootDirectory": {
            "path": "/acme",
            "creationInfo": {"ownerUid": 101, "ownerGid": 101, "permissions": "0750"},
        },
    },
    "aws:efs/mountTarget:MountTarget": lambda g: {
        "fileSystemId": g.need(FILES).id,
        "subnetId": g.subnets()[0],
        "securityGroups": [g.need(GROUP).id],
    },
    "aws:efs/replicationConfiguration:ReplicationConfiguration": lambda g: {
        "sourceFileSystemId": g.need(FILES, "replicated").id,
        "destination": {
            "region": ELSEWHERE,
            "kmsKeyId": g.need(KEY, "elsewhere", region=ELSEWHERE).state["arn"],
        },
    },
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": lambda g: {
        "sourceDbInstanceArn": g.need(
            DATABASE, "elsewhere", **ABROAD, kmsKeyId=g.need(KEY, "elsewhere", region=ELSEWHERE).state["arn"]
        ).state["arn"],
        "retentionPeriod": 14,
        "kmsKeyId": g.out(KEY, "arn"),
    },
    TESTING_PLAN: lambda g: {
        "name": "restores",
        "scheduleExpression": "cron(0 6 1 * ? *)",
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [g.need(VAULT).state["arn"]],
            "recoveryPointTypes": ["SNAPSHOT"],
        },
    },
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": lambda g: {
        "name": "files",
        "restoreTestingPlanName": g.need(TESTING_PLAN, "b", name="ground").id,
        "protectedResourceType": "EFS",
        "protectedResourceArns": ["*"],
        "iamRoleArn": g.need(ROLE).state["arn"],
        "validationWindowHours": 8,
    },
    "aws:efs/backupPolicy:BackupPolicy": lambda g: {
        "fileSystemId": g.need(FILES).id,
        "backupPolicy": {"status": "ENABLED"},
    },
    "aws:efs/fileSystemPolicy:FileSystemPolicy": lambda g: {
        "fileSystemId": g.need(FILES).id,
        "policy": mounts_policy(g.out(FILES, "arn")),
    },
    VAULT: lambda g: {"kmsKeyArn": g.out(KEY, "arn")},
    CLUSTER: lambda g: {
        "name": "made",
        "version": "1.35",
        "roleArn": g.need(ROLE).state["arn"],
        "vpcConfig": {"subnetIds": g.subnets(), "publicAccessCidrs": ["198.51.100.0/24"]},
        "accessConfig": {"authenticationMode": "API"},
        "enabledClusterLogTypes": ["audit"],
    },
    "aws:eks/addon:Addon": lambda g: {
        "clusterName": g.need(CLUSTER, "addons", name="with-addons").id,
        "addonName": "coredns",
        "addonVersion": "v1.12.1-eksbuild.2",
        "resolveConflictsOnCreate": "OVERWRITE",
    },
    "aws:kms/keyPolicy:KeyPolicy": lambda g: {
        "keyId": g.need(KEY, "policy").id,
        "policy": json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "AccountDecides",
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ],
            }
        ),
    },
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": lambda g: {"vpcId": g.need(VPC, "default").id},
    TEMPLATE: lambda _: {
        "blockDeviceMappings": [
            {"deviceName": "/dev/xvda", "ebs": {"volumeType": "gp3", "volumeSize": 50, "encrypted": "true"}}
        ],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "monitoring": {"enabled": True},
        "tagSpecifications": [{"resourceType": "volume", "tags": {"cost/tenant": "acme"}}],
        "updateDefaultVersion": True,
    },
    NODES: lambda g: {
        "clusterName": "platform",
        "nodeRoleArn": g.need(ROLE).state["arn"],
        "subnetIds": g.subnets(),
        "instanceTypes": ["m7g.xlarge"],
        "scalingConfig": {"desiredSize": 2, "minSize": 2, "maxSize": 3},
        "launchTemplate": {"id": g.need(TEMPLATE).id, "version": "1"},
        "labels": {"costack/dedicated-to": "acme"},
        "taints": [{"key": "costack/dedicated-to", "value": "acme", "effect": "NO_SCHEDULE"}],
    },
    "aws:autoscaling/tag:Tag": lambda g: {
        "autoscalingGroupName": g.need(NODES).state["resources"][0]["autoscalingGroups"][0]["name"],
        "tag": {"key": "cost/tenant", "value": "acme", "propagateAtLaunch": True},
    },
    "aws:backup/plan:Plan": lambda g: {
        "rules": [
            {
                "ruleName": "daily",
                "targetVaultName": g.need(VAULT).id,
                "schedule": "cron(0 3 * * ? *)",
                "startWindow": 60,
                "completionWindow": 180,
                "lifecycle": {"deleteAfter": 35},
                "recoveryPointTags": {"cost/tenant": "acme"},
            }
        ]
    },
    "aws:backup/selection:Selection": lambda g: {
        "planId": g.need("aws:backup/plan:Plan").id,
        "iamRoleArn": g.out(ROLE, "arn"),
        "selectionTags": [{"type": "STRINGEQUALS", "key": "cost/tenant", "value": "acme"}],
    },
    "aws:cloudwatch/logGroup:LogGroup": lambda _: {"retentionInDays": 30},
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": lambda g: {
        "clusterName": "platform",
        "namespace": "acme",
        "serviceAccount": "odoo",
        "roleArn": g.out(ROLE, "arn"),
    },
    "aws:scheduler/schedule:Schedule": lambda g: {
        "description": "lets a database sleep",
        "scheduleExpression": "cron(0 19 ? * MON,FRI *)",
        "scheduleExpressionTimezone": "Europe/Brussels",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance",
            "roleArn": g.out(ROLE, "arn"),
            "input": json.dumps({"DbInstanceIdentifier": "acme"}),
            "retryPolicy": {"maximumEventAgeInSeconds": 3600},
        },
    },
    ZONE: lambda _: {"name": "odoo.example.com"},
    "aws:route53/record:Record": lambda g: {
        "zoneId": g.need(ZONE).id,
        "name": "acme.odoo.example.com",
        "type": "CNAME",
        "ttl": 300,
        "records": ["balancer.example.com"],
    },
    "aws:cloudfront/distribution:Distribution": lambda _: {
        "aliases": ["static.acme.example.com"],
        "comment": "acme-cdn",
        "enabled": True,
        "isIpv6Enabled": True,
        "httpVersion": "http2and3",
        "priceClass": "PriceClass_100",
        "origins": [
            {
                "originId": "odoo",
                "domainName": "acme.odoo.example.com",
                "customOriginConfig": {
                    "httpPort": 80,
                    "httpsPort": 443,
                    "originProtocolPolicy": "https-only",
                    "originSslProtocols": ["TLSv1.2"],
                },
            }
        ],
        "defaultCacheBehavior": {**CACHED, "trustedSigners": ["self"]},
        "orderedCacheBehaviors": [{**CACHED, "pathPattern": "/web/assets/*"}],
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {
            "acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
            "minimumProtocolVersion": "TLSv1.2_2021",
            "sslSupportMethod": "sni-only",
        },
    },
    "aws:ssm/parameter:Parameter": lambda _: {"type": "String", "value": "1"},
}
