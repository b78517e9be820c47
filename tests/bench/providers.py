"""Measures both Kubernetes providers in turns: the committed portfolio, made, compared, destroyed.

As files, and on an API server with its controllers and a pretended node. There the official one waits for
pods and the small one for nothing: the provider's own work is its processor time. `make bench` prints;
nothing here judges a time, because machines differ.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.bench.processes import cpu_seconds, memory_mib
from tests.engine.project import STACK, Project, running_project
from tests.kubernetes import PROVIDER, use_official
from tests.localcloud.cluster import running_cluster
from tests.localcloud.operator import install
from tests.official.controllers import controlled
from tests.repetition import repeating

ROUNDS: Final = 3
_POLL_SECONDS: Final = 0.1
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
        self.cpu[pid] = cpu_seconds(pid)
        if peak := memory_mib(pid, "VmHWM"):
            self.peak_mb[pid] = peak


def main() -> int:
    """Measure and print; the one argument is the number of rounds."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    console = Console(width=130)
    if not PROVIDER.exists():
        console.print(
            "both Kubernetes providers: `make engine-kubernetes` builds the official one; not measured"
        )
        return 0
    for where, running in _PLACES:
        console.print(_table(where, costs(rounds, running)))
    return 0


def costs(rounds: int, running: Running) -> dict[tuple[str, str], list[Cost]]:
    """What each command costs with each provider, in turns."""
    seen: dict[tuple[str, str], list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for provider in ("small", "official"):
                with running(Path(folder) / f"{provider}-{number}") as project:
                    if provider == "official":
                        use_official(project)
                    for name, command in _COMMANDS:
                        seen.setdefault((name, provider), []).append(measured(project, command))
    return seen


@contextmanager
def running_on_a_cluster(folder: Path) -> Iterator[Project]:
    """A project whose objects go to an API server of its own, with controllers."""
    (folder / "cluster").mkdir(parents=True)
    with (
        running_cluster(folder / "cluster", controlled) as cluster,
        running_project(folder / "project") as project,
    ):
        install(cluster)
        project.apply_to(cluster.kubeconfig)
        yield project


Running = Callable[[Path], AbstractContextManager[Project]]
_PLACES: Final[Sequence[tuple[str, Running]]] = (
    ("as files", running_project),
    ("on an API server with controllers", running_on_a_cluster),
)


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


def _table(where: str, seen: dict[tuple[str, str], list[Cost]]) -> Table:
    rounds = len(next(iter(seen.values())))
    said = f"in turns: medians of {rounds}, least and most"
    title = f"both Kubernetes providers, the committed portfolio {where}, {said}"
    table = Table(title=title, title_justify="left")
    for heading in ("", "provider", "command, s", "provider, CPU s", "provider, peak MB"):
        table.add_column(heading, justify="right")
    order = [name for name, _ in _COMMANDS]
    for (name, provider), found in sorted(seen.items(), key=lambda each: order.index(each[0][0])):
        wall, cpu, peak = zip(*found, strict=True)
        table.add_row(name, provider, _range(wall, 1), _range(cpu, 1), _range(peak, 0))
    return table


def _range(numbers: Sequence[float], places: int) -> str:
    middle, least, most = (f"{each:.{places}f}" for each in (median(numbers), min(numbers), max(numbers)))
    return f"{middle} ({least}-{most})"


if __name__ == "__main__":
    sys.exit(main())
