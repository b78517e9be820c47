"""Starts a real Kubernetes API server with its etcd on loopback ports, for tests that apply objects.

There is no scheduler and no kubelet, so pods never run, and no controller manager: a thread here does the one
part of it that deletions wait for, emptying and finalizing namespaces.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx

from localcloud.patience import Patience, Starting
from tests.repetition import repeating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TOOLS = Path(__file__).resolve().parents[2] / ".toolchain" / "bin"
_COLLECTS_LATER = {"GOGC": "400"}
"""Both run for a minute: they collect garbage when they have five times what they need, not twice."""
_BACKGROUND = {"propagationPolicy": "Background"}
"""Else a Job would wait for a controller that does not run here."""


@dataclass(frozen=True)
class Cluster:
    """A running API server."""

    kubeconfig: Path
    client: httpx.Client
    """Signed in as an administrator."""
    starting: Starting
    is_controlled: bool = False
    """Whether Kubernetes' own controllers run beside it."""

    def wait_for(self, path: str) -> None:
        """Until the server answers at *path*, as one does that comes to know a new kind."""
        Patience().wait(self.starting, lambda: self.client.get(path).is_success or None)


@contextmanager
def running_cluster(
    folder: Path,
    tended: Callable[[Cluster], AbstractContextManager[object]] | None = None,
) -> Iterator[Cluster]:
    """An API server that lives as long as the block, with its data and logs in `folder`.

    Args:
        folder: Data, keys and logs.
        tended: Runs controllers for it; without them a thread here empties namespaces.
    """
    token, port = secrets.token_hex(16), _free_port()
    server = f"https://127.0.0.1:{port}"
    etcd_url = f"http://127.0.0.1:{_free_port()}"
    (folder / "tokens.csv").write_text(f'{token},admin,1,"system:masters"\n', encoding="utf-8")
    key = ["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"]
    subprocess.run(key, check=True, capture_output=True)
    signed_in = {"Authorization": f"Bearer {token}"}
    client = httpx.Client(base_url=server, headers=signed_in, verify=False, timeout=30)  # noqa: S501  loopback
    # Service accounts and volume claims wait for controllers.
    left_out = () if tended else ("ServiceAccount", "StorageObjectInUseProtection")
    with (
        (folder / "log").open("wb") as log,
        running(_etcd(folder, etcd_url), log) as etcd,
        running(_api_server(folder, etcd_url, port, left_out), log) as api,
        client,
    ):
        starting = Starting.of("the API server", etcd, api, log=folder / "log")
        Patience().wait(starting, lambda: _ready(client))
        cluster = Cluster(_kubeconfig(folder, server, token), client, starting, bool(tended))
        with (tended or _finalizing)(cluster):
            yield cluster


@contextmanager
def _finalizing(cluster: Cluster) -> Iterator[None]:
    with repeating(lambda: _finalize_namespaces(cluster.client), 0.2):
        yield


def _etcd(folder: Path, url: str) -> list[str]:
    peer = f"http://127.0.0.1:{_free_port()}"
    return [
        str(TOOLS / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _api_server(folder: Path, etcd_url: str, port: int, left_out: Sequence[str]) -> list[str]:
    return [
        str(TOOLS / "kube-apiserver"),
        f"--etcd-servers={etcd_url}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certificates'}",
        "--service-account-issuer=https://localhost",
        f"--service-account-key-file={folder / 'sa.key'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/16",
        *(f"--disable-admission-plugins={each}" for each in left_out),
    ]


@contextmanager
def running(command: list[str], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives as long as the block."""
    environment = {**os.environ, **_COLLECTS_LATER}
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(client: httpx.Client) -> bool | None:
    with suppress(httpx.HTTPError):
        return client.get("/readyz").is_success or None
    return None


def _kubeconfig(folder: Path, server: str, token: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "local",
        "clusters": [{"name": "local", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "admin"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _finalize_namespaces(client: httpx.Client) -> None:
    with suppress(httpx.HTTPError):
        for namespace in client.get("/api/v1/namespaces").json().get("items", []):
            if namespace["metadata"].get("deletionTimestamp"):
                _finalize(client, namespace)


def _finalize(client: httpx.Client, namespace: dict[str, dict[str, object]]) -> None:
    name = namespace["metadata"]["name"]
    versions = [
        f"/apis/{group['preferredVersion']['groupVersion']}" for group in client.get("/apis").json()["groups"]
    ]
    for version in ("/api/v1", *versions):
        for kind in client.get(version).json().get("resources", []):
            if kind["namespaced"] and "deletecollection" in kind["verbs"]:
                client.delete(f"{version}/namespaces/{name}/{kind['name']}", params=_BACKGROUND)
    body = {**namespace, "spec": {"finalizers": []}}
    client.put(f"/api/v1/namespaces/{name}/finalize", json=body)
