"""A loopback AWS that can be copied with all it holds: SIGUSR1 makes a second process with the same memory.

The copy writes the record, so that the next command finds it; the first keeps what it held at that moment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from moto.server import ThreadedMotoServer

from localcloud.aws.clients import Clients
from localcloud.aws.corrections import correct_moto
from localcloud.aws.listings import list_the_remembered
from localcloud.aws.simulation import Simulation


def serve(record: Path) -> None:
    """Serve until killed; the record is that of `localcloud.aws.cloud`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # before any thread, which would inherit it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    correct_moto()
    list_the_remembered()
    _open(record)
    while True:
        signal.sigwait({signal.SIGUSR1})
        if os.fork() == 0:
            _open(record)


def _open(record: Path) -> None:
    """Serve on a port of its own: the threads that served before the fork are not in the copy."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    assert Simulation(Clients(endpoint)).generation
    draft = record.with_suffix(".draft")
    draft.write_text(json.dumps({"pid": os.getpid(), "endpoint": endpoint}), encoding="utf-8")
    draft.replace(record)


if __name__ == "__main__":
    serve(Path(sys.argv[-1]))
