"""Answers every request with a page that says when to come back, and status 503."""

from __future__ import annotations

import html
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""
# A load balancer sends nothing to a target that is not well; people must see that Odoo is not.
_CHECKER = "ELB-HealthChecker/"
_HEALTH = "/web/health"
_MOST_BYTES = 2**20


def page(title: str, text: str) -> bytes:
    """The page; what it says is text, and never markup."""
    return _LAYOUT.format(title=html.escape(title), text=html.escape(text)).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers whatever is asked; a connection that says nothing ends after ten seconds."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    body = b""
    retry_after = "0"

    def answer(self) -> None:
        """Answer a request.

        What it sends is read, up to a bound: else the connection would be reset, and the answer lost.
        """
        sent = self.headers.get("Content-Length", "")
        self.rfile.read(min(int(sent[:9]), _MOST_BYTES) if sent.isdecimal() else 0)
        checked = self.path == _HEALTH and self.headers.get("User-Agent", "").startswith(_CHECKER)
        self.send_response(200 if checked else 503)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Retry-After", self.retry_after)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(self.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - http.server's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Log no request."""


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Answer on all ports until the pod ends."""
    signal.signal(signal.SIGTERM, _end)
    Handler.body = page(os.environ["TITLE"], os.environ["TEXT"])
    Handler.retry_after = os.environ["RETRY_AFTER"]
    for port in os.environ["PORTS"].split():
        server = ThreadingHTTPServer(("", int(port)), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.pause()


if __name__ == "__main__":
    main()
