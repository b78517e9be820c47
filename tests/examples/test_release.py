"""The example workflow of a release: its guard runs here, and what it needs is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.portfolios import ROOT

FILE = ROOT / "examples" / "ci" / "github" / "release.yml"


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["jobs"]
    return found


def step(name: str) -> str:
    return str(next(each["run"] for each in jobs()["build"]["steps"] if each.get("name") == name))


@pytest.mark.parametrize(("tag", "code"), [("v1.4.0", 0), ("v1.4.1", 1), ("1.4.0", 1)])
def test_a_tag_that_is_not_the_version_ends_the_release(tmp_path: Path, tag: str, code: int) -> None:
    command = tmp_path / ".venv" / "bin" / "costack"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\necho costack 1.4.0\n", encoding="utf-8")
    command.chmod(0o755)
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step("The tag is the version")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert (f"the tag is {tag}" in done.stderr) is bool(code)


def test_what_it_runs_is_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"setup", "dist"} <= set(targets)
    assert (ROOT / step("The wheel works without the clone").split()[-1]).is_file()


def test_the_job_that_writes_runs_no_code_of_the_repository() -> None:
    writes = {name: job for name, job in jobs().items() if "write" in job["permissions"].values()}
    assert list(writes) == ["publish"]
    assert not any("checkout" in str(each) or "make " in str(each) for each in writes["publish"]["steps"])
