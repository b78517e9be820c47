"""A server on the loopback whose next answer a fuzz chooses, byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.allocation.adapters.raw_server import sending


@contextmanager
def answering_with() -> Iterator[Callable[[bytes], str]]:
    """Sets the answer to every request from now on, and gives the server's URL."""
    answer = [b""]
    with sending(lambda connection: connection.sendall(answer[0])) as url:

        def chosen(content: bytes) -> str:
            answer[0] = content
            return url

        yield chosen
