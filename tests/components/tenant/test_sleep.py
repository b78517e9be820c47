from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.jobs import command
from components.scripts import script
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.iam_access import access_of, may
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, the
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import plan_of, tenant
from tests.sleepers import own_server, plan_with, sleeper
from tiers.plan.plan import Plan
from tiers.portfolio.versions.section import OdooSection

CRON_JOB = "kubernetes:batch/v1:CronJob"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SCHEDULE = "aws:scheduler/schedule:Schedule"
FORCED = {"pulumi.com/patchForce": "true"}
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"


@cache
def shared_plan() -> Plan:
    """One that sleeps with two kinds of pods, and a neighbour in the same namespace that does not."""
    return plan_of(sleeper(workload_class="m"), tenant("acme-awake", environment="staging"))


@cache
def shared() -> tuple[Declared, ...]:
    return tuple(declare_plan(shared_plan()))


@cache
def own_plan() -> Plan:
    return plan_with(own_server(), sleeper())


@cache
def own() -> tuple[Declared, ...]:
    return tuple(declare_plan(own_plan()))


def given(declared: tuple[Declared, ...], name: str) -> dict[str, str]:
    """The environment of a CronJob's container."""
    ((_, spec),) = pod_specs([the(declared, CRON_JOB, name)])
    return {each["name"]: each["value"] for each in spec["containers"][0]["env"]}


@pytest.mark.whole("test_every_combination asks the same of whatever is sold")
def test_nothing_is_missing_or_open() -> None:
    for plan, declared in ((shared_plan(), shared()), (own_plan(), own())):
        assert faults_of(plan, declared) == []
        registered = [Registration(each.type, each.name, each.props) for each in declared]
        assert differences(plan, Registrations("local", registered)) == []


def test_it_scales_its_own_deployments_to_nothing_and_back() -> None:
    assert given(shared(), "acme-test-sleep")["DEPLOYMENTS"] == "acme-test-cron=0 acme-test-web=0"
    assert given(shared(), "acme-test-wake")["DEPLOYMENTS"] == "acme-test-cron=1 acme-test-web=2"
    (rule,) = the(shared(), ROLE, "acme-test-sleep").props["rules"]
    assert rule["resourceNames"] == ["acme-test-cron", "acme-test-web"]
    assert (rule["resources"], rule["verbs"]) == (["deployments/scale"], ["patch"])


def test_no_other_tenant_has_such_a_role() -> None:
    roles = {each.name for each in shared() if each.type == ROLE and not each.name.startswith("odoo-")}
    assert roles == {"acme-test-sleep"}
    assert "spec.replicas" not in the(shared(), DEPLOYMENT, "acme-awake-web").ignore_changes


def test_its_token_lives_for_minutes_and_no_account_hands_it_out() -> None:
    ((_, spec),) = pod_specs([the(shared(), CRON_JOB, "acme-test-sleep")])
    assert spec["automountServiceAccountToken"] is False
    (volume,) = [each["projected"] for each in spec["volumes"] if "projected" in each]
    token, trust = volume["sources"]
    assert token["serviceAccountToken"] == {"path": "token", "expirationSeconds": 600}
    assert trust["configMap"]["name"] == "kube-root-ca.crt"


def test_an_update_leaves_the_number_of_pods_to_the_schedule() -> None:
    for name in ("acme-test-web", "acme-test-cron"):
        deployment = the(shared(), DEPLOYMENT, name)
        assert deployment.ignore_changes == ("spec.replicas",)
        # Goes with the schedule, so that taking the schedule out is a change that wakes it.
        assert deployment.props["metadata"]["annotations"] == {
            "pulumi.com/patchForce": "true",
            "costack/sleeps": "outside its hours",
        }
    awake = the(shared(), DEPLOYMENT, "acme-awake-web").props["metadata"]["annotations"]
    assert awake == FORCED


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("changes", "taken_back"),
    [
        ({}, {"acme-web", "acme-cron"}),
        ({"tier": "ha-postgresql"}, {"acme-cron"}),
        (
            {"tier": "ha-postgresql", "lifecycle_stage": "decommissioning", "protected": False},
            {"acme-web", "acme-cron"},
        ),
    ],
)
def test_the_number_of_pods_is_taken_back_from_whoever_set_it_except_from_an_autoscaler(
    changes: dict[str, Any], taken_back: set[str]
) -> None:
    """What scaled the pods owns their number: an update that states another one would be refused."""
    declared = declare_plan(plan_of(tenant("acme", **changes)))
    deployments = [each for each in declared if each.type == DEPLOYMENT]
    assert len(deployments) == 2
    forced = {each.name for each in deployments if each.props["metadata"].get("annotations") == FORCED}
    assert forced == taken_back
    assert {each.name for each in deployments if not each.ignore_changes} == taken_back


def test_a_server_of_its_own_is_stopped_and_started_by_a_role_that_may_do_nothing_else() -> None:
    names = ("local-acme-test-sleep", "local-acme-test-sleep-again", "local-acme-test-wake")
    stop, again, start = (the(own(), SCHEDULE, name).props for name in names)
    server = the(own(), "aws:rds/instance:Instance", "local-acme-test-postgresql").name
    assert [each["target"]["arn"].rpartition(":")[2] for each in (stop, again, start)] == [
        "stopDBInstance",
        "stopDBInstance",
        "startDBInstance",
    ]
    assert stop["scheduleExpression"] == "cron(0 19 ? * MON,TUE,WED,THU,FRI *)"
    assert again["scheduleExpression"] == "cron(0 20 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)"
    assert start["scheduleExpression"] == "cron(0 7 ? * MON,TUE,WED,THU,FRI *)"
    for each in (stop, again, start):
        assert json.loads(each["target"]["input"]) == {"DbInstanceIdentifier": server}
        assert each["scheduleExpressionTimezone"] == "Europe/Brussels"
    (role,) = [each for each in access_of(own()).roles.values() if "scheduler.amazonaws.com" in each.services]
    arn = f"arn:aws:test:us-east-1:123456789012:{server}"
    assert may(role, "rds:StopDBInstance", arn)
    assert may(role, "rds:StartDBInstance", arn)
    assert not may(role, "rds:StopDBInstance", f"{arn}-2")
    assert not may(role, "rds:DeleteDBInstance", arn)


