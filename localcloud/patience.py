"""Waits for a process that starts as long as it lives and works, however slow the machine is.

A time of the clock says nothing about a start: on a busy machine it takes ten times as long and is well. So a
start has failed when the process ended, when it neither prints nor computes any more, or when it computed far
longer than any start does.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
_SECONDS_OF: Final = (1, 60, 60 * 60, 24 * 60 * 60)


class NotStartedError(Exception):
    """A process did not come up; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Starting:
    """A process that is coming up, with all that it starts in turn.

    Attributes:
        what: What a reader knows it as, such as "the loopback AWS".
        processes: Ids of the processes whose work counts, with that of their descendants.
        ended: How it ended, such as "ended with code 1"; None while it lives.
        log: Where it prints, if anywhere.
    """

    what: str
    processes: Callable[[], Collection[int]]
    ended: Callable[[], str | None]
    log: Path | None = None

    @classmethod
    def of(cls, what: str, *processes: subprocess.Popen[bytes], log: Path | None = None) -> Starting:
        """That of *processes*, which this one started; one that ends is the end of all."""

        def ended() -> str | None:
            codes = (process.poll() for process in processes)
            return next((f"ended with code {code}" for code in codes if code is not None), None)

        return cls(what, lambda: [process.pid for process in processes], ended, log)

    def sentence(self, how: str) -> str:
        """What happened, with the last line of the log and where the rest is."""
        if self.log is None:
            return f"{self.what} {how}."
        return f"{self.what} {how}: {self.last_line}; the complete log is {self.log}."

    @property
    def last_line(self) -> str:
        """What it printed last."""
        text = self.log.read_text(errors="replace") if self.log and self.log.exists() else ""
        lines = text.strip().splitlines()
        return lines[-1] if lines else "it printed nothing"


@dataclass(frozen=True, slots=True)
class Signs:
    """What a process has done so far: seconds of processor time, and bytes it printed."""

    cpu_seconds: float
    printed_bytes: int

    @classmethod
    def of(cls, starting: Starting) -> Signs:
        """Those of a process and its descendants at this moment."""
        log = starting.log
        printed = log.stat().st_size if log and log.exists() else 0
        return cls(cpu_seconds(starting.processes()), printed)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for signs of life.

    Attributes:
        idle_seconds: Without any progress: it hangs.
        idle_cpu_seconds: Processor time that is no progress yet, because a process that waits uses some, too.
        most_cpu_seconds: Of processor time, many times what any start needs: it turns in circles.
        most_seconds: In all: a process may print for ever that it is trying again.
        tell_seconds: Between two lines about what is waited for.
        pause_seconds: Between two questions whether it is ready.
    """

    idle_seconds: float = 60.0
    idle_cpu_seconds: float = 0.5
    most_cpu_seconds: float = 600.0
    most_seconds: float = 3600.0
    tell_seconds: float = 10.0
    pause_seconds: float = 0.05

    def wait(
        self,
        starting: Starting,
        ready: Callable[[], T | None],
        *,
        tell: Callable[[str], None] | None = None,
        signs: Callable[[Starting], Signs] = Signs.of,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> T:
        """What *ready* answers first that is not None.

        Args:
            starting: What is waited for.
            ready: Asks cheaply whether it is up; called often.
            tell: Takes a line about what is waited for, every few seconds.
            signs: Measures what it has done.
            clock: Seconds, from any moment on.
            pause: Sleeps so many seconds.

        Raises:
            NotStartedError: When it ended, hangs, turns in circles, or tried for too long.
        """
        watch = _Watch(self, starting, clock(), signs(starting))
        while True:
            if (answer := ready()) is not None:
                return answer
            if how := starting.ended():
                raise NotStartedError(starting.sentence(how))
            if watch.due(now := clock()):
                line = watch.look(now, signs(starting))
                if line and tell:
                    tell(line)
            pause(self.pause_seconds)


class _Watch:
    """What has been seen of a start so far."""

    def __init__(self, patience: Patience, starting: Starting, now: float, signs: Signs) -> None:
        self._patience, self._starting = patience, starting
        self._begun = self._worked = self._looked = self._told = now
        self._first = self._last = signs

    def due(self, now: float) -> bool:
        """Whether to look again: measuring is dearer than asking whether it is ready."""
        return now - self._looked >= min(1.0, self._patience.idle_seconds / 4)

    def look(self, now: float, signs: Signs) -> str | None:
        """A line about what is waited for, if it is time for one.

        Raises:
            NotStartedError: When there is nothing left to wait for.
        """
        self._looked = now
        worked = signs.cpu_seconds - self._last.cpu_seconds >= self._patience.idle_cpu_seconds
        if worked or signs.printed_bytes > self._last.printed_bytes:
            self._worked, self._last = now, signs
        used = signs.cpu_seconds - self._first.cpu_seconds
        if how := self._hopeless(now, used):
            raise NotStartedError(self._starting.sentence(how))
        if now - self._told < self._patience.tell_seconds:
            return None
        self._told = now
        said = f", and said last: {self._starting.last_line}" if self._starting.log else ""
        return (
            f"waiting for {self._starting.what}: for {now - self._begun:.0f} seconds it has been starting, "
            f"has used {used:.0f} seconds of processor time{said}"
        )

    def _hopeless(self, now: float, used: float) -> str | None:
        patience = self._patience
        if now - self._worked >= patience.idle_seconds:
            return f"neither printed nor computed anything for {patience.idle_seconds:.0f} seconds"
        if used >= patience.most_cpu_seconds:
            return f"computed for {used:.0f} seconds and is not up"
        if now - self._begun >= patience.most_seconds:
            return f"has been starting for {now - self._begun:.0f} seconds and is not up"
        return None


def ended(pid: int) -> str | None:
    """That a process which somebody else started has ended; None while it lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "ended"
    except PermissionError:
        return None
    return None


