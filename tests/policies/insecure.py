"""Resources of AWS that are insecure in one way each, with the rule that refuses them.

A row is a resource as Pulumi declares it. The secure one differs from it in one property, as `good` says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

Props = Mapping[str, Any]
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
BUCKET = "arn:aws:s3:::acme-dumps"
WORLD = ("0.0.0.0/0", "::/0")
OFFICE = "198.51.100.0/24"


class Insecure(NamedTuple):
    """A resource, what is wrong with it, what refuses it, and how it would be right."""

    what: str
    type: str
    props: Props
    rule: str
    good: Props | None
    """Properties that replace those of the same name, None leaves one out. None: the type is the mistake."""

    def repaired(self) -> Props | None:
        """The properties of the secure resource."""
        if self.good is None:
            return None
        return {key: value for key, value in {**self.props, **self.good}.items() if value is not None}


def document(*statements: Props) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allows(principal: Any = None, *, action: Any = "*", resource: Any = "*", **more: Any) -> Props:
    who = {} if principal is None else {"Principal": principal}
    return {"Effect": "Allow", **who, "Action": action, "Resource": resource, **more}


NO_TLS_DENIED = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
MINE = {"AWS": "arn:aws:iam::123456789012:role/backup"}
OURS = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3"}}
GET = "s3:GetObject"

INSTANCE = {
    "storageEncrypted": True,
    "publiclyAccessible": False,
    "backupRetentionPeriod": 7,
    "finalSnapshotIdentifier": "acme-final",
    "deleteAutomatedBackups": False,
    "copyTagsToSnapshot": True,
    "deletionProtection": True,
}
CACHE = {"atRestEncryptionEnabled": True, "transitEncryptionEnabled": True, "authToken": "t"}
BLOCKS = {
    "bucket": "acme-dumps",
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
EKS = {
    "vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": [OFFICE]},
    "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
    "enabledClusterLogTypes": ["api", "audit"],
}
DISK = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "encrypted": "true"}}
TEMPLATE = {"blockDeviceMappings": [DISK], "metadataOptions": {"httpTokens": "required"}}
DOMAIN = {
    "encryptAtRest": {"enabled": True},
    "nodeToNodeEncryption": {"enabled": True},
    "domainEndpointOptions": {"enforceHttps": True},
    "vpcOptions": {"subnetIds": ["subnet-1"]},
}
TABLE = {"serverSideEncryption": {"enabled": True}, "pointInTimeRecovery": {"enabled": True}}

R, P, D, H, B = "encryption", "no-public-data", "policy-documents", "hardened", "backups"


def changed(what: str, type_token: str, good: Props, rule: str, **change: Any) -> Insecure:
    """A good resource with one change; None leaves a property out."""
    props = {key: value for key, value in {**good, **change}.items() if value is not None}
    return Insecure(what, type_token, props, rule, {key: good.get(key) for key in change})


RDS, AURORA = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
DATABASES = (
    changed("RDS instance unencrypted", RDS, INSTANCE, R, storageEncrypted=None),
    changed("RDS instance with encryption off", RDS, INSTANCE, R, storageEncrypted=False),
    changed("RDS instance public", RDS, INSTANCE, P, publiclyAccessible=True),
    changed("RDS instance public by default", RDS, INSTANCE, P, publiclyAccessible=None),
    changed("RDS instance without backups", RDS, INSTANCE, B, backupRetentionPeriod=None),
    changed("RDS instance with 0 days of backups", RDS, INSTANCE, B, backupRetentionPeriod=0),
    changed("Aurora cluster unencrypted", AURORA, {"storageEncrypted": True}, R, storageEncrypted=None),
    changed(
        "Aurora cluster without a final snapshot",
        AURORA,
        {"storageEncrypted": True, "skipFinalSnapshot": False},
        B,
        skipFinalSnapshot=True,
    ),
    changed(
        "Aurora instance public",
        "aws:rds/clusterInstance:ClusterInstance",
        {"publiclyAccessible": False},
        P,
        publiclyAccessible=True,
    ),
    changed(
        "copy of an RDS snapshot without a key",
        "aws:rds/snapshotCopy:SnapshotCopy",
        {"kmsKeyId": KEY},
        R,
        kmsKeyId=None,
    ),
    changed(
        "RDS snapshot shared with everybody",
        "aws:rds/snapshot:Snapshot",
        {"dbInstanceIdentifier": "acme"},
        P,
        sharedAccounts=["all"],
    ),
    changed(
        "PostgreSQL without TLS",
        "aws:rds/parameterGroup:ParameterGroup",
        {"parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        R,
        parameters=[{"name": "rds.force_ssl", "value": "0"}],
    ),
    changed(
        "Neptune unencrypted",
        "aws:neptune/cluster:Cluster",
        {"storageEncrypted": True},
        R,
        storageEncrypted=None,
    ),
    changed(
        "DocumentDB unencrypted",
        "aws:docdb/cluster:Cluster",
        {"storageEncrypted": True},
        R,
        storageEncrypted=None,
    ),
    changed(
        "DocumentDB with 0 days of backups",
        "aws:docdb/cluster:Cluster",
        {"storageEncrypted": True, "backupRetentionPeriod": 7},
        B,
        backupRetentionPeriod=0,
    ),
    changed(
        "Redshift public",
        "aws:redshift/cluster:Cluster",
        {"encrypted": "true", "publiclyAccessible": False},
        P,
        publiclyAccessible=True,
    ),
    changed(
        "Redshift unencrypted",
        "aws:redshift/cluster:Cluster",
        {"encrypted": "true", "publiclyAccessible": False},
        R,
        encrypted="false",
    ),
    changed("DynamoDB without a key", "aws:dynamodb/table:Table", TABLE, R, serverSideEncryption=None),
    changed("DynamoDB without recovery", "aws:dynamodb/table:Table", TABLE, B, pointInTimeRecovery=None),
    changed("OpenSearch unencrypted", "aws:opensearch/domain:Domain", DOMAIN, R, encryptAtRest=None),
    changed(
        "OpenSearch without HTTPS",
        "aws:opensearch/domain:Domain",
        DOMAIN,
        R,
        domainEndpointOptions={"enforceHttps": False},
    ),
    changed("OpenSearch on the internet", "aws:opensearch/domain:Domain", DOMAIN, P, vpcOptions=None),
    changed(
        "OpenSearch open to everybody",
        "aws:opensearch/domain:Domain",
        {**DOMAIN, "accessPolicies": document(allows(MINE, action="es:*"))},
        D,
        accessPolicies=document(allows("*", action="es:*")),
    ),
    changed(
        "Kafka in plain text",
        "aws:msk/cluster:Cluster",
        {"encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS"}}},
        R,
        encryptionInfo={"encryptionInTransit": {"clientBroker": "TLS_PLAINTEXT"}},
    ),
    changed(
        "Kafka without a login",
        "aws:msk/cluster:Cluster",
        {"encryptionInfo": {"encryptionInTransit": {"clientBroker": "TLS"}}},
        P,
        clientAuthentication={"unauthenticated": True},
    ),
    changed(
        "Kinesis unencrypted",
        "aws:kinesis/stream:Stream",
        {"encryptionType": "KMS", "kmsKeyId": KEY},
        R,
        encryptionType="NONE",
    ),
)

GROUPS = "aws:elasticache/replicationGroup:ReplicationGroup"
CACHES = tuple(
    changed(f"ElastiCache without {name}", GROUPS, CACHE, rule, **{name: None})
    for name, rule in (("atRestEncryptionEnabled", R), ("transitEncryptionEnabled", R), ("authToken", P))
)

POLICY = "aws:s3/bucketPolicy:BucketPolicy"
GOOD_POLICY = {"policy": document(NO_TLS_DENIED, allows(MINE, action=GET, resource=f"{BUCKET}/*"))}
BUCKETS = (
    changed("S3 ACL public", "aws:s3/bucketAcl:BucketAcl", {"acl": "private"}, P, acl="public-read"),
    changed(
        "S3 ACL for all users",
        "aws:s3/bucketAcl:BucketAcl",
        {},
        P,
        accessControlPolicy={
            "grants": [{"grantee": {"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}}]
        },
    ),
    Insecure(
        "S3 website",
        "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
        {"bucket": "acme-dumps", "indexDocument": {"suffix": "index.html"}},
        P,
        None,
    ),
    changed("S3 bucket that is a website", "aws:s3/bucket:Bucket", {}, P, website={"indexDocument": "i"}),
    *(
        changed(
            f"S3 public access block with {name} {value}",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            BLOCKS,
            P,
            **{name: value},
        )
        for name in ("blockPublicPolicy", "restrictPublicBuckets")
        for value in (False, None)
    ),
    changed(
        "S3 policy without a denial of plain HTTP", POLICY, GOOD_POLICY, D, policy=document(allows(MINE))
    ),
    changed(
        "S3 policy for everybody",
        POLICY,
        GOOD_POLICY,
        D,
        policy=document(NO_TLS_DENIED, allows("*", action=GET)),
    ),
    changed(
        "S3 policy for all but one",
        POLICY,
        GOOD_POLICY,
        D,
        policy=document(
            NO_TLS_DENIED, {"Effect": "Allow", "NotPrincipal": MINE, "Action": GET, "Resource": "*"}
        ),
    ),
    changed(
        "S3 encryption with AWS' own key",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
        R,
        rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    ),
)

GROUP, RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
NETWORKS = (
    *(
        changed(f"rule of a security group open to {cidr}", INGRESS, {"fromPort": 5432}, P, **{name: cidr})
        for name, cidr in (("cidrIpv4", WORLD[0]), ("cidrIpv6", WORLD[1]), ("cidrIpv4", "128.0.0.0/1"))
    ),
    *(
        changed(
            f"security group open to {cidr}",
            GROUP,
            {"ingress": [{"fromPort": 443, name: [OFFICE]}]} if cidr == WORLD[0] else {},
            P,
            ingress=[{"fromPort": 443, name: [OFFICE, cidr] if cidr == WORLD[0] else [cidr]}],
        )
        for name, cidr in (("cidrBlocks", WORLD[0]), ("ipv6CidrBlocks", WORLD[1]))
    ),
    changed(
        "security group rule open to 0.0.0.0/0",
        RULE,
        {"type": "ingress", "cidrBlocks": [OFFICE]},
        P,
        cidrBlocks=[WORLD[0]],
    ),
    changed(
        "prefix list of the internet",
        "aws:ec2/managedPrefixList:ManagedPrefixList",
        {"entries": [{"cidr": OFFICE}]},
        P,
        entries=[{"cidr": WORLD[0]}],
    ),
    changed(
        "subnet that gives public addresses",
        "aws:ec2/subnet:Subnet",
        {"mapPublicIpOnLaunch": False},
        P,
        mapPublicIpOnLaunch=True,
    ),
    changed(
        "listener without TLS",
        "aws:lb/listener:Listener",
        {"protocol": "HTTPS", "defaultActions": [{"type": "forward"}]},
        R,
        protocol="HTTP",
    ),
)

FILES = "aws:efs/fileSystemPolicy:FileSystemPolicy"
MOUNTED = allows(MINE, action="elasticfilesystem:ClientMount")
POINTLESS = {"Null": {"elasticfilesystem:AccessPointArn": "true"}}
NO_PLAIN_MOUNTS = tuple(
    {"Effect": "Deny", "Principal": "*", "Action": "elasticfilesystem:ClientMount", "Condition": condition}
    for condition in ({"Bool": {"aws:SecureTransport": "false"}}, POINTLESS)
)
GOOD_MOUNTS = {"policy": document(*NO_PLAIN_MOUNTS, MOUNTED)}
VOLUMES = (
    changed("EFS unencrypted", "aws:efs/fileSystem:FileSystem", {"encrypted": True}, R, encrypted=None),
    changed(
        "EFS policy for everybody",
        FILES,
        GOOD_MOUNTS,
        D,
        policy=document(*NO_PLAIN_MOUNTS, allows({"AWS": "*"}, action="elasticfilesystem:ClientMount")),
    ),
    *(
        changed(f"EFS policy without a denial {what}", FILES, GOOD_MOUNTS, D, policy=document(left, MOUNTED))
        for what, left in zip(
            ("of mounts without an access point", "of mounts without TLS"), NO_PLAIN_MOUNTS, strict=True
        )
    ),
    changed(
        "EFS policy that denies both at once only",
        FILES,
        GOOD_MOUNTS,
        D,
        policy=document(
            NO_PLAIN_MOUNTS[0],
            MOUNTED,
            {**NO_PLAIN_MOUNTS[1], "Condition": {**POINTLESS, "Bool": {"aws:SecureTransport": "false"}}},
        ),
    ),
    changed("EBS volume unencrypted", "aws:ebs/volume:Volume", {"encrypted": True}, R, encrypted=None),
    changed(
        "copy of an EBS snapshot unencrypted",
        "aws:ebs/snapshotCopy:SnapshotCopy",
        {"encrypted": True},
        R,
        encrypted=None,
    ),
    Insecure(
        "EBS snapshot shared",
        "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
        {"snapshotId": "snap-1", "accountId": "210987654321"},
        P,
        None,
    ),
    changed(
        "launch template with a plain disk",
        "aws:ec2/launchTemplate:LaunchTemplate",
        TEMPLATE,
        R,
        blockDeviceMappings=[{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20}}],
    ),
    changed(
        "launch template that names no disk",
        "aws:ec2/launchTemplate:LaunchTemplate",
        TEMPLATE,
        R,
        blockDeviceMappings=None,
    ),
    changed(
        "launch template with IMDSv1",
        "aws:ec2/launchTemplate:LaunchTemplate",
        TEMPLATE,
        H,
        metadataOptions={"httpTokens": "optional"},
    ),
    changed(
        "EC2 instance with IMDSv1",
        "aws:ec2/instance:Instance",
        {"rootBlockDevice": {"encrypted": True}, "metadataOptions": {"httpTokens": "required"}},
        H,
        metadataOptions=None,
    ),
)

KMS, ROLE, POLICIES = "aws:kms/key:Key", "aws:iam/role:Role", "aws:iam/policy:Policy"
TRUSTED = {"assumeRolePolicy": document(allows({"Service": "ec2.amazonaws.com"}, action="sts:AssumeRole"))}
FOREIGN = {"AWS": "arn:aws:iam::210987654321:root"}
SOME = {"policy": document(allows(action=GET, resource=f"{BUCKET}/*"))}
ACCESS = (
    changed("KMS key that does not rotate", KMS, {"enableKeyRotation": True}, H, enableKeyRotation=False),
    changed(
        "KMS key for everybody",
        "aws:kms/keyPolicy:KeyPolicy",
        {"policy": document(allows({"AWS": "arn:aws:iam::123456789012:root"}, action="kms:*"))},
        D,
        policy=document(allows("*", action="kms:*")),
    ),
    changed("IAM policy that allows everything", POLICIES, SOME, D, policy=document(allows())),
    changed("IAM policy as an object", POLICIES, SOME, D, policy={"Statement": allows()}),
    changed("IAM policy of a whole service", POLICIES, SOME, D, policy=document(allows(action="s3:*"))),
    changed(
        "IAM policy that allows all but one action",
        POLICIES,
        SOME,
        D,
        policy=document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    ),
    changed(
        "IAM policy that passes any role", POLICIES, SOME, D, policy=document(allows(action="iam:PassRole"))
    ),
    changed("policy that cannot be read", POLICIES, SOME, D, policy='{"Statement": [], "Statement": []}'),
    changed(
        "inline policy that allows everything",
        ROLE,
        TRUSTED,
        D,
        inlinePolicies=[{"name": "all", "policy": document(allows())}],
    ),
    changed(
        "role for everybody",
        ROLE,
        TRUSTED,
        D,
        assumeRolePolicy=document(allows("*", action="sts:AssumeRole")),
    ),
    changed(
        "role for another account without an external id",
        ROLE,
        {
            "assumeRolePolicy": document(
                allows(FOREIGN, action="sts:AssumeRole", Condition={"StringEquals": {"sts:ExternalId": "x1"}})
            )
        },
        D,
        assumeRolePolicy=document(allows(FOREIGN, action="sts:AssumeRole")),
    ),
    changed(
        "role for every subject of a provider",
        ROLE,
        TRUSTED,
        D,
        assumeRolePolicy=document(
            allows(
                {"Federated": "arn:aws:iam::123456789012:oidc-provider/example.com"},
                action="sts:AssumeRoleWithWebIdentity",
            )
        ),
    ),
    changed(
        "role of an administrator",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "x", "policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
        D,
        policyArn="arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    changed(
        "secret for everybody",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        {"policy": document(allows(MINE, action="secretsmanager:GetSecretValue"))},
        D,
        policy=document(allows("*", action="secretsmanager:GetSecretValue")),
    ),
    changed(
        "queue for everybody",
        "aws:sqs/queuePolicy:QueuePolicy",
        {"policy": document(allows("*", action="sqs:SendMessage", Condition=OURS))},
        D,
        policy=document(allows("*", action="sqs:SendMessage")),
    ),
    changed(
        "topic for everybody, with a condition that anybody meets",
        "aws:sns/topicPolicy:TopicPolicy",
        {"policy": document(allows("*", action="sns:Publish", Condition=OURS))},
        D,
        policy=document(
            allows("*", action="sns:Publish", Condition={"StringLike": {"aws:PrincipalOrgID": "*"}})
        ),
    ),
    changed(
        "images for everybody",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        {"policy": document(allows(MINE, action="ecr:BatchGetImage"))},
        D,
        policy=document(allows({"AWS": [*MINE.values(), "*"]}, action="ecr:BatchGetImage")),
    ),
    changed(
        "function that everybody calls",
        "aws:lambda/permission:Permission",
        {"principal": "s3.amazonaws.com"},
        D,
        principal="*",
    ),
    changed(
        "function on the internet without a login",
        "aws:lambda/functionUrl:FunctionUrl",
        {"authorizationType": "AWS_IAM"},
        P,
        authorizationType="NONE",
    ),
)

QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"
SERVICES = (
    changed("queue unencrypted", QUEUE, {"sqsManagedSseEnabled": True}, R, sqsManagedSseEnabled=None),
    changed("topic unencrypted", TOPIC, {"kmsMasterKeyId": KEY}, R, kmsMasterKeyId=None),
    *(
        changed(
            f"log group without {name}",
            "aws:cloudwatch/logGroup:LogGroup",
            {"kmsKeyId": KEY, "retentionInDays": 30},
            rule,
            **{name: None},
        )
        for name, rule in (("kmsKeyId", R), ("retentionInDays", H))
    ),
    *(
        changed(f"EKS {what}", "aws:eks/cluster:Cluster", EKS, rule, **change)
        for what, rule, change in (
            ("API open to the world", P, {"vpcConfig": {"publicAccessCidrs": [WORLD[0]]}}),
            ("API open by default", P, {"vpcConfig": {"subnetIds": ["subnet-1"]}}),
            ("without encryption of Secrets", H, {"encryptionConfig": {"resources": []}}),
            ("without audit logs", H, {"enabledClusterLogTypes": ["api"]}),
        )
    ),
    changed(
        "ECR with tags that move",
        "aws:ecr/repository:Repository",
        {"imageTagMutability": "IMMUTABLE", "encryptionConfigurations": [{"encryptionType": "KMS"}]},
        H,
        imageTagMutability="MUTABLE",
    ),
    Insecure("type of another provider", "gcp:storage/bucket:Bucket", {}, "judged-types", None),
    Insecure("type that is newer than the list", "aws:s3/vault:Vault", {}, "judged-types", None),
    Insecure("Helm release", "kubernetes:helm.sh/v3:Release", {}, "judged-types", None),
)
NODES = {"launchTemplate": {"id": "lt-1"}}
OTHERS = (
    changed("nodes with a disk of AWS' choice", "aws:eks/nodeGroup:NodeGroup", NODES, R, launchTemplate=None),
    changed(
        "nodes with SSH from everywhere",
        "aws:eks/nodeGroup:NodeGroup",
        NODES,
        P,
        remoteAccess={"ec2SshKey": "ann"},
    ),
    changed("proxy without TLS", "aws:rds/proxy:Proxy", {"requireTls": True}, R, requireTls=None),
    changed(
        "source without TLS",
        "aws:dms/s3Endpoint:S3Endpoint",
        {"kmsKeyArn": KEY, "sslMode": "require"},
        R,
        sslMode="none",
    ),
    changed(
        "distribution that serves HTTP",
        "aws:cloudfront/distribution:Distribution",
        {"defaultCacheBehavior": {"viewerProtocolPolicy": "redirect-to-https"}},
        R,
        defaultCacheBehavior={"viewerProtocolPolicy": "allow-all"},
    ),
    changed(
        "fleet with a plain disk",
        "aws:ec2/spotFleetRequest:SpotFleetRequest",
        {},
        R,
        launchSpecifications=[{"rootBlockDevices": [{"volumeSize": 20}]}],
    ),
    changed(
        "user of a cache without a password",
        "aws:elasticache/user:User",
        {"noPasswordRequired": False},
        P,
        noPasswordRequired=True,
    ),
    changed(
        "pool of identities without a login",
        "aws:cognito/identityPool:IdentityPool",
        {"allowUnauthenticatedIdentities": False},
        P,
        allowUnauthenticatedIdentities=True,
    ),
    changed(
        "route of an API without a login",
        "aws:apigatewayv2/route:Route",
        {"authorizationType": "JWT"},
        P,
        authorizationType=None,
    ),
    changed(
        "share with accounts outside the organisation",
        "aws:ram/resourceShare:ResourceShare",
        {"allowExternalPrincipals": False},
        P,
        allowExternalPrincipals=True,
    ),
    Insecure("public images", "aws:ecrpublic/repository:Repository", {"repositoryName": "x"}, P, None),
)
AWS = (*OTHERS, *DATABASES, *CACHES, *BUCKETS, *NETWORKS, *VOLUMES, *ACCESS, *SERVICES)
