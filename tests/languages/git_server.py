"""A git repository behind https on the loopback, by the name of a host: as Pulumi clones packages.

It knows no other scheme and no port (pulumi 3.259, sdk/go/common/workspace/plugins.go,
`parsePluginSpecFromURL`), so whoever clones goes through a proxy that knows where the host is.
"""

from __future__ import annotations

import http.server
import os
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST: Final = "git.example.com"
_BLOCK: Final = 65536


@contextmanager
def served(folder: Path, certificate: Path) -> Iterator[str]:
    """Serve the bare repositories in *folder* as those of `HOST`; gives the address of the proxy to it.

    The certificate to trust is written to *certificate*.
    """
    key = _write_certificate(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Backend(_Backend):
        root = folder

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    server.socket = context.wrap_socket(server.socket, server_side=True)

    class Proxy(_Proxy):
        known: ClassVar = {f"{HOST}:443": ("127.0.0.1", server.server_address[1])}

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    for each in (server, proxy):
        threading.Thread(target=each.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
    finally:
        for each in (server, proxy):
            each.shutdown()
            each.server_close()


class _Proxy(http.server.BaseHTTPRequestHandler):
    """Tunnels to where a host is; package registries are where they always are."""

    known: ClassVar[dict[str, tuple[str, int]]]

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        with socket.create_connection(self.known.get(self.path, (host, int(port)))) as upstream:
            self.send_response(200)
            self.end_headers()
            ends = (self.connection, upstream)
            while ready := select.select(ends, [], [])[0]:
                for each in ready:
                    try:
                        block = each.recv(_BLOCK)
                        ends[1 - ends.index(each)].sendall(block)
                    except ConnectionError:  # as npm ends its own, whose answers it has
                        return
                    if not block:
                        return

    def log_message(self, *_: object) -> None:
        """Nothing: tests read what Pulumi prints."""


class _Backend(http.server.BaseHTTPRequestHandler):
    """Hands requests to git's own server program (git-http-backend)."""

    root: Path

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        """Nothing: tests read what Pulumi prints."""

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        asked = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        if self.headers.get("Content-Encoding"):
            asked["HTTP_CONTENT_ENCODING"] = self.headers["Content-Encoding"]
        done = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True, check=False, env={**os.environ, **asked}
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _write_certificate(path: Path) -> Path:
    """A certificate of this run for the loopback, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = path.with_suffix(".key")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secret.write_bytes(private)
    return secret
