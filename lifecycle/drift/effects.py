"""What drift does: to money, pods and servers, data, security, tags and service.

The tables name properties as the Pulumi packages `aws` and `kubernetes` do. What no table names touches the
service: a setting nobody knows is not harmless.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lifecycle.drift.changes import OBJECT, Change, FieldChange
from tiers.portfolio.gates.drift import DriftEffect as Effect

_TAGS: Final = re.compile(r"""(^|\.)(tags|tagsAll|labels)($|[.\[])""")
_MONEY, _RESTART, _DATA = Effect.MONEY, Effect.RESTART, Effect.DATA
_SECURITY, _SERVICE = Effect.SECURITY, Effect.SERVICE

_FIELDS: Final[Sequence[tuple[str, tuple[Effect, ...]]]] = (
    (r"(instanceClass|nodeType|instanceTypes?|engineVersion)\b", (_MONEY, _RESTART)),
    (r"(allocatedStorage|iops|storageType|storageThroughput|multiAz\w*|performanceInsights\w*)\b", (_MONEY,)),
    (
        r"(numCacheClusters|numNodeGroups|replicasPerNodeGroup|scalingConfig|automaticFailover\w*)\b",
        (_MONEY, _SERVICE),
    ),
    (r"(throughputMode|provisionedThroughputInMibps)\b", (_MONEY, _SERVICE)),
    (r"(backupRetentionPeriod|snapshotRetentionLimit|retentionInDays|retentionPeriod)\b", (_DATA, _MONEY)),
    (r"(versioningConfiguration|lifecyclePolicies|lifecycle)\b", (_DATA, _MONEY)),
    (r"(deletionProtection|skipFinalSnapshot|finalSnapshotIdentifier|deleteAutomatedBackups)\b", (_DATA,)),
    (r"(copyTagsToSnapshot|backupWindow|deletionWindowInDays|isEnabled|protection)\b", (_DATA,)),
    (
        r"(publiclyAccessible|storageEncrypted|encrypted|kmsKey\w*|\w*EncryptionEnabled|caCertIdentifier)\b",
        (_SECURITY,),
    ),
    (
        r"(ingress|egress|cidr\w*|\w*[sS]ecurityGroupIds?|publicAccessCidrs|endpointPublicAccess)\b",
        (_SECURITY,),
    ),
    (
        r"(\w*[pP]olicy|policyArn|managedPolicyArns|permissionsBoundary|accessString|enableKeyRotation)\b",
        (_SECURITY,),
    ),
    (r"(block\w+|ignorePublicAcls|restrictPublicBuckets|acl|iamDatabase\w+|enabledLogTypes)\b", (_SECURITY,)),
    (r"(\w*[pP]asswords?\w*|authToken\w*|secretString|secretBinary)\b", (_SECURITY, _SERVICE)),
    (r"(parameters?|parameterGroupName|launchTemplate|userData)\b", (_RESTART,)),
)
"""The beginning of an AWS property -> effects; the first that matches counts."""

_OBJECT_FIELDS: Final[Sequence[tuple[str, tuple[Effect, ...]]]] = (
    (r"spec\.(replicas|minReplicas|maxReplicas)", (_MONEY, _SERVICE)),
    (r"spec\..*resources($|\.|\[)", (_MONEY, _RESTART)),
    (
        r"spec\..*(image|securityContext|serviceAccountName|automountServiceAccountToken)\b",
        (_SECURITY, _RESTART),
    ),
    (r"spec\..*(hostNetwork|hostPID|hostIPC|hostPath|privileged)\b", (_SECURITY, _RESTART)),
    (r"spec\.template\b", (_RESTART,)),
    (r"metadata\.labels\[\"pod-security", (_SECURITY,)),
)

_TYPES: Final[Sequence[tuple[str, tuple[Effect, ...], tuple[Effect, ...]]]] = (
    (r"aws:s3/bucketVersioning|aws:s3/bucketLifecycle|aws:s3/bucketReplication", (_DATA, _MONEY), ()),
    (r"aws:s3/bucket(PublicAccess|ServerSide|Policy|Ownership|Acl)", (_SECURITY,), ()),
    (r"aws:efs/fileSystemPolicy|aws:kms/keyPolicy|aws:efs/backupPolicy", (_SECURITY,), ()),
    (r"aws:iam/|aws:ec2/(default)?[sS]ecurityGroup|aws:vpc/securityGroup", (_SECURITY,), (_SERVICE,)),
    (r"aws:eks/podIdentity|aws:elasticache/user|aws:secretsmanager/", (_SECURITY,), (_SERVICE,)),
    (r"aws:backup/|aws:efs/replication|aws:rds/instanceAutomatedBackups", (_DATA, _MONEY), ()),
    (r"aws:kms/key:", (_SECURITY,), (_DATA, _SERVICE)),
    (
        r"aws:(rds/instance|efs/fileSystem|s3/bucket|elasticache/replicationGroup):",
        (_SERVICE,),
        (_DATA, _MONEY),
    ),
    (r"aws:cloudwatch/logGroup:", (_DATA, _MONEY), ()),
    (r"aws:scheduler/", (_MONEY, _SERVICE), ()),
    (r"aws:(rds|elasticache)/parameterGroup:", (_RESTART,), (_SERVICE,)),
    (r"aws:autoscaling/tag:", (Effect.TAGS,), ()),
    (r"kubernetes:networking.k8s.io/v1:NetworkPolicy", (_SECURITY,), ()),
    (r"kubernetes:rbac|kubernetes:core/v1:(Secret|ServiceAccount)$", (_SECURITY, _SERVICE), ()),
    (r"kubernetes:core/v1:(PersistentVolume|PersistentVolumeClaim)$", (_DATA,), (_SERVICE,)),
    (r"kubernetes:core/v1:(ResourceQuota|LimitRange)$", (_MONEY,), ()),
    (r"kubernetes:(apps|autoscaling|scheduling)", (_SERVICE,), (_MONEY,)),
)
"""Beginning of a type -> what any other change of it does, and what its loss does beside that."""

_CLOCK: Final = "kubernetes:batch/v1:CronJob"
_SLEEPS: Final = re.compile(r"-(sleep|wake)$")


def effects_of(change: Change) -> frozenset[Effect]:
    """What a change does; never nothing."""
    if change.gone:
        return _of_type(change, gone=True)
    found = (field_effects(change, field) for field in change.fields)
    return frozenset().union(*found) or frozenset({_SERVICE})


def field_effects(change: Change, field: FieldChange) -> frozenset[Effect]:
    """What the change of one field of a resource does; never nothing."""
    is_object = change.type.startswith(OBJECT)
    table = _OBJECT_FIELDS if is_object else _FIELDS
    told = next((effects for pattern, effects in table if re.match(pattern, field.path)), None)
    if told is not None:
        return frozenset(told)
    if _TAGS.search(field.path):
        return frozenset({Effect.TAGS})
    return _of_type(change, gone=False)


def _of_type(change: Change, *, gone: bool) -> frozenset[Effect]:
    if change.type == _CLOCK:
        # Pods that are not put to sleep cost money; a backup that does not run loses data.
        return frozenset({_MONEY if _SLEEPS.search(change.name) else _DATA})
    for pattern, effects, lost in _TYPES:
        if re.match(pattern, change.type):
            return frozenset((*effects, *(lost if gone else ())))
    return frozenset({_SERVICE})
