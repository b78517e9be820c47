"""A stack of an earlier version is updated in place: nothing with data is replaced, nothing is deleted."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.engine.project import STACK, Project
from tests.portfolios import ROOT, local_plan
from tiers.facts.every_fact import CacheSpace
from tiers.plan.plan import facts_of

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "tests/golden holds every URN; a preview of the last version's state takes half a minute"
    ),
]

STATE = ROOT / "tests" / "data" / "stored" / "0.2" / "local" / "state.json.gz"
JOB = "kubernetes:batch/v1:Job"
"""A Job cannot be changed: one whose script is another is another Job, and the old one has run."""
SECRET = "kubernetes:core/v1:Secret"
"""The provider of Kubernetes puts another in its place whenever its content changes."""

VOLUME = "kubernetes:core/v1:PersistentVolume"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"
UNCLAIMED = "meridian-filestore"
"""The tenant has a file system of its own: no pod mounts its directory on the shared one."""
REPLACED = ("replace", "create-replacement", "delete-replaced")


def test_the_last_version_is_updated_in_place(empty: Project) -> None:
    state = empty.folder / "state.json"
    text = gzip.decompress(STATE.read_bytes()).decode()
    # The local AWS takes what another memory of it made for gone; this one is to pass for the same.
    now = empty.clients().get("ssm").get_parameter(Name="/localcloud/generation")["Parameter"]["Value"]
    (then,) = set(re.findall(r'"__generation":"([^"]+)"', text))
    stored = json.loads(text)["deployment"]["resources"]
    state.write_text(text.replace(then, now), encoding="utf-8")
    empty.pulumi("stack", "import", "--file", str(state), "--stack", STACK)
    refused = empty.pulumi("preview", "--stack", STACK, code=1)
    assert f"Run `costack rotate platform --begin --stack {STACK}`" in " ".join(refused.text.split())
    empty.costack("rotate", "platform", "--begin", "--stack", STACK)
    steps = json.loads(empty.pulumi("preview", "--json", "--stack", STACK).stdout)["steps"]
    kinds: dict[str, Counter[str]] = {}
    for step in steps:
        found = step.get("newState") or step["oldState"]
        if found["custom"]:
            kinds.setdefault(step["op"], Counter())[found["type"]] += 1
    assert kinds.keys() <= {"same", "create", "update", "delete", *REPLACED}
    # Groups have a name for each major version now, and those that are there are known by it.
    group = "aws:rds/parameterGroup:ParameterGroup"
    assert {op for op, each in kinds.items() if each[group]} <= {"same", "update"}
    created = kinds.get("create", Counter())
    # A tier that sells standbys takes servers whose password AWS does not manage, in place.
    assert created["aws:secretsmanager/secretVersion:SecretVersion"] == 1
    assert created["pulumi:index:Stash"] == 7 + 1
    assert created["aws:efs/fileSystemPolicy:FileSystemPolicy"] == 2
    # Running pods get a priority in place, and the namespaces that tenants share a quota.
    assert created["kubernetes:scheduling.k8s.io/v1:PriorityClass"] == 4
    assert created["kubernetes:core/v1:ResourceQuota"] == 3
    # Each of the six tenants with dumps gets a restore test on a schedule.
    assert created["kubernetes:batch/v1:CronJob"] == 6
    running = [each for each in stored if each["type"] == "kubernetes:apps/v1:Deployment"]
    assert kinds["update"]["kubernetes:apps/v1:Deployment"] == len(running) > 10
    # Three tenants have a server of their own, two of them a cache: each changes its group while it runs.
    assert created["aws:ec2/securityGroup:SecurityGroup"] == 3
    groups = {"vpcSecurityGroupIds", "securityGroupIds"}
    regrouped = [step for step in steps if groups & set(step.get("diffReasons") or ())]
    assert Counter(step["op"] for step in regrouped) == {"update": 3 + 2}
    users = [
        space for each in local_plan().tenants for space in facts_of(each.facts, CacheSpace) if space.user
    ]
    assert created["aws:elasticache/user:User"] == len(users) + 1 > 2
    assert created["aws:elasticache/userGroupAssociation:UserGroupAssociation"] == len(users)
    (shared,) = [step for step in steps if step["urn"].endswith("ReplicationGroup::local-sessions")]
    assert shared["op"] == "update"
    wanted = shared["newState"]["inputs"]
    assert (wanted["authTokenUpdateStrategy"], wanted["applyImmediately"]) == ("DELETE", True)
    assert "authToken" not in wanted
    # The token of before stays what it is: a preview leaves out what does not change.
    assert not [step for step in steps if step["urn"].endswith("RandomPassword::local-sessions-token")]
    volumes_and_claims_stay(steps, stored)
    for op, changed in kinds.items():
        if "replace" in op:
            assert set(changed) == {JOB, SECRET}, op
    replaced = {
        step["urn"].rpartition("::")[2] for step in steps if "replace" in step["op"] and SECRET in step["urn"]
    }
    assert replaced == {f"{space.tenant}-odoo" for space in users}


def volumes_and_claims_stay(steps: list[dict[str, Any]], stored: list[dict[str, Any]]) -> None:
    """All but one, a pointer that no claim has; its files and their access point stay, too."""
    there = {
        kind: {each["urn"].rpartition("::")[2]: each for each in stored if each["type"] == kind}
        for kind in (VOLUME, CLAIM, ACCESS_POINT)
    }
    assert there[VOLUME].keys() - there[CLAIM].keys() == {UNCLAIMED}
    assert there[VOLUME].keys() == there[ACCESS_POINT].keys()
    (gone,) = [step for step in steps if step["op"] == "delete"]
    assert gone["urn"] == there[VOLUME].pop(UNCLAIMED)["urn"]
    assert gone["oldState"]["inputs"]["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    # A preview leaves out what does not change.
    changed = {step["urn"]: step for step in steps if step["op"] != "same"}
    for each in (one for kind in there.values() for one in kind.values()):
        step = changed.get(each["urn"])
        if step:
            assert step["op"] == "update", each["urn"]
            assert named(step["newState"]) == named(each), each["urn"]


def named(resource: dict[str, Any]) -> str:
    """The name of a Kubernetes object; '' of everything else."""
    return str((resource["inputs"].get("metadata") or {}).get("name", ""))
