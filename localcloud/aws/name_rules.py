"""Knows which names and descriptions AWS takes: their lengths and characters, each with its source.

moto takes nearly all of them. A rule is a regular expression for the whole text, so that lengths and
characters are said once; "API" is the service's API reference, whose patterns come with botocore, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class NameRule:
    """What one property of a type must look like.

    Attributes:
        pattern: The whole text.
        words: The same for a reader.
        source: Where AWS says so.
    """

    pattern: str
    words: str
    source: str

    def takes(self, text: str) -> bool:
        """Whether AWS would take the text."""
        return re.fullmatch(self.pattern, text, re.ASCII) is not None


_HYPHENS: Final = r"(?!.*--)[a-z][a-z0-9-]{0,%d}(?<!-)"
_HYPHENS_WORDS: Final = (
    "has 1 to %d lower-case letters, digits and hyphens, a letter first, no two hyphens together, none last"
)
_GROUP: Final = r"[a-zA-Z0-9 ._:/()#,@\[\]+=&;{}!$*-]"
_GROUP_WORDS: Final = "has %s letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*"
_BACKUP: Final = NameRule(
    r"[a-zA-Z0-9_.-]{1,50}",
    "has 1 to 50 letters, digits, hyphens, underscores and dots",
    "AWS Backup API, BackupPlanInput, BackupSelection",
)
_TESTING: Final = NameRule(
    r"[a-zA-Z0-9_]{1,50}",
    "has 1 to 50 letters, digits and underscores",
    "AWS Backup API, RestoreTestingPlanForCreate",
)
_POLICY: Final = NameRule(
    r"[\w+=,.@-]{1,128}", "has 1 to 128 letters, digits and _+=,.@-", "IAM API, CreatePolicy, PutRolePolicy"
)
_RULE_OF_GROUP: Final = NameRule(
    rf"{_GROUP}{{0,255}}", _GROUP_WORDS % "up to 255", "EC2 API, IpRange and UserIdGroupPair, Description"
)

RULES: Final[Mapping[tuple[str, str], NameRule]] = {
    ("aws:s3/bucket:Bucket", "bucket"): NameRule(
        r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
        r"(?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)(?<!--table-s3)",
        "has 3 to 63 lower-case letters, digits, dots and hyphens, no dot or hyphen at the ends",
        "S3 User Guide, General purpose bucket naming rules",
    ),
    ("aws:backup/vault:Vault", "name"): NameRule(
        r"[a-zA-Z0-9_-]{2,50}",
        "has 2 to 50 letters, digits, hyphens and underscores",
        "AWS Backup API, CreateBackupVault",
    ),
    ("aws:backup/plan:Plan", "name"): _BACKUP,
    ("aws:backup/selection:Selection", "name"): _BACKUP,
    ("aws:backup/restoreTestingPlan:RestoreTestingPlan", "name"): _TESTING,
    ("aws:backup/restoreTestingSelection:RestoreTestingSelection", "name"): _TESTING,
    ("aws:rds/instance:Instance", "identifier"): NameRule(
        _HYPHENS % 62, _HYPHENS_WORDS % 63, "RDS API, CreateDBInstance, DBInstanceIdentifier"
    ),
    ("aws:rds/subnetGroup:SubnetGroup", "name"): NameRule(
        r"(?!default$)[a-z][a-z0-9._ -]{0,254}",
        "has 1 to 255 lower-case letters, digits, dots, underscores, spaces and hyphens, a letter first, "
        "and is not default",
        "RDS API, CreateDBSubnetGroup",
    ),
    ("aws:rds/parameterGroup:ParameterGroup", "name"): NameRule(
        _HYPHENS % 254, _HYPHENS_WORDS % 255, "RDS API, CreateDBParameterGroup"
    ),
    ("aws:elasticache/replicationGroup:ReplicationGroup", "replicationGroupId"): NameRule(
        "(?i)" + _HYPHENS % 39,
        _HYPHENS_WORDS.replace("lower-case ", "") % 40,
        "ElastiCache API, CreateReplicationGroup (stored in lower case)",
    ),
    ("aws:elasticache/subnetGroup:SubnetGroup", "name"): NameRule(
        r"[a-z0-9-]{1,255}",
        "has 1 to 255 lower-case letters, digits and hyphens",
        "ElastiCache API, CreateCacheSubnetGroup",
    ),
    ("aws:elasticache/user:User", "userId"): NameRule(
        _HYPHENS % 39,
        _HYPHENS_WORDS % 40,
        "ElastiCache API, CreateUser (a letter first); AWS CloudFormation, AWS::ElastiCache::User",
    ),
    ("aws:elasticache/userGroup:UserGroup", "userGroupId"): NameRule(
        _HYPHENS % 39, _HYPHENS_WORDS % 40, "AWS CloudFormation, AWS::ElastiCache::UserGroup"
    ),
    ("aws:iam/role:Role", "name"): NameRule(
        r"[\w+=,.@-]{1,64}", "has 1 to 64 letters, digits and _+=,.@-", "IAM API, CreateRole"
    ),
    ("aws:iam/role:Role", "description"): NameRule(
        r"[\t\n\r\x20-\x7e\xa1-\xff]{0,1000}", "has up to 1,000 characters of Latin-1", "IAM API, CreateRole"
    ),
    ("aws:iam/policy:Policy", "name"): _POLICY,
    ("aws:iam/rolePolicy:RolePolicy", "name"): _POLICY,
    ("aws:ec2/launchTemplate:LaunchTemplate", "name"): NameRule(
        r"[a-zA-Z0-9().\-/_]{3,128}",
        "has 3 to 128 letters, digits and ().-/_",
        "EC2 API, CreateLaunchTemplate",
    ),
    ("aws:ec2/securityGroup:SecurityGroup", "name"): NameRule(
        rf"(?!sg-){_GROUP}{{1,255}}",
        f"{_GROUP_WORDS % '1 to 255'}, and does not begin with sg-",
        "EC2 API, CreateSecurityGroup, GroupName",
    ),
    ("aws:ec2/securityGroup:SecurityGroup", "description"): NameRule(
        rf"{_GROUP}{{1,255}}", _GROUP_WORDS % "1 to 255", "EC2 API, CreateSecurityGroup, GroupDescription"
    ),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "description"): _RULE_OF_GROUP,
    ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "description"): _RULE_OF_GROUP,
    ("aws:eks/cluster:Cluster", "name"): NameRule(
        r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}",
        "has 1 to 100 letters, digits, hyphens and underscores, a letter or digit first",
        "EKS API, CreateCluster",
    ),
    ("aws:eks/nodeGroup:NodeGroup", "nodeGroupName"): NameRule(
        r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}",
        "has 1 to 63 letters, digits, hyphens and underscores, a letter or digit first",
        "EKS User Guide, Create a managed node group for your cluster",
    ),
    ("aws:cloudwatch/logGroup:LogGroup", "name"): NameRule(
        r"[.\-_/#A-Za-z0-9]{1,512}",
        "has 1 to 512 letters, digits and .-_/#",
        "CloudWatch Logs API, CreateLogGroup",
    ),
    ("aws:secretsmanager/secret:Secret", "name"): NameRule(
        r"[A-Za-z0-9/_+=.@-]{1,512}",
        "has 1 to 512 letters, digits and /_+=.@-",
        "Secrets Manager API, CreateSecret",
    ),
    ("aws:kms/alias:Alias", "name"): NameRule(
        r"alias/(?!aws/)[a-zA-Z0-9:/_-]{1,250}",
        "begins with alias/, but not alias/aws/, and has up to 256 letters, digits and :/_-",
        "KMS API, CreateAlias",
    ),
    ("aws:kms/key:Key", "description"): NameRule(
        r"(?s).{0,8192}", "has up to 8,192 characters", "KMS API, CreateKey"
    ),
    ("aws:scheduler/schedule:Schedule", "name"): NameRule(
        r"[0-9a-zA-Z_.-]{1,64}",
        "has 1 to 64 letters, digits and -_.",
        "EventBridge Scheduler API, CreateSchedule",
    ),
    ("aws:efs/fileSystem:FileSystem", "creationToken"): NameRule(
        r".{1,64}", "has 1 to 64 characters of ASCII", "EFS API, CreateFileSystem"
    ),
    ("aws:ssm/parameter:Parameter", "name"): NameRule(
        r"(?!/?(aws|ssm))(/?[a-zA-Z0-9_.-]+){1,15}",
        "has letters, digits and _.-/, up to 15 levels, and does not begin with aws or ssm",
        "Systems Manager API, PutParameter",
    ),
}
"""Type and property -> rule."""


def name_failures(kind: str, inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """The names and descriptions among the inputs of a type that AWS would refuse."""
    for (token, name), rule in RULES.items():
        text = inputs.get(name)
        if token == kind and isinstance(text, str) and not rule.takes(text):
            yield Failure(name, f"{name} {text[:80]!r} is refused by AWS: it {rule.words} ({rule.source})")
