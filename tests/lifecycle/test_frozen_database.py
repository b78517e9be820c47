"""A database server that accepts and never answers: pods take no requests, and none is restarted for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from components.kubernetes import odoo
from tests.postgres import CHOSEN, Server, running_server
from tiers.facts.names import HTTP_PORT

pytestmark = pytest.mark.postgres

WORKERS: Final = 2
_BACKLOG: Final = 8 * WORKERS  # PreforkServer.start in odoo/service/server.py of 17.0 to 19.0
_PAGE: Final = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nlogin"


@dataclass
class LoginPage:
    """Answers /web/login as Odoo does: a few workers share a socket, and each waits for the database."""

    server: Server
    socket: socket.socket = field(
        default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
    )
    waiting: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def work(self) -> None:
        """One worker: it takes a request, asks the database, and only then answers."""
        while True:
            try:
                visitor, _ = self.socket.accept()
            except OSError:  # closed: the test is over
                return
            with visitor, suppress(OSError):
                visitor.recv(65536)
                if self._database_answers():
                    visitor.sendall(_PAGE)

    def _database_answers(self) -> bool:
        """Without any time limit: Odoo sets none on its connections."""
        environment = self.server.connection("postgres", "the master's own", "postgres")
        asking = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--command=SELECT 1"],
            env={**environment, "PGCONNECT_TIMEOUT": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.waiting.append(asking)
        return asking.wait() == 0


@contextmanager
def serving(server: Server) -> Iterator[LoginPage]:
    page = LoginPage(server)
    workers = [threading.Thread(target=page.work, daemon=True) for _ in range(WORKERS)]
    for each in workers:
        each.start()
    try:
        yield page
    finally:
        page.socket.shutdown(socket.SHUT_RDWR)
        page.socket.close()
        for asking in page.waiting:
            asking.kill()
        for each in workers:
            each.join(timeout=30)


def processes(server: Server) -> list[int]:
    """The server's first process and all its children."""
    first = int((server.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="utf-8").split()
    return [first, *map(int, children)]


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The server as it is when its machine hangs: its port is open, and nothing answers."""
    os.kill(processes(server)[0], signal.SIGSTOP)  # from now on it begins no other
    stopped = processes(server)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(stopped):
            os.kill(pid, signal.SIGCONT)


def at(port: int, command: list[str]) -> list[str]:
    """A declared command, with another port of this machine in place of Odoo's."""
    there = [
        each.replace(f"127.0.0.1:{HTTP_PORT}", f"127.0.0.1:{port}").replace(f"{HTTP_PORT:04X}", f"{port:04X}")
        for each in command
    ]
    assert there != command
    return there


def passes(probes: Any, name: str, port: int) -> bool:
    """Whether a probe of the declared ones passes in its time."""
    probe = probes[name]
    if "tcpSocket" in probe:
        return connects(port, probe["timeoutSeconds"])
    command = at(port, probe["exec"]["command"])
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=probe["timeoutSeconds"])
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def connects(port: int, seconds: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
    except OSError:
        return False
    return True


@pytest.mark.whole("twenty seconds of real probes that time out")
@pytest.mark.parametrize("major", CHOSEN)
def test_a_frozen_database_takes_pods_out_of_service_and_restarts_none(major: int) -> None:
    with running_server(major) as server, serving(server) as page, ExitStack() as visitors:
        probes = odoo.web_probes([page.port])
        assert passes(probes, "livenessProbe", page.port)
        assert passes(probes, "readinessProbe", page.port)
        with frozen(server):
            assert not passes(probes, "readinessProbe", page.port)
            assert passes(probes, "livenessProbe", page.port)
            # People reload their pages until the queue of the port is full: a connection would have to wait.
            for _ in range(_BACKLOG + WORKERS + 8):
                visitor = visitors.enter_context(socket.socket())
                visitor.setblocking(False)
                visitor.connect_ex(("127.0.0.1", page.port))
            # A busy machine takes some of them out of the queue late, and those that waited come again later.
            assert not all(connects(page.port, 3) for _ in range(10))
            assert passes(probes, "livenessProbe", page.port)
            assert passes(probes, "startupProbe", page.port)
            assert not passes(probes, "readinessProbe", page.port)
        visitors.close()
        deadline = time.monotonic() + 60
        while not passes(probes, "readinessProbe", page.port):
            assert time.monotonic() < deadline, "it never came back"
        assert passes(probes, "livenessProbe", page.port)


def test_a_port_that_nobody_listens_on_is_not_alive() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    probes = odoo.web_probes([port])
    assert passes(probes, "livenessProbe", port)
    # A connection that goes on does not count: Odoo could take no other.
    with socket.create_connection(("127.0.0.1", port)):
        listening.close()
        assert not passes(probes, "livenessProbe", port)
        assert not passes(probes, "readinessProbe", port)
