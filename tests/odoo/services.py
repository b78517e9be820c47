"""What stands around Odoo: a cache with TLS and a password, and a host that accepts and never answers."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.postgres import give, own_address, scratch, unprivileged

REDIS_PORT: Final = 6379
_PATIENCE_SECONDS: Final = 20


@dataclass(frozen=True)
class Cache:
    """A Redis that speaks TLS only and asks for a password."""

    host: str
    password: str
    certificate: Path

    def ask(self, *words: str) -> str:
        """What redis-cli prints."""
        command = ["redis-cli", "--tls", "--cacert", str(self.certificate), "-h", self.host, *words]
        env = {"REDISCLI_AUTH": self.password, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.stdout.strip()


@contextmanager
def running_cache(password: str) -> Iterator[Cache]:
    """A Redis as long as the block lasts."""
    with scratch() as folder:
        host = own_address()
        key, certificate = folder / "cache.key", folder / "cache.crt"
        made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}")
        names = ("-addext", f"subjectAltName=IP:{host}", "-keyout", str(key), "-out", str(certificate))
        subprocess.run(["/usr/bin/openssl", *made, *names], check=True, capture_output=True)
        conf = folder / "redis.conf"
        options = {
            "bind": host,
            "port": "0",
            "tls-port": str(REDIS_PORT),
            "tls-cert-file": str(certificate),
            "tls-key-file": str(key),
            "tls-auth-clients": "no",
            "requirepass": password,
            "save": '""',
            "dir": str(folder),
        }
        conf.write_text("".join(f"{name} {value}\n" for name, value in options.items()), encoding="utf-8")
        give(folder)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(["redis-server", str(conf)], stdout=log, stderr=log, **unprivileged())
            try:
                cache = Cache(host, password, certificate)
                until = time.monotonic() + _PATIENCE_SECONDS
                while cache.ask("ping") != "PONG":
                    assert time.monotonic() < until, (folder / "log").read_text(encoding="utf-8")
                    time.sleep(0.1)
                certificate.chmod(0o644)
                yield cache
            finally:
                process.terminate()
                process.wait()


@contextmanager
def silent_host() -> Iterator[str]:
    """The address of a host that accepts connections and says nothing: what a closed way out may be."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        kept: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    kept.append(listening.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        host, port = listening.getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for each in kept:
                each.close()
