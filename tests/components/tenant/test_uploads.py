"""The jobs of an upload and of a copy that is anonymised: what they read, and what they may be told to do."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.queries import the
from tests.components.tenant.test_restore import AT, JOB, Everything, env, jobs, pod
from tests.portfolios import plan_of, tenant
from tiers.portfolio.restore.anonymised import AnonymisedSection, digest
from tiers.portfolio.restore.stage import RestoreStage

ANONYMISED = {"contacts": True, "attachments": True, "columns": [{"column": "res_users.login", "by": "hash"}]}
MIGRATION = {
    "environment": "migration",
    "tier": "shared-namespace",
    "expires_at": "2027-01-31T00:00:00Z",
    "cutover": "2027-01-15",
}


@cache
def uploaded(stage: str, environment: str = "migration", *, anonymised: bool = False) -> Everything:
    """A sandbox without backups, or a tenant with some, at a stage of an upload."""
    restore = {"at": AT, "from_archive": "old.zip", "stage": stage}
    more: dict[str, Any] = MIGRATION if environment == "migration" else {"environment": environment}
    section = {"anonymised": ANONYMISED} if anonymised else {}
    return declare_plan(plan_of(tenant("trial", restore=restore, **more, **section)))


def roles(everything: Everything) -> list[str]:
    return [
        each.name
        for each in everything
        if each.type == "aws:iam/rolePolicy:RolePolicy" and "refresh" in each.name
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize("stage", ["prepare", "switch"])
def test_an_upload_is_read_by_an_account_of_two_stages_that_reads_nothing_else(stage: str) -> None:
    there = uploaded(stage)
    job = "trial-fill-side-database" if stage == "prepare" else "trial-restore-filestore"
    spec = pod(there, job)
    assert spec["serviceAccountName"] == "trial-refresh"
    first = env([*spec.get("initContainers", ()), *spec["containers"]][0])
    assert (first["PREFIX"], first["TENANT"], first["OWNER"]) == (
        "trial.upload",
        "trial",
        "local/trial-ltd/trial",
    )
    (policy,) = (each for each in there if each.name in roles(there))
    said = json.dumps(policy.props["policy"])
    assert "dumps/trial.upload/*" in said
    assert "dumps/trial/*" not in said
    assert "PutObject" not in said
    assert not roles(uploaded("start"))


@pytest.mark.whole("tests/lifecycle/uploads/test_restored carries it out")
def test_a_sandbox_without_backups_is_switched_without_one_and_goes_back_with_its_files() -> None:
    own = set(jobs(uploaded("start")))
    seen = {stage: sorted(set(jobs(uploaded(stage))) - own) for stage in RestoreStage}
    assert seen == {
        "prepare": ["trial-fill-side-database", "trial-make-side-database"],
        "switch": ["trial-restore-filestore", "trial-switch-side-database"],
        "start": [],
        "confirm": ["trial-drop-side-database"],
        "back": ["trial-switch-side-database"],
        "discard": ["trial-drop-side-database", "trial-switch-side-database"],
    }
    with_backups = jobs(uploaded("switch", "staging"))
    assert "trial-final-backup" in with_backups


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("environment", "only"), [("migration", None), ("staging", None), ("production", "yes")]
)
def test_a_production_takes_an_upload_before_its_first_day_only(environment: str, only: str | None) -> None:
    ready = env(pod(uploaded("prepare", environment), "trial-fill-side-database")["containers"][0])
    assert (ready["UPLOADED"], ready.get("ONLY_IF_NOBODY_WORKED")) == ("yes", only)
    files = env(pod(uploaded("switch", environment), "trial-restore-filestore")["containers"][0])
    assert files["MAY_LACK"] == "yes"


def test_a_copy_is_anonymised_after_its_rows_were_compared_and_before_it_is_ready() -> None:
    there = uploaded("prepare", anonymised=True)
    spec = pod(there, "trial-fill-side-database")
    containers = {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}
    assert list(containers) == ["fetch", "fill", "report", "anonymise", "ready"]
    said = env(containers["anonymise"])
    columns = {f"{each['table']}.{each['column']}": each for each in json.loads(said["COLUMNS"])}
    assert columns["res_users.login"]["optional"] is False
    assert columns["res_partner.email"] == {
        "table": "res_partner", "column": "email", "method": "hash", "value": None, "optional": True
    }  # fmt: skip
    assert said["ATTACHMENTS"] == "yes"
    assert not {"BUCKET", "PREFIX"} & said.keys()
    expected = digest(AnonymisedSection.model_validate(ANONYMISED))
    assert env(containers["ready"])["ANONYMISED"] == expected
    switch = pod(uploaded("switch", anonymised=True), "trial-switch-side-database")
    assert env(switch["containers"][0])["ANONYMISED"] == expected
    job = the(there, JOB, "trial-fill-side-database")
    notes = job.props["spec"]["template"]["metadata"]["annotations"]
    assert notes == {"eks.amazonaws.com/skip-containers": "fill,anonymise,ready"}


def test_a_restore_of_its_own_backup_is_what_it_was() -> None:
    restore = {"at": AT, "stage": "prepare"}
    there = declare_plan(
        plan_of(tenant("acme", environment="staging", restore=restore, anonymised=ANONYMISED))
    )
    spec = pod(there, "acme-fill-side-database")
    assert "anonymise" not in [each["name"] for each in spec["initContainers"]]
    assert "ANONYMISED" not in env(spec["containers"][0])
