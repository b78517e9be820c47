"""Knows parameters of the parameter store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.operations import deletes, from_key_values, key_values
from localcloud.aws.row import Call, Change, Name, Row, Tags, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

_TARGET = {"ResourceType": "Parameter"}


def _create(call: Call) -> str:
    tags = key_values(call.new.get("tags") or {})
    call.ask("put_parameter", **call.parameters(), **({"Tags": tags} if tags else {}))
    return str(call.new["name"])


def _find(call: Call) -> Mapping[str, Any] | None:
    named = [{"Key": "Name", "Option": "Equals", "Values": [call.id]}]
    listed = call.ask("describe_parameters", ParameterFilters=named)["Parameters"]
    if not listed:
        return None
    held = call.ask("get_parameter", Name=call.id, WithDecryption=True)["Parameter"]
    return {**listed[0], **held}


ROWS = (
    Row(
        kind="aws:ssm/parameter:Parameter",
        service="ssm",
        inputs=fields("name type value description keyId tier dataType allowedPattern overwrite"),
        live=fields("name type value description tier dataType arn=ARN version"),
        create=_create,
        find=_find,
        changes=(
            Change(
                names("type value description keyId tier"),
                lambda call: call.ask("put_parameter", **{**call.parameters(), "Overwrite": True}),
            ),
        ),
        delete=deletes("delete_parameter", "Name"),
        replaces=names("name dataType"),
        name=Name("name"),
        tags=Tags(
            at_create=lambda _call, _tags: {},
            read=lambda call, target, _: from_key_values(
                call.ask("list_tags_for_resource", **_TARGET, ResourceId=target)["TagList"]
            ),
            add=lambda call, target, tags: call.ask(
                "add_tags_to_resource", **_TARGET, ResourceId=target, Tags=key_values(tags)
            ),
            remove=lambda call, target, keys: call.ask(
                "remove_tags_from_resource", **_TARGET, ResourceId=target, TagKeys=keys
            ),
            target="id",
        ),
        secrets=names("value"),
    ),
)
