"""What every test may rely on, however the run was started."""

from __future__ import annotations

import signal

import pytest

# A run started in the background ignores Ctrl-C, and so would every process that a test starts and
# interrupts: children inherit an ignored signal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes begins first, so that no worker waits for another's last file in the end."""
    items.sort(key=lambda item: item.get_closest_marker("engine") is None)
