"""`costack preview` says which approvals a change needs; with `--approvals` it fails while one is missing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.adapters.pulumi.test_preview import steps
from tests.allocation.previews import changed
from tests.portfolios import local_plan
from tests.repositories import git

TABLE = """\
approvals:
  groups: {finance: [dana, erin], operations: [ola]}
  rules:
    - {change: restart, approvers: [operations]}
    - {change: yardstick, approvers: [finance], count: 2}
"""
COMMIT = "c" * 40
Run = Callable[..., Result]


def write(folder: Path, *, table: str = TABLE, image: bool = False) -> None:
    """The portfolio with this table, and perhaps another image, with which all pods start anew."""
    platform = folder / "platform.yaml"
    kept = platform.read_text(encoding="utf-8").partition("approvals:\n")[0]
    if image:
        kept = re.sub("(/odoo@sha256:).{8}", r"\g<1>00000000", kept)
    platform.write_text(kept + table, encoding="utf-8")


@pytest.fixture
def run(folder: Path) -> Run:
    top = folder.parent.parent
    write(folder)
    git(top, "init", "-q", "-b", "main", ".")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "base")

    def preview(*options: str, by: tuple[str, ...] | None = None, base: str = "--base") -> Result:
        given: tuple[str, ...] = ()
        if by is not None:
            approvals = [{"by": each, "commit": COMMIT} for each in by]
            file = top / "approvals.json"
            document = {"author": "vera", "commit": COMMIT, "approvals": approvals}
            file.write_text(json.dumps(document), encoding="utf-8")
            given = ("--approvals", str(file))
        named = ("--portfolio", str(folder), base, "main", "--period", "2026-11")
        return CliRunner().invoke(app, ["preview", *named, *given, *options])

    return preview


def told(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["approvals"]
    return found


def test_what_is_needed_is_shown_and_fails_only_when_approvals_are_counted(folder: Path, run: Run) -> None:
    write(folder, image=True)
    shown = run("-o", "json")
    assert shown.exit_code == Exit.OK
    (needed,) = told(shown)
    assert needed["change"] == "restart"
    assert (needed["count"], needed["missing"], needed["approved_by"]) == (1, 1, None)
    assert needed["people"] == ["ola"]
    assert needed["reasons"][0].startswith("restart: acme, ")
    missing = run("-o", "json", by=("dana",))
    assert missing.exit_code == Exit.POLICY
    assert "approvals: rule 1 (restart) needs 1 of operations (ola), approved by nobody" in missing.stderr
    enough = run("-o", "json", by=("ola",))
    assert enough.exit_code == Exit.OK
    assert told(enough)[0]["approved_by"] == ["ola"]


@pytest.mark.sample(2)
@pytest.mark.parametrize("form", ["table", "markdown", "github-comment", "html"])
def test_every_form_says_who_has_to_approve(folder: Path, run: Run, form: str) -> None:
    write(folder, image=True)
    shown = " ".join(run("-o", form, by=()).stdout.split())
    assert "rule 1 (restart): 1 of operations (ola), approved by nobody (1 missing): restart: acme, " in shown


@pytest.mark.whole("tests/allocation/preview/test_approvals has tables of either side")
def test_the_table_of_the_base_counts_and_its_change_is_one_to_accept(folder: Path, run: Run) -> None:
    """As with CODEOWNERS: who needs an approval cannot write it away in the same change."""
    write(folder, table="", image=True)
    result = run("-o", "json", by=("ola", "dana"))
    assert result.exit_code == Exit.POLICY
    assert [(each["change"], each["missing"]) for each in told(result)] == [("restart", 0), ("yardstick", 1)]
    assert "platform.yaml: approvals: are gone; say that it may with --accept gates" in result.stderr
    assert run("--accept", "gates", by=("ola", "dana", "erin")).exit_code == Exit.OK


def test_a_table_that_alone_changes_is_asked_about_too(folder: Path, run: Run) -> None:
    write(folder, table=TABLE.replace("[ola]", "[mallory]"))
    for form in ("markdown", "html", "table"):
        shown = run("-o", form, by=("mallory",))
        assert shown.exit_code == Exit.POLICY
        assert "approvals: group operations changes" in " ".join(shown.stdout.split())


def test_a_first_table_counts_for_the_change_that_brings_it(folder: Path, run: Run) -> None:
    write(folder, table="")
    git(folder.parent.parent, "commit", "-q", "-a", "-m", "no table")
    write(folder, image=True)
    assert run(by=()).exit_code == Exit.POLICY
    assert run(by=("ola",)).exit_code == Exit.OK


def test_nobody_approves_what_is_only_supposed(folder: Path, run: Run) -> None:
    del run
    named = ("--portfolio", str(folder), "--tenant", "acme", "--set", "users=60")
    result = CliRunner().invoke(app, ["preview", *named, "--approvals", "a.json"])
    assert result.exit_code == Exit.CONFIGURATION
    assert "--approvals needs a change that is made" in result.stderr


def test_a_plan_of_pulumi_is_asked_by_the_table_of_its_portfolio_or_refused(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    del run
    plan, given = tmp_path / "plan.json", tmp_path / "approvals.json"
    plan.write_text(json.dumps({"steps": steps(local_plan(), changed("cobalt", "ha-postgresql"))}), "utf-8")
    given.write_text(json.dumps({"author": "vera", "commit": COMMIT, "approvals": []}), "utf-8")
    named = ("preview", "--plan", str(plan), "--approvals", str(given), "-C", str(tmp_path))
    asked = CliRunner().invoke(app, named)
    assert asked.exit_code == Exit.POLICY
    assert "approvals: rule 1 (restart) needs 1 of operations (ola), approved by nobody" in asked.stderr
    shutil.rmtree(folder)
    refused = CliRunner().invoke(app, named)
    assert refused.exit_code == Exit.CONFIGURATION
    assert "--approvals: the rules are not known, because platform.yaml is not here" in refused.stderr
