"""Speaks to an API server about objects of any kind: discovery, apply, deletion that is waited for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import httpx

from localcloud.kubernetes.objects import label
from localcloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.kubernetes.connection import Connection

FIELD_MANAGER: Final = "pulumi"
DELETE_SECONDS: Final = 600.0
"""The official provider's default patience with a deletion."""
_ESTABLISH_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.2
_NOT_FOUND: Final = 404


class UnknownKindError(ProviderError):
    """The server does not serve this kind, perhaps not yet."""


class UnreachableError(ProviderError):
    """The server does not answer."""


class ApiServer:
    """One API server; safe to use from many threads."""

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client
        self._kinds: dict[str, dict[str, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Hang up; calls under way fail."""
        self._client.close()

    def is_namespaced(self, obj: Mapping[str, Any]) -> bool:
        """Whether the server keeps objects of this kind in namespaces."""
        return bool(self._kind(obj)["namespaced"])

    def get(self, obj: Mapping[str, Any]) -> dict[str, Any] | None:
        """The live object of this kind, namespace and name, or None."""
        response = self._send("GET", self._path(obj), obj)
        return None if response.status_code == _NOT_FOUND else self._body(response, obj)

    def namespace_exists(self, name: str) -> bool:
        """Whether a namespace is there, so that a dry run can go into it."""
        return self.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}) is not None

    def apply(self, obj: Mapping[str, Any], *, dry_run: bool = False, force: bool = False) -> dict[str, Any]:
        """Server-side apply: fields left out since the last apply are removed, unknown fields are refused."""
        parameters = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "force": str(force).lower()}
        if dry_run:
            parameters["dryRun"] = "All"
        path = self._path(obj)
        response = self._send(
            "PATCH", path, obj, params=parameters, content_type="application/apply-patch+yaml"
        )
        return self._body(response, obj)

    def delete(self, obj: Mapping[str, Any], seconds: float = 0.0) -> None:
        """Delete in the background and wait until the object is gone, naming the finalizers that keep it."""
        try:
            path = self._path(obj)
        except UnknownKindError:
            return  # its definition is gone, and with it every object
        response = self._send("DELETE", path, obj, params={"propagationPolicy": "Background"}, body=False)
        if response.status_code == _NOT_FOUND:
            return
        self._body(response, obj)
        patience = seconds or DELETE_SECONDS
        deadline = time.monotonic() + patience
        while (live := self.get(obj)) is not None and live["metadata"].get("deletionTimestamp"):
            if time.monotonic() > deadline:
                raise ProviderError(
                    f"{label(obj)}: still there {patience:g} s after deletion; {_holders(live)}."
                )
            time.sleep(_POLL_SECONDS)

    def await_definition(self, obj: Mapping[str, Any]) -> None:
        """Wait until a new CustomResourceDefinition is served, so that its objects can follow."""
        deadline = time.monotonic() + _ESTABLISH_SECONDS
        spec = obj["spec"]
        served = [version["name"] for version in spec["versions"] if version.get("served")]
        for version in served:
            probe = {"apiVersion": f"{spec['group']}/{version}", "kind": spec["names"]["kind"]}
            while not self.serves(probe):
                if time.monotonic() > deadline:
                    raise ProviderError(
                        f"{label(obj)}: not served {_ESTABLISH_SECONDS:g} s after its creation."
                    )
                time.sleep(_POLL_SECONDS)

    def serves(self, obj: Mapping[str, Any]) -> bool:
        """Whether the server knows the object's kind now."""
        try:
            self._kind(obj)
        except UnknownKindError:
            return False
        return True

    def _kind(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        version, kind = str(obj["apiVersion"]), str(obj["kind"])
        with self._lock:
            found = self._kinds.get(version, {}).get(kind)
        if found is None:  # never seen, or registered since
            found = self._discover(version).get(kind)
        if found is None:
            raise UnknownKindError(
                f"{kind} in {version}: the API server {self._client.base_url} does not serve this kind; "
                "check the version, or create its CustomResourceDefinition first (depends_on)."
            )
        return found

    def _discover(self, version: str) -> dict[str, dict[str, Any]]:
        response = self._send(
            "GET", _group_path(version), {"kind": "API group", "metadata": {"name": version}}
        )
        listed = response.json().get("resources", []) if response.is_success else []
        kinds = {entry["kind"]: entry for entry in listed if "/" not in entry["name"]}
        with self._lock:
            self._kinds[version] = kinds
        return kinds

    def _path(self, obj: Mapping[str, Any]) -> str:
        kind, metadata = self._kind(obj), obj["metadata"]
        path = _group_path(str(obj["apiVersion"]))
        if kind["namespaced"]:
            path += f"/namespaces/{metadata.get('namespace') or 'default'}"
        path += f"/{kind['name']}"
        return f"{path}/{metadata['name']}" if metadata.get("name") else path

    def _send(
        self,
        method: str,
        path: str,
        obj: Mapping[str, Any],
        *,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        body: bool = True,
    ) -> httpx.Response:
        content = dict(obj) if body and method in ("PATCH", "POST") else None
        try:
            return self._client.request(
                method, path, params=params, json=content, headers={"Content-Type": content_type}
            )
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"{label(obj)}: the API server {self._client.base_url} cannot be reached: {error}."
            ) from error

    def _body(self, response: httpx.Response, obj: Mapping[str, Any]) -> dict[str, Any]:
        if response.is_success:
            body: dict[str, Any] = response.json()
            return body
        raise ProviderError(f"{label(obj)}: {_reason(response)}")


def _group_path(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _reason(response: httpx.Response) -> str:
    """The causes of a Status object with their fields, else its message."""
    try:
        status = response.json()
    except ValueError:
        return f"the API server answered {response.status_code}: {response.text[:200]}"
    causes = (status.get("details") or {}).get("causes") or []
    found = "; ".join(
        f"{cause['field'].lstrip('.')}: {cause.get('message', '')}" for cause in causes if cause.get("field")
    )
    if any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        return f'{found}; set the annotation pulumi.com/patchForce: "true" to take over what others own'
    return found or str(status.get("message", response.text))


def _holders(live: Mapping[str, Any]) -> str:
    names = [*live["metadata"].get("finalizers", []), *(live.get("spec") or {}).get("finalizers", [])]
    if not names:
        return "it gives no reason, look at its events"
    return f"the finalizer {', '.join(names)} has not been removed by its controller"
