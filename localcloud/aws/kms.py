"""Knows encryption keys and their aliases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.aws.clients import ACCOUNT
from localcloud.aws.errors import refuse
from localcloud.aws.limits import between
from localcloud.aws.operations import changes, creates, deletes, finds, tagged_by_pairs
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import key_exists

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_WAIT = 30


def _rotate(call: Call) -> None:
    if call.new.get("enableKeyRotation"):
        call.ask(
            "enable_key_rotation", KeyId=call.id, RotationPeriodInDays=call.new.get("rotationPeriodInDays")
        )
    elif call.old.get("enableKeyRotation"):
        call.ask("disable_key_rotation", KeyId=call.id)


def _switch(call: Call) -> None:
    call.ask("enable_key" if call.new.get("isEnabled", True) else "disable_key", KeyId=call.id)


def _key_facts(call: Call, _found: Mapping[str, Any]) -> dict[str, Any]:
    rotation = call.ask("get_key_rotation_status", KeyId=call.id)
    policy = call.ask("get_key_policy", KeyId=call.id, PolicyName="default")
    return {"enableKeyRotation": rotation["KeyRotationEnabled"], "policy": policy["Policy"]}


def _delete_key(call: Call) -> None:
    # A key that waits for its deletion is refused, as AWS does; a delete that was interrupted is made again.
    if call.ask("describe_key", KeyId=call.id)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        return
    days = call.old.get("deletionWindowInDays") or _LONGEST_WAIT
    call.ask("schedule_key_deletion", KeyId=call.id, PendingWindowInDays=days)


def _policy(call: Call) -> None:
    call.ask("put_key_policy", KeyId=call.id, PolicyName="default", Policy=call.new.get("policy"))


def _create_alias(call: Call) -> str:
    call.ask("create_alias", **call.parameters())
    return str(call.new["name"])


def _put_policy(call: Call) -> str:
    # What was made for one key stays that key's: the provider sends its id, whatever keyId says by now.
    key = call.id or str(call.new["keyId"])
    call.ask("put_key_policy", KeyId=key, PolicyName="default", Policy=call.new["policy"])
    return key


def _find_policy(call: Call) -> Mapping[str, Any] | None:
    """Its policy; the default one counts as none, so that a deletion leaves nothing behind."""
    held = call.seek("get_key_policy", KeyId=call.id, PolicyName="default")
    if held is None or json.loads(held["Policy"]) == json.loads(_everything_to_the_account()):
        return None
    return held


def _everything_to_the_account() -> str:
    """What KMS gives a key that is made without a policy."""
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _keeps_access(call: Call) -> None:
    """KMS refuses a policy that would prevent every later change of it."""
    statements = json.loads(str(call.new["policy"]))["Statement"]
    root = f"arn:aws:iam::{ACCOUNT}:root"
    may = [
        each
        for each in statements
        if root in str(each.get("Principal")) and {"kms:*", "kms:PutKeyPolicy"} & {*_listed(each["Action"])}
    ]
    if not may and not call.new.get("bypassPolicyLockoutSafetyCheck"):
        refuse(
            "MalformedPolicyDocumentException",
            "the new key policy will not allow you to update the key policy in the future",
        )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


ROWS = (
    Row(
        kind="aws:kms/key:Key",
        service="kms",
        inputs=fields(
            """description keyUsage customerMasterKeySpec=KeySpec multiRegion policy
            bypassPolicyLockoutSafetyCheck enableKeyRotation= rotationPeriodInDays= isEnabled=
            deletionWindowInDays="""
        ),
        live=fields(
            "arn keyId description keyUsage customerMasterKeySpec=KeySpec multiRegion isEnabled=Enabled"
        ),
        derive=_key_facts,
        create=creates("create_key", "KeyMetadata.KeyId"),
        find=finds("describe_key", "KeyId", "KeyMetadata|[@][?KeyState!='PendingDeletion']|[0]"),
        changes=(
            changes("description", "update_key_description", "KeyId"),
            Change(names("enableKeyRotation rotationPeriodInDays"), _rotate, settles=True),
            Change(names("isEnabled"), _switch, settles=True),
            Change(names("policy"), _policy),
        ),
        delete=_delete_key,
        replaces=names("multiRegion customerMasterKeySpec keyUsage"),
        tags=tagged_by_pairs(
            "KeyId", of="keyId", listed="list_resource_tags", spelling=("TagKey", "TagValue")
        ),
        checks=(between("deletionWindowInDays", 7, 30), between("rotationPeriodInDays", 90, 2560)),
    ),
    Row(
        kind="aws:kms/alias:Alias",
        service="kms",
        inputs=fields("name=AliasName targetKeyId"),
        live=fields("targetKeyId=KeyId targetKeyArn=Arn"),
        derive=lambda call, _: {"arn": call.arn(call.id), "name": call.id},
        derived=names("arn"),
        create=_create_alias,
        find=finds("describe_key", "KeyId", "KeyMetadata"),
        changes=(changes("targetKeyId", "update_alias", "AliasName"),),
        delete=deletes("delete_alias", "AliasName"),
        replaces=names("name namePrefix"),
        name=Name("name", "namePrefix", start="alias/"),
        before_create=(key_exists("targetKeyId", "NotFoundException"),),
        before_update=(key_exists("targetKeyId", "NotFoundException"),),
    ),
    Row(
        kind="aws:kms/keyPolicy:KeyPolicy",
        service="kms",
        inputs=fields("keyId= policy= bypassPolicyLockoutSafetyCheck="),
        live=fields("policy"),
        derive=lambda call, _: {"keyId": call.id},
        create=_put_policy,
        find=_find_policy,
        changes=(Change(names("policy"), _put_policy),),
        waits=names("keyId"),
        delete=lambda call: call.ask(
            "put_key_policy", KeyId=call.id, PolicyName="default", Policy=_everything_to_the_account()
        ),
        parse=lambda key: {"keyId": key},
        before_create=(_keeps_access,),
        before_update=(_keeps_access,),
    ),
)
