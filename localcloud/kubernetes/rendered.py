"""Kubernetes objects that are written to a folder, for somebody else to apply."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.kubernetes.manifests import manifest_path, remove_manifest, write_manifest
from localcloud.kubernetes.objects import object_id
from localcloud.kubernetes.resource import SKIP, KubernetesObject, skips_unreachable
from localcloud.provider import ProviderError, State, Subject

if TYPE_CHECKING:
    from collections.abc import Callable


class RenderedObject(KubernetesObject):
    """An object written to a folder as YAML; nothing is sent anywhere."""

    def __init__(self, settings: dict[str, Any], warn: Callable[[str, str], None]) -> None:
        super().__init__(settings)
        self.folder = Path(str(settings["renderYamlToDirectory"]))
        self.skips = skips_unreachable(settings)
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
        """A rendered object is what was rendered, for whoever knows that no server is asked.

        As with the official provider (4.25.0, `Read`), which has no cluster to ask here either.
        """
        if not outputs:
            raise ProviderError(f"{subject.id}: a rendered manifest cannot be imported, no server has it.")
        if not self.skips:
            raise ProviderError(
                f"{subject.id} is a file in {self.folder}, and there is no cluster to compare it with: "
                f"refresh with {SKIP}=true in the environment, as `make refresh` and `costack recover` do."
            )
        return State(subject.id, outputs, inputs)

    def delete(self, _subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Remove the manifest."""
        remove_manifest(self.folder, inputs or outputs)
