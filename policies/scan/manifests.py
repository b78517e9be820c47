"""Writes registered Kubernetes objects as YAML, one file each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from policies.scan.registered import Registered, Withheld

_TOKEN: Final = re.compile(r"kubernetes:(?P<group>[\w.-]+)/(?P<version>v\w+):(?P<kind>\w+)")
_NO_OBJECTS: Final = frozenset({"helm.sh"})
"""Pulumi's own groups: the cluster renders what they install."""


def manifest(registered: Registered) -> dict[str, Any] | None:
    """The object as a cluster would get it; None for other resources."""
    found = _TOKEN.fullmatch(registered.type)
    if not found or found["group"] in _NO_OBJECTS:
        return None
    version = found["version"] if found["group"] == "core" else f"{found['group']}/{found['version']}"
    fields = {key: _shown(value) for key, value in registered.inputs.items() if not key.startswith("__")}
    return {"apiVersion": version, "kind": found["kind"]} | fields


def write_manifests(registered: Iterable[Registered], folder: Path) -> list[Path]:
    """Write every Kubernetes object among *registered* into *folder*; the files in order."""
    written: list[Path] = []
    for each in registered:
        content = manifest(each)
        if content is not None:
            path = folder / f"{len(written):05d}-{content['kind'].lower()}-{each.name}.yaml"
            path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
            written.append(path)
    return written


def _shown(value: Any) -> Any:
    """The value without secrets: a word takes the place of each withheld value."""
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value.value if value is Withheld.VALUE else value
