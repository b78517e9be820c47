"""Loopback clouds that start in an instant: copies of a process that has imported all that moto is."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localcloud.server import MODULE
from tests.portfolios import ROOT

RECORD: Final = "server.json"
_START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Cloud:
    """A loopback AWS that runs."""

    pid: int
    endpoint: str

    def end(self) -> None:
        """End it, with all it holds."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Clouds:
    """A process that holds nothing and can be copied, as its copies can.

    If all copies write one *record*, `python -m localcloud` takes them for clouds that it started itself: it
    knows those by a command that names their record.
    """

    def __init__(self, record: Path | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="costack-clouds-"))
        self._order = self._folder / "order"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self._first = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.forks", MODULE, str(record), str(self._order)],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._first.stdout is not None
        with self._first.stdout as said:
            assert said.readline() == b"ready\n", "no loopback AWS started"

    def copy(self, record: Path, of: Cloud | None = None) -> Cloud:
        """A cloud that holds what *of* holds now, else nothing; it writes *record* as every cloud does."""
        before = _recorded(record)
        self._order.write_text(str(record), encoding="utf-8")
        os.kill(of.pid if of else self._first.pid, signal.SIGUSR1)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            made = _recorded(record)
            if made and made != before:
                return made
            time.sleep(0.01)
        raise TimeoutError("the copy of the loopback AWS does not answer")

    def close(self) -> None:
        """End the first; copies that were not ended leave when they notice."""
        self._first.kill()
        self._first.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@functools.cache
def clouds() -> Clouds:
    """Those of this process; they end with it."""
    made = Clouds()
    atexit.register(made.close)
    return made


@contextmanager
def running_cloud(local: Path) -> Iterator[Cloud]:
    """A cloud in the folder of a local cloud, as `python -m localcloud start` leaves it."""
    claim(local)
    try:
        yield clouds().copy(local / RECORD)
    finally:
        if found := _recorded(local / RECORD):
            found.end()


def restart(local: Path) -> Cloud:
    """End the cloud of that folder, and start one that knows nothing of it."""
    found = _recorded(local / RECORD)
    assert found
    found.end()
    return clouds().copy(local / RECORD)


def claim(local: Path) -> None:
    """Make the folder one of a local cloud."""
    (local / "state").mkdir(parents=True)
    (local / ".costack-local").touch()


def _recorded(record: Path) -> Cloud | None:
    with contextlib.suppress(FileNotFoundError):
        said = json.loads(record.read_text(encoding="utf-8"))
        return Cloud(int(said["pid"]), str(said["endpoint"]))
    return None
