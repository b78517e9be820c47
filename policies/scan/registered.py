"""Reads a stack's resources from the JSON that Pulumi prints: `stack export` or `preview --json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from tiers.files import UnreadableError, read_json

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret, is none
# A preview's placeholders for an unknown string, boolean, number, array and map, and for a secret.
_UNKNOWN: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "[secret]",
    }
)


class ScanError(Exception):
    """A scan that is not possible: one sentence with the problem and a remedy."""


class Withheld(Enum):
    """A value that exists but is not shown: known only after the update, or a secret."""

    VALUE = "withheld"


@dataclass(frozen=True)
class Registered:
    """A resource as the engine registered it; properties in Pulumi's spelling."""

    urn: str
    type: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The cloud's answer, with the id; empty in a preview."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Input -> URNs of the resources whose outputs it is made of."""

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[1]


def load(path: Path) -> list[Registered]:
    """The resources in the file at *path*, without components and providers.

    Raises:
        ScanError: When the file is not an output of the two commands or has no resource.
    """
    try:
        found = list(_resources(read_json(path)))
    except UnreadableError as error:
        raise ScanError(f"{error}; name {_EXPECTED}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ScanError(f"{path}: is not {_EXPECTED}; write it with one of these commands") from None
    if not found:
        raise ScanError(f"{path}: has no resource; deploy the stack, or write `pulumi preview --json`")
    return found


_EXPECTED: Final = "what `pulumi stack export` or `pulumi preview --json` print"


def _resources(document: Mapping[str, Any]) -> Iterator[Registered]:
    if "steps" in document:
        states = [step["newState"] for step in document["steps"] if step.get("newState")]
    else:
        states = document["deployment"].get("resources") or []
    for state in states:
        if state.get("custom") and not state["type"].startswith("pulumi:") and not state.get("delete"):
            yield _registered(state)


def _registered(state: Mapping[str, Any]) -> Registered:
    outputs = _shown(state.get("outputs") or {})
    identity = {"id": state["id"]} if state.get("id") else {}
    return Registered(
        urn=state["urn"],
        type=state["type"],
        inputs={key: _shown(value) for key, value in (state.get("inputs") or {}).items()},
        outputs=identity | outputs,
        sources={key: tuple(urns) for key, urns in (state.get("propertyDependencies") or {}).items() if urns},
    )


def _shown(value: Any) -> Any:
    """The value with unknown and secret parts withheld."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return Withheld.VALUE
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return Withheld.VALUE if isinstance(value, str) and value in _UNKNOWN else value
