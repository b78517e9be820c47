"""A real Redis or Valkey on the loopback that takes users as ElastiCache does, and a client for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.patience import Patience, Starting
from tests.components.monitor import Declared
from tests.portfolios import ROOT

PROGRAM: Final = ROOT / ".toolchain" / "bin" / "cache-server"
_LOOPBACK: Final = "127.0.0.1"
_USER: Final = "aws:elasticache/user:User"
_PATIENCE_SECONDS: Final = 20
_KEEPER: Final = ("keeper", "the-password-of-whoever-keeps-this-server")


class RefusedCommandError(Exception):
    """The server's own sentence."""


@dataclass(frozen=True)
class Certificate:
    """What a server shows, who trusts it, and its key."""

    path: Path
    key: Path

    def around(self, raw: socket.socket, host: str) -> socket.socket:
        """A connection to *host* with TLS, which must show it."""
        return ssl.create_default_context(cafile=str(self.path)).wrap_socket(raw, server_hostname=host)


class Connection:
    """One connection; `received` is every byte that came over it."""

    def __init__(
        self,
        port: int,
        login: Sequence[str] = (),
        *,
        host: str = _LOOPBACK,
        certificate: Certificate | None = None,
    ) -> None:
        raw = socket.create_connection((host, port), timeout=_PATIENCE_SECONDS)
        self._socket = certificate.around(raw, host) if certificate else raw
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

    def __init__(self, port: int, host: str = _LOOPBACK, certificate: Certificate | None = None) -> None:
        self.port, self.host, self._certificate = port, host, certificate
        self._kept = Connection(port, _KEEPER, host=host, certificate=certificate)

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

    def deploy(self, resources: Iterable[Declared]) -> None:
        """Make the declared users so; the provider does it before pods are replaced, which wait for them."""
        for each in resources:
            if each.type == _USER:
                props = each.props
                self.let_in(props["userName"], props["accessString"], props["passwords"])

    @contextmanager
    def connected(self, *login: str) -> Iterator[Connection]:
        """Somebody's connection: user and password, a token alone, or nothing."""
        certificate = self._certificate
        with contextlib.closing(
            Connection(self.port, login, host=self.host, certificate=certificate)
        ) as made:
            yield made


@contextmanager
def running_cache_server(
    folder: Path, port: int = 0, host: str = _LOOPBACK, certificate: Certificate | None = None
) -> Iterator[CacheServer]:
    """A server as long as the block lasts; nobody but its keeper may log in.

    Args:
        folder: For its files.
        port: Where it listens; 0: wherever nobody does.
        host: Its address on this machine.
        certificate: With one it speaks TLS only.
    """
    if not PROGRAM.exists():
        raise RuntimeError("there is no Valkey or Redis in .toolchain/bin: run `make engine-cache`")
    port = port or _free_port()
    conf = folder / "cache.conf"
    lines = (
        f"bind {host}",
        *_listening(port, certificate),
        'save ""',
        f"dir {folder}",
        # What AWS takes away by itself is there, so that only what a user may do stands in its way.
        "enable-debug-command yes",
        f"user {_KEEPER[0]} on >{_KEEPER[1]} ~* &* +@all",
        "user default off",
    )
    conf.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(conf)], stdout=log, stderr=log)
        try:
            starting = Starting.of("the cache server", process, log=folder / "log")
            running = Patience().wait(starting, lambda: _answering(port, host, certificate))
            with contextlib.closing(running):
                yield running
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((_LOOPBACK, 0))
        port: int = free.getsockname()[1]
        return port


def _listening(port: int, certificate: Certificate | None) -> tuple[str, ...]:
    if certificate is None:
        return (f"port {port}",)
    files = (f"tls-cert-file {certificate.path}", f"tls-key-file {certificate.key}")
    return ("port 0", f"tls-port {port}", *files, "tls-auth-clients no")


def _answering(port: int, host: str, certificate: Certificate | None) -> CacheServer | None:
    with contextlib.suppress(OSError, RefusedCommandError):
        return CacheServer(port, host, certificate)
    return None
