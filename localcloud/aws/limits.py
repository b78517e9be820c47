"""Knows limits that AWS has and moto has not, as failures a preview shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TAGS, _KEY, _VALUE = 50, 128, 256
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*", re.UNICODE)


def tag_failures(tags: Mapping[str, Any]) -> Iterator[Failure]:
    """At most 50 tags, keys of 1 to 128 and values of up to 256 characters, none beginning with `aws:`."""
    if len(tags) > _TAGS:
        yield Failure("tags", f"TooManyTagsException: {len(tags)} tags where AWS takes at most {_TAGS}")
    for key, value in tags.items():
        for reason in _wrong(key, str(value)):
            yield Failure("tags", f"InvalidTag: the tag {key[:40]!r} {reason}")


def _wrong(key: str, value: str) -> Iterator[str]:
    if not 1 <= len(key) <= _KEY:
        yield f"has a key of {len(key)} characters, where 1 to {_KEY} are allowed"
    if len(value) > _VALUE:
        yield f"has a value of {len(value)} characters, where at most {_VALUE} are allowed"
    if key.lower().startswith("aws:"):
        yield "begins with aws:, which AWS keeps for itself"
    if not (_TAG_TEXT.fullmatch(key) and _TAG_TEXT.fullmatch(value)):
        yield "holds a character other than letters, digits, spaces and _.:/=+-@"


def between(name: str, low: int, high: int) -> Callable[[Mapping[str, Any]], Iterator[Failure]]:
    """A check that a number is within a closed range."""

    def check(inputs: Mapping[str, Any]) -> Iterator[Failure]:
        value = inputs.get(name)
        if isinstance(value, int | float) and not low <= value <= high:
            yield Failure(name, f"expected {name} to be in the range ({low} - {high}), got {value}")

    return check


def matches(name: str, pattern: str, rule: str) -> Callable[[Mapping[str, Any]], Iterator[Failure]]:
    """A check that a text has a shape; `rule` says the shape in words."""
    shape = re.compile(pattern)

    def check(inputs: Mapping[str, Any]) -> Iterator[Failure]:
        value = inputs.get(name)
        if isinstance(value, str) and not shape.fullmatch(value):
            yield Failure(name, f"{name} {value!r} {rule}")

    return check
