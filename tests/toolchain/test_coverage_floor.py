"""The script that judges what `make coverage` found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.portfolios import ROOT


def judged(path: Path, **percent: float) -> subprocess.CompletedProcess[str]:
    files = {
        f"{name}.py": {"summary": {"num_statements": 9, "percent_covered": x}} for name, x in percent.items()
    }
    files["__init__.py"] = {"summary": {"num_statements": 0, "percent_covered": 0.0}}
    path.write_text(json.dumps({"files": files}), encoding="utf-8")
    command = [sys.executable, str(ROOT / "toolchain" / "coverage_floor.py"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_module_that_is_hardly_run_fails_by_name(tmp_path: Path) -> None:
    done = judged(tmp_path / "report.json", tested=93.0, forgotten=7.6)
    assert done.returncode == 1
    assert done.stdout == "forgotten.py: 8 % of its statements are run by a test, 60 % are asked for\n"


def test_modules_that_are_run_pass_and_an_empty_one_has_nothing_to_run(tmp_path: Path) -> None:
    done = judged(tmp_path / "report.json", tested=93.0, also=60.0)
    assert (done.returncode, done.stdout) == (0, "")
