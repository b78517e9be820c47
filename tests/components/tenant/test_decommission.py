from __future__ import annotations

from tests.components.conftest import declare_plan
from tests.components.queries import the
from tests.portfolios import plan_of, tenant

JOB = "kubernetes:batch/v1:Job"


def declared(**changes: object) -> list:  # type: ignore[type-arg]
    return declare_plan(plan_of(tenant("acme", lifecycle_stage="decommissioning", **changes)))


def test_the_last_dump_bears_a_mark_that_no_other_has() -> None:
    everything = declared()
    mark = the(everything, "random:index/randomId:RandomId", "acme-last")
    pod = the(everything, JOB, "acme-final-backup").props["spec"]["template"]["spec"]
    env = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    assert env["LAST"]
    assert mark.props["byteLength"] == 8
    nightly = the(everything, "kubernetes:batch/v1:CronJob", "acme-backup").props["spec"]["jobTemplate"]
    containers = nightly["spec"]["template"]["spec"]["containers"]
    assert "LAST" not in {each["name"] for each in containers[0]["env"]}


def test_the_shared_database_is_dropped_by_who_may_and_knows_no_password_of_the_tenants() -> None:
    pod = the(declared(protected=False), JOB, "acme-drop-database").props["spec"]["template"]["spec"]
    env = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    assert (env["TENANT_DATABASE"], env["TENANT_ROLE"]) == ("odoo_acme", "t_acme")
    assert pod["serviceAccountName"] == "database-admin"
    assert not any("secret" in volume for volume in pod.get("volumes", ()))


def test_the_directory_is_emptied_by_who_owns_it() -> None:
    pod = the(declared(protected=False), JOB, "acme-empty-filestore").props["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 100
    assert "persistentVolumeClaim" in str(pod["volumes"])


def test_a_bucket_stays_with_all_that_makes_it_private() -> None:
    mine = [each for each in declared(tier="cross-region-backup") if each.name.startswith("local-acme-")]
    kept = [each for each in mine if each.type.startswith("aws:s3/") and "eplication" not in each.type]
    assert len(kept) >= 14
    assert all(each.retained for each in kept)
