"""What single services of AWS must have besides: keys that rotate, logs that are kept, backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from policies.clauses import Clause, Finding, NotYet
from policies.properties import NOT_KNOWN, Properties, all_known, at, is_on, label, last_name, walk
from tiers.facts.names import RESTORED_SERVER
from tiers.naming import physical_name

_INSTANCE: Final = "aws:rds/instance:Instance"
_EC2: Final = ("aws:ec2/instance:Instance", "aws:ec2/launchTemplate:LaunchTemplate")
IMDS: Final = Clause(
    "metadataOptions.httpTokens of EC2 instances and launch templates",
    "is not required: a pod or a forwarded request could read the instance's credentials (IMDSv1)",
    "set it to required",
)
ROTATION: Final = Clause(
    "enableKeyRotation of symmetric KMS keys", "is not true: the key never rotates", "set it to true"
)
RETENTION: Final = Clause(
    "retentionInDays of log groups of CloudWatch",
    "is not set: logs are kept for ever",
    "set it to the days that you owe",
)
SECRETS: Final = Clause(
    "encryptionConfig.resources of EKS clusters",
    "does not name secrets: the cluster would keep Secrets without envelope encryption",
    "set it to secrets, with a key of your own",
)
AUDIT: Final = Clause(
    "enabledClusterLogTypes of EKS clusters", "does not name audit: nobody sees who did what", "add audit"
)
MOVING_TAGS: Final = Clause(
    "imageTagMutability of repositories of ECR",
    "is not IMMUTABLE: a tag can be moved to another image",
    "set it to IMMUTABLE",
)
BACKUPS: Final = Clause(
    "backupRetentionPeriod of RDS instances that are neither replicas nor copies for a restore",
    "is not above 0: there are no backups",
    "set it to 1 day or more",
)
NO_BACKUPS: Final = Clause(
    "every AWS type, every retention of backups and snapshots",
    "is 0: there are no backups",
    "set it to 1 day or more",
)
POINT_IN_TIME: Final = Clause(
    "pointInTimeRecovery.enabled of tables of DynamoDB",
    "is not on: a deleted item is lost",
    "turn point-in-time recovery on",
)
FINAL_SNAPSHOT: Final = Clause(
    "skipFinalSnapshot of every AWS type",
    "is true: a destroy leaves nothing",
    "set it to false, and finalSnapshotIdentifier to a name",
)
HARDENED: Final = (IMDS, ROTATION, RETENTION, SECRETS, AUDIT, MOVING_TAGS)
BACKED_UP: Final = (BACKUPS, NO_BACKUPS, POINT_IN_TIME, FINAL_SNAPSHOT)


class Demand(NamedTuple):
    """What a property of some types must be."""

    types: tuple[str, ...]
    path: str
    good: Callable[[Any], bool]
    clause: Clause
    unless: Callable[[Properties], bool] = lambda _: False


def _is(word: str) -> Callable[[Any], bool]:
    return lambda value: bool(value == word)


def _has(word: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and word in value


def _above_zero(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _asymmetric(props: Properties) -> bool:
    spec = props.get("customerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    return spec != "SYMMETRIC_DEFAULT" or bool(props.get("customKeyStoreId"))


DEMANDS: Final = (
    Demand(_EC2, "metadataOptions.httpTokens", _is("required"), IMDS),
    Demand(("aws:kms/key:Key",), "enableKeyRotation", is_on, ROTATION, _asymmetric),
    Demand(("aws:cloudwatch/logGroup:LogGroup",), "retentionInDays", _above_zero, RETENTION),
    Demand(("aws:eks/cluster:Cluster",), "encryptionConfig.resources", _has("secrets"), SECRETS),
    Demand(("aws:eks/cluster:Cluster",), "enabledClusterLogTypes", _has("audit"), AUDIT),
    Demand(("aws:ecr/repository:Repository",), "imageTagMutability", _is("IMMUTABLE"), MOVING_TAGS),
    Demand(
        (_INSTANCE,),
        "backupRetentionPeriod",
        _above_zero,
        BACKUPS,
        lambda props: bool(props.get("replicateSourceDb")) or is_as_it_was(props),
    ),
    Demand(("aws:dynamodb/table:Table",), "pointInTimeRecovery.enabled", is_on, POINT_IN_TIME),
)
_RETENTIONS: Final = frozenset(
    {"backupRetentionPeriod", "automatedSnapshotRetentionPeriod", "automaticBackupRetentionDays"}
)


def is_as_it_was(props: Properties) -> bool:
    """Whether it is what a restore copies from: its neighbour at a moment, by name and by what it is made of.

    It is called after the server that it is a copy of, and has nothing that this one's backups lack. What is
    not known yet may be so.
    """
    made_of, name = props.get("restoreToPointInTime"), props.get("identifier")
    if made_of is NOT_KNOWN:
        return True
    if not isinstance(made_of, Mapping) or not made_of.get("restoreTime"):
        return False
    beside = made_of.get("sourceDbInstanceIdentifier")
    if NOT_KNOWN in (beside, name):
        return True
    return isinstance(beside, str) and name == physical_name(beside, RESTORED_SERVER)


def hardened(type_token: str, props: Properties) -> Iterator[Finding]:
    """Keys rotate, logs are kept and audited, instances give no credentials away, image tags stand still."""
    yield from (each for each in _demanded(type_token, props) if _clause(each) not in BACKED_UP)


def backed_up(type_token: str, props: Properties) -> Iterator[Finding]:
    """What holds data has backups, and leaves a snapshot when it is deleted."""
    yield from (each for each in _demanded(type_token, props) if _clause(each) in BACKED_UP)
    # RDS instances have a rule of their own, and their replicas may have no backups.
    if not type_token.startswith("aws") or type_token == _INSTANCE:
        return
    for path, value in walk(props):
        name = last_name(path)
        if name == "skipFinalSnapshot" and is_on(value):
            yield FINAL_SNAPSHOT.at(label(path))
        if name in _RETENTIONS and value == 0:
            yield NO_BACKUPS.at(label(path))


def _clause(finding: Finding) -> Clause | None:
    return getattr(finding, "clause", None)


def _demanded(type_token: str, props: Mapping[str, Any]) -> Iterator[Finding]:
    for demand in DEMANDS:
        if type_token not in demand.types or demand.unless(props):
            continue
        value = at(props, demand.path)
        if not all_known(value):
            yield NotYet(demand.path)
        elif not demand.good(value):
            yield demand.clause.at(demand.path)
