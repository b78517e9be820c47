"""Estimates in a process of their own: the same as in this one, and a sentence when it ends without any."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pulumi
import pytest

from allocation.estimate.estimated_month import estimated_month
from plugin.estimator import answered, estimates_of
from tests.plugin import example
from tiers.errors import CatalogError
from tiers.plan.from_program import catalog_of_document, plan_of_documents
from tiers.plan.plan import Plan

DAY = date(2026, 11, 30)


def plan() -> Plan:
    platform = example.platform()
    return plan_of_documents(platform, example.tenants(), catalog_of_document(platform))


def test_another_process_estimates_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where a program runs, anything may be called as a module of ours.
    (tmp_path / "tiers.py").write_text("raise SystemExit('a file of the program')")
    monkeypatch.chdir(tmp_path)
    here = estimated_month(plan(), DAY)
    assert here.amounts
    assert here.unpriced
    assert estimates_of(plan(), DAY) == here


def test_a_question_and_its_answer_are_json() -> None:
    question = {"plan": plan().model_dump(mode="json"), "day": DAY.isoformat()}
    answer = json.loads(json.dumps(answered(json.loads(json.dumps(question)))))
    assert answer == {"month": asdict(estimated_month(plan(), DAY))}


@pytest.mark.whole("tests/plugin/test_provider has a catalog of one's own")
def test_a_catalog_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lost = plan().model_copy(update={"catalog": "catalog"})
    with pytest.raises(CatalogError, match="catalog: no such folder"):
        estimates_of(lost, DAY)


def test_a_process_that_ends_without_an_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(pulumi.RunError, match=r"^the process of the estimate ended with code 1: it said"):
        estimates_of(plan(), DAY)
