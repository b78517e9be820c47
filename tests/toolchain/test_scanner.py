"""The script that provides the Python programs of `make scan`, with a stand-in for uv on PATH."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.portfolios import ROOT
from tests.toolchain.machines import lines_of, ran

SCRIPT = ROOT / "toolchain" / "scanner.py"
LOCK = ROOT / "toolchain" / "checkov.txt"
PROGRAMS = ("checkov", "zizmor", "check-jsonschema")
LOCKS = tuple(f"{name}.{ending}" for name in PROGRAMS for ending in ("txt", "in"))
# Does what `uv venv FOLDER` and `uv pip sync` leave behind, and lists how it was called.
UV = """#!/bin/sh
echo "$@" >> "{log}"
for last; do :; done
case "$1" in
venv) mkdir -p "$last/bin"; touch "$last/bin/python" ;;
pip) {install} ;;
esac
"""
INSTALLING = (
    'sleep 0.2; for each; do case "$each" in */bin/python) made=$(dirname "$each");'
    ' touch "$made/checkov" "$made/zizmor" "$made/check-jsonschema" ;; esac; done'
)


class Machine:
    """A copy of the scripts in a project of its own, with a cache and a PATH of its own."""

    def __init__(self, folder: Path, install: str = INSTALLING) -> None:
        self.folder, self.log, self.cache = folder, folder / "calls", folder / "cache"
        self.link = folder / ".toolchain" / "bin" / "checkov"
        (folder / "toolchain").mkdir(parents=True)
        for name in ("build.py", "environment.py", "packages.py", "scanner.py", *LOCKS):
            (folder / "toolchain" / name).write_bytes((SCRIPT.parent / name).read_bytes())
        (folder / "path").mkdir()
        self.uv(install)

    def uv(self, install: str) -> None:
        program = self.folder / "path" / "uv"
        program.write_text(UV.format(log=self.log, install=install), encoding="utf-8")
        program.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {"PATH": f"{self.folder / 'path'}:/usr/bin:/bin", "HOME": str(self.folder)}
        script = self.folder / "toolchain" / "scanner.py"
        return ran(script, *arguments, env={**kept, "XDG_CACHE_HOME": str(self.cache)})

    @property
    def calls(self) -> list[str]:
        return lines_of(self.log)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "one")


def test_it_is_installed_once_by_its_hashes_and_found_again(machine: Machine) -> None:
    first = machine.run()
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("installing checkov")
    assert [call.split()[0] for call in machine.calls] == ["venv", "pip"] * len(PROGRAMS)
    for created, installed in zip(machine.calls[::2], machine.calls[1::2], strict=True):
        assert re.match(rf"venv --quiet --python \S+ {machine.cache}/costack/toolchain/", created)
        assert "--require-hashes" in installed
    assert f"--python {sys.executable} " in machine.calls[2]
    assert machine.link.resolve().is_relative_to(machine.cache)
    second = machine.run()
    assert second.returncode == 0
    said = rf"installed, in {machine.cache}/costack/toolchain/\w{{16}}"
    assert re.fullmatch("".join(rf"{name}: {said}\n" for name in PROGRAMS), second.stdout)
    assert len(machine.calls) == 2 * len(PROGRAMS)


def test_another_lock_is_another_environment(machine: Machine) -> None:
    assert machine.run().returncode == 0
    before = machine.link.resolve()
    with (machine.folder / "toolchain" / "checkov.txt").open("a", encoding="utf-8") as lock:
        lock.write("more==1.0\n")
    assert machine.run().returncode == 0
    assert machine.link.resolve() != before
    assert before.exists()


def test_a_failed_installation_is_one_sentence_and_is_done_again(machine: Machine) -> None:
    machine.uv("exit 3")
    failed = machine.run()
    assert failed.returncode == 1
    assert "failed with exit code 3" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not machine.link.is_symlink()
    machine.uv(INSTALLING)
    assert machine.run().returncode == 0
    assert machine.link.exists()


def test_two_clones_install_it_once_between_them(tmp_path: Path) -> None:
    clones = [Machine(tmp_path / name) for name in ("one", "two")]
    for clone in clones:
        clone.cache = tmp_path / "cache"
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(Machine.run, clones))
    assert [each.returncode for each in ended] == [0, 0]
    # Each scanner has a lock of its own: one clone may install one, and the other the other.
    assert sum(len(clone.calls) for clone in clones) == 2 * len(PROGRAMS)
    assert clones[0].link.resolve() == clones[1].link.resolve()


def test_versions_are_chosen_anew_with_hashes_and_without_addresses(machine: Machine) -> None:
    assert machine.run("--lock").returncode == 0
    folder = machine.folder / "toolchain"
    for call, name in zip(machine.calls, PROGRAMS, strict=True):
        assert {"--generate-hashes", "--no-emit-index-url", "--no-header", "--upgrade"} <= set(call.split())
        assert call.endswith(f"toolchain/{name}.in -o {folder / name}.txt")


def test_the_lock_has_hashes_and_no_address_or_path() -> None:
    text = LOCK.read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    assert "checkov" in pinned
    assert len(pinned) > 60
    assert text.count("--hash=sha256:") > len(pinned)
    assert "://" not in text
    assert "/" not in text
    assert "index" not in text


def test_checkovs_packages_are_nobody_elses() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert "\ncheckov==" not in (ROOT / name).read_text(encoding="utf-8")
