from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.scan.checkov import Finding, Outcome, outcomes, scan, tags_by_resource
from policies.scan.registered import Registered, ScanError
from tests.policies.scan.conftest import FakeCheckov, reported

RULE = ("CKV_AWS_18", "aws_s3_bucket.local_backups", "Ensure access logging")
BUCKET = Registered("urn:pulumi:s::p::aws:s3/bucket:Bucket::b", "aws:s3/bucket:Bucket", {})
POD = Registered(
    "urn:pulumi:s::p::kubernetes:core/v1:Pod::p", "kubernetes:core/v1:Pod", {"metadata": {"name": "p"}}
)


@pytest.mark.whole("`make scan` runs checkov over every tenant")
def test_everything_is_rendered_and_judged_offline(
    strong: list[Registered], fake_checkov: FakeCheckov, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BC_API_KEY", "would-send-everything-away")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    program = fake_checkov([reported("terraform_plan", RULE, passed=7), reported("kubernetes", passed=9)])
    assert scan(strong, program) == [
        Outcome("kubernetes", 9, ()),
        Outcome("terraform_plan", 7, (Finding(*RULE),)),
    ]
    asked = (program.parent / "arguments").read_text(encoding="utf-8")
    assert "--skip-download" in asked
    assert "--output json --framework terraform_plan kubernetes\n" in asked
    environment = (program.parent / "environment").read_text(encoding="utf-8")
    assert "EVAL_TF_PLAN_AFTER_UNKNOWN=True\n" in environment
    assert "BC_API_KEY" not in environment
    assert "PYTHONPATH" not in environment
    files = (program.parent / "files").read_text(encoding="utf-8").split()
    assert len([name for name in files if name.endswith(".yaml")]) > 150
    assert [name for name in files if name.endswith("/plan.json")]
    assert not any(Path(name).exists() for name in files)


@pytest.mark.parametrize(
    ("registered", "framework"), [([BUCKET], "terraform_plan"), ([POD], "kubernetes")], ids=["aws", "pods"]
)
def test_only_what_there_is_is_asked_for(
    registered: list[Registered], framework: str, fake_checkov: FakeCheckov
) -> None:
    program = fake_checkov(reported(framework, passed=3))
    assert scan(registered, program) == [Outcome(framework, 3, ())]
    asked = (program.parent / "arguments").read_text(encoding="utf-8")
    assert asked.endswith(f"--framework {framework}\n")


def test_a_finding_reported_twice_is_one_finding() -> None:
    printed = json.dumps([reported("kubernetes", RULE, RULE)])
    assert outcomes(printed, ["kubernetes"]) == [Outcome("kubernetes", 1, (Finding(*RULE),))]


@pytest.mark.parametrize(
    ("report", "code", "said"),
    [
        ("Traceback", 0, "checkov printed no JSON report"),
        ('"text"', 0, "checkov printed no JSON report"),
        ({"passed": 0, "failed": 0}, 0, "checkov checked nothing of terraform_plan"),
        ([reported("terraform_plan", passed=0)], 0, "checkov checked nothing of terraform_plan"),
        ({"results": {}}, 0, "checkov printed no JSON report"),
        ("", 3, "checkov ended with 3: last; reinstall it with `make scan`"),
    ],
)
def test_a_scan_that_saw_nothing_is_no_clean_scan(
    report: Any, code: int, said: str, fake_checkov: FakeCheckov
) -> None:
    with pytest.raises(ScanError) as raised:
        scan([BUCKET], fake_checkov(report, code))
    assert str(raised.value).startswith(said)


def test_a_file_that_could_not_be_read_is_named(fake_checkov: FakeCheckov) -> None:
    report = reported("terraform_plan")
    report["results"]["parsing_errors"] = ["plan.json"]
    with pytest.raises(ScanError, match=r"checkov could not read plan\.json"):
        scan([BUCKET], fake_checkov(report))


def test_a_program_that_is_not_there_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        ScanError, match=r"/checkov: no such program; install it with `python toolchain/scanner\.py`"
    ):
        scan([BUCKET], tmp_path / "checkov")


def test_a_stack_of_other_things_has_nothing_to_scan(fake_checkov: FakeCheckov) -> None:
    token = "random:index/randomId:RandomId"
    other = Registered(f"urn:pulumi:s::p::{token}::r", token, {})
    with pytest.raises(ScanError, match="nothing to scan"):
        scan([other], fake_checkov([]))


@pytest.mark.whole("`make scan` runs Checkov itself")
def test_tags_and_labels_are_found_under_the_names_of_findings(strong: list[Registered]) -> None:
    tags = tags_by_resource(strong)
    assert tags["aws_s3_bucket.local_backups"]["cost/domain"] == "shared-platform"
    assert tags["aws_db_instance.local_hp_baseline_postgresql"]["cost/service-tier"] == "ha-postgresql"
    assert tags["Deployment.odoo-hp-baseline.hp-baseline-web"]["cost/tenant"] == "hp-baseline"
    assert tags["Namespace.default.odoo-production"]["cost/domain"] == "shared-platform"
    assert tags["aws_s3_bucket_versioning.local_backups_versioning"] == {}
