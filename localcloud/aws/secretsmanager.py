"""Knows secrets and their versions."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.aws.errors import error_code, is_absent, refuse
from localcloud.aws.operations import changes, creates, finds, tagged_by_pairs
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_WAIT = 30


def _window(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    days = inputs.get("recoveryWindowInDays")
    if isinstance(days, int) and days != 0 and not 7 <= days <= _LONGEST_WAIT:  # noqa: PLR2004 - AWS's bounds
        yield Failure("recoveryWindowInDays", f"expected 0 or a number of days from 7 to 30, got {days}")


def _name_is_free(call: Call) -> None:
    name = call.new["name"]
    held = call.seek("describe_secret", SecretId=name)
    if held is None:
        return
    if held.get("DeletedDate"):
        refuse(
            "InvalidRequestException",
            f"the secret {name} is scheduled for deletion and its name is blocked until then; restore it, "
            "delete it with recoveryWindowInDays 0, or choose another name",
        )
    refuse("ResourceExistsException", f"the secret {name} exists already")


def _policy(call: Call) -> None:
    if call.new.get("policy"):
        call.ask("put_resource_policy", SecretId=call.id, ResourcePolicy=call.new["policy"])
    else:
        call.ask("delete_resource_policy", SecretId=call.id)


def _replicate(call: Call) -> None:
    before = {replica["region"] for replica in call.old.get("replicas") or []}
    wanted = {replica["region"]: replica for replica in call.new.get("replicas") or []}
    fresh = [
        {"Region": region, **({"KmsKeyId": replica["kmsKeyId"]} if replica.get("kmsKeyId") else {})}
        for region, replica in wanted.items()
        if region not in before
    ]
    if fresh:
        call.ask("replicate_secret_to_regions", SecretId=call.id, AddReplicaRegions=fresh)
    if gone := sorted(before - wanted.keys()):
        call.ask("remove_regions_from_replication", SecretId=call.id, RemoveReplicaRegions=gone)


def _delete(call: Call) -> None:
    if call.ask("describe_secret", SecretId=call.id).get("DeletedDate"):
        return
    regions = [replica["region"] for replica in call.old.get("replicas") or []]
    if regions:
        call.ask("remove_regions_from_replication", SecretId=call.id, RemoveReplicaRegions=regions)
    days = call.old.get("recoveryWindowInDays", _LONGEST_WAIT)
    how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    call.ask("delete_secret", SecretId=call.id, **how)


def _put_value(call: Call) -> str:
    sent: dict[str, Any] = {"VersionStages": call.new.get("versionStages")}
    if call.new.get("secretBinary") is not None:
        sent["SecretBinary"] = base64.b64decode(call.new["secretBinary"])
    else:
        sent["SecretString"] = call.new.get("secretString")
    answer = call.ask("put_secret_value", SecretId=call.new["secretId"], **sent)
    return f"{call.new['secretId']}|{answer['VersionId']}"


def _find_value(call: Call) -> Mapping[str, Any] | None:
    secret, _, version = call.id.rpartition("|")
    try:
        return call.ask("get_secret_value", SecretId=secret, VersionId=version)
    except ClientError as error:
        # A secret that waits for its deletion has no readable versions.
        if is_absent(error) or error_code(error) == "InvalidRequestException":
            return None
        raise


def _retire(call: Call) -> None:
    """Takes the stages from a version, so that AWS drops it; the current one goes with its secret only."""
    secret, _, version = call.id.rpartition("|")
    found = _find_value(call) or {}
    for stage in found.get("VersionStages") or []:
        if stage != "AWSCURRENT":
            call.ask(
                "update_secret_version_stage",
                SecretId=secret,
                VersionStage=stage,
                RemoveFromVersionId=version,
            )


ROWS = (
    Row(
        kind="aws:secretsmanager/secret:Secret",
        service="secretsmanager",
        inputs=fields(
            """name description kmsKeyId policy= recoveryWindowInDays= replicas=
            forceOverwriteReplicaSecret="""
        ),
        live=fields("name description kmsKeyId arn=ARN"),
        create=creates("create_secret", "ARN"),
        find=finds("describe_secret", "SecretId", "[@][?!DeletedDate]|[0]"),
        changes=(
            changes("description kmsKeyId", "update_secret", "SecretId"),
            Change(names("policy"), _policy, settles=True),
            Change(names("replicas"), _replicate, settles=True),
        ),
        delete=_delete,
        replaces=names("name namePrefix"),
        name=Name("name", "namePrefix"),
        tags=tagged_by_pairs("SecretId"),
        checks=(_window,),
        before_create=(_name_is_free, key_exists("kmsKeyId", "ResourceNotFoundException")),
        before_update=(key_exists("kmsKeyId", "ResourceNotFoundException"),),
    ),
    Row(
        kind="aws:secretsmanager/secretVersion:SecretVersion",
        service="secretsmanager",
        inputs=fields("secretId secretString= secretBinary= versionStages="),
        live=fields("arn=ARN secretArn=ARN versionId versionStages secretString"),
        create=_put_value,
        find=_find_value,
        delete=_retire,
        replaces=names("secretId secretString secretBinary"),
        secrets=names("secretString secretBinary"),
        parse=lambda made: {"secretId": made.rpartition("|")[0]},
    ),
)
