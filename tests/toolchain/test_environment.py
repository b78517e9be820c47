from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.portfolios import ROOT

SCRIPT = ROOT / "toolchain" / "environment.py"
LOCKS = sorted(ROOT.glob("requirements*.txt"))


def run(folder: Path, *arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=folder,
        env={"PATH": f"{path}:/usr/bin:/bin", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_uv(folder: Path, body: str) -> Path:
    folder.mkdir()
    tool = folder / "uv"
    tool.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/calls"\n{body}\n', encoding="utf-8")
    tool.chmod(0o755)
    return folder


def test_the_uv_on_path_is_used_and_told_to_check_hashes(tmp_path: Path) -> None:
    tools = fake_uv(tmp_path / "bin", 'env >> "$(dirname "$0")/calls"')
    said = run(tmp_path, str(tmp_path / "env"), "requirements-dev.txt", path=tools)
    assert said.returncode == 0, said.stderr
    calls = (tools / "calls").read_text(encoding="utf-8")
    assert "pip sync" in calls
    assert "--require-hashes" in calls
    assert "UV_NATIVE_TLS=true" in calls
    assert f"--no-deps --no-build-isolation --editable {ROOT}" in calls


def test_a_failing_step_is_one_sentence(tmp_path: Path) -> None:
    tools = fake_uv(tmp_path / "bin", "exit 3")
    said = run(tmp_path, str(tmp_path / "env"), "requirements-dev.txt", path=tools)
    assert said.returncode == 1
    assert "failed with exit code 3" in said.stderr
    assert "Traceback" not in said.stderr


def test_no_module_beside_the_script_hides_one_of_pythons_own() -> None:
    beside = {path.stem for path in SCRIPT.parent.glob("*.py")}
    assert not beside & set(sys.stdlib_module_names)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    pinned = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert len(pinned) >= 40
    assert text.count("--hash=sha256:") > len(pinned)
    assert "://" not in text
    assert "index" not in text


def test_both_locks_are_there() -> None:
    assert [lock.name for lock in LOCKS] == ["requirements-dev.txt", "requirements.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_everything_that_the_project_depends_on(lock: Path) -> None:
    """What is imported and not locked is missing wherever the shorter file is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.match(r"[\w-]+", each).group().lower() for each in project["dependencies"]}  # type: ignore[union-attr]
    pinned = set(re.findall(r"^([\w.-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    assert needed - pinned == set()
