"""Does something again and again beside a test, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(work: Callable[[], object], every_seconds: float) -> Iterator[None]:
    """Call *work* as long as the block lasts, with a pause before each call."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every_seconds):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
