"""Kubernetes objects that a stack only writes as files: a refresh has no cluster to compare them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_PROVIDER: Final = "pulumi:providers:kubernetes"
_FOLDER: Final = "renderYamlToDirectory"
UNREAD: Final[Mapping[str, str]] = {"PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}
"""Environment of a refresh that leaves objects as they are in the state where no cluster can be reached.

Without it the official provider (4.25.0, `Read`) fails the refresh, and advises another variable, which takes
every object out of the state. It must not be set for an update that applies objects: that would skip them
silently. One that renders them writes its files all the same (`Update`).
"""


def rendered_to(state: Mapping[str, Any]) -> tuple[str, ...]:
    """The folders of a stack all of whose Kubernetes objects are files; empty where any may be applied.

    Args:
        state: What `pulumi stack export` prints.
    """
    deployment = state.get("deployment") or {}
    resources: Sequence[Mapping[str, Any]] = deployment.get("resources") or ()
    providers = [each for each in resources if each.get("type") == _PROVIDER and not each.get("delete")]
    folders = [str((each.get("inputs") or {}).get(_FOLDER) or "") for each in providers]
    return tuple(dict.fromkeys(folders)) if all(folders) else ()
