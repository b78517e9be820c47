"""Knows file systems: their mount targets, access points and backup policies."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localcloud.aws.operations import creates, deletes, finds, tagged_by_pairs
from localcloud.aws.row import Call, Change, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.aws.spelling import pascal

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAGS = tagged_by_pairs("ResourceId", of="id")
_LIFECYCLE = {"transitionToIa": "TransitionToIA"}


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
)
