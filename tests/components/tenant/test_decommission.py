from __future__ import annotations

import pytest

from tests.components.conftest import declare_plan
from tests.components.queries import the
from tests.components.reachability import network_of
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


def asked(**changes: object) -> list:  # type: ignore[type-arg]
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    return declared(environment="migration", tier="shared-namespace", **ends, **changes)


@pytest.mark.whole("tests/engine/test_life ends such a sandbox")
def test_a_sandbox_whose_offer_has_no_dumps_gets_all_that_one_takes_and_no_nightly_one() -> None:
    everything = asked(final_dump=True)
    pod = the(everything, JOB, "acme-final-backup").props["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "acme-backup"
    assert not [each for each in everything if each.type.endswith(":CronJob") and "acme" in each.name]
    plain = {each.urn for each in asked()}
    more = {each.urn.rpartition("$")[2] for each in everything if each.urn not in plain and each.custom}
    # What a decommission may make although no plan names it (lifecycle/decommission/guards.py).
    assert more == {
        "aws:eks/podIdentityAssociation:PodIdentityAssociation::local-acme-backup-pods",
        "aws:iam/role:Role::local-acme-backup",
        "aws:iam/rolePolicy:RolePolicy::local-acme-backup-policy",
        "kubernetes:batch/v1:Job::acme-final-backup",
        "kubernetes:core/v1:ServiceAccount::acme-backup",
        "random:index/randomId:RandomId::acme-last",
    }


def test_the_job_of_the_last_dump_reaches_the_bucket_and_its_role() -> None:
    everything = asked(final_dump=True)
    network = network_of(everything)
    (pod,) = [
        each for each in network.pods if each.labels.get("app.kubernetes.io/component") == "final-backup"
    ]
    assert network.egress_to_address(pod, "52.216.1.1", 443)
    assert network.egress_to_address(pod, "169.254.170.23", 80)
    assert not network.egress_to_address(pod, "10.0.0.1", 443)
