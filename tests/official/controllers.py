"""Kubernetes' own controllers beside the API server, with a pretended node for their pods."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.localcloud.cluster import TOOLS, Cluster, running
from tests.official.kubelet import Kubelet, running_kubelet

CONTROLLERS: Final = TOOLS / "kube-controller-manager"
_WITHOUT: Final = (
    # Both wait for a node that says every few seconds that it lives.
    "node-lifecycle-controller",
    "taint-eviction-controller",
)


@contextmanager
def controlled(cluster: Cluster) -> Iterator[Kubelet]:
    """Run the controllers and the node as long as the block lasts."""
    folder = cluster.kubeconfig.parent
    command = [
        str(CONTROLLERS),
        f"--kubeconfig={cluster.kubeconfig}",
        f"--service-account-private-key-file={folder / 'sa.key'}",
        f"--root-ca-file={folder / 'certificates' / 'apiserver.crt'}",
        f"--controllers={','.join(['*', *(f'-{each}' for each in _WITHOUT)])}",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
        "--leader-elect=false",
        # An autoscaler looks every 15 seconds by default.
        "--horizontal-pod-autoscaler-sync-period=1s",
    ]
    with (
        (folder / "controllers-log").open("wb") as log,
        running(command, log),
        running_kubelet(cluster.client) as kubelet,
    ):
        yield kubelet
