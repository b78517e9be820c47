"""Knows the processes a plugin has started, so that cancelling or ending the plugin ends them too."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE_SECONDS: Final = 5.0
"""How long a process may clean up between the first signal and SIGKILL."""


class Children:
    """Running child processes, each in a process group of its own."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(
        self,
        command: Sequence[str],
        *,
        folder: str,
        environment: Mapping[str, str],
        output: int | IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a child without input; `output` is `subprocess.PIPE`, or None to share our streams."""
        with self._lock:
            if self._closed:
                raise InterruptedError(f"{command[0]} was not started: this process is being cancelled")
            child = subprocess.Popen(
                command,
                cwd=folder or None,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
            self._running.add(child)
            return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """The exit code of a child, once it has ended."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def stop(self, child: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
        """Signal a child and all it started, and kill them after the grace time.

        SIGTERM ends a Python program without a word, as fits one whose engine has hung up after a failure;
        SIGINT is what Ctrl-C gives it.
        """
        if child.poll() is not None:
            return
        _signal_group(child, how)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)

    def close(self, how: signal.Signals = signal.SIGINT) -> None:
        """Signal every child at once and start no more."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        stoppers = [threading.Thread(target=self.stop, args=(child, how)) for child in running]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)
