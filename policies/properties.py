"""Properties of a resource as plain data: unknown values marked, JSON parsed, each value with its path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from pulumi_policy.proxy import UnknownValueError

Properties = Mapping[str, Any]
Path = tuple[str | int, ...]

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_USERS_OWN: Final = frozenset(
    {"tags", "tagsAll", "recoveryPointTags", "labels", "annotations", "variables", "__defaults"}
)
"""Properties whose keys are words of the user; they mean nothing to AWS."""


class NotKnown(Enum):
    """A value that only the update will know; as a record or a list it holds nothing that is known."""

    VALUE = "not known"

    def get(self, _: object, __: object = None) -> NotKnown:
        """Of a record that is not known no property is."""
        return self

    def items(self) -> tuple[()]:
        """No property is known."""
        return ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Unreadable(Enum):
    """Text that begins like JSON, speaks of statements, and cannot be read."""

    VALUE = "unreadable"


NOT_KNOWN: Final = NotKnown.VALUE


def plain(value: Any) -> Any:
    """Dictionaries and lists instead of Pulumi's proxies, which end a rule at the first unknown value."""
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_item(value, index) for index in range(len(value))]
    # Numbers travel as floating point.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return NOT_KNOWN


def opened(value: Any) -> Any:
    """The value with JSON in its texts parsed: a document is judged alike as text and as an object."""
    if isinstance(value, Mapping):
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [opened(item) for item in value]
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        return _parsed(value)
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return Unreadable.VALUE if "statement" in text.lower() else text


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two equal keys every reader takes another one."""
    if len({key.lower() for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is there twice")
    return dict(pairs)


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value within *value* and its path, records and lists included; words of the user are left out."""
    yield path, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _USERS_OWN:
                yield from walk(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))


def at(props: Any, path: str) -> Any:
    """The value at a path such as `metadataOptions.httpTokens`; None where nothing is.

    A list of one record is that record: which of both AWS blocks are depends on the version of the provider.

    >>> at({"vpcConfig": [{"subnetIds": ["a"]}]}, "vpcConfig.subnetIds")
    ['a']
    """
    for name in path.split("."):
        if isinstance(props, list | tuple) and len(props) == 1:
            props = props[0]
        if props is NOT_KNOWN:
            return NOT_KNOWN
        props = props.get(name) if isinstance(props, Mapping) else None
    return props


def label(path: Path) -> str:
    """A path as a user writes it.

    >>> label(("ingress", 0, "cidrBlocks", 1))
    'ingress[0].cidrBlocks[1]'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def words(path: Path) -> tuple[str, ...]:
    """The words of all names on a path.

    >>> words(("encryptAtRest", "enabled"))
    ('encrypt', 'at', 'rest', 'enabled')
    """
    names = [part for part in path if isinstance(part, str)]
    return tuple(word.lower() for name in names for word in _HUMP.split(name) if word)


def last_name(path: Path) -> str:
    """The last name on a path: of an item in a list, the list's."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def all_known(value: Any) -> bool:
    """Whether nothing within the value is not known."""
    return all(each is not NOT_KNOWN for _, each in walk(value))


def is_on(value: Any) -> bool:
    """Whether a switch is on; launch templates and Redshift spell theirs as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
