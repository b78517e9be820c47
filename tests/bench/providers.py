"""Measures both Kubernetes providers in turns: the committed portfolio as files, made, compared, destroyed.

Files, because on a cluster the official one waits for pods and the small one for nothing; measured is the
work of the providers themselves. `make bench` prints; nothing here judges a time, because machines differ.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.engine.project import STACK, Project, running_project
from tests.kubernetes import PROVIDER, use_official
from tests.repetition import repeating

ROUNDS: Final = 3
_POLL_SECONDS: Final = 0.1
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_COMMANDS: Final = (
    ("up", ("up", "--yes", "--skip-preview")),
    ("up again", ("up", "--yes", "--skip-preview", "--expect-no-changes")),
    ("destroy", ("destroy", "--yes", "--skip-preview")),
)


class Cost(NamedTuple):
    """A command by the clock; its provider in seconds of the processor and in MB at its peak."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass
class Watch:
    """Looks at the provider's processes below this one, until they are gone."""

    cpu: dict[int, float] = field(default_factory=dict)
    peak_mb: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        """One look at every process; one that ends meanwhile was seen before."""
        parents = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError, IndexError):
                after_name = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                parents[int(folder.name)] = int(after_name[1])
        for pid in parents:
            with suppress(OSError, ValueError, IndexError):
                if _is_below(pid, parents) and b"kubernetes" in _program(pid):
                    self._note(pid)

    def _note(self, pid: int) -> None:
        folder = Path("/proc") / str(pid)
        numbers = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        self.cpu[pid] = (int(numbers[11]) + int(numbers[12])) / _TICKS
        for line in (folder / "status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                self.peak_mb[pid] = int(line.split()[1]) / 1024


def main() -> int:
    """Measure and print; the one argument is the number of rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    console = Console(width=130)
    if not PROVIDER.exists():
        console.print(
            "both Kubernetes providers: `make engine-kubernetes` builds the official one; not measured"
        )
        return 0
    seen: dict[tuple[str, str], list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for provider in ("small", "official"):
                with running_project(Path(folder) / f"{provider}-{number}") as project:
                    if provider == "official":
                        use_official(project)
                    for name, command in _COMMANDS:
                        cost = measured(project, command)
                        seen.setdefault((name, provider), []).append(cost)
    console.print(_table(seen))
    return 0


def measured(project: Project, command: tuple[str, ...]) -> Cost:
    """One command of Pulumi, started as by users."""
    with project.started_as_by_users(), watching() as watch:
        begun = time.perf_counter()
        project.pulumi(*command, "--stack", STACK)
        wall = time.perf_counter() - begun
    return Cost(wall, sum(watch.cpu.values()), max(watch.peak_mb.values()))


@contextmanager
def watching() -> Iterator[Watch]:
    """Looks ten times a second, as long as the block lasts."""
    watch = Watch()
    with repeating(watch.look, _POLL_SECONDS):
        yield watch


def _program(pid: int) -> bytes:
    """The program of a process and its first arguments; an environment may hold the word, too."""
    return b" ".join((Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")[:4])


def _is_below(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()


def _table(seen: dict[tuple[str, str], list[Cost]]) -> Table:
    rounds = len(next(iter(seen.values())))
    title = f"both Kubernetes providers, the committed portfolio as files, in turns: medians of {rounds}"
    table = Table(title=title, title_justify="left")
    for heading in ("", "provider", "command", "provider, CPU", "provider, peak MB"):
        table.add_column(heading, justify="right")
    order = [name for name, _ in _COMMANDS]
    for (name, provider), costs in sorted(seen.items(), key=lambda each: order.index(each[0][0])):
        wall, cpu, peak = (median(each) for each in zip(*costs, strict=True))
        table.add_row(name, provider, f"{wall:.1f} s", f"{cpu:.1f} s", f"{peak:.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
