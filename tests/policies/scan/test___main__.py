from __future__ import annotations

from pathlib import Path

import pytest

from policies.scan.__main__ import Exit, main
from tests.policies.scan.conftest import FakeCheckov, reported

FAILED = ("CKV_AWS_18", "aws_s3_bucket.local_backups", "Ensure access logging")
WAIVED = ("CKV_AWS_144", "aws_s3_bucket.local_backups", "Ensure replication")
WAIVER = """waivers:
  - rule: CKV_AWS_144
    resource: aws_s3_bucket.*
    tags: {cost/domain: shared-platform}
    reason: Neighbours are promised one region.
    owner: platform team
    until: 2027-01-15
"""


@pytest.fixture
def waivers(tmp_path: Path) -> Path:
    path = tmp_path / "waivers.yaml"
    path.write_text(WAIVER, encoding="utf-8")
    return path


def arguments(state: Path, checkov: Path, waivers: Path, on: str = "2027-01-15") -> list[str]:
    return [str(state), "--checkov", str(checkov), "--waivers", str(waivers), "--on", on]


def test_exit_codes_are_pulumis() -> None:
    assert {each.name: int(each) for each in Exit} == {"OK": 0, "BAD_INPUT": 2, "POLICY": 5}


def test_a_clean_stack_ends_with_0_and_its_counts(
    strong_state: Path, fake_checkov: FakeCheckov, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkov = fake_checkov([reported("terraform_plan", WAIVED, passed=7), reported("kubernetes", passed=9)])
    assert main(arguments(strong_state, checkov, waivers)) == Exit.OK
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines() == [
        "framework         passed  failed  waived",
        "kubernetes             9       0       0",
        "terraform_plan         7       0       1",
    ]


@pytest.mark.whole("a clean stack is tried here; the parts of a line in test_findings")
def test_a_finding_ends_with_5_and_a_line_of_its_own(
    strong_state: Path, fake_checkov: FakeCheckov, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkov = fake_checkov([reported("terraform_plan", WAIVED, FAILED), reported("kubernetes")])
    assert main(arguments(strong_state, checkov, waivers)) == Exit.POLICY
    assert capsys.readouterr().out.splitlines()[2:] == [
        "terraform_plan         1       1       1",
        "CKV_AWS_18 aws_s3_bucket.local_backups: Ensure access logging",
    ]


@pytest.mark.whole("tests/policies/scan decides which waivers count")
def test_a_waiver_that_is_over_ends_with_5_and_its_finding_is_back(
    strong_state: Path, fake_checkov: FakeCheckov, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkov = fake_checkov([reported("terraform_plan", WAIVED), reported("kubernetes")])
    assert main(arguments(strong_state, checkov, waivers, on="2027-01-16")) == Exit.POLICY
    assert capsys.readouterr().out.splitlines()[3:] == [
        "CKV_AWS_144 aws_s3_bucket.local_backups: Ensure replication",
        (
            "waiver of CKV_AWS_144 for aws_s3_bucket.*: ended on 2027-01-15; "
            "correct the finding, or ask platform team to renew it"
        ),
    ]


@pytest.mark.whole("tests/policies/scan decides which waivers count")
def test_an_idle_waiver_ends_with_5_unless_the_stack_is_a_part(
    strong_state: Path, fake_checkov: FakeCheckov, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = arguments(
        strong_state, fake_checkov([reported("terraform_plan"), reported("kubernetes")]), waivers
    )
    assert main(asked) == Exit.POLICY
    assert capsys.readouterr().out.endswith("there is no such finding; remove the waiver\n")
    assert main([*asked, "--part"]) == Exit.OK
    assert "remove the waiver" not in capsys.readouterr().out


def test_a_state_that_cannot_be_read_ends_with_2_and_one_sentence(
    tmp_path: Path, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(tmp_path / "none.json", tmp_path, waivers)) == Exit.BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"{tmp_path / 'none.json'}: no such file; "
        "name what `pulumi stack export` or `pulumi preview --json` print\n"
    )


def test_a_mistake_in_the_waivers_ends_with_2_before_anything_is_scanned(
    strong_state: Path, tmp_path: Path, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waivers.write_text(WAIVER.replace("owner", "owned_by"), encoding="utf-8")
    assert main(arguments(strong_state, tmp_path / "no-checkov", waivers)) == Exit.BAD_INPUT
    assert f"{waivers}:2: waivers.0.owner: is missing" in capsys.readouterr().err


def test_without_checkov_it_ends_with_2_and_the_remedy(
    strong_state: Path, tmp_path: Path, waivers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(strong_state, tmp_path / "no-checkov", waivers)) == Exit.BAD_INPUT
    assert "install it with `python toolchain/scanner.py`" in capsys.readouterr().err
