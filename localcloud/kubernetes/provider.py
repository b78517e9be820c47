"""Pulumi's view of Kubernetes objects: named, compared, applied or rendered; pods are not awaited."""

from __future__ import annotations

from typing import Any, Final

from localcloud.kubernetes.applied import AppliedObject
from localcloud.kubernetes.rendered import RenderedObject
from localcloud.kubernetes.resource import KubernetesObject
from localcloud.plugin import sdk_version, serve
from localcloud.provider import ProviderError, ResourceType, TableProvider

_NOT_OBJECTS: Final = ("kubernetes:helm.sh/", "kubernetes:kustomize", "kubernetes:yaml")


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


if __name__ == "__main__":
    serve(KubernetesProvider(), sdk_version("pulumi-kubernetes"))
