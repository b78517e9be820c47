"""Browsers' websockets, many at once: opened as after a network failure, asked whether they live, dropped."""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_PATIENCE_SECONDS: Final = 90
_FIRST_DELAY_SECONDS: Final = 1.0
_MOST_REFUSALS: Final = 8
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA
_LONG, _LONGER = 126, 127


class Websocket:
    """One websocket of a session."""

    def __init__(self, port: int, session: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        key = base64.b64encode(os.urandom(16)).decode()
        # Without a User-Agent Odoo does not compare the version of the page's script.
        lines = (
            "GET /websocket HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Origin: http://127.0.0.1:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Cookie: session_id={session}",
        )
        self.socket.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        self._stream = self.socket.makefile("rb")
        self.status = self._stream.readline().decode().strip()
        while self._stream.readline().strip():
            pass

    def subscribe(self) -> bool:
        """Ask for what the page listens to."""
        asked = {"event_name": "subscribe", "data": {"channels": [], "last": 0}}
        self._send(_TEXT, json.dumps(asked).encode())
        return True

    def lives(self) -> bool:
        """Whether it answers a ping."""
        self._send(_PING, b"there?")
        while True:
            head = self._stream.read(2)
            if len(head) < len(b"xx"):
                return False
            length = head[1] & 0x7F
            if length == _LONG:
                (length,) = struct.unpack("!H", self._stream.read(2))
            elif length == _LONGER:
                (length,) = struct.unpack("!Q", self._stream.read(8))
            payload = self._stream.read(length)
            if head[0] & 0x0F == _PONG:
                return payload == b"there?"

    def drop(self) -> None:
        """Go without a word, as when a network fails."""
        self.socket.close()

    def _send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall(struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload)) + mask + masked)


def reconnect(port: int, sessions: list[str]) -> tuple[int, float]:
    """Connect one browser for each session, as Odoo's page does after the network failed; then drop them all.

    The page waits a second and up to one more, and half as long again after each refusal (websocket_worker.js
    of 17.0 to 19.0). How often somebody was refused, and how many seconds it took until everybody lived.
    """
    began = time.monotonic()
    with ThreadPoolExecutor(len(sessions)) as pool:
        opened = list(pool.map(lambda session: _insist(port, session), sessions))
        took = time.monotonic() - began
        assert all(pool.map(lambda each: each[0].lives(), opened))
    for browser, _ in opened:
        browser.drop()
    return sum(refusals for _, refusals in opened), took


def _insist(port: int, session: str) -> tuple[Websocket, int]:
    delay = _FIRST_DELAY_SECONDS
    for refusals in range(_MOST_REFUSALS):
        time.sleep(delay + random.random())  # noqa: S311 - a delay
        browser = Websocket(port, session)
        # Odoo refuses at once, or closes with "try again later", when it has no connection to the database.
        if " 101 " in browser.status and browser.subscribe() and browser.lives():
            return browser, refusals
        browser.drop()
        delay *= 1.5
    raise AssertionError(f"refused {_MOST_REFUSALS} times: {browser.status}")
