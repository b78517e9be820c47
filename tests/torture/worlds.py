"""A project whose whole world can be kept at a moment and had back as often as a sweep needs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localcloud.aws.faults import COUNTER, VARIABLE
from localcloud.server import keep_no_logs
from tests.clouds import RECORD, Cloud, Clouds, claim, clouds
from tests.engine.project import STACK, Project

_KEPT: Final = (".local/state", ".local/manifests", "portfolios", "stacks")


@dataclass(frozen=True)
class Moment:
    """The memory of the cloud, kept by a process, and a copy of the files."""

    cloud: Cloud
    files: Path


class Worlds:
    """One project and the moments of it."""

    def __init__(self, folder: Path, *, by_users: bool) -> None:
        self.project = Project(folder)
        self._moments: list[Moment] = []
        self._record = self.project.local / RECORD
        claim(self.project.local)
        self._by_users = by_users
        self._clouds = Clouds.started(self._record) if by_users else clouds()
        self._live = self._clouds.copy(self._record)

    def keep(self) -> Moment:
        """Keep what is; the world goes on in a copy."""
        files = self.project.folder.with_name(f"{self.project.folder.name}-{len(self._moments)}")
        self._copy(self.project.folder, files)
        moment = Moment(self._live, files)
        self._moments.append(moment)
        self._live = self._clouds.copy(self._record, moment.cloud)
        return moment

    def go_back(self, moment: Moment) -> None:
        """Forget what happened since *moment*."""
        self._live.end()
        self._copy(moment.files, self.project.folder)
        self._live = self._clouds.copy(self._record, moment.cloud)

    def close(self) -> None:
        """End every process of it."""
        for cloud in (self._live, *(moment.cloud for moment in self._moments)):
            cloud.end()
        if self._by_users:
            self._clouds.close()

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
def worlds(folder: Path, *, by_users: bool = False) -> Iterator[Worlds]:
    """Worlds that end with the block, with their stack selected.

    `by_users` lets commands run in them as users start them, by `python -m localcloud`.
    """
    made = Worlds(folder, by_users=by_users)
    try:
        keep_no_logs(made.project.local)
        made.project.pulumi("stack", "select", "--create", STACK)
        yield made
    finally:
        made.close()
