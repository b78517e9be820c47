"""A stack of an earlier version is updated in place: nothing with data is replaced, nothing is deleted."""

from __future__ import annotations

import gzip
import json
import re
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
    text = gzip.decompress(STATE.read_bytes()).decode()
    # The local AWS takes what another memory of it made for gone; this one is to pass for the same.
    now = empty.clients().get("ssm").get_parameter(Name="/localcloud/generation")["Parameter"]["Value"]
    (then,) = set(re.findall(r'"__generation":"([^"]+)"', text))
    state.write_text(text.replace(then, now), encoding="utf-8")
    empty.pulumi("stack", "import", "--file", str(state), "--stack", STACK)
    steps = json.loads(empty.pulumi("preview", "--json", "--stack", STACK).stdout)["steps"]
    kinds: dict[str, Counter[str]] = {}
    for step in steps:
        found = step.get("newState") or step["oldState"]
        if found["custom"]:
            kinds.setdefault(step["op"], Counter())[found["type"]] += 1
    assert kinds.keys() <= {"same", "create", "update", "replace", "create-replacement", "delete-replaced"}
    created = kinds.get("create", Counter())
    assert created["pulumi:index:Stash"] == 7 + 1
    assert created["aws:efs/fileSystemPolicy:FileSystemPolicy"] == 2
    # Three tenants have a server of their own, two of them a cache: each changes its group while it runs.
    assert created["aws:ec2/securityGroup:SecurityGroup"] == 3
    groups = {"vpcSecurityGroupIds", "securityGroupIds"}
    regrouped = [step for step in steps if groups & set(step.get("diffReasons") or ())]
    assert Counter(step["op"] for step in regrouped) == {"update": 3 + 2}
    for op, changed in kinds.items():
        if "replace" in op:
            assert set(changed) == {JOB}, op
