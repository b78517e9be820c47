"""Knows log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.operations import deletes, tagged_by_map
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def _create(call: Call) -> str:
    tags = dict(call.new.get("tags") or {}) or None
    call.ask("create_log_group", **call.parameters(), tags=tags)
    return str(call.new["name"])


def _find(call: Call) -> Mapping[str, Any] | None:
    groups = call.ask("describe_log_groups", logGroupNamePrefix=call.id)["logGroups"]
    return next((group for group in groups if group["logGroupName"] == call.id), None)


def _retain(call: Call) -> None:
    if days := call.new.get("retentionInDays"):
        call.ask("put_retention_policy", logGroupName=call.id, retentionInDays=days)
    elif call.old.get("retentionInDays"):
        call.ask("delete_retention_policy", logGroupName=call.id)


def _retention(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    days = inputs.get("retentionInDays")
    if isinstance(days, int) and days not in _RETENTIONS:
        allowed = ", ".join(map(str, _RETENTIONS))
        yield Failure("retentionInDays", f"expected retentionInDays to be one of [{allowed}], got {days}")


ROWS = (
    Row(
        kind="aws:cloudwatch/logGroup:LogGroup",
        service="logs",
        inputs=fields(
            "name=logGroupName kmsKeyId=kmsKeyId logGroupClass=logGroupClass retentionInDays= skipDestroy="
        ),
        live=fields(
            "name=logGroupName kmsKeyId=kmsKeyId logGroupClass=logGroupClass retentionInDays=retentionInDays"
        ),
        derive=lambda _, found: {"arn": str(found["arn"]).removesuffix(":*")},
        derived=names("arn"),
        create=_create,
        find=_find,
        changes=(Change(names("retentionInDays"), _retain, settles=True),),
        delete=lambda call: (
            None if call.old.get("skipDestroy") else deletes("delete_log_group", "logGroupName")(call)
        ),
        replaces=names("name namePrefix logGroupClass"),
        name=Name("name", "namePrefix"),
        tags=tagged_by_map(
            "resourceArn", at_create="tags", tags="tags", keys="tagKeys", listed="list_tags_for_resource"
        ),
        checks=(_retention,),
        before_create=(key_exists("kmsKeyId", "InvalidParameterException"),),
        before_update=(key_exists("kmsKeyId", "InvalidParameterException"),),
    ),
)
