"""Searches AWS for untracked resources: those a killed command created without recording them.

A resource is recognised by its name, or by its place and tags, never by its age. Types that are not listed
are settings of another resource: creating them again overwrites them.
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
"""Pulumi's placeholder in a preview for a value that only the update will know."""


def is_searchable(kind: str, inputs: Mapping[str, Any]) -> bool:
    """Whether all inputs of its search are known: some depend on a resource that is not created yet."""
    if kind in _OWN_SEARCHES:
        return UNKNOWN not in str(inputs.get("name") or inputs.get("description"))
    if kind not in SEARCHES:
        return False
    search = SEARCHES[kind]
    named = (*search.same.values(), *search.asked.values(), *(("tags",) if search.tagged else ()))
    return all(UNKNOWN not in str(inputs.get(name)) for name in named) and any(inputs.get(n) for n in named)


def untracked_ids(
    kind: str,
    inputs: Mapping[str, Any],
    region: str | None,
    known: Collection[str],
    *,
    by_any_name: bool = False,
) -> tuple[str, ...]:
    """The ids of all resources that match *inputs* and are not among the *known*.

    *By any name* also finds resources whose generated name was never recorded.

    Raises:
        LifecycleError: When AWS cannot say.
    """
    try:
        found = _candidates(kind, inputs, region, by_any_name=by_any_name)
        return tuple(sorted(set(found) - set(known)))
    except ClientError as error:
        if str(error.response["Error"].get("Code", "")) in _NO_CONTENT:
            return ()  # a cloud without the operation has nothing to list
        raise LifecycleError(f"{kind}: AWS does not say whether it was made: {error}") from error
    except BotoCoreError as error:
        raise LifecycleError(f"{kind}: AWS does not say whether it was made: {error}") from error


def untracked_id(
    kind: str, inputs: Mapping[str, Any], region: str | None, known: Collection[str]
) -> str | None:
    """The id of the resource created with *inputs* that is not among the *known*; None if there is none.

    Raises:
        LifecycleError: When AWS cannot answer, or several match and a person must decide.
    """
    found = untracked_ids(kind, inputs, region, known)
    if len(found) > 1:
        raise LifecycleError(f"{kind}: {', '.join(found)} all match; delete those that are not in use")
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
    """Keys have no name: their description and tags must match."""
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
