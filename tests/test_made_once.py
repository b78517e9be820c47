from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_once import _SHARED, made_once
from tests.portfolios import ROOT


def test_it_is_made_once_for_each_thing_that_is_asked_for(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[int]:
        made.append(1)
        return [*made]

    assert made_once("one", make, tmp_path) == made_once("one", make, tmp_path) == [1]
    assert made_once("other", make, tmp_path) == [1, 1]


def test_whoever_has_no_workers_makes_it_each_time() -> None:
    made: list[int] = []
    for _ in range(2):
        made_once("one", lambda: made.append(1), None)
    assert made == [1, 1]


def test_what_fails_is_made_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        made_once("one", lambda: 1 // 0, tmp_path)
    assert made_once("one", lambda: 2, tmp_path) == 2


@pytest.mark.parametrize(("worker", "knows"), [("gw0", True), (None, False)])
def test_what_a_test_starts_makes_its_own(tmp_path: Path, worker: str | None, *, knows: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    given = environment | {_SHARED: str(tmp_path)} | ({"PYTEST_XDIST_WORKER": worker} if worker else {})
    asked = (
        "import os; from tests.made_once import FOLDER, _SHARED; "
        "print(FOLDER is not None, _SHARED in os.environ)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=given, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[0] == str(knows)
    assert not knows or done.stdout.split()[1] == "False"
