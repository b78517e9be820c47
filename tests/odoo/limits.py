"""The memory limit of an imitated pod: a cgroup of its own, where this machine lets us make one."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_V1: Final = Path("/sys/fs/cgroup/memory")
_V2: Final = Path("/sys/fs/cgroup")
_MIB: Final = 1024 * 1024
_EVERY_SECONDS: Final = 0.2


@dataclass
class Memory:
    """What the processes of one pod may use together, and did.

    `group` is None on a machine that has no memory cgroup for us: then nothing is limited or measured.
    """

    group: Path | None
    limit_mib: int
    peak_mib: int = 0
    killed: int = 0
    """How many of its processes the kernel killed for going over the limit; known when it has ended."""
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def prefix(self) -> list[str]:
        """A command that moves itself into the group and becomes what follows it."""
        if self.group is None:
            return []
        return ["/bin/sh", "-c", f'echo $$ >"{self.group}/cgroup.procs" && exec "$@"', "sh"]

    def count_killed(self) -> int:
        """How many the kernel has killed up to now."""
        if self.group is None:
            return 0
        name = "memory.oom_control" if self.group.is_relative_to(_V1) else "memory.events"
        lines = (self.group / name).read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def resident_mib(self) -> int:
        """What is resident now, without files that the kernel keeps in memory while there is room."""
        if self.group is None:
            return 0
        wanted = "total_rss" if self.group.is_relative_to(_V1) else "anon"
        lines = (self.group / "memory.stat").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.split()[0] == wanted) // _MIB

    def watch(self) -> None:
        """Keep the highest value until the pod ends."""
        while not self._over.wait(_EVERY_SECONDS):
            with contextlib.suppress(OSError):
                self.peak_mib = max(self.peak_mib, self.resident_mib())


@contextmanager
def memory(limit_mib: int) -> Iterator[Memory]:
    """A limit for the processes that are started with its `prefix`."""
    group = _make(limit_mib)
    made = Memory(group, limit_mib)
    watcher = threading.Thread(target=made.watch, daemon=True)
    watcher.start()
    try:
        yield made
    finally:
        made._over.set()
        watcher.join()
        made.killed = made.count_killed()
        if group is not None:
            _remove(group)


def _make(limit_mib: int) -> Path | None:
    version_1 = _V1.is_dir()
    group = (_V1 if version_1 else _V2) / f"costack-{os.getpid()}-{time.monotonic_ns()}"
    limit = "memory.limit_in_bytes" if version_1 else "memory.max"
    try:
        group.mkdir()
        (group / limit).write_text(str(limit_mib * _MIB), encoding="ascii")
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        return None
    return group


def _remove(group: Path) -> None:
    # The kernel needs a moment after the last process has ended.
    for _ in range(50):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
