"""The script that builds the official Kubernetes provider, with a stand-in for Go on PATH."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.portfolios import ROOT
from tests.toolchain.machines import lines_of, ran

GO = """#!/bin/sh
echo "$1 $2" >> "{log}"
case "$1 $2" in
"env GOVERSION") echo go1.99.0 ;;
"install -v") echo built > "$GOBIN/kube-controller-manager" ;;
"list -m") echo "{module}" ;;
"build -v")
  for each; do before="$out"; out="$each"; [ "$before" = "-o" ] && made="$each"; done
  [ {code} = 0 ] || exit {code}
  cat documents/schema.json > "$made"
  ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A copy of the scripts, and a PATH on which the only Go is a stand-in."""

    folder: Path

    @property
    def linked(self) -> Path:
        return self.folder / ".toolchain/bin/official/pulumi-resource-kubernetes"

    @property
    def calls(self) -> list[str]:
        return lines_of(self.folder / "calls")

    def go(self, code: int = 0) -> None:
        program = self.folder / "path" / "go"
        text = GO.format(log=self.folder / "calls", module=self.folder / "module", code=code)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.folder / "path"), "HOME": str(self.folder)}
        return ran(self.folder / "toolchain/kubernetes_provider.py", env=env)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("toolchain", "path"):
        (tmp_path / name).mkdir()
    for name in ("build.py", "kubernetes_provider.py"):
        shutil.copy(ROOT / "toolchain" / name, tmp_path / "toolchain")
    for name in ("kubernetes", "controllers"):
        shutil.copytree(ROOT / "toolchain" / name, tmp_path / "toolchain" / name)
    for name in ("sh", "cat"):
        (tmp_path / "path" / name).symlink_to(str(shutil.which(name)))
    documents = tmp_path / "module/cmd/pulumi-resource-kubernetes"
    documents.mkdir(parents=True)
    for name in ("schema.json", "terraform-mapping.json"):
        (documents / name).write_text(json.dumps({"name": "kubernetes"}), encoding="utf-8")
    made = Machine(tmp_path)
    made.go()
    return made


def test_it_is_built_once_with_its_documents_and_then_found_without_go(machine: Machine) -> None:
    first = machine.run()
    assert first.returncode == 0, first.stderr
    assert "about 10 minutes of processor time" in first.stdout
    assert json.loads(machine.linked.read_text(encoding="utf-8")) == {
        "name": "kubernetes",
        "version": "4.25.0",
    }
    assert (machine.folder / ".toolchain/bin/kube-controller-manager").exists()
    calls = machine.calls
    (machine.folder / "path" / "go").unlink()
    shutil.rmtree(machine.folder / ".toolchain")
    again = machine.run()
    assert again.returncode == 0, again.stderr
    assert machine.linked.exists()
    assert machine.calls == calls


def test_any_other_file_is_built_anew(machine: Machine) -> None:
    assert machine.run().returncode == 0
    before = machine.linked.resolve()
    program = machine.folder / "toolchain/kubernetes/main.go"
    program.write_text(program.read_text(encoding="utf-8") + "// more\n", encoding="utf-8")
    assert machine.run().returncode == 0
    assert machine.linked.resolve() != before


def test_a_build_that_fails_is_one_sentence_and_leaves_nothing(machine: Machine) -> None:
    machine.go(code=3)
    said = machine.run()
    assert said.returncode == 1
    assert said.stderr.startswith("go could not build pulumi-resource-kubernetes (exit code 3")
    assert said.stderr.count("\n") == 1
    assert not machine.linked.exists()
    machine.go()
    assert machine.run().returncode == 0
