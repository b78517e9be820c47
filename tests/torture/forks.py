"""A loopback AWS that can be copied with all it holds: SIGUSR1 makes a second process with the same memory.

The first process serves nobody: it has everything imported and holds nothing. Each copy serves, writes the
record that a file names, so that the next command finds it, and can be copied in turn; the one that was
copied keeps what it held at that moment.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

from moto.server import ThreadedMotoServer

from localcloud.aws.clients import Clients
from localcloud.aws.cloud import announce, be_quiet
from localcloud.aws.corrections import correct_moto
from localcloud.aws.listings import list_the_remembered
from tests.engine.holdings import holdings

PARENT_CHECK_SECONDS = 2.0
COLLECTS_AT = (1_000_000, 10, 10)
"""Thresholds of a cloud that lives for minutes: at Python's own, a fifth of it is collecting."""


def serve(order: Path) -> None:
    """Serve until killed, or until whoever started it is gone; *order* names a copy's record."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # before any thread, which would inherit it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    be_quiet()
    correct_moto()
    list_the_remembered()
    _look_around()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTS_AT)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    starter = os.getppid()
    while os.getppid() == starter:
        if signal.sigtimedwait({signal.SIGUSR1}, PARENT_CHECK_SECONDS) and os.fork() == 0:
            starter = os.getppid()
            _open(Path(order.read_text(encoding="utf-8")))
    os._exit(0)


def _look_around() -> None:
    """Ask once for everything, so that what moto reads when it is first asked is read before any copy."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    holdings(Clients(f"http://{host}:{port}"))
    server.stop()


def _open(record: Path) -> None:
    """Serve on a port of its own: the threads that served before the fork are not in the copy."""
    log = os.open(record.with_name("server.log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    announce(server, record)


if __name__ == "__main__":
    serve(Path(sys.argv[-1]))