def children() -> set[int]:
    """Ids of the processes that this one has started and that live."""
    return {pid for pid, (parent, _) in _table().items() if parent == os.getpid()}


def cpu_seconds(processes: Collection[int]) -> float:
    """Seconds of processor time that *processes* and their descendants have used, ended children included."""
    table = _table()
    begotten: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        begotten.setdefault(parent, []).append(pid)
    family, used = list(processes), 0.0
    for pid in family:  # grows while it is walked through
        used += table.get(pid, (0, 0.0))[1]
        family += (child for child in begotten.get(pid, ()) if child not in family)
    return used


def _table() -> dict[int, tuple[int, float]]:
    """Process id -> parent and seconds of processor time."""
    return dict(_listed() if Path("/proc/self/stat").exists() else _asked())


def _listed() -> Iterator[tuple[int, tuple[int, float]]]:
    """The table as Linux shows it (proc_pid_stat(5))."""
    ticks = os.sysconf("SC_CLK_TCK")
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, "stat").read_text(errors="replace")
            except OSError:  # it ended meanwhile
                continue
            fields = text.rpartition(")")[2].split()
            yield int(entry.name), (int(fields[1]), sum(map(int, fields[11:15])) / ticks)


def _asked() -> Iterator[tuple[int, tuple[int, float]]]:
    """The same where there is no /proc, without children that have ended."""
    answer = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,time="], capture_output=True, text=True, check=False
    )
    for line in answer.stdout.splitlines():
        pid, parent, used = line.split()
        yield int(pid), (int(parent), seconds_of(used))


def seconds_of(time_of_ps: str) -> float:
    """The seconds that ps means.

    >>> seconds_of("0:01.50"), seconds_of("01:02:03"), seconds_of("2-00:00:01")
    (1.5, 3723.0, 172801.0)
    """
    parts = time_of_ps.replace("-", ":").split(":")
    return sum(float(part) * unit for part, unit in zip(reversed(parts), _SECONDS_OF, strict=False))
