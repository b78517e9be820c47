"""What applied and rendered Kubernetes objects have in common, compared as the official provider compares."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from localcloud.kubernetes.immutable import replace_paths
from localcloud.kubernetes.objects import (
    is_autonamed,
    is_namespaced,
    named,
    object_id,
    observed,
    without_nulls,
)
from localcloud.properties import UNKNOWN
from localcloud.provider import Checked, Failure, ResourceType, Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from localcloud.properties import Path

SKIP: Final = "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"
_SPELLED_TWICE: Final = re.compile(r'(?=.*[^A-Za-z0-9_])[^."\[\]]+')


class KubernetesObject(ResourceType):
    """What applied and rendered objects have in common: names, namespaces, what replaces."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.namespace = str(settings.get("namespace") or "")
        switches = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
        self.mutable = frozenset(kind for kind, name in switches.items() if is_on(settings.get(name)))

    def is_namespaced(self, obj: dict[str, Any]) -> bool:
        """Whether the object's kind lives in a namespace."""
        return is_namespaced(str(obj["kind"]))

    def check(self, subject: Subject, news: dict[str, Any], olds: dict[str, Any]) -> Checked:
        """Name the object and put it into a namespace; the server judges the rest."""
        obj = {"metadata": {}, **without_nulls(news)}
        missing = [
            Failure(key, "expected a value, found none") for key in ("apiVersion", "kind") if not obj.get(key)
        ]
        if missing or obj["metadata"] is UNKNOWN:
            return Checked(obj, missing)
        obj = named(subject, obj, olds)
        if not obj["metadata"].get("namespace") and self.is_namespaced(obj):
            obj = {**obj, "metadata": {**obj["metadata"], "namespace": self.namespace or "default"}}
        return Checked(obj)

    @staticmethod
    def is_ignorable(path: Path) -> bool:
        """Not below a key such as `job-name`: the official provider spells its path in two ways.

        Its difference has `labels.job-name`; it takes `labels["job-name"]` out of it (4.25.0, `Diff`).
        """
        return not any(isinstance(step, str) and _SPELLED_TWICE.fullmatch(step) for step in path)

    def secret_names(self, values: Mapping[str, Any]) -> Collection[str]:
        """A Secret's content is secret however the program wrote it."""
        return ("data", "stringData") if values.get("kind") == "Secret" else ()

    def replace_paths(
        self, _subject: Subject, _olds: dict[str, Any], news: dict[str, Any]
    ) -> Collection[str]:
        """The kind decides, see `immutable`."""
        return replace_paths(news, mutable=self.mutable)

    def delete_first(self, _subject: Subject, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """A name the program fixed can exist once only."""
        return not is_autonamed(news) and object_id(olds) == object_id(news)

    def adopted(self, news: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """Of an imported object only the fields the program sets count."""
        return observed(news, outputs)


def is_on(value: Any) -> bool:
    """Whether a setting or an annotation says true."""
    return str(value).lower() == "true"


def skips_unreachable(settings: Mapping[str, Any]) -> bool:
    """Whether objects of a silent server are taken as the state has them (4.25.0, `Configure`)."""
    named = settings.get("skipUpdateUnreachable")
    return is_on(os.environ.get(SKIP) if named is None else named)
