"""Loopback clouds that start in an instant: copies of a process that has imported all that moto is."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from localcloud.patience import Patience, Starting, ended
from localcloud.server import MODULE
from tests.portfolios import ROOT

T = TypeVar("T")
RECORD: Final = "server.json"
READY: Final = "ready"
SHARED: Final = "COSTACK_TESTS_CLOUDS"


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

    def __init__(self, folder: Path, pid: int) -> None:
        self.folder, self.pid = folder, pid
        self._order = folder / "order"

    @classmethod
    def started(cls, record: Path | None = None) -> Clouds:
        """Those of a new process, which ends with this one; `close` ends it before."""
        folder = Path(tempfile.mkdtemp(prefix="costack-clouds-"))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        first = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.forks", MODULE, str(record), str(folder / "order")],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        made = cls(folder, first.pid)
        threading.Thread(target=made._await, args=(first,), daemon=True).start()
        return made

    def _await(self, first: subprocess.Popen[bytes]) -> None:
        assert first.stdout is not None
        with first.stdout as said:
            if said.readline() == b"ready\n":
                (self.folder / READY).touch()
        first.wait()

    def copy(self, record: Path, of: Cloud | None = None) -> Cloud:
        """A cloud that holds what *of* holds now, else nothing; it writes *record* as every cloud does."""
        self._wait(lambda: (self.folder / READY).exists() or None)
        before = _recorded(record)
        with (self.folder / "lock").open("w") as lock:  # one order at a time, whoever gives it
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._order.write_text(str(record), encoding="utf-8")
            os.kill(of.pid if of else self.pid, signal.SIGUSR1)
            return self._wait(lambda: made if (made := _recorded(record)) != before else None)

    def _wait(self, ready: Callable[[], T | None]) -> T:
        starting = Starting("the loopback AWS", lambda: [self.pid], lambda: ended(self.pid))
        return Patience(pause_seconds=0.01).wait(starting, ready)

    def close(self) -> None:
        """End the first; copies that were not ended leave when they notice."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def clouds() -> Clouds:
    """Those that the workers of this run of tests share, else those of this process; they end with it."""
    folder, _, pid = os.environ.get(SHARED, "").rpartition(":")
    if folder:
        return Clouds(Path(folder), int(pid))
    made = Clouds.started()
    atexit.register(made.close)
    return made


def share() -> None:
    """Start them for all processes that this one will start; who needs one waits until they are ready."""
    made = clouds()
    os.environ[SHARED] = f"{made.folder}:{made.pid}"


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
