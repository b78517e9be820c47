"""Stands for CloudFront: serves what a registered distribution says, as strictly as its documentation.

Of a request nothing reaches the origin but its path: the managed policy that a distribution of Costack names
has no cookie, header or query. An answer is kept as long as its `Cache-Control` says, within its bounds.
"""

from __future__ import annotations

import fnmatch
import gzip
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
_LEAST, _USUAL, _MOST = 1, 86_400, 31_536_000
"""The bounds of that policy in seconds (CloudFront Developer Guide, "Use managed cache policies")."""
SIMPLE_CORS: Final = "60669652-455b-4ae9-85a4-c4c02393f86c"
_COMPRESSED: Final = ("javascript", "css", "svg", "text/")
_KEPT_STATUSES: Final = frozenset({200, 203, 300, 301, 302, 303, 307, 308})


@dataclass
class Edge:
    """An edge location of one distribution.

    Attributes:
        distribution: Its properties, as they were registered.
        origin: Where its origin is on this machine.
        address: Where it listens.
        asked: The paths that the origin was asked for.
        cookies: What the origin wanted to set; no cache may keep it.
        sent: Bytes of bodies.
    """

    distribution: Mapping[str, Any]
    origin: str
    address: str = ""
    asked: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    sent: int = 0
    _kept: dict[str, tuple[float, httpx.Response]] = field(default_factory=dict)

    def answer(self, method: str, target: str, encodings: str) -> tuple[int, dict[str, str], bytes]:
        """What a viewer gets: status, headers and body."""
        path = target.partition("?")[0]
        behaviour = self._behaviour(_normalised(path))
        if behaviour.get("trustedSigners") or behaviour.get("trustedKeyGroups"):
            return 403, {}, b"MissingKey"  # nobody signs
        if method not in behaviour["allowedMethods"]:
            return 403, {}, b"This distribution is not configured to allow the HTTP request method"
        hit, said = self._said(path)
        headers = {
            name: said.headers[name] for name in ("content-type", "cache-control") if name in said.headers
        }
        headers["X-Cache"] = f"{'Hit' if hit else 'Miss'} from cloudfront"
        if behaviour.get("responseHeadersPolicyId") == SIMPLE_CORS:
            headers["Access-Control-Allow-Origin"] = "*"
        if "location" in said.headers:
            headers["Location"] = said.headers["location"]
        body = said.content
        if behaviour["compress"] and "gzip" in encodings and _is_compressed(headers.get("content-type", "")):
            body, headers["Content-Encoding"] = gzip.compress(body, 6), "gzip"
        self.sent += len(body)
        return said.status_code, headers, body

    def _behaviour(self, path: str) -> Mapping[str, Any]:
        for each in self.distribution["orderedCacheBehaviors"]:
            if fnmatch.fnmatchcase(path, each["pathPattern"].replace("[", "[[]")):
                assert each["cachePolicyId"] == CACHING_OPTIMIZED, "another policy has other bounds"
                assert not each.get("originRequestPolicyId"), "the origin would get more than the path"
                return each
        default: Mapping[str, Any] = self.distribution["defaultCacheBehavior"]
        return default

    def _said(self, path: str) -> tuple[bool, httpx.Response]:
        """What the origin says of *path*, and whether that was known."""
        until, known = self._kept.get(path, (0.0, None))
        if known is not None and time.monotonic() < until:
            return True, known
        self.asked.append(path)
        # The raw path goes on, and no header of the viewer's.
        request = httpx.Request("GET", f"{self.origin}{path}", headers={"User-Agent": "Amazon CloudFront"})
        with httpx.Client(trust_env=False, timeout=120) as client:
            said = client.send(request)
        self.cookies += said.headers.get_list("set-cookie")
        if said.status_code in _KEPT_STATUSES:
            self._kept[path] = (time.monotonic() + seconds(said.headers.get("cache-control")), said)
        return False, said


def seconds(control: str | None) -> int:
    """For how long an answer is kept."""
    if control is None:
        return _USUAL
    if re.search(r"no-store|no-cache|private", control):
        return _LEAST
    age = re.search(r"s-maxage=(\d+)", control) or re.search(r"max-age=(\d+)", control)
    return max(_LEAST, min(int(age[1]), _MOST)) if age else _USUAL


def _normalised(path: str) -> str:
    """As RFC 3986 does, by which CloudFront chooses a behaviour ("Path pattern")."""
    plain = re.sub(r"%2[eE]", ".", path)
    parts: list[str] = []
    for each in plain.split("/")[1:]:
        if each == "..":
            parts = parts[:-1]
        elif each != ".":
            parts.append(each)
    return f"/{'/'.join(parts)}"


def _is_compressed(kind: str) -> bool:
    return any(word in kind for word in _COMPRESSED)


@contextmanager
def serving(distribution: Mapping[str, Any], origin: str) -> Iterator[Edge]:
    """An edge location on loopback, as long as the block lasts."""
    edge = Edge(distribution, origin)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            encodings = self.headers.get("Accept-Encoding", "")
            status, headers, body = edge.answer(self.command, self.path, encodings)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else body)

        do_GET = do_HEAD = do_POST = _serve  # noqa: N815 - the names that the server calls

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        edge.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield edge
        finally:
            server.shutdown()
