"""The jobs of a restore in place: in order, each with what it needs, and none with more."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.components.tenant.test_stack import HOLDS_DATA
from tests.portfolios import plan_of, tenant
from tiers.portfolio.restore.stage import STOPPED, Restore, RestoreStage

JOB, DEPLOYMENT = "kubernetes:batch/v1:Job", "kubernetes:apps/v1:Deployment"
AT = "2026-11-29T01:15:00Z"
Everything = list[Declared]


@cache
def declared(stage: str | None, tier: str = "dedicated-db") -> Everything:
    """What is declared at one stage; at rest without one."""
    restore = Restore.model_validate({"at": AT, "stage": stage}) if stage else None
    return declare_plan(plan_of(tenant("acme", tier=tier, restore=restore)))


def pod(everything: Everything, job: str) -> dict[str, Any]:
    spec: dict[str, Any] = the(everything, JOB, job).props["spec"]["template"]["spec"]
    return spec


def env(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in container["env"]}


def jobs(everything: Everything) -> list[str]:
    return [each.name for each in everything if each.type == JOB]


def position(everything: Everything, *names: str) -> list[int]:
    kinds = (JOB, DEPLOYMENT)
    return [
        next(at for at, each in enumerate(everything) if each.name == name and each.type in kinds)
        for name in names
    ]


@pytest.mark.parametrize("tier", ["shared-namespace", "dedicated-db"])
def test_a_backup_is_restored_beside_what_is_in_use(tier: str) -> None:
    there = declared("prepare", tier)
    assert position(there, "acme-make-side-database", "acme-fill-side-database") == sorted(
        position(there, "acme-make-side-database", "acme-fill-side-database")
    )
    (make,) = pod(there, "acme-make-side-database")["containers"]
    given = env(make)
    assert (given["TENANT_DATABASE"], given["SIDE_DATABASE"]) == ("odoo_acme", "odoo_acme__side")
    assert given["MARK"]
    assert all(the(there, DEPLOYMENT, name).props["spec"]["replicas"] for name in ("acme-web", "acme-cron"))


def test_what_runs_a_dump_has_the_tenants_login_and_no_role() -> None:
    there = declared("prepare")
    job = the(there, JOB, "acme-fill-side-database").props["spec"]["template"]
    spec = job["spec"]
    assert spec["serviceAccountName"] == "acme-backup"
    containers = {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}
    assert list(containers) == ["fetch", "fill", "report", "ready"]
    assert job["metadata"]["annotations"] == {"eks.amazonaws.com/skip-containers": "fill,ready"}
    mounts = {
        name: {each["mountPath"]: not each.get("readOnly", False) for each in container["volumeMounts"]}
        for name, container in containers.items()
    }
    assert mounts == {
        "fetch": {"/fetched": True, "/tmp": True},
        "fill": {"/etc/odoo": False, "/fetched": False, "/restored": True, "/tmp": True},
        "report": {"/fetched": True, "/restored": False, "/tmp": True},
        "ready": {"/etc/odoo": False, "/fetched": False, "/tmp": True},
    }
    scratch = [
        next(each["name"] for each in container["volumeMounts"] if each["mountPath"] == "/tmp")
        for container in containers.values()
    ]
    assert len(set(scratch)) == len(scratch)
    assert {each["name"] for each in spec["volumes"]} >= {*scratch, "fetched", "restored", "configuration"}
    for name in ("fill", "ready"):
        assert not {"BUCKET", "MASTER_SECRET_ARN", "PREFIX"} & env(containers[name]).keys()
    assert env(containers["fetch"])["NOT_AFTER"] == AT
    assert env(containers["ready"])["VERSION"] == "18.0"


def test_a_restored_database_takes_the_place_when_all_stand_still_and_were_backed_up() -> None:
    there = declared("switch")
    order = ("acme-web", "acme-final-backup", "acme-switch-side-database", "acme-restore-filestore")
    assert position(there, *order) == sorted(position(there, *order))
    (switch,) = pod(there, "acme-switch-side-database")["containers"]
    assert env(switch)["ACTION"] == "switch"
    files = pod(there, "acme-restore-filestore")
    assert files["serviceAccountName"] == "acme-backup"
    assert (
        files["securityContext"]["runAsUser"] == pod(there, "acme-odoo-setup")["securityContext"]["runAsUser"]
    )
    assert "MASTER_SECRET_ARN" not in env(files["containers"][0])


@pytest.mark.sample(2)
@pytest.mark.parametrize("stage", [*RestoreStage])
def test_pods_stop_and_start_as_the_stage_says_and_data_stays(stage: RestoreStage) -> None:
    there, at_rest = declared(stage), declared(None)
    for name in ("acme-web", "acme-cron"):
        replicas = the(there, DEPLOYMENT, name).props["spec"]["replicas"]
        assert bool(replicas) is (stage not in STOPPED)
    kept = [{each.urn for each in one if each.type in HOLDS_DATA} for one in (there, at_rest)]
    assert kept[1] <= kept[0]
    marks = {"acme-restored-data", "acme-restore-began", "acme-restore-answered"}
    assert {each.name for each in there if each.urn in kept[0] - kept[1]} <= marks


def test_when_people_wait_and_are_answered_is_left_in_the_state() -> None:
    """Made by the update that stops them, and by the one that starts them once pods are ready."""
    marks = ("acme-restore-began", "acme-restore-answered")
    seen = {stage: [each.name for each in declared(stage) if each.name in marks] for stage in RestoreStage}
    assert seen == {
        "prepare": [],
        "switch": [marks[0]],
        "start": [*marks],
        "confirm": [*marks],
        "back": [],
        "discard": [],
    }
    names = [each.name for each in declared("start")]
    assert names.index("acme-web") < names.index(marks[1])


def test_each_job_is_there_at_its_stages_only() -> None:
    own = set(jobs(declared(None)))
    seen = {stage: sorted(set(jobs(declared(stage))) - own) for stage in RestoreStage}
    assert seen == {
        "prepare": ["acme-fill-side-database", "acme-make-side-database"],
        "switch": ["acme-final-backup", "acme-restore-filestore", "acme-switch-side-database"],
        "start": ["acme-switch-side-database"],
        "confirm": ["acme-drop-side-database"],
        "back": ["acme-restore-filestore", "acme-switch-side-database"],
        "discard": ["acme-drop-side-database", "acme-switch-side-database"],
    }
    actions = {
        stage: env(pod(declared(stage), name)["containers"][0])["ACTION"]
        for stage, name in (
            ("switch", "acme-switch-side-database"),
            ("back", "acme-switch-side-database"),
            ("confirm", "acme-drop-side-database"),
            ("discard", "acme-drop-side-database"),
        )
    }
    assert actions == {"switch": "switch", "back": "back", "confirm": "drop-kept", "discard": "drop-side"}


def test_the_set_up_looks_at_a_restored_database_before_a_pod_does() -> None:
    """A copy is neutralised again, and passwords that everybody knows are closed."""
    names = {
        stage: the(declared(stage), JOB, "acme-odoo-setup").props["metadata"]["name"]
        for stage in (None, *RestoreStage)
    }
    assert names["start"] == names["confirm"] != names[None]
    assert {names[stage] for stage in ("prepare", "switch", "back", "discard")} == {names[None]}
    there = declared("start")
    assert position(there, "acme-odoo-setup", "acme-web") == sorted(
        position(there, "acme-odoo-setup", "acme-web")
    )


def test_only_the_way_back_may_lack_files() -> None:
    lacks = {
        stage: env(pod(declared(stage), "acme-restore-filestore")["containers"][0]).get("MAY_LACK")
        for stage in ("switch", "back")
    }
    assert lacks == {"switch": None, "back": "yes"}


def test_the_switch_and_the_way_back_are_two_jobs() -> None:
    for name in ("acme-switch-side-database", "acme-restore-filestore"):
        called = [the(declared(stage), JOB, name).props["metadata"]["name"] for stage in ("switch", "back")]
        assert len(set(called)) == 2


@pytest.mark.parametrize("of", ["declared", "refreshed"])
def test_pods_start_on_what_was_switched_only(of: str) -> None:
    """The job of the switch stays as it is; where one of a way back came since, it runs anew, and refuses."""
    make, owner = (declared, "acme") if of == "declared" else (refreshed, "acme-staging")
    switch, start = (the(make(each), JOB, f"{owner}-switch-side-database") for each in ("switch", "start"))
    assert (start.urn, start.props) == (switch.urn, switch.props)
    order = (f"{owner}-switch-side-database", f"{owner}-odoo-setup", f"{owner}-web")
    assert position(make("start"), *order) == sorted(position(make("start"), *order))


def test_no_password_is_in_an_environment() -> None:
    for stage in RestoreStage:
        for each in declared(stage):
            if each.type == JOB:
                assert "password-of-" not in str(each.props), each.name


@cache
def refreshed(stage: str) -> Everything:
    restore = {"at": AT, "from_tenant": "acme", "stage": stage}
    copy = tenant("acme-staging", environment="staging", client="acme-ltd", restore=restore)
    return declare_plan(plan_of(tenant("acme", client="acme-ltd"), copy))


def test_a_refresh_reads_the_other_tenants_backups_and_writes_nothing_there() -> None:
    there = refreshed("prepare")
    spec = pod(there, "acme-staging-fill-side-database")
    assert spec["serviceAccountName"] == "acme-staging-refresh"
    containers = {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}
    fetch, report = env(containers["fetch"]), env(containers["report"])
    assert (fetch["PREFIX"], fetch["TENANT"], fetch["OWNER"]) == ("acme", "acme", "local/acme-ltd/acme")
    # What it found lies with the one that was refreshed, and is no restore test of the other one.
    assert (report["KEEP_RESULT"], report["RESULTS"]) == ("yes", "acme-staging/refresh-tests")
    (policy,) = [each.props["policy"] for each in there if each.name == "local-acme-staging-refresh-policy"]
    statements = json.loads(policy)["Statement"]
    actions = [each["Action"] for each in statements]
    assert actions == [
        *("s3:GetObject", "s3:ListBucket", "kms:Decrypt"),
        *("s3:PutObject", "kms:GenerateDataKey"),
    ]
    assert all("/acme/*" in str(each) for each in statements[:2])
    assert [each.partition("/")[2] for each in statements[3]["Resource"]] == [
        "manifests/acme-staging/refreshes/*",
        "manifests/acme-staging/refresh-tests/*",
    ]
    assert env(containers["fill"])["SIDE_DATABASE"] == "odoo_acme_staging__side"


@pytest.mark.whole("test_uploads looks at the account of two stages")
def test_the_account_that_reads_there_ends_with_the_stage() -> None:
    has = {
        stage: any(each.name == "acme-staging-refresh" for each in refreshed(stage)) for stage in RestoreStage
    }
    assert [stage for stage, there in has.items() if there] == ["prepare", "switch"]
    back = pod(refreshed("back"), "acme-staging-restore-filestore")
    assert back["serviceAccountName"] == "acme-staging-backup"
    (files,) = pod(refreshed("switch"), "acme-staging-restore-filestore")["containers"]
    # Files come from the other tenant's copy into its own directory.
    assert (env(files)["PREFIX"], env(files)["OWNER"]) == ("acme", "local/acme-ltd/acme-staging")
    assert env(files)["REFRESHES"] == "acme-staging/refreshes"
    assert "REFRESHES" not in env(back["containers"][0])
    assert "REFRESHES" not in env(pod(declared("switch"), "acme-restore-filestore")["containers"][0])


def test_a_refreshed_copy_is_neutralised_before_a_pod_starts() -> None:
    there = refreshed("start")
    (setup,) = pod(there, "acme-staging-odoo-setup")["containers"]
    assert env(setup)["NEUTRALISE"] == "yes"
    (before,) = {
        the(refreshed(each), JOB, "acme-staging-odoo-setup").props["metadata"]["name"]
        for each in ("prepare", "switch")
    }
    assert the(there, JOB, "acme-staging-odoo-setup").props["metadata"]["name"] != before
    order = ("acme-staging-odoo-setup", "acme-staging-web")
    assert position(there, *order) == sorted(position(there, *order))
