"""What every test may rely on, however the run was started."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.browser import Browser, running_browser

# A run started in the background ignores Ctrl-C, and so would every process that a test starts and
# interrupts: children inherit an ignored signal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium that all tests of a worker open their pages in."""
    with running_browser() as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that no worker waits for another's last file in the end."""
    items.sort(key=lambda item: item.get_closest_marker("engine") is None)
