"""Knows the process of the loopback AWS: a moto server on a free port, with its known mistakes corrected."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from moto.server import ThreadedMotoServer

from localcloud.aws.clients import Clients
from localcloud.aws.corrections import correct_moto
from localcloud.aws.listings import list_the_remembered
from localcloud.aws.simulation import Simulation


def serve(record: Path) -> None:
    """Serves until SIGTERM; writes process id and endpoint to `record` once its memory has an identity."""
    be_quiet()
    correct_moto()
    list_the_remembered()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    announce(server, record)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    server.stop()


def be_quiet() -> None:
    """Logs what happens to the cloud, and not each request."""
    logging.basicConfig(level=logging.INFO)
    for chatty in ("werkzeug", "botocore"):
        logging.getLogger(chatty).setLevel(logging.ERROR)  # a line per request would fill the disk


def announce(server: ThreadedMotoServer, record: Path) -> None:
    """Starts `server`, gives its memory an identity, and writes down where it is."""
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    logging.getLogger(__name__).info("memory %s at %s", Simulation(Clients(endpoint)).generation, endpoint)
    draft = record.with_suffix(".draft")
    draft.write_text(json.dumps({"pid": os.getpid(), "endpoint": endpoint}))
    draft.replace(record)  # a reader sees the whole record or none


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
