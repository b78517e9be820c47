"""Knows users of caches, their groups, and which user is in which group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.aws.errors import error_code
from localcloud.aws.operations import changes, creates, deletes, finds, tagged_by_pairs
from localcloud.aws.row import Call, Change, Row, fields, names
from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAGS = tagged_by_pairs(
    "ResourceName",
    add="add_tags_to_resource",
    remove="remove_tags_from_resource",
    listed="list_tags_for_resource",
    at="TagList",
)


def _passwords(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """What the official provider refuses (terraform-provider-aws, service/elasticache/user.go)."""
    given = inputs.get("passwords") or []
    if len(given) > 2:  # noqa: PLR2004 - the rule itself
        yield Failure("passwords", f"expected passwords to have at most 2 elements, got {len(given)}")
    for each in given:
        if isinstance(each, str) and not 16 <= len(each) <= 128:  # noqa: PLR2004
            yield Failure("passwords", f"expected length of a password in 16 - 128, got {len(each)}")


def _engine(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    if str(inputs.get("engine")).lower() not in ("redis", "valkey"):
        yield Failure("engine", f"expected engine to be redis or valkey, got {inputs.get('engine')}")


def _change_members(call: Call) -> None:
    old, new = (set(each.get("userIds") or []) for each in (call.old, call.new))
    sent = {"UserIdsToAdd": sorted(new - old), "UserIdsToRemove": sorted(old - new)}
    call.ask("modify_user_group", UserGroupId=call.id, **{k: v for k, v in sent.items() if v})


def _join(call: Call) -> str:
    group, user = call.new["userGroupId"], call.new["userId"]
    call.ask("modify_user_group", UserGroupId=group, UserIdsToAdd=[user])
    return f"{group},{user}"


def _member(call: Call) -> Mapping[str, Any] | None:
    group, _, user = call.id.partition(",")
    answer = call.seek("describe_user_groups", UserGroupId=group)
    found = answer is not None and user in answer["UserGroups"][0]["UserIds"]
    return {"UserGroupId": group, "UserId": user} if found else None


def _leave(call: Call) -> None:
    group, _, user = call.id.partition(",")
    try:
        call.ask("modify_user_group", UserGroupId=group, UserIdsToRemove=[user])
    except ClientError as error:
        if error_code(error) != "InvalidParameterValue" or "not a member" not in str(error):
            raise


ROWS = (
    Row(
        kind="aws:elasticache/user:User",
        service="elasticache",
        inputs=fields("accessString engine noPasswordRequired passwords userId userName"),
        live=fields("accessString engine userId userName arn=ARN"),
        create=creates("create_user", "UserId"),
        find=finds("describe_users", "UserId", "Users[0]"),
        changes=(changes("accessString engine noPasswordRequired passwords", "modify_user", "UserId"),),
        delete=deletes("delete_user", "UserId"),
        replaces=names("userId userName"),
        tags=TAGS,
        checks=(_passwords, _engine),
        secrets=names("passwords"),
        defaults={"noPasswordRequired": False},
    ),
    Row(
        kind="aws:elasticache/userGroup:UserGroup",
        service="elasticache",
        inputs=fields("engine userGroupId userIds"),
        live=fields("engine userGroupId userIds arn=ARN"),
        create=creates("create_user_group", "UserGroupId"),
        find=finds("describe_user_groups", "UserGroupId", "UserGroups[0]"),
        changes=(Change(names("userIds"), _change_members),),
        delete=deletes("delete_user_group", "UserGroupId"),
        replaces=names("engine userGroupId"),
        tags=TAGS,
        checks=(_engine,),
    ),
    Row(
        kind="aws:elasticache/userGroupAssociation:UserGroupAssociation",
        service="elasticache",
        inputs=fields("userGroupId userId"),
        live=fields("userGroupId userId"),
        create=_join,
        find=_member,
        delete=_leave,
        replaces=names("userGroupId userId"),
    ),
)
