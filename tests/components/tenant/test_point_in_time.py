"""A server as it was: what is declared of it, for how long, and who may do what with it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.components.tenant.test_restore import AT, JOB, env, jobs, pod, position
from tests.declarations import Registration, Registrations, differences
from tests.policies.passing import refusals
from tests.portfolios import plan_of, tenant
from tiers.change.effects import effects_of
from tiers.portfolio.restore.stage import Restore, RestoreStage

SERVER = "aws:rds/instance:Instance"
OWN, PAST = "local-acme-postgresql", "local-acme-postgresql-restored-server"


@cache
def declared(stage: str | None, tier: str = "ha-postgresql") -> list[Declared]:
    restore = {"at": AT, "point_in_time": True, "stage": stage}
    return declare_plan(
        plan_of(tenant("acme", tier=tier, restore=Restore.model_validate(restore) if stage else None))
    )


def test_it_is_made_of_the_log_and_has_what_its_source_has() -> None:
    there = declared("prepare")
    past, own = (the(there, SERVER, name).props for name in (PAST, OWN))
    assert past["restoreToPointInTime"] == {"sourceDbInstanceIdentifier": OWN, "restoreTime": AT}
    assert past["identifier"] == PAST
    same = ("instanceClass", "vpcSecurityGroupIds", "parameterGroupName", "dbSubnetGroupName", "kmsKeyId")
    assert [past[each] for each in same] == [own[each] for each in same]
    assert (past["multiAz"], own["multiAz"]) == (False, True)
    assert (past["storageEncrypted"], past["publiclyAccessible"]) == (True, False)
    managed = ("manageMasterUserPassword", "masterUserSecretKmsKeyId")
    assert [past[each] for each in managed] == [own[each] for each in managed]
    ends = ("skipFinalSnapshot", "deleteAutomatedBackups", "deletionProtection")
    assert [past[each] for each in ends] == [True, True, False]
    assert "finalSnapshotIdentifier" not in past
    # A bill calls it what the preview did: part of a recovery, and not of a usual month.
    assert (past["tags"]["cost/tenant"], past["tags"]["cost/domain"]) == ("acme", "resilience")
    assert own["tags"]["cost/domain"] == "tenant-runtime"
    assert not refusals(there)


def test_one_of_another_moment_is_never_copied_for_it() -> None:
    """After an update that failed the file may be put back, and name another moment; the name is taken."""
    past = the(declared("prepare"), SERVER, PAST)
    assert "restoreToPointInTime" not in past.ignore_changes
    assert past.deleted_first


def test_the_server_in_use_is_the_same_at_every_stage() -> None:
    at_rest = the(declared(None), SERVER, OWN)
    for stage in RestoreStage:
        there = declared(stage)
        same = the(there, SERVER, OWN)
        assert (same.urn, same.props, same.protect) == (at_rest.urn, at_rest.props, at_rest.protect)
        lasts = stage in {RestoreStage.PREPARE, RestoreStage.SWITCH}
        assert (PAST in [each.name for each in there if each.type == SERVER]) is lasts


def test_its_database_is_opened_copied_compared_and_named() -> None:
    there = declared("prepare")
    order = ("acme-open-restored-server", "acme-make-side-database", "acme-fill-side-database")
    assert position(there, *order) == sorted(position(there, *order))
    own = set(jobs(declared(None)))
    assert sorted(set(jobs(there)) - own) == sorted(order)
    opened = pod(there, order[0])
    assert opened["serviceAccountName"] == "acme-restored-server"
    spec = pod(there, order[2])
    containers = {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}
    assert list(containers) == ["copy", "files", "ready"]
    notes = the(there, JOB, order[2]).props["spec"]["template"]["metadata"]["annotations"]
    assert notes == {"eks.amazonaws.com/skip-containers": "copy,ready"}
    given = {name: env(container) for name, container in containers.items()}
    assert {each["MOMENT"] for each in given.values()} == {AT}
    assert "BUCKET" not in given["copy"].keys() | given["ready"].keys()
    assert not any("MASTER_SECRET_ARN" in each for each in given.values())
    mounts = {
        name: {each["mountPath"]: not each.get("readOnly", False) for each in container["volumeMounts"]}
        for name, container in containers.items()
    }
    assert mounts["copy"] == {"/etc/odoo": False, "/restored": True, "/tmp": True}
    assert mounts["files"] == {"/files": False, "/restored": False, "/tmp": True}
    assert mounts["ready"] == {"/etc/odoo": False, "/tmp": True}
    assert {each["name"] for each in spec["volumes"]} >= {
        each["name"] for container in containers.values() for each in container["volumeMounts"]
    }
    odoo = pod(there, "acme-odoo-setup")["securityContext"]["runAsUser"]
    assert spec["securityContext"]["runAsUser"] == odoo


def test_its_account_reads_its_own_secret_and_no_other() -> None:
    there = declared("prepare")
    (policy,) = [each.props["policy"] for each in there if each.name == "local-acme-restored-server-policy"]
    read = [
        each for each in json.loads(policy)["Statement"] if "secretsmanager:GetSecretValue" in each["Action"]
    ]
    (administrator,) = [
        each.props["policy"] for each in there if each.name == "local-acme-database-admin-policy"
    ]
    assert read[0]["Resource"] not in administrator


def test_files_that_are_nowhere_end_nothing_at_the_switch() -> None:
    given = env(pod(declared("switch"), "acme-restore-filestore")["containers"][0])
    assert given["MAY_LACK"] == "yes"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, "prepare", "RDS makes a second server as its own one was at 2026-11-29T01:15:00Z, charged by"),
        ("prepare", "switch", "becomes what acme was at 2026-11-29T01:15:00Z, as its server's log says"),
    ],
)
def test_a_preview_says_what_it_does(before: str | None, after: str, said: str) -> None:
    plans = [planned(stage) for stage in (before, after)]
    assert any(said in each.what for each in effects_of(*plans))


def planned(stage: str | None) -> Any:
    restore = {"at": AT, "point_in_time": True, "stage": stage}
    made = Restore.model_validate(restore) if stage else None
    return plan_of(tenant("acme", tier="dedicated-db", restore=made))


@pytest.mark.parametrize("stage", [RestoreStage.PREPARE, RestoreStage.SWITCH])
def test_every_fact_of_it_is_what_was_declared(stage: RestoreStage) -> None:
    plan = plan_of(
        tenant("acme", tier="ha-postgresql", restore={"at": AT, "point_in_time": True, "stage": stage})
    )
    registered = [Registration(each.type, each.name, each.props) for each in declared(stage) if each.custom]
    assert differences(plan, Registrations("local", registered)) == []
