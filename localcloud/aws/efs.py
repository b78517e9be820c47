"""Knows file systems: their mount targets, access points, and policies of mounts and of backups."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.operations import creates, deletes, finds, tagged_by_pairs
from localcloud.aws.row import Call, Change, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.aws.spelling import pascal

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAGS = tagged_by_pairs("ResourceId", of="id")
_LIFECYCLE = {"transitionToIa": "TransitionToIA"}
_LONGEST_POLICY = 20_000
_INVALID = "InvalidPolicyException"


def _create(call: Call) -> str:
    token = {} if call.new.get("creationToken") else {"CreationToken": str(uuid.uuid4())}
    return creates("create_file_system", "FileSystemId", **token)(call)


def _create_access_point(call: Call) -> str:
    # The token makes a retry safe; it must be new for every access point.
    return creates("create_access_point", "AccessPointId", ClientToken=str(uuid.uuid4()))(call)


def _facts(call: Call, _found: Mapping[str, Any]) -> dict[str, Any]:
    held = call.ask("describe_lifecycle_configuration", FileSystemId=call.id)["LifecyclePolicies"]
    back = {"TransitionToIA": "transitionToIa"}
    policies = [
        {back.get(name, name[0].lower() + name[1:]): value for name, value in policy.items()}
        for policy in held
    ]
    return {"dnsName": _dns(call, call.id), "lifecyclePolicies": policies}


def _dns(call: Call, file_system: str) -> str:
    return f"{file_system}.efs.{call.region}.amazonaws.com"


def _lifecycle(call: Call) -> None:
    policies = pascal(call.new.get("lifecyclePolicies") or [], _LIFECYCLE)
    call.ask("put_lifecycle_configuration", FileSystemId=call.id, LifecyclePolicies=policies)


def _throughput(call: Call) -> None:
    call.ask(
        "update_file_system",
        FileSystemId=call.id,
        **call.parameters(names("throughputMode provisionedThroughputInMibps")),
    )


def _target_facts(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    system, zone = found["FileSystemId"], found.get("AvailabilityZoneName")
    groups = call.ask("describe_mount_target_security_groups", MountTargetId=call.id)["SecurityGroups"]
    return {
        "securityGroups": sorted(groups),
        "dnsName": _dns(call, system),
        "mountTargetDnsName": f"{zone}.{_dns(call, system)}",
        "fileSystemArn": call.arn(f"file-system/{system}", service="elasticfilesystem"),
    }


def _move_groups(call: Call) -> None:
    groups = list(call.new.get("securityGroups") or [])
    call.ask("modify_mount_target_security_groups", MountTargetId=call.id, SecurityGroups=groups)


def _put_policy(call: Call) -> str:
    system = str(call.new["fileSystemId"])
    call.ask(
        "put_backup_policy", FileSystemId=system, BackupPolicy=pascal(call.new["backupPolicy"], _LIFECYCLE)
    )
    return system


def _find_policy(call: Call) -> Mapping[str, Any] | None:
    held = finds("describe_backup_policy", "FileSystemId")(call)
    return held if held and held["BackupPolicy"]["Status"] == "ENABLED" else None


def _put_mounts(call: Call) -> str:
    """Sets who may mount; AWS refuses what it cannot read, and a policy about another file system."""
    system, text = str(call.new["fileSystemId"]), str(call.new["policy"])
    if len(text) > _LONGEST_POLICY:
        refuse(_INVALID, f"the policy has {len(text)} characters, more than {_LONGEST_POLICY}")
    try:
        listed = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError):
        refuse(_INVALID, "the policy is no JSON object with a Statement")
    for statement in listed if isinstance(listed, list) else [listed]:
        _about_this(statement, call.arn(f"file-system/{system}", service="elasticfilesystem"))
    call.ask("put_file_system_policy", FileSystemId=system, Policy=text)
    return system


def _about_this(statement: Mapping[str, Any], arn: str) -> None:
    if missing := sorted({"Effect", "Principal", "Action"} - statement.keys()):
        refuse(_INVALID, f"a statement of the policy has no {missing[0]}")
    resources = statement.get("Resource", arn)
    for each in resources if isinstance(resources, list) else [resources]:
        if each not in {arn, "*"}:
            refuse(_INVALID, f"the policy names {each}, which is not this file system, {arn}")


ROWS = (
    Row(
        kind="aws:efs/fileSystem:FileSystem",
        service="efs",
        inputs=fields(
            """creationToken encrypted kmsKeyId performanceMode throughputMode provisionedThroughputInMibps
            availabilityZoneName lifecyclePolicies= protection="""
        ),
        live=fields(
            """creationToken encrypted kmsKeyId performanceMode throughputMode provisionedThroughputInMibps
            availabilityZoneName availabilityZoneId arn=FileSystemArn name numberOfMountTargets ownerId"""
        ),
        derive=_facts,
        derived=names("dnsName"),
        create=_create,
        find=finds("describe_file_systems", "FileSystemId", "FileSystems[0]"),
        changes=(
            Change(names("lifecyclePolicies"), _lifecycle, settles=True),
            Change(names("throughputMode provisionedThroughputInMibps"), _throughput),
        ),
        delete=deletes("delete_file_system", "FileSystemId"),
        replaces=names("availabilityZoneName creationToken encrypted kmsKeyId performanceMode"),
        tags=_TAGS,
        before_create=(key_exists("kmsKeyId", "BadRequest"),),
    ),
    Row(
        kind="aws:efs/accessPoint:AccessPoint",
        service="efs",
        inputs=fields("fileSystemId posixUser rootDirectory"),
        live=fields("fileSystemId posixUser rootDirectory arn=AccessPointArn ownerId"),
        derive=lambda call, found: {
            "fileSystemArn": call.arn(f"file-system/{found['FileSystemId']}", service="elasticfilesystem")
        },
        derived=names("fileSystemArn"),
        create=_create_access_point,
        find=finds("describe_access_points", "AccessPointId", "AccessPoints[0]"),
        delete=deletes("delete_access_point", "AccessPointId"),
        replaces=names("fileSystemId posixUser rootDirectory"),
        tags=_TAGS,
    ),
    Row(
        kind="aws:efs/mountTarget:MountTarget",
        service="efs",
        inputs=fields("fileSystemId subnetId ipAddress securityGroups"),
        live=fields(
            """fileSystemId subnetId ipAddress networkInterfaceId availabilityZoneId availabilityZoneName
            ownerId"""
        ),
        derive=_target_facts,
        derived=names("dnsName mountTargetDnsName fileSystemArn"),
        create=creates("create_mount_target", "MountTargetId"),
        find=finds("describe_mount_targets", "MountTargetId", "MountTargets[0]"),
        changes=(Change(names("securityGroups"), _move_groups),),
        delete=deletes("delete_mount_target", "MountTargetId"),
        replaces=names("fileSystemId subnetId ipAddress"),
    ),
    Row(
        kind="aws:efs/backupPolicy:BackupPolicy",
        service="efs",
        inputs=fields("fileSystemId= backupPolicy="),
        live=fields("backupPolicy={status:BackupPolicy.Status}"),
        create=_put_policy,
        find=_find_policy,
        changes=(Change(names("backupPolicy"), _put_policy),),
        delete=lambda call: call.ask(
            "put_backup_policy", FileSystemId=call.id, BackupPolicy={"Status": "DISABLED"}
        ),
        replaces=names("fileSystemId"),
        parse=lambda file_system: {"fileSystemId": file_system},
    ),
    Row(
        kind="aws:efs/fileSystemPolicy:FileSystemPolicy",
        service="efs",
        inputs=fields("fileSystemId= policy= bypassPolicyLockoutSafetyCheck="),
        live=fields("fileSystemId policy"),
        create=_put_mounts,
        find=finds("describe_file_system_policy", "FileSystemId"),
        changes=(Change(names("policy bypassPolicyLockoutSafetyCheck"), _put_mounts),),
        delete=deletes("delete_file_system_policy", "FileSystemId"),
        replaces=names("fileSystemId"),
    ),
)
