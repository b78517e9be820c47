"""A stack of an earlier version is updated in place: nothing with data is replaced, nothing is deleted."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest

from tests.engine.project import STACK, Project
from tests.portfolios import ROOT

pytestmark = [pytest.mark.engine]

STATE = ROOT / "tests" / "data" / "stored" / "0.2" / "local" / "state.json.gz"
JOB = "kubernetes:batch/v1:Job"
"""A Job cannot be changed: one whose script is another is another Job, and the old one has run."""


def test_the_last_version_is_updated_in_place(empty: Project) -> None:
    state = empty.folder / "state.json"
    state.write_bytes(gzip.decompress(STATE.read_bytes()))
    empty.pulumi("stack", "import", "--file", str(state), "--stack", STACK)
    empty.pulumi("preview", "--suppress-outputs", "--stack", STACK)
    steps = json.loads(empty.pulumi("preview", "--json", "--stack", STACK).stdout)["steps"]
    kinds: dict[str, Counter[str]] = {}
    for step in steps:
        found = step.get("newState") or step["oldState"]
        if found["custom"]:
            kinds.setdefault(step["op"], Counter())[found["type"]] += 1
    assert kinds.keys() <= {"same", "create", "update", "replace", "create-replacement", "delete-replaced"}
    assert kinds.get("create", Counter())["pulumi:index:Stash"] == 7 + 1
    for op, changed in kinds.items():
        if "replace" in op:
            assert set(changed) == {JOB}, op
