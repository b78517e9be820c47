"""What stands around Odoo: a cache with TLS, and a host that accepts and never answers."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cache_server import CacheServer, Certificate, running_cache_server
from tests.postgres import own_address, scratch

CACHE_PORT: Final = 6379


@dataclass(frozen=True)
class Cache:
    """A cache that speaks TLS only; who may log in is what was deployed to it."""

    server: CacheServer
    certificate: Path


@contextmanager
def running_cache() -> Iterator[Cache]:
    """One as long as the block lasts."""
    with scratch() as folder:
        host = own_address()
        key, certificate = folder / "cache.key", folder / "cache.crt"
        made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}")
        names = ("-addext", f"subjectAltName=IP:{host}", "-keyout", str(key), "-out", str(certificate))
        subprocess.run(["/usr/bin/openssl", *made, *names], check=True, capture_output=True)
        certificate.chmod(0o644)  # Odoo, which trusts it, is another user
        with running_cache_server(folder, CACHE_PORT, host, Certificate(certificate, key)) as running:
            yield Cache(running, certificate)


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
