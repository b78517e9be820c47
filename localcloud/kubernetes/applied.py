"""Kubernetes objects on an API server, applied from the server's side."""

from __future__ import annotations

import threading
from typing import Any, Final

from localcloud.kubernetes.api import ApiServer, UnknownKindError, UnreachableError
from localcloud.kubernetes.connection import connect
from localcloud.kubernetes.objects import (
    another_owner,
    has_failed,
    importable,
    label,
    object_id,
    observed,
    stored,
    with_generated_name,
    with_live_values,
)
from localcloud.kubernetes.resource import KubernetesObject, is_on, skips_unreachable
from localcloud.properties import contains_unknown
from localcloud.provider import INPUTS, ProviderError, State, Subject

_PATCH_FORCE: Final = "pulumi.com/patchForce"
_REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"


class AppliedObject(KubernetesObject):
    """An object on an API server, owned field by field through server-side apply."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.upsert = is_on(settings.get("upsertExistingObjects"))
        self.force = is_on(settings.get("enablePatchForce"))
        self.skips = skips_unreachable(settings)
        self._settings = settings
        self._api: ApiServer | None = None
        self._lock = threading.Lock()

    @property
    def api(self) -> ApiServer:
        """The server, connected on first use so that a stack without Kubernetes objects needs none."""
        with self._lock:
            if self._api is None:
                kubeconfig, context = self._settings.get("kubeconfig"), self._settings.get("context")
                connection = connect(str(kubeconfig or ""), str(context or ""))
                self.namespace = self.namespace or connection.namespace
                self._api = ApiServer(connection)
            return self._api

    def close(self) -> None:
        """Hang up, if there ever was a connection."""
        with self._lock:
            if self._api is not None:
                self._api.close()

    def is_namespaced(self, obj: dict[str, Any]) -> bool:
        """The server knows best; a kind whose definition comes in this run is taken to have a namespace."""
        try:
            return self.api.is_namespaced(obj)
        except (UnknownKindError, UnreachableError):
            return super().is_namespaced(obj)

    def preview(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """A server-side dry run refuses what the update would refuse, where there is a place to try it."""
        try:
            self._try(subject, inputs, outputs)
        except UnreachableError:
            if not self.skips:
                raise
        return super().preview(subject, inputs, outputs)

    def _try(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        if not contains_unknown(inputs) and self._can_try(inputs, exists=bool(outputs)):
            target = _identified(inputs, outputs)
            present = self.api.get(target) if outputs else None
            kept = with_live_values(target, present, subject.ignored) if present else target
            # As the official one (4.25.0, `patchForce`): the preview says what the update would be refused.
            forced = present is None or self._forced(inputs)
            self.api.apply(with_generated_name(kept), dry_run=True, force=forced)

    def create(self, _subject: Subject, inputs: dict[str, Any]) -> State:
        """Apply an object that must not exist yet, unless the provider may take existing ones over."""
        target = with_generated_name(inputs)
        present = self.api.get(target)
        if owner := another_owner(present or {}, target):
            raise ProviderError(
                f"{label(inputs)} belongs to portfolio '{owner}': give one of the two its own "
                "cluster.namespace_prefix in platform.yaml."
            )
        if not self.upsert and present is not None:
            raise ProviderError(
                f"{label(inputs)} already exists: import it (`pulumi import`, id {object_id(inputs)}), "
                "delete it, or set kubernetes:upsertExistingObjects to take it over."
            )
        live = self.api.apply(target, force=self._forced(inputs))
        if inputs["kind"] == "CustomResourceDefinition":
            self.api.await_definition(inputs)
        return State(object_id(live), stored(live))

    def update(
        self, subject: Subject, inputs: dict[str, Any], _olds: dict[str, Any], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Apply again; fields no longer in the inputs go, what the program ignores stays as it is."""
        target = _identified(inputs, outputs)
        try:
            present = self.api.get(target)
        except UnreachableError:
            if self.skips:
                return outputs
            raise
        if present is None:
            raise ProviderError(
                f"{label(target)} is gone from the cluster: run `pulumi refresh`, then update again."
            )
        kept = with_live_values(target, present, subject.ignored)
        live = self.api.apply(kept, force=self._forced(inputs))
        if inputs["kind"] == "CustomResourceDefinition":
            self.api.await_definition(inputs)
        # The official provider compares the next inputs with those that it sent (4.25.0, `ssaUpdate`).
        return {**stored(live), INPUTS: with_live_values(inputs, live, subject.ignored)}

    def remade_for(self, news: dict[str, Any], outputs: dict[str, Any]) -> str:
        """A Job that has failed is made anew where it says so."""
        annotations = (news.get("metadata") or {}).get("annotations") or {}
        if news.get("kind") != "Job" or annotations.get(_REPLACE_UNREADY) != "true" or not outputs:
            return ""
        # The official one takes a Job that still runs, too; on this machine no controller ever ends one.
        try:
            failed = has_failed(self.api.get(_identified(news, outputs)) or {})
        except UnreachableError:
            return ""  # the official one ignores it, too (4.25.0, `Diff`)
        return f'metadata.annotations["{_REPLACE_UNREADY}"]' if failed else ""

    def read(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> State | None:
        """Look at the live object; on import the id `namespace/name` and the resource type say which."""
        wanted = _identified(inputs, outputs) if inputs else _from_id(subject)
        try:
            live = self.api.get(wanted)
        except UnknownKindError:
            return None
        except UnreachableError:
            if self.skips and outputs:
                return State(subject.id, outputs, inputs)
            raise
        if live is None:
            return None
        seen = observed(inputs, live) if inputs else importable(live)
        return State(object_id(live), stored(live), seen)

    def delete(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Delete and wait; custom timeouts bound the wait."""
        self.api.delete(_identified(inputs or outputs, outputs), subject.timeout)

    def _can_try(self, obj: dict[str, Any], *, exists: bool) -> bool:
        if not self.api.serves(obj):
            return False
        metadata = obj["metadata"]
        namespace = metadata.get("namespace")
        if namespace and not self.api.namespace_exists(namespace):
            return False
        # a name in use means a replacement that deletes first: it cannot be tried while the old one is there
        return exists or not metadata.get("name") or self.api.get(obj) is None

    def _forced(self, inputs: dict[str, Any]) -> bool:
        annotations = inputs["metadata"].get("annotations") or {}
        return self.force or self.upsert or str(annotations.get(_PATCH_FORCE, "")).lower() == "true"


def _identified(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the name the server gave, which matters for `generateName`."""
    metadata = inputs["metadata"]
    if metadata.get("name"):
        return inputs
    return {**inputs, "metadata": {**metadata, "name": (outputs.get("metadata") or {}).get("name", "")}}


def _from_id(subject: Subject) -> dict[str, Any]:
    """The object a type token and an import id stand for."""
    _, version, kind = subject.token.split(":")
    namespace, _, name = subject.id.rpartition("/")
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": version.removeprefix("core/"), "kind": kind, "metadata": metadata}
