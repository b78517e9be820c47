"""Stands for CloudFront: serves what a registered distribution says, as strictly as its documentation.

With `cookies: {forward: none}` no cookie goes on and none comes back; with anything else they come back and
are kept. Other headers of the viewer go on, but for `Authorization` (CloudFront Developer Guide, "Cache
content based on cookies", "Request and response behavior for custom origins").
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

SIMPLE_CORS: Final = "60669652-455b-4ae9-85a4-c4c02393f86c"
_COMPRESSED: Final = ("javascript", "css", "svg", "text/")
_NOT_PASSED_ON: Final = frozenset({"cookie", "authorization", "host", "connection", "accept-encoding"})
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

    def answer(self, method: str, target: str, asked: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """What a viewer gets: status, headers and body."""
        path = target.partition("?")[0]
        behaviour = self._behaviour(_normalised(path))
        if behaviour.get("trustedSigners") or behaviour.get("trustedKeyGroups"):
            return 403, {}, b"MissingKey"  # nobody signs
        if method not in behaviour["allowedMethods"]:
            return 403, {}, b"This distribution is not configured to allow the HTTP request method"
        hit, said = self._said(path, behaviour, asked)
        headers = {
            name: said.headers[name] for name in ("content-type", "cache-control") if name in said.headers
        }
        headers["X-Cache"] = f"{'Hit' if hit else 'Miss'} from cloudfront"
        if behaviour.get("responseHeadersPolicyId") == SIMPLE_CORS:
            headers["Access-Control-Allow-Origin"] = "*"
        if "set-cookie" in said.headers and not _takes_cookies_out(behaviour):
            headers["Set-Cookie"] = said.headers["set-cookie"]
        if "location" in said.headers:
            headers["Location"] = said.headers["location"]
        body = said.content
        if (
            behaviour["compress"]
            and "gzip" in asked.get("Accept-Encoding", "")
            and _is_compressed(headers.get("content-type", ""))
        ):
            body, headers["Content-Encoding"] = gzip.compress(body, 6), "gzip"
        self.sent += len(body)
        return said.status_code, headers, body

    def _behaviour(self, path: str) -> Mapping[str, Any]:
        ordered: list[Mapping[str, Any]] = self.distribution["orderedCacheBehaviors"]
        for each in ordered:
            if fnmatch.fnmatchcase(path, each["pathPattern"].replace("[", "[[]")):
                return each
        default: Mapping[str, Any] = self.distribution["defaultCacheBehavior"]
        return default

    def _said(
        self, path: str, behaviour: Mapping[str, Any], asked: Mapping[str, str]
    ) -> tuple[bool, httpx.Response]:
        """What the origin says of *path*, and whether that was known."""
        until, known = self._kept.get(path, (0.0, None))
        if known is not None and time.monotonic() < until:
            return True, known
        self.asked.append(path)
        # The raw path goes on.
        passed = {name: value for name, value in asked.items() if name.lower() not in _NOT_PASSED_ON}
        headers = {**passed, "User-Agent": "Amazon CloudFront"}
        request = httpx.Request("GET", f"{self.origin}{path}", headers=headers)
        with httpx.Client(trust_env=False, timeout=120) as client:
            said = client.send(request)
        self.cookies += said.headers.get_list("set-cookie")
        if said.status_code in _KEPT_STATUSES:
            kept = seconds(said.headers.get("cache-control"), behaviour)
            self._kept[path] = (time.monotonic() + kept, said)
        return False, said


def seconds(control: str | None, behaviour: Mapping[str, Any]) -> int:
    """For how long an answer is kept ("Manage how long content stays in the cache")."""
    bounds = {"minTtl": 1, "defaultTtl": 86_400, "maxTtl": 31_536_000} | dict(behaviour)
    least, usual, most = (int(bounds[name]) for name in ("minTtl", "defaultTtl", "maxTtl"))
    if control is None:
        return usual
    if re.search(r"no-store|no-cache|private", control):
        return least
    age = re.search(r"s-maxage=(\d+)", control) or re.search(r"max-age=(\d+)", control)
    return max(least, min(int(age[1]), most)) if age else usual


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


def _takes_cookies_out(behaviour: Mapping[str, Any]) -> bool:
    """Of a cache policy nothing says so, whatever it says of cookies."""
    forwarded: Mapping[str, Any] = behaviour.get("forwardedValues") or {}
    return bool((forwarded.get("cookies") or {}).get("forward") == "none")


def _is_compressed(kind: str) -> bool:
    return any(word in kind for word in _COMPRESSED)


@contextmanager
def serving(distribution: Mapping[str, Any], origin: str) -> Iterator[Edge]:
    """An edge location on loopback, as long as the block lasts."""
    edge = Edge(distribution, origin)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            status, headers, body = edge.answer(self.command, self.path, dict(self.headers.items()))
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
