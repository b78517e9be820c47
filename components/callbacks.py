# ruff: noqa: SLF001 - the SDK has no public way to it
"""One server for the transforms of all components.

The SDK starts a server when a resource with transforms is registered, and remembers it in a context variable
of the task that registers it, which no other task sees: each such component gets a server of its own, with
its sockets, until the process ends (pulumi 3.272, runtime/settings.py: `_get_callbacks`). What is set before
the first registration is seen by all.
"""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.settings import SETTINGS


class Callbacks:
    """The server of one event loop, for all updates that the process takes part in."""

    def __init__(self) -> None:
        self._server: Any = None

    def share(self) -> None:
        """Give the server to whatever the current task declares from now on; needs a running loop."""
        if SETTINGS.monitor is None or SETTINGS.callbacks is not None:
            return
        loop = asyncio.get_running_loop()
        if self._server not in _CallbackServicer._servicers or self._server._loop is not loop:
            self._server = _CallbackServicer(SETTINGS.monitor)
            # It starts before any registration: those are later tasks of the same loop.
            self._starting = loop.create_task(self._server.serve())
        # Transforms of a stack are registered through the monitor of their own update.
        mine = copy.copy(self._server)
        mine._monitor = SETTINGS.monitor
        SETTINGS.callbacks = mine
