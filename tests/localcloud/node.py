"""A node of a loopback API server: what a Job's pod contains runs as processes of this machine.

It does what the Job controller and a kubelet do for Jobs: makes the pod, says how it went, lets go of what is
deleted, and serves logs to whoever asks the API server. Which process a container is, the test says.
"""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx

from tests.localcloud.cluster import Cluster
from tests.repetition import repeating

NAME: Final = "loopback"
Pod = Mapping[str, Any]
Perform = Callable[[Pod], bool]
"""Runs the containers of a pod's spec to their end; whether all ended well."""
Log = Callable[[str], str]
"""The log of a container, by its name."""


@dataclass
class Node:
    """The node of a cluster."""

    cluster: Cluster
    perform: Perform
    log: Log
    _seen: set[str] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)

    def look(self) -> None:
        """Start the pods of new Jobs, and let go of pods that are deleted."""
        with suppress(httpx.HTTPError):
            for job in self._all("/apis/batch/v1/jobs"):
                if job["metadata"]["uid"] not in self._seen:
                    self._seen.add(job["metadata"]["uid"])
                    self._threads.append(threading.Thread(target=self._run, args=(job,)))
                    self._threads[-1].start()
            for pod in self._all("/api/v1/pods"):
                if pod["metadata"].get("deletionTimestamp"):
                    self.cluster.client.delete(_path(pod, "pods"), params={"gracePeriodSeconds": 0})

    def wait(self) -> None:
        """Until all that was started has ended."""
        for thread in self._threads:
            thread.join()

    def _all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cluster.client.get(path).json().get("items", [])
        return found

    def _run(self, job: Mapping[str, Any]) -> None:
        began, pod = _now(), self._pod(job)
        self._say(pod, "pods", {"phase": "Running", "startTime": began})
        well = False
        try:
            well = self.perform(pod["spec"])
        finally:  # what cannot be run has failed: nobody waits for it
            self._ended(job, pod, began, well=well)

    def _ended(self, job: Mapping[str, Any], pod: Pod, began: str, *, well: bool) -> None:
        self._say(pod, "pods", {"phase": "Succeeded" if well else "Failed"})
        kinds = ("SuccessCriteriaMet", "Complete") if well else ("FailureTarget", "Failed")
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": _now()} for kind in kinds]
        ended = {"completionTime": _now(), "succeeded": 1} if well else {"failed": 1}
        self._say(
            {**job, "kind": "Job", "apiVersion": "batch/v1"},
            "jobs",
            {"startTime": began, "conditions": conditions, **ended},
        )

    def _pod(self, job: Mapping[str, Any]) -> dict[str, Any]:
        template, meta = job["spec"]["template"], job["metadata"]
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
        named = {"name": f"{meta['name']}-1", "namespace": meta["namespace"], "ownerReferences": [owner]}
        made = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**template["metadata"], **named},
            "spec": {**template["spec"], "nodeName": NAME},
        }
        answer = self.cluster.client.post(f"/api/v1/namespaces/{meta['namespace']}/pods", json=made)
        answer.raise_for_status()
        pod: dict[str, Any] = answer.json()
        return pod

    def _say(self, of: Mapping[str, Any], kind: str, status: Mapping[str, Any]) -> None:
        """What becomes of it; it may be deleted meanwhile."""
        patch = {"Content-Type": "application/merge-patch+json"}
        path = f"{_path(of, kind)}/status"
        answer = self.cluster.client.patch(path, json={"status": status}, headers=patch)
        assert answer.status_code in {200, 404, 409}, answer.text


@contextmanager
def running_node(cluster: Cluster, folder: Path, perform: Perform, log: Log) -> Iterator[Node]:
    """A node as long as the block lasts; its certificate lies in *folder*."""
    node = Node(cluster, perform, log)
    with _serving(folder, log) as port:
        _register(cluster, port)
        with repeating(node.look, 0.2):
            yield node
            node.wait()


def _register(cluster: Cluster, port: int) -> None:
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}}
    cluster.client.post("/api/v1/nodes", json=made).raise_for_status()
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    patch = {"Content-Type": "application/merge-patch+json"}
    path = f"/api/v1/nodes/{NAME}/status"
    cluster.client.patch(path, json={"status": status}, headers=patch).raise_for_status()


@contextmanager
def _serving(folder: Path, log: Log) -> Iterator[int]:
    """A server of logs, as a kubelet has it: /containerLogs/NAMESPACE/POD/CONTAINER."""

    class Logs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            container = self.path.partition("?")[0].rpartition("/")[2]
            said = log(container).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Says nothing on the terminal."""

    key, certificate = folder / "node.key", folder / "node.crt"
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(["/usr/bin/openssl", *made, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Logs)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def _path(of: Mapping[str, Any], kind: str) -> str:
    prefix = "/apis/batch/v1" if kind == "jobs" else "/api/v1"
    return f"{prefix}/namespaces/{of['metadata']['namespace']}/{kind}/{of['metadata']['name']}"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
