"""A server on the loopback interface that answers what it was given, in a thread of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, str]


@dataclass
class Recorded:
    """A running server: its URL, and what it was asked."""

    url: str = ""
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, query and headers of every request."""


@contextmanager
def answering(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[Recorded]:
    """Serve *answer*, which is called with path and query, and gives a status and a body."""
    recorded = Recorded()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            recorded.asked.append((url.path, query, dict(self.headers)))
            status, body = answer(url.path, query)
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            data = body.encode("utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorded.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield recorded
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(*answers: Answer) -> Callable[[str, dict[str, str]], Answer]:
    """Each of *answers* once, the last one from then on."""
    left = list(answers)
    return lambda _path, _query: left.pop(0) if len(left) > 1 else left[0]


def asks_for_use(query: str) -> bool:
    """Whether *query* asks Prometheus for the quantities of a driver."""
    return query.startswith("sum_over_time")


def asks_for_presence(query: str) -> bool:
    """Whether *query* asks Prometheus for how many steps an exporter worked; all others are checks."""
    return query.startswith("count_over_time((group(")


def vector(*samples: tuple[dict[str, str], str], **more: Any) -> str:
    """An instant vector as Prometheus answers it."""
    result = [{"metric": metric, "value": [1790812799.999, value]} for metric, value in samples]
    data = {"resultType": "vector", "result": result}
    return json.dumps({"status": "success", "data": data, **more})
