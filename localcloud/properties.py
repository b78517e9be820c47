"""Translates property trees between Pulumi's wire form and plain Python and tracks secret paths."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from pulumi.provider.experimental.property_value import Computed, PropertyValue

Path = tuple[str | int, ...]
"""Steps from the root of a tree: a string enters a map, an integer enters a list."""


class Unknown:
    """The type of `UNKNOWN`; it equals no real value, and copying a tree keeps the one instance."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""A value that only the update will know; it appears in previews."""

_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_MARKS: Final = frozenset(
    {  # sdk/go/common/resource/plugin/rpc.go: string, bool, number, array, asset, archive, object
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_STEP: Final = re.compile(r'\[(?P<index>\d+|\*)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\.?(?P<key>[^.\[\]"]+)')


def plain(value: PropertyValue | Mapping[str, PropertyValue]) -> Any:
    """Plain Python of a wire tree: whole numbers as `int`, secrets unwrapped, unknown leaves as `UNKNOWN`."""
    inner = value.value if isinstance(value, PropertyValue) else value
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, Computed) or (isinstance(inner, str) and inner in _UNKNOWN_MARKS):
        return UNKNOWN
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def wrap(value: Any, secrets: Collection[Path] = ()) -> PropertyValue:
    """Wire tree of plain Python, with every path in `secrets` that exists in it marked secret."""
    below: dict[str | int, list[Path]] = {}
    for path in secrets:
        if path:
            below.setdefault(path[0], []).append(path[1:])
    return PropertyValue(_wrapped(value, below), is_secret=() in secrets)


def wrap_map(values: Mapping[str, Any], secrets: Collection[Path] = ()) -> dict[str, PropertyValue]:
    """Wire form of a resource's properties: as `wrap`, but the root stays a dictionary."""
    root = wrap(values, [path for path in secrets if path]).value
    return dict(root) if isinstance(root, Mapping) else {}


def secret_paths(value: PropertyValue | Mapping[str, PropertyValue]) -> frozenset[Path]:
    """Paths of the outermost secret nodes of a wire tree; give them to `wrap` to mark a new tree alike."""
    return frozenset(_secret_paths(value, ()))


def contains_unknown(value: Any) -> bool:
    """Whether a plain tree has an `UNKNOWN` leaf anywhere."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def without_unknown(value: Any) -> Any:
    """A copy of a plain tree whose map entries and list items that are `UNKNOWN` are left out."""
    if isinstance(value, Mapping):
        return {key: without_unknown(item) for key, item in value.items() if item is not UNKNOWN}
    if isinstance(value, list):
        return [without_unknown(item) for item in value if item is not UNKNOWN]
    return value


def path_text(path: Path) -> str:
    """Pulumi's spelling of a property path, for example `spec.ports[0].name` or `tags["cost/tenant"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += '["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text


def path_steps(text: str) -> Path:
    """The inverse of `path_text`; `*` stays the string "*" and matches any one step."""
    steps: list[str | int] = []
    for match in _STEP.finditer(text):
        index, quoted, key = match.group("index", "quoted", "key")
        if index is not None:
            steps.append(index if index == "*" else int(index))
        elif quoted is not None:
            steps.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            steps.append(key)
    return tuple(steps)


def _wrapped(value: Any, below: Mapping[str | int, Collection[Path]]) -> Any:
    if isinstance(value, PropertyValue):
        return value.value
    if value is UNKNOWN:
        return _UNKNOWN_STRING
    if isinstance(value, Mapping):
        return {str(key): wrap(item, below.get(key, ())) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [wrap(item, below.get(index, ())) for index, item in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _secret_paths(value: PropertyValue | Mapping[str, PropertyValue], here: Path) -> Iterator[Path]:
    if isinstance(value, PropertyValue) and value.is_secret:
        yield here
        return
    inner = value.value if isinstance(value, PropertyValue) else value
    if isinstance(inner, Mapping):
        for key, item in inner.items():
            yield from _secret_paths(item, (*here, key))
    elif isinstance(inner, tuple):
        for index, item in enumerate(inner):
            yield from _secret_paths(item, (*here, index))
