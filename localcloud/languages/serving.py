"""Serves a language host until the engine or a signal ends it."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from localcloud.plugin import GRPC_OPTIONS, leave_with_parent

_THREADS: Final = 32


def serve(make: Callable[[str], Any]) -> None:
    """Serve what *make* makes of the engine's address; prints the port as its only line."""
    logging.getLogger("grpc").setLevel(logging.CRITICAL)  # it prints a traceback for every refused call
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    host = make(addresses[-1] if addresses else "")
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), options=GRPC_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    print(port, flush=True)
    leave_with_parent()
    ended.wait()
    # The engine is done with us, after a failure for example: programs end without a word. Ctrl-C arrives
    # as `Cancel`.
    host.children.close(signal.SIGTERM)
    server.stop(None)
