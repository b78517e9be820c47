"""The script that provides the environment of an Odoo source tree, with a stand-in for uv on PATH."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.portfolios import ROOT
from tests.toolchain.machines import lines_of, ran

FOLDER = ROOT / "toolchain"
# Does what `uv venv FOLDER` leaves behind, keeps what it was asked to install, and lists how it was called.
UV = """#!/bin/sh
echo "$@" >> "{log}"
for last; do :; done
case "$1" in
venv) mkdir -p "$last/bin"; touch "$last/bin/python" ;;
pip) {install} ;;
esac
"""


class Machine:
    """A copy of the scripts in a project of its own, a tree of Odoo, and a cache and a PATH of their own."""

    def __init__(self, folder: Path, install: str = "true") -> None:
        self.folder, self.log, self.tree = folder, folder / "calls", folder / "tree"
        (folder / "toolchain").mkdir()
        for name in ("build.py", "environment.py", "packages.py", "odoo.py", "odoo.txt"):
            (folder / "toolchain" / name).write_bytes((FOLDER / name).read_bytes())
        self.tree.mkdir()
        (self.tree / "odoo-bin").touch()
        self.wants("lxml==5.2.1\npython-ldap==3.4.4 ; sys_platform != 'win32'\n")
        (folder / "path").mkdir()
        uv = folder / "path" / "uv"
        uv.write_text(UV.format(log=self.log, install=install), encoding="utf-8")
        uv.chmod(0o755)

    def wants(self, requirements: str) -> None:
        (self.tree / "requirements.txt").write_text(requirements, encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {"PATH": f"{self.folder / 'path'}:/usr/bin:/bin", "HOME": str(self.folder)}
        script = self.folder / "toolchain" / "odoo.py"
        return ran(script, *arguments, env={**kept, "XDG_CACHE_HOME": str(self.folder / "cache")})

    @property
    def calls(self) -> list[str]:
        return lines_of(self.log)


def test_an_environment_is_made_once_for_what_a_tree_asks_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    first, second = (machine.run(str(machine.tree)) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    made = Path(first.stdout.strip())
    assert made.parent == tmp_path / "cache" / "costack"
    assert len(machine.calls) == 2  # the environment, and what is in it
    listed = (made / "requirements.txt").read_text(encoding="utf-8")
    assert "lxml" in listed
    assert "python-ldap" not in listed
    machine.wants("lxml==5.2.2\n")
    assert machine.run(str(machine.tree)).stdout != first.stdout


def test_nothing_is_written_into_the_tree(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.run(str(machine.tree)).returncode == 0
    assert {each.name for each in machine.tree.rglob("*")} == {"odoo-bin", "requirements.txt"}


@pytest.mark.parametrize("arguments", [(), ("",)])
def test_without_a_tree_it_says_what_it_needs(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = Machine(tmp_path).run(*arguments)
    assert done.returncode == 1
    assert done.stderr == "which Odoo? make odoo ODOO=<folder that holds odoo-bin>\n"


@pytest.mark.parametrize("lacks", ["odoo-bin", "requirements.txt"])
def test_another_folder_is_refused_by_name(tmp_path: Path, lacks: str) -> None:
    machine = Machine(tmp_path)
    (machine.tree / lacks).unlink()
    done = machine.run(str(machine.tree))
    assert done.returncode == 1
    assert done.stderr == f"{machine.tree} is no source tree of Odoo: there is no {lacks} in it.\n"
    assert machine.calls == []


def test_an_installation_that_fails_is_no_environment(tmp_path: Path) -> None:
    machine = Machine(tmp_path, install="exit 3")
    for _ in range(2):
        done = machine.run(str(machine.tree))
        assert done.returncode == 1
        assert "failed with exit code 3, its output is above" in done.stderr
    assert len(machine.calls) == 4  # tried again
