"""A project whose whole world can be kept at a moment and had back as often as a sweep needs it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localcloud.aws.faults import COUNTER, VARIABLE
from localcloud.server import MODULE
from tests.engine.project import STACK, Project
from tests.portfolios import ROOT

_KEPT: Final = (".local/state", ".local/manifests", "portfolios", "stacks")
_START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Moment:
    """The memory of the cloud, kept by a process, and a copy of the files."""

    pid: int
    files: Path


class Worlds:
    """One project and the moments of it; *warm* as in `Project`."""

    def __init__(self, folder: Path, *, warm: bool) -> None:
        self.project = Project(folder, warm=warm)
        self._moments: list[Moment] = []
        self._record = self.project.local / "server.json"
        (self.project.local / "state").mkdir(parents=True)
        (self.project.local / ".costack-local").touch()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self._first = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.forks", MODULE, str(self._record)],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._live = self._written(not_by=0)

    def keep(self) -> Moment:
        """Keep what is; the world goes on in a copy."""
        files = self.project.folder.with_name(f"{self.project.folder.name}-{len(self._moments)}")
        self._copy(self.project.folder, files)
        moment = Moment(self._live, files)
        self._moments.append(moment)
        self._live = self._fork(moment.pid)
        return moment

    def go_back(self, moment: Moment) -> None:
        """Forget what happened since *moment*."""
        _kill(self._live)
        self._copy(moment.files, self.project.folder)
        self._live = self._fork(moment.pid)

    def close(self) -> None:
        """End every process of it."""
        for pid in (self._live, *(moment.pid for moment in self._moments)):
            _kill(pid)
        self._first.wait()

    @contextmanager
    def faults(self, asked: str) -> Iterator[Path]:
        """The faults in every command of the block, counted anew; gives where the count is."""
        counter = self.project.local / COUNTER
        counter.unlink(missing_ok=True)
        os.environ[VARIABLE] = asked
        try:
            yield counter
        finally:
            del os.environ[VARIABLE]

    def _fork(self, pid: int) -> int:
        before = json.loads(self._record.read_text(encoding="utf-8"))["pid"]
        os.kill(pid, signal.SIGUSR1)
        return self._written(not_by=before)

    def _written(self, *, not_by: int) -> int:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                pid = int(json.loads(self._record.read_text(encoding="utf-8"))["pid"])
                if pid != not_by:
                    return pid
            time.sleep(0.02)
        raise TimeoutError("the copy of the loopback AWS does not answer")

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        for name in _KEPT:
            shutil.rmtree(target / name, ignore_errors=True)
            if (source / name).exists():
                shutil.copytree(source / name, target / name)
        for old in target.glob("*.plan*"):
            old.unlink()
        for file in source.glob("*.plan*"):
            shutil.copy(file, target / file.name)


@contextmanager
def worlds(folder: Path, *, warm: bool = False) -> Iterator[Worlds]:
    """Worlds that end with the block, with their stack selected."""
    made = Worlds(folder, warm=warm)
    try:
        made.project.keep_no_log()
        made.project.pulumi("stack", "select", "--create", STACK)
        yield made
    finally:
        made.close()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
