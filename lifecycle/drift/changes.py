"""Reads what `pulumi refresh --preview-only --json` prints into the changes of each resource.

Pulumi prints one document with a step for each resource, or, with PULUMI_ENABLE_STREAMING_JSON_PREVIEW, an
engine event on each line (pulumi 3.259, pkg/display/json.go). Both hold the state before and after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lifecycle.drift.secrets import shown
from tiers.errors import CatalogError
from tiers.files import MAX_JSON_VALUES, parsed_json

_REMEDY: Final = "make it with `pulumi refresh --preview-only --json`"
_STEP: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
_OWN: Final = "__"
"""What a provider keeps for itself in a state begins with it."""
_GONE: Final = "delete"
_MISSING: Final = object()
_STATES: Final = {"old": "oldState", "new": "newState"}
_OF_PULUMI: Final = "pulumi:"
"""Stacks, providers and records: nothing in a cloud."""
OBJECT: Final = "kubernetes:"
"""What the type of a Kubernetes object begins with."""


@dataclass(frozen=True)
class FieldChange:
    """A property that differs: its path, the value of the stack, and that of the account; None is none."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """A resource of the stack that is otherwise in the account, or no longer there.

    Attributes:
        urn: Its URN.
        type: Its type token.
        id: The cloud's id; "" where Pulumi names none.
        gone: Whether the account has it no longer.
        fields: What differs; empty where it is gone.
        tags: The cost tags, or labels, that the stack gave it.
    """

    urn: str
    type: str
    id: str
    gone: bool
    fields: tuple[FieldChange, ...]
    tags: Mapping[str, str]

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Refresh:
    """The changes of a refresh, and how many resources of the cloud and objects of Kubernetes it has read."""

    changes: tuple[Change, ...]
    resources: int
    objects: int


def refresh_of(text: str, source: str) -> Refresh:
    """The changes in the output of a refresh.

    Args:
        text: What Pulumi printed: one document, or an event on each line.
        source: Its name in error messages.

    Raises:
        CatalogError: When it is neither, or the refresh did not come to its end: half of it would hide drift.
    """
    steps = [step for step in _steps(text, source) if _is_in_cloud(step)]
    if not steps:
        raise CatalogError(f"{source}: holds no resource; {_REMEDY}, of a stack that is deployed")
    found = {str(step["urn"]): _change(step) for step in steps}
    changes = (each for each in found.values() if each.gone or each.fields)
    objects = sum(each.type.startswith(OBJECT) for each in found.values())
    return Refresh(tuple(sorted(changes, key=lambda each: each.urn)), len(found) - objects, objects)


def _steps(text: str, source: str) -> Sequence[Mapping[str, Any]]:
    start = text.lstrip()[:1]
    if not start:
        raise CatalogError(f"{source}: is empty; {_REMEDY}")
    first = text.lstrip().partition("\n")[0]
    steps: Any
    diagnostics: Any
    if start == "{" and _is_event(first):
        steps, diagnostics = _of_events(text, source)
    else:
        document = parsed_json(text, source, remedy=_REMEDY, most=max(len(text), MAX_JSON_VALUES))
        known = document if isinstance(document, dict) else {}
        steps, diagnostics = known.get("steps"), known.get("diagnostics")
    if not isinstance(steps, list) or not all(
        isinstance(step, dict) and isinstance(step.get("urn"), str) for step in steps
    ):
        raise CatalogError(f"{source}: expected an object with `steps`; {_REMEDY}")
    for each in diagnostics if isinstance(diagnostics, list) else ():
        if isinstance(each, dict) and each.get("severity") == "error":
            said = " ".join(str(each.get("message")).split())[-400:]
            raise CatalogError(f"{source}: the refresh failed: {said}")
    return steps


def _is_event(line: str) -> bool:
    try:
        return "sequence" in json.loads(line)
    except ValueError:
        return False


def _of_events(text: str, source: str) -> tuple[list[Any], list[Any]]:
    """The steps and diagnostics of engine events; the last that is said of a resource counts."""
    steps: dict[str, Any] = {}
    diagnostics: list[Any] = []
    ended = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        event = parsed_json(line, f"{source}:{number}", remedy=_REMEDY)
        if not isinstance(event, dict):
            raise CatalogError(
                f"{source}:{number}: expected an event, found {type(event).__name__}; {_REMEDY}"
            )
        ended = ended or "summaryEvent" in event
        diagnostics += [event["diagnosticEvent"]] if isinstance(event.get("diagnosticEvent"), dict) else []
        # What is there is known when a resource was read, not before.
        told = event.get("resOutputsEvent") or event.get("resourcePreEvent") or {}
        step = told.get("metadata") if isinstance(told, dict) else None
        if isinstance(step, dict):
            steps[str(step.get("urn"))] = {_STATES.get(key, key): value for key, value in step.items()}
    if not ended:
        raise CatalogError(f"{source}: ends before the refresh did: it has no summary; {_REMEDY}")
    return list(steps.values()), diagnostics


def _is_in_cloud(step: Mapping[str, Any]) -> bool:
    state = _state(step, "oldState") or _state(step, "newState")
    return bool(state.get("custom")) and not str(state.get("type")).startswith(_OF_PULUMI)


def _state(step: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    state = step.get(side)
    return state if isinstance(state, dict) else {}


def _change(step: Mapping[str, Any]) -> Change:
    old, new = _state(step, "oldState"), _state(step, "newState")
    kind = str((old or new).get("type"))
    gone = step.get("op") == _GONE or (bool(old) and not new)
    return Change(
        urn=str(step["urn"]),
        type=kind,
        id=str((old or new).get("id") or ""),
        gone=gone,
        fields=() if gone else tuple(_fields(step, kind, old, new)),
        tags=tags_of(kind, old.get("inputs") or {}),
    )


def tags_of(kind: str, inputs: Mapping[str, Any]) -> Mapping[str, str]:
    """The tags, or for Kubernetes the labels, among the inputs of a resource of type *kind*."""
    held = inputs.get("tags")
    if kind.startswith(OBJECT):
        metadata = inputs.get("metadata")
        held = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return {str(key): str(value) for key, value in held.items()} if isinstance(held, Mapping) else {}


def _fields(
    step: Mapping[str, Any], kind: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[FieldChange]:
    """What the provider says differs; where it says nothing, the inputs that do."""
    paths = step.get("detailedDiff")
    named = sorted(paths) if isinstance(paths, dict) else []
    before, after = (side.get("inputs") or {} for side in (old, new))
    for path in named or sorted(_differing(before, after)):
        if not path.startswith(_OWN):
            values = (_value(side, path) for side in (old, new))
            yield FieldChange(path, *(shown(kind, path, each) for each in values))


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key in {*before, *after}:
        if before.get(key) != after.get(key):
            yield str(key)


def _value(state: Mapping[str, Any], path: str) -> Any:
    for side in ("inputs", "outputs"):
        found = _at(state.get(side), path)
        if found is not _MISSING:
            return found
    return None


def _at(value: Any, path: str) -> Any:
    """The value at a property path such as `spec.ports[0]["a.b"]` (pulumi, resource.ParsePropertyPath)."""
    for quoted, index, name in _STEP.findall(path):
        if isinstance(value, list) and index and int(index) < len(value):
            value = value[int(index)]
        elif isinstance(value, dict) and (key := quoted.replace('\\"', '"') or name or index) in value:
            value = value[key]
        else:
            return _MISSING
    return value
