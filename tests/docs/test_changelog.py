from __future__ import annotations

import re
import tomllib
from datetime import date

from tests.portfolios import ROOT

_HEADING = re.compile(r"^## (?:Unreleased|(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d))$")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
LINES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()


def test_versions_are_in_order_and_the_newest_is_the_packages() -> None:
    headings = [_HEADING.match(line) for line in LINES if line.startswith("## ")]
    assert all(headings)
    released = [(found[1], date.fromisoformat(found[2])) for found in headings if found and found[1]]
    numbers = [tuple(map(int, version.split("."))) for version, _ in released]
    assert numbers == sorted(set(numbers), reverse=True)
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == released[0][0]


def test_entries_stand_under_a_kind_of_change() -> None:
    kinds = {line.removeprefix("### ") for line in LINES if line.startswith("### ")}
    assert {"Added", "Changed", "Fixed"} <= kinds <= KINDS
    above = ""
    for line in LINES:
        if line.startswith(("## ", "### ")):
            above = line
        if line.startswith("- "):
            assert above.startswith("### "), line
