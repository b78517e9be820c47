"""Looks in AWS for what a command that was killed had made without being able to write it down.

A resource is told by its own name, or by where it is and how it is tagged, never by its age. Types that are
not listed are settings of another resource: making them again overwrites them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.errors import LifecycleError
from lifecycle.recover.aws_listings import SEARCHES, Search

_KEY: Final = "aws:kms/key:Key"
_SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
_OWN_SEARCHES: Final = (_KEY, _SCHEDULE)
_NO_CONTENT: Final = ("404", "")
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a preview of Pulumi's says for a value that only the update will know."""


def can_be_looked_for(kind: str, inputs: Mapping[str, Any]) -> bool:
    """Whether all that its search asks for is known: something waits for another thing to be made first."""
    if kind in _OWN_SEARCHES:
        return UNKNOWN not in str(inputs.get("name") or inputs.get("description"))
    if kind not in SEARCHES:
        return False
    search = SEARCHES[kind]
    named = (*search.same.values(), *search.asked.values(), *(("tags",) if search.tagged else ()))
    return all(UNKNOWN not in str(inputs.get(name)) for name in named) and any(inputs.get(n) for n in named)


def orphans_of(
    kind: str,
    inputs: Mapping[str, Any],
    region: str | None,
    known: Collection[str],
    *,
    by_any_name: bool = False,
) -> tuple[str, ...]:
    """The ids of everything like *inputs* that is not among the *known*.

    *By any name* finds what was made under a name that Pulumi made up and that nobody wrote down.

    Raises:
        LifecycleError: When AWS cannot say.
    """
    try:
        found = _candidates(kind, inputs, region, by_any_name=by_any_name)
        return tuple(sorted(set(found) - set(known)))
    except ClientError as error:
        if str(error.response["Error"].get("Code", "")) in _NO_CONTENT:
            return ()  # a cloud that does not know the operation holds nothing that it could list
        raise LifecycleError(f"{kind}: AWS does not say whether it was made: {error}") from error
    except BotoCoreError as error:
        raise LifecycleError(f"{kind}: AWS does not say whether it was made: {error}") from error


def orphan_of(kind: str, inputs: Mapping[str, Any], region: str | None, known: Collection[str]) -> str | None:
    """The id of what was made with *inputs* and is not among the *known*; None when nothing was.

    Raises:
        LifecycleError: When AWS cannot say, or two things are alike and a person must tell which it is.
    """
    found = orphans_of(kind, inputs, region, known)
    if len(found) > 1:
        raise LifecycleError(
            f"{kind}: any of {', '.join(found)} may be what was made; delete what is not used"
        )
    return found[0] if found else None


def _candidates(
    kind: str, inputs: Mapping[str, Any], region: str | None, *, by_any_name: bool
) -> Iterator[str]:
    if kind == _KEY:
        yield from _keys(inputs, region)
    elif kind == _SCHEDULE:
        wanted = (inputs.get("groupName") or "default", inputs.get("name"))
        listed = Search("scheduler", "list_schedules", "Schedules", "Name", {"Name": "name"})
        yield from (f"{wanted[0]}/{name}" for name in listed.found(inputs, region, by_any_name=False))
    elif kind in SEARCHES:
        yield from SEARCHES[kind].found(inputs, region, by_any_name=by_any_name)


def _keys(inputs: Mapping[str, Any], region: str | None) -> Iterator[str]:
    """Keys have no name: what they are for and their tags must be those asked for."""
    make: Any = boto3.client
    kms = make("kms", region_name=region)
    wanted = dict(inputs.get("tags") or {})
    for page in kms.get_paginator("list_keys").paginate():
        for key in (each["KeyId"] for each in page["Keys"]):
            about = kms.describe_key(KeyId=key)["KeyMetadata"]
            if not about["Enabled"] or about.get("Description") != inputs.get("description"):
                continue
            tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]}
            if tags.items() >= wanted.items():
                yield str(key)
