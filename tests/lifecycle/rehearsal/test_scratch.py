from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.jobs import command
from components.scripts import script
from lifecycle.rehearsal.scratch import Scratch, fact_of, scratch_of
from tests.components.conftest import declare_plan
from tests.localcloud.cluster import running_cluster
from tests.portfolios import plan_of, second_cluster, tenant, two_regions
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import Plan

NOW = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
SCRIPTS = {
    "fetch": "restore_test_fetch.sh",
    "restore": "restore_test.sh",
    "files": "rehearsal_files.sh",
    "database": "rehearsal_database.sh",
    "odoo": "rehearsal_odoo.sh",
    "report": "rehearsal_report.sh",
}
WITHOUT_ROLE = {"restore", "database", "odoo"}
"""What runs on restored data."""


def plan() -> Plan:
    return plan_of(tenant("acme", tier="cross-region-backup"))


def scratch(**options: Any) -> Scratch:
    made = plan()
    inventory = Inventory(plan=made, cloud_ids={"acme/backup-bucket-copy": "arn:aws:s3:::copies"})
    mine = made.tenants[0]
    return scratch_of(inventory, mine, fact_of(mine, "eu-west-1"), NOW, **options)


def containers(made: Scratch) -> dict[str, dict[str, Any]]:
    pod = made.job["spec"]["template"]["spec"]
    return {each["name"]: each for each in (*pod["initContainers"], *pod["containers"])}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"]}


def test_it_runs_the_scripts_in_order_and_times_begin_with_the_command() -> None:
    made = containers(scratch())
    assert list(made) == list(SCRIPTS)
    for name, container in made.items():
        assert container["command"] == command(script(SCRIPTS[name]))["command"]
    assert environment(made["report"])["ASKED"] == str(int(NOW.timestamp()))
    assert environment(made["fetch"])["BUCKET"] == "copies"
    assert environment(made["fetch"])["AWS_REGION"] == "eu-west-1"


def test_what_runs_on_restored_data_has_no_role_and_cannot_change_what_was_fetched() -> None:
    made = scratch()
    notes = made.job["spec"]["template"]["metadata"]["annotations"]
    assert set(notes["eks.amazonaws.com/skip-containers"].split(",")) == WITHOUT_ROLE
    for name, container in containers(made).items():
        writes = {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
        assert ("/fetched" in writes) is (name in {"fetch", "files", "report"})
        assert ("BUCKET" in environment(container)) is (name not in WITHOUT_ROLE)
        assert not {each["name"] for each in container["env"]} & {"PGHOST", "PGPASSWORD"}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
    pod = made.job["spec"]["template"]["spec"]
    assert not any({"secret", "persistentVolumeClaim"} & volume.keys() for volume in pod["volumes"])
    assert pod["automountServiceAccountToken"] is False


def test_odoo_is_the_tenants_own_image_as_its_own_user() -> None:
    web = next(
        each.props["spec"]["template"]["spec"]
        for each in declare_plan(plan())
        if each.type == "kubernetes:apps/v1:Deployment" and each.name == "acme-web"
    )
    odoo = containers(scratch())["odoo"]
    assert odoo["image"] == web["containers"][0]["image"]
    assert odoo["securityContext"]["runAsUser"] == web["securityContext"]["runAsUser"]
    assert odoo["resources"]["requests"]["memory"] == web["containers"][0]["resources"]["requests"]["memory"]


def test_nothing_comes_in_and_nothing_goes_out_but_to_aws() -> None:
    (policy,) = [each for each in scratch().before if each["kind"] == "NetworkPolicy"]
    spec = policy["spec"]
    assert (spec["podSelector"], spec["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in spec
    ports = {port["port"] for opening in spec["egress"] for port in opening["ports"]}
    assert ports == {53, 80, 443}


def test_whatever_becomes_of_the_command_kubernetes_ends_it() -> None:
    made = scratch(storage_class="gp3")
    spec = made.job["spec"]
    assert spec["activeDeadlineSeconds"] > 3600
    assert spec["ttlSecondsAfterFinished"] == 4 * 3600
    volumes = spec["template"]["spec"]["volumes"]
    kept = [each for each in volumes if "ephemeral" in each]
    assert {each["name"] for each in kept} == {"fetched", "restored", "files"}
    assert {each["metadata"].get("namespace", "rehearsal-acme") for each in made.items} == {"rehearsal-acme"}


def test_its_account_is_the_one_that_has_the_role_and_its_cost_is_the_tenants() -> None:
    made = scratch()
    (pods,) = [
        each.props
        for each in declare_plan(plan())
        if each.type == "aws:eks/podIdentityAssociation:PodIdentityAssociation" and "rehearsal" in each.name
    ]
    spec = made.job["spec"]["template"]["spec"]
    assert (pods["namespace"], pods["serviceAccount"]) == ("rehearsal-acme", spec["serviceAccountName"])
    assert made.namespace["metadata"]["labels"]["cost/tenant"] == "acme"
    assert made.namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_who_has_no_copies_is_told() -> None:
    small = plan_of(tenant("small")).tenants[0]
    with pytest.raises(CatalogError, match="has no copies in a second region to come back from"):
        fact_of(small, "eu-west-1")
    with pytest.raises(CatalogError, match="the copies of tenant 'acme' are in eu-west-1"):
        fact_of(plan().tenants[0], "us-east-1")


def test_a_bucket_that_was_never_made_is_told() -> None:
    made = plan()
    mine = made.tenants[0]
    with pytest.raises(CatalogError, match="has `pulumi up` finished on this stack"):
        scratch_of(Inventory(plan=made, cloud_ids={}), mine, fact_of(mine, "eu-west-1"), NOW)


@pytest.mark.whole("tests/localcloud/kubernetes admits pods that are restricted alike")
@pytest.mark.cluster
def test_a_real_api_server_takes_all_of_it_and_its_namespace_the_pod(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        for made in (scratch(), scratch(storage_class="gp3", standby_lag=7)):
            space, account, policy, job = made.items
            where = f"namespaces/{space['metadata']['name']}"
            pod = {"metadata": {"generateName": "p-"}, "spec": job["spec"]["template"]["spec"]}
            for path, item in (
                ("/api/v1/namespaces", space),
                (f"/api/v1/{where}/serviceaccounts", account),
                (f"/apis/networking.k8s.io/v1/{where}/networkpolicies", policy),
                (f"/apis/batch/v1/{where}/jobs", job),
                (f"/api/v1/{where}/pods", pod),
            ):
                dry = "&dryRun=All" if item is not account and item is not space else ""
                answer = cluster.client.post(f"{path}?fieldValidation=Strict{dry}", json=item)
                assert answer.status_code in {201, 409}, answer.text
                assert "warning" not in answer.headers


@pytest.mark.whole("tests/components/test_roles_apart looks at every role")
def test_where_the_second_region_has_a_cluster_its_pods_have_the_role() -> None:
    there = plan_of(tenant("acme", tier="cross-region-backup"), platform=two_regions())
    (pods,) = [
        each.props
        for each in declare_plan(there)
        if each.type == "aws:eks/podIdentityAssociation:PodIdentityAssociation" and "rehearsal" in each.name
    ]
    assert (pods["clusterName"], pods["region"]) == (second_cluster().name, "eu-west-1")
