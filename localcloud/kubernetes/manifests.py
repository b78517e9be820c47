"""Writes objects as YAML files instead of applying them: the official provider's `renderYamlToDirectory`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from localcloud.kubernetes.objects import another_owner, object_id
from localcloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping


def manifest_path(folder: Path, obj: Mapping[str, Any]) -> Path:
    """`0-crd/` or `1-manifest/`, then version, kind, namespace and name, as the official provider has it."""
    metadata = obj["metadata"]
    version = str(obj["apiVersion"]).replace("/", "_").replace(":", "_")
    kind = str(obj["kind"])
    if not metadata.get("name"):
        raise ProviderError(
            f"{kind}: generateName cannot be rendered to YAML, because no server picks the name."
        )
    below = "0-crd" if kind == "CustomResourceDefinition" else "1-manifest"
    namespace = metadata.get("namespace") or "default"
    return folder / below / f"{version}-{kind.lower()}-{namespace}-{metadata['name']}.yaml"


def write_manifest(folder: Path, obj: Mapping[str, Any]) -> Path:
    """Write one file, readable by its owner only, and return its path.

    Raises:
        ProviderError: When it is a file of another portfolio, or cannot be written.
    """
    for below in ("0-crd", "1-manifest"):
        (folder / below).mkdir(mode=0o700, parents=True, exist_ok=True)
    path = manifest_path(folder, obj)
    _refuse_anothers(path, obj)
    text = yaml.safe_dump(dict(obj), sort_keys=True, allow_unicode=True)
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProviderError(
            f"{obj['kind']} {object_id(obj)}: {path} cannot be written: {error.strerror}."
        ) from error
    return path


def remove_manifest(folder: Path, obj: Mapping[str, Any]) -> None:
    """Remove an object's file; a file already gone is fine, and another portfolio's stays."""
    path = manifest_path(folder, obj)
    if not another_owner(_written(path), obj):
        path.unlink(missing_ok=True)


def _refuse_anothers(path: Path, obj: Mapping[str, Any]) -> None:
    if owner := another_owner(_written(path), obj):
        raise ProviderError(
            f"{obj['kind']} {object_id(obj)}: {path} belongs to portfolio '{owner}': render each portfolio "
            "into a folder of its own (kubernetes:renderYamlToDirectory)."
        )


def _written(path: Path) -> Mapping[str, Any]:
    """What lies there; nothing where no object can be read."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}
