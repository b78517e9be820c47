"""A real Redis or Valkey on the loopback that takes users as ElastiCache does, and a client for it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_PATIENCE_SECONDS: Final = 20
_KEEPER: Final = ("keeper", "the-password-of-whoever-keeps-this-server")


class RefusedCommandError(Exception):
    """The server's own sentence."""


class Connection:
    """One connection; `received` is every byte that came over it."""

    def __init__(self, port: int, login: Sequence[str] = ()) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        self._buffer = b""
        self.received = b""
        try:
            if login:
                self.ask("AUTH", *login)
        except BaseException:
            self.close()
            raise

    def ask(self, *words: str) -> Any:
        """The answer to a command.

        Raises:
            RefusedCommandError: When it is an error.
        """
        parts = [word.encode() for word in words]
        sent = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(b"*%d\r\n%s" % (len(parts), sent))
        return self._answer()

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def _answer(self) -> Any:
        line = self._until(b"\r\n").decode()
        kind, rest = line[0], line[1:]
        if kind == "-":
            raise RefusedCommandError(rest)
        if kind == "$":
            return None if rest == "-1" else self._take(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return [self._answer() for _ in range(max(int(rest), 0))]
        return int(rest) if kind == ":" else rest

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._more()
        line, self._buffer = self._buffer.split(end, 1)
        return line

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _more(self) -> None:
        came = self._socket.recv(65536)
        if not came:
            raise ConnectionError("the server closed the connection")
        self.received += came
        self._buffer += came


class CacheServer:
    """A server, and who keeps it: the part of AWS, whose own user no tenant knows."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._kept = Connection(port, _KEEPER)

    def keep(self, *words: str) -> Any:
        """A command of whoever keeps the server."""
        return self._kept.ask(*words)

    def close(self) -> None:
        """End its keeper's connection."""
        self._kept.close()

    def let_in(self, name: str, access: str, passwords: Sequence[str]) -> None:
        """Make a user so, at once and without ending its connections, as ElastiCache modifies one."""
        self.keep(
            *("ACL", "SETUSER", name, "resetpass", "resetkeys", "resetchannels", "-@all"),
            *access.split(),
            *(f">{each}" for each in passwords),
        )

    @contextmanager
    def connected(self, *login: str) -> Iterator[Connection]:
        """Somebody's connection: user and password, a token alone, or nothing."""
        with contextlib.closing(Connection(self.port, login)) as made:
            yield made


@contextmanager
def running_cache_server(folder: Path) -> Iterator[CacheServer]:
    """A server as long as the block lasts; nobody but its keeper may log in."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    assert program, "put `redis-server` or `valkey-server` on PATH (Debian: apt-get install redis-server)"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    conf = folder / "cache.conf"
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        'save ""',
        f"dir {folder}",
        # What AWS takes away by itself is there, so that only what a user may do stands in its way.
        "enable-debug-command yes",
        f"user {_KEEPER[0]} on >{_KEEPER[1]} ~* &* +@all",
        "user default off",
    )
    conf.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(conf)], stdout=log, stderr=log)
        try:
            with contextlib.closing(_answering(port, folder / "log")) as running:
                yield running
        finally:
            process.terminate()
            process.wait()


def _answering(port: int, log: Path) -> CacheServer:
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return CacheServer(port)
        except (OSError, RefusedCommandError):
            assert time.monotonic() < until, log.read_text(encoding="utf-8")
            time.sleep(0.05)
