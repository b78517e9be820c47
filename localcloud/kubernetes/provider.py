"""Pulumi's view of Kubernetes objects: named, compared, applied or rendered; pods are not awaited."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from localcloud.kubernetes.api import ApiServer, UnknownKindError
from localcloud.kubernetes.connection import connect
from localcloud.kubernetes.immutable import replace_paths
from localcloud.kubernetes.manifests import manifest_path, remove_manifest, write_manifest
from localcloud.kubernetes.objects import (
    another_owner,
    importable,
    is_autonamed,
    is_namespaced,
    label,
    named,
    object_id,
    observed,
    stored,
    with_generated_name,
    with_live_values,
    without_nulls,
)
from localcloud.plugin import sdk_version, serve
from localcloud.properties import UNKNOWN, contains_unknown
from localcloud.provider import Checked, Failure, ProviderError, ResourceType, State, Subject, TableProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_NOT_OBJECTS: Final = ("kubernetes:helm.sh/", "kubernetes:kustomize", "kubernetes:yaml")
_PATCH_FORCE: Final = "pulumi.com/patchForce"


class KubernetesObject(ResourceType):
    """What applied and rendered objects have in common: names, namespaces, what replaces."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.namespace = str(settings.get("namespace") or "")
        switches = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}
        self.mutable = frozenset(kind for kind, name in switches.items() if _is_on(settings.get(name)))

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


class RenderedObject(KubernetesObject):
    """An object written to a folder as YAML; nothing is sent anywhere."""

    def __init__(self, settings: dict[str, Any], warn: Callable[[str, str], None]) -> None:
        super().__init__(settings)
        self.folder = Path(str(settings["renderYamlToDirectory"]))
        self.warn = warn
        self._warned = False
        self._warning = threading.Lock()

    def create(self, subject: Subject, inputs: dict[str, Any]) -> State:
        """Write the manifest, with a warning when the first secret is written in plaintext."""
        if subject.secrets or inputs["kind"] == "Secret":
            self._warn_once(subject)
        write_manifest(self.folder, inputs)
        return State(object_id(inputs), inputs)

    def _warn_once(self, subject: Subject) -> None:
        """The official provider warns for every file; what to do about it is the same for all of them."""
        with self._warning:
            first, self._warned = not self._warned, True
        if first:
            self.warn(
                subject.urn,
                f"{self.folder} contains secret values in plaintext, because manifests are written as files "
                "instead of applied; only you can read them: keep the folder out of version control",
            )

    def update(
        self, subject: Subject, inputs: dict[str, Any], olds: dict[str, Any], _outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Write the manifest again; a new API version is a new file name."""
        if manifest_path(self.folder, olds) != manifest_path(self.folder, inputs):
            remove_manifest(self.folder, olds)
        return self.create(subject, inputs).outputs

    def read(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> State | None:
        """A rendered object is what was rendered."""
        if not outputs:
            raise ProviderError(f"{subject.id}: a rendered manifest cannot be imported, no server has it.")
        return State(subject.id, outputs, inputs)

    def delete(self, _subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Remove the manifest."""
        remove_manifest(self.folder, inputs or outputs)


class AppliedObject(KubernetesObject):
    """An object on an API server, owned field by field through server-side apply."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.upsert = _is_on(settings.get("upsertExistingObjects"))
        self.force = _is_on(settings.get("enablePatchForce"))
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
        except UnknownKindError:
            return super().is_namespaced(obj)

    def preview(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """A server-side dry run refuses what the update would refuse, where there is a place to try it."""
        if not contains_unknown(inputs) and self._can_try(inputs, exists=bool(outputs)):
            target = _identified(inputs, outputs)
            present = self.api.get(target) if outputs else None
            kept = with_live_values(target, present, subject.ignored) if present else target
            self.api.apply(with_generated_name(kept), dry_run=True, force=True)
        return super().preview(subject, inputs, outputs)

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
        present = self.api.get(target)
        if present is None:
            raise ProviderError(
                f"{label(target)} is gone from the cluster: run `pulumi refresh`, then update again."
            )
        kept = with_live_values(target, present, subject.ignored)
        live = self.api.apply(kept, force=self._forced(inputs))
        if inputs["kind"] == "CustomResourceDefinition":
            self.api.await_definition(inputs)
        return stored(live)

    def read(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> State | None:
        """Look at the live object; on import the id `namespace/name` and the resource type say which."""
        wanted = _identified(inputs, outputs) if inputs else _from_id(subject)
        try:
            live = self.api.get(wanted)
        except UnknownKindError:
            return None
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


class KubernetesProvider(TableProvider):
    """One implementation for every kind; the configuration decides between a server and a folder."""

    def __init__(self) -> None:
        super().__init__()
        self._object: KubernetesObject | None = None

    def use_settings(self, settings: dict[str, Any]) -> None:
        """Choose between rendering and applying; the server is contacted later, on first use."""
        if settings.get("renderYamlToDirectory"):
            self._object = RenderedObject(settings, self.warn)
        else:
            self._object = AppliedObject(settings)

    async def cancel(self) -> None:
        """Abort what is under way by closing the connection."""
        if isinstance(self._object, AppliedObject):
            self._object.close()

    def resource_type(self, token: str) -> ResourceType:
        """Any kind of object; charts and YAML bundles are components of the official provider only."""
        if token.startswith(_NOT_OBJECTS):
            raise ProviderError(
                f"{token} is not an object but a bundle, which this machine's provider does not unpack: "
                "declare the objects themselves, or use the official provider."
            )
        if self._object is None:
            raise ProviderError(f"{token}: the provider was used before it was configured.")
        return self._object


def _is_on(value: Any) -> bool:
    return str(value).lower() == "true"


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


if __name__ == "__main__":
    serve(KubernetesProvider(), sdk_version("pulumi-kubernetes"))