def test_a_schedule_of_another_account_cannot_take_the_role() -> None:
    """EventBridge Scheduler User Guide, "Confused deputy prevention"."""
    (trust,) = [
        json.loads(each.props["assumeRolePolicy"])
        for each in own()
        if each.type == "aws:iam/role:Role" and "scheduler.amazonaws.com" in each.props["assumeRolePolicy"]
    ]
    (statement,) = trust["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_what_all_share_is_never_stopped() -> None:
    assert not [each.name for each in shared() if each.type == SCHEDULE]


def scaled(tmp_path: Path, deployments: str, curl: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The script with a made-up `curl` that writes down what it was asked."""
    tool = tmp_path / "curl"
    tool.write_text(f"#!/bin/bash\n{curl}\n", encoding="utf-8")
    tool.chmod(0o755)
    (tmp_path / "token").write_text("secret-token", encoding="utf-8")
    env = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "ACCESS": str(tmp_path),
        "NAMESPACE": "odoo-staging",
        "DEPLOYMENTS": deployments,
        "ASKED": str(tmp_path / "asked"),
        **more,
    }
    run = command(script("scale.sh"))["command"]
    return subprocess.run(run, env=env, capture_output=True, text=True, check=False)


def test_the_script_asks_for_each_deployment_and_shows_no_token(tmp_path: Path) -> None:
    record = 'printf "%s\\n" "$@" >>"$ASKED"'
    done = scaled(tmp_path, "a-cron=0 a-web=2", record)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "a-web: 2 pods wanted"
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    base = "https://kubernetes.default.svc/apis/apps/v1/namespaces/odoo-staging/deployments"
    assert f"{base}/a-cron/scale?fieldManager=costack-sleep\n" in asked
    assert f"{base}/a-web/scale?fieldManager=costack-sleep\n" in asked
    assert '{"spec":{"replicas":2}}' in asked
    assert "secret-token" not in asked


@pytest.mark.parametrize("code", [22, 60])
def test_the_script_fails_when_it_is_refused(tmp_path: Path, code: int) -> None:
    done = scaled(tmp_path, "a-web=0", f"echo 'not allowed' >&2; exit {code}")
    assert (done.returncode, "not allowed" in done.stderr) == (code, True)
    assert "pods wanted" not in done.stdout


def test_nobody_wakes_while_modules_are_updated() -> None:
    """Whoever wakes knows the job before it stops a pod."""
    odoo = OdooSection.model_validate({"update": {"number": 1, "modules": ["sale"]}})
    updating = sleeper().model_copy(update={"odoo": odoo})
    declared = tuple(declare_plan(plan_of(updating)))
    assert faults_of(plan_of(updating), declared) == []
    job = the(declared, "kubernetes:batch/v1:Job", "acme-test-odoo-update")
    named = job.props["metadata"]["name"]
    assert given(declared, "acme-test-wake")["AFTER_JOB"] == named
    assert "AFTER_JOB" not in given(declared, "acme-test-sleep")
    assert the(declared, ROLE, "acme-test-sleep").props["rules"][1:] == [
        {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": [named], "verbs": ["get"]}
    ]
    assert "AFTER_JOB" not in given(shared(), "acme-test-wake")
    (parent,) = [each for each in declared if each.urn == job.parent]
    assert the(declared, CRON_JOB, "acme-test-wake").urn in parent.dependencies


# As curl and the API: a Job without a condition runs still; where none is there, curl ends with 22.
_JOB_RUNS = """
for last; do :; done
printf "%s\\n" "$last" >>"$ASKED"
case $last in
  */jobs/*)
    case $(grep -c /jobs/ "$ASKED")$STATE in
      [12]*) printf '{"status": {"active": 1}}\\n200' ;;
      3Complete|3Failed)
        printf '{"status": {"conditions": [{"type": "%s", "status": "True"}]}}\\n200' "$STATE" ;;
      3gone) printf 'not found\\n404'; exit 22 ;;
      3refused) printf 'not allowed\\n403'; exit 22 ;;
    esac ;;
esac
"""


@pytest.mark.parametrize(("state", "code"), [("Complete", 0), ("Failed", 0), ("gone", 0), ("refused", 22)])
def test_it_wakes_when_the_update_has_ended(tmp_path: Path, state: str, code: int) -> None:
    waits = {"AFTER_JOB": "acme-odoo-update-1", "PAUSE_SECONDS": "0", "STATE": state}
    done = scaled(tmp_path, "a-web=2", _JOB_RUNS, **waits)
    assert done.returncode == code, done.stderr
    asked = [line.rpartition("/apis/")[2] for line in (tmp_path / "asked").read_text().splitlines()]
    job = "batch/v1/namespaces/odoo-staging/jobs/acme-odoo-update-1"
    scale = "apps/v1/namespaces/odoo-staging/deployments/a-web/scale?fieldManager=costack-sleep"
    assert asked == [job] * 3 + [scale] * (code == 0)
