from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policies.scan.__main__ import WAIVERS
from policies.scan.checkov import Finding, Outcome
from policies.scan.waivers import Verdict, Waiver, judged, load_waivers, outdated
from tiers.errors import CatalogError

DAY = date(2027, 1, 15)
HERE = Finding("CKV_AWS_18", "aws_s3_bucket.here", "access logging")
THERE = Finding("CKV_AWS_18", "aws_s3_bucket.there", "access logging")
OTHER = Finding("CKV_AWS_21", "aws_s3_bucket.here", "versioning")
OUTCOMES = [Outcome("terraform_plan", 5, (HERE, THERE, OTHER))]
TAGS = {"aws_s3_bucket.here": {"cost/tenant": "acme", "cost/domain": "resilience"}}


def waiver(**changes: Any) -> Waiver:
    values = {
        "rule": "CKV_AWS_18",
        "resource": "aws_s3_bucket.*",
        "reason": "Somebody else records who reads it.",
        "owner": "platform team",
        "until": "2027-01-15",
    }
    return Waiver.model_validate(values | changes)


def waived(**changes: Any) -> tuple[Finding, ...]:
    (verdict,) = judged(OUTCOMES, [waiver(**changes)], TAGS, DAY)
    assert sorted(verdict.failed + verdict.waived) == sorted(OUTCOMES[0].failed)
    return verdict.waived


def test_a_waiver_covers_its_rule_on_the_resources_it_names() -> None:
    assert waived() == (HERE, THERE)
    assert waived(resource="aws_s3_bucket.here") == (HERE,)
    assert waived(resource="aws_s3_bucket.t*") == (THERE,)
    assert waived(resource="AWS_s3_bucket.*") == ()
    assert waived(rule="CKV_AWS_21") == (OTHER,)
    assert waived(rule="CKV_AWS_1") == ()


def test_a_waiver_with_tags_covers_what_carries_them_all() -> None:
    assert waived(tags={"cost/tenant": "acme"}) == (HERE,)
    assert waived(tags={"cost/tenant": "acme", "cost/domain": "resilience"}) == (HERE,)
    assert waived(tags={"cost/tenant": "acme", "cost/domain": "tenant-runtime"}) == ()


def test_a_waiver_holds_through_its_last_day() -> None:
    assert waived(until="2027-01-15") == (HERE, THERE)
    assert waived(until="2027-01-14") == ()


def test_what_passed_and_what_is_not_waived_stays() -> None:
    assert judged(OUTCOMES, [], {}, DAY) == [Verdict("terraform_plan", 5, (HERE, THERE, OTHER), ())]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        (
            {"until": "2027-01-14"},
            [
                (
                    "waiver of CKV_AWS_18 for aws_s3_bucket.*: ended on 2027-01-14; "
                    "correct the finding, or ask platform team to renew it"
                )
            ],
        ),
        (
            {"rule": "CKV_AWS_99"},
            ["waiver of CKV_AWS_99 for aws_s3_bucket.*: there is no such finding; remove the waiver"],
        ),
        (
            {"tags": {"cost/tenant": "zeta"}, "until": "2026-01-01"},
            ["waiver of CKV_AWS_18 for aws_s3_bucket.*: there is no such finding; remove the waiver"],
        ),
    ],
)
def test_a_waiver_that_is_over_or_idle_is_reported(changes: Mapping[str, Any], said: list[str]) -> None:
    assert list(outdated(OUTCOMES, [waiver(**changes)], TAGS, DAY)) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("owner: platform team", "2: waivers.0.owner: is missing"),
        ("reason: Somebody else records who reads it.", "2: waivers.0.reason: is missing"),
        ("until: 2027-01-15", "2: waivers.0.until: is missing"),
    ],
)
def test_a_waiver_without_reason_owner_or_date_is_none(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "waivers.yaml"
    whole = (
        "waivers:\n"
        "  - rule: CKV_AWS_18\n"
        "    resource: aws_s3_bucket.*\n"
        "    reason: Somebody else records who reads it.\n"
        "    owner: platform team\n"
        "    until: 2027-01-15\n"
    )
    path.write_text(whole, encoding="utf-8")
    assert load_waivers(path) == (waiver(),)
    path.write_text(whole.replace(f"    {line}\n", ""), encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        load_waivers(path)
    assert str(raised.value) == f"{path}:{said}"


@pytest.mark.parametrize(
    "changes",
    [{"rule": "*"}, {"rule": "CKV_AWS_*"}, {"reason": "because"}, {"owner": ""}, {"until": "soon"}, {"x": 1}],
    ids=str,
)
def test_a_waiver_says_which_rule_why_who_and_when_in_earnest(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error for Waiver"):
        waiver(**changes)


def test_every_committed_waiver_can_be_read_and_no_two_are_the_same() -> None:
    committed = load_waivers(WAIVERS)
    assert committed
    about = [(each.rule, each.resource, tuple(each.tags.items())) for each in committed]
    assert len(set(about)) == len(about)
