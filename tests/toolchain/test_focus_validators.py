"""The script that provides the validators of FOCUS data, with a stand-in for uv on PATH."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portfolios import ROOT
from tests.toolchain.machines import lines_of, ran

FOLDER = ROOT / "toolchain"
SCRIPT = "focus_validators.py"
NAMES = ("focus-validator", "focus-data-toolkit")
# Does what `uv venv FOLDER` and `uv pip sync` leave behind, and lists how it was called.
UV = """#!/bin/sh
echo "$@" >> "{log}"
for last; do :; done
case "$1" in
venv) {venv} ;;
pip) for each; do case "$each" in */bin/python)
  touch "$(dirname "$each")/focus-validator" "$(dirname "$each")/focus-toolkit" ;; esac; done ;;
esac
"""
MAKING = 'mkdir -p "$last/bin"; touch "$last/bin/python"'


class Machine:
    """A copy of the scripts in a project of its own, with a cache and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "calls"
        self.bin = folder / ".toolchain" / "bin"
        (folder / "toolchain").mkdir()
        for name in ("build.py", "environment.py", "packages.py", SCRIPT):
            (folder / "toolchain" / name).write_bytes((FOLDER / name).read_bytes())
        for name in NAMES:
            (folder / "toolchain" / f"{name}.txt").write_bytes((FOLDER / f"{name}.txt").read_bytes())
        (folder / "path").mkdir()
        self.uv()

    def uv(self, venv: str = MAKING) -> None:
        program = self.folder / "path" / "uv"
        program.write_text(UV.format(log=self.log, venv=venv), encoding="utf-8")
        program.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder / 'path'}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "PYENV_ROOT": str(self.folder / "pyenv"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return ran(self.folder / "toolchain" / SCRIPT, *arguments, env=environment)

    @property
    def calls(self) -> list[str]:
        return lines_of(self.log)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_both_are_installed_once_by_their_hashes_in_environments_of_their_own(machine: Machine) -> None:
    first = machine.run()
    assert first.returncode == 0, first.stderr
    environments = {
        (machine.bin / name).resolve().parents[1] for name in ("focus-validator", "focus-toolkit")
    }
    assert len(environments) == 2
    assert all(environment.is_relative_to(machine.folder / "cache") for environment in environments)
    assert [call.split()[0] for call in machine.calls] == ["venv", "pip", "venv", "pip"]
    assert all("--require-hashes" in call for call in machine.calls if call.startswith("pip"))
    assert "--python 3.12 " in machine.calls[0] or sys.version_info[:2] == (3, 12)
    assert f"--python {sys.executable} " in machine.calls[2]
    second = machine.run()
    assert second.returncode == 0
    assert len(machine.calls) == 4
    assert second.stdout.count("installed, in") == 2


def test_a_python_that_pyenv_keeps_off_path_is_found(machine: Machine) -> None:
    for version in ("3.12.1", "3.12.9", "3.13.0"):
        kept = machine.folder / "pyenv" / "versions" / version / "bin"
        kept.mkdir(parents=True)
        (kept / f"python{version.rpartition('.')[0]}").touch()
    assert machine.run().returncode == 0
    found = "pyenv/versions/3.12.9/bin/python3.12"
    assert found in machine.calls[0] or sys.version_info[:2] == (3, 12)


def test_without_a_python_the_remedy_is_named_and_nothing_is_half_there(machine: Machine) -> None:
    machine.uv("exit 2")
    failed = machine.run()
    assert failed.returncode == 1
    assert re.search(
        r"focus-validator needs Python \S+ and uv finds none: run `uv python install", failed.stderr
    )
    assert "Traceback" not in failed.stderr
    assert not machine.bin.exists()
    machine.uv()
    assert machine.run().returncode == 0


def test_versions_are_chosen_anew_with_hashes_and_without_addresses(machine: Machine) -> None:
    assert machine.run("--lock").returncode == 0
    assert [call.split()[-1].rpartition("/")[2] for call in machine.calls] == [
        f"{name}.txt" for name in NAMES
    ]
    for call in machine.calls:
        assert {"--generate-hashes", "--no-emit-index-url", "--no-header", "--upgrade"} <= set(call.split())


@pytest.mark.parametrize(
    ("name", "pin"), [("focus-validator", "==2.2.1"), ("focus-data-toolkit", "==0.14.1")]
)
def test_a_lock_has_hashes_and_no_address(name: str, pin: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)(==\S+)", text, re.MULTILINE)
    assert (name, pin) in pinned
    assert text.count("--hash=sha256:") > len(pinned)
    assert "://" not in text
    assert "index" not in text
    assert (FOLDER / f"{name}.in").read_text(encoding="utf-8").splitlines()[1] == name + pin
