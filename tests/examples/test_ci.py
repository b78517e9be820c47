"""Runs the steps of the examples for GitHub and GitLab, against a repository and a host on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.console.exit_codes import Exit
from tests.examples.hosts import STATE, TOKEN, asked, install, mine
from tests.portfolios import ROOT

EXAMPLES = ROOT / "examples" / "ci"
COPIED = ("allocation", "cli", "tiers", "portfolios")
LINE = re.compile(r"^\*\*local: bill ([\d,.]+) → ([\d,.]+) USD a month", re.MULTILINE)
Workflow = dict[Any, Any]


def workflow(name: str) -> Workflow:
    found: Workflow = yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))
    return found


class Checkout:
    """A repository as a runner has it: the base is `origin/main`, the change is in the working tree."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder / "repository", folder / "state.json"
        for each in COPIED:
            shutil.copytree(ROOT / each, self.folder / each)
        self._git("init", "--quiet", "--initial-branch", "main")
        (self.folder / ".git" / "info" / "exclude").write_text("__pycache__\n", encoding="utf-8")
        self._git("add", ".")
        self._git("commit", "--quiet", "--message", "base")
        self._git("update-ref", "refs/remotes/origin/main", "HEAD")
        self._install(folder / "path")

    def _install(self, path: Path) -> None:
        install(path, self.state)
        made = self.folder / ".venv" / "bin"
        made.mkdir(parents=True)
        for file, command in (
            (made / "costack", "-c 'from cli.main import main; main()'"),
            (made / "python", ""),
            (path / "make", "-c pass"),
        ):
            file.write_text(f'#!/bin/sh\nexec "{sys.executable}" {command} "$@"\n', encoding="utf-8")
            file.chmod(0o755)
        self.environment = {
            "PATH": f"{path}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            STATE: str(self.state),
        }

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @property
    def base(self) -> str:
        return self._git("rev-parse", "origin/main")

    def change(self, tenant: str, old: str, new: str) -> None:
        file = self.folder / "portfolios" / "local" / "tenants" / f"{tenant}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def shell(self, script: str, options: tuple[str, ...], **given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", *options, "-c", script],
            cwd=self.folder,
            env={**self.environment, **given},
            capture_output=True,
            text=True,
            check=False,
        )


def on_github(checkout: Checkout) -> int:
    """Every `run` of the job, as a runner would: after a failure only what asks to run all the same."""
    job = workflow("github-preview.yml")["jobs"]["preview"]
    values = {
        "${{ github.base_ref }}": "main",
        "${{ github.token }}": TOKEN,
        "${{ github.event.pull_request.number }}": "12",
    }
    runner = {
        "GITHUB_STEP_SUMMARY": str(checkout.state.with_name("summary")),
        "GITHUB_REPOSITORY": "us/hosting",
    }
    (checkout.folder / "comment.md").unlink(missing_ok=True)
    code = 0
    for step in job["steps"]:
        if "run" not in step or (code and "!cancelled()" not in step.get("if", "")):
            continue
        if "hashFiles('comment.md')" in step.get("if", "") and not (checkout.folder / "comment.md").exists():
            continue
        given = {
            name: _evaluated(value, values) for name, value in {**job["env"], **step.get("env", {})}.items()
        }
        assert "${{" not in step["run"], "an expression in a script is an injection"
        done = checkout.shell(step["run"], ("-e",), **runner, **given)
        code = code or done.returncode
    return code


def _evaluated(text: str, values: dict[str, str]) -> str:
    for expression, meant in values.items():
        text = text.replace(expression, meant)
    assert "${{" not in text
    return text


def on_gitlab(checkout: Checkout) -> int:
    """The job's script, as a runner joins it."""
    job = workflow("gitlab-preview.yml")["cost preview"]
    (checkout.folder / "comment.md").unlink(missing_ok=True)
    done = checkout.shell(
        "\n".join(job["script"]),
        ("-e", "-o", "pipefail"),
        **job["variables"],
        CI_API_V4_URL="https://gitlab.example.com/api/v4",
        CI_PROJECT_ID="3",
        CI_MERGE_REQUEST_IID="12",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=checkout.base,
        COSTACK_TOKEN=TOKEN,
    )
    return done.returncode


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


HOSTS = pytest.mark.parametrize("run", [on_github, on_gitlab])


@HOSTS
def test_one_comment_is_created_and_then_kept_up_to_date(
    run: Callable[[Checkout], int], checkout: Checkout
) -> None:
    checkout.change("acme", "users:", "users: 9 #")
    assert run(checkout) == Exit.OK
    (first,) = mine(checkout.state)
    assert first["body"].startswith("<!-- costack-preview: local -->\n**local: bill ")
    assert "acme" in first["body"]
    checkout.change("halcyon", "users:", "users: 90 #")
    assert run(checkout) == Exit.OK
    (second,) = mine(checkout.state)
    assert second["id"] == first["id"]
    assert "halcyon" in second["body"]
    assert [each.split()[0] for each in asked(checkout.state) if not each.startswith("GET")] in (
        ["POST", "PATCH"],
        ["POST", "PUT"],
    )


@HOSTS
def test_a_gate_that_fails_is_told_in_the_comment_and_by_the_exit_code(
    run: Callable[[Checkout], int], checkout: Checkout
) -> None:
    checkout.change("cobalt", "tier: dedicated-db", "tier: ha-postgresql")
    assert run(checkout) == Exit.POLICY
    (comment,) = mine(checkout.state)
    assert "**Failed gates**" in comment["body"]
    assert "borealis-migration: the margin falls to" in comment["body"]
    before, after = LINE.findall(comment["body"])[0]
    assert before != after


@HOSTS
def test_a_portfolio_that_cannot_be_read_leaves_the_comment_alone(
    run: Callable[[Checkout], int], checkout: Checkout
) -> None:
    checkout.change("cobalt", "tier: dedicated-db", "tier: gold")
    assert run(checkout) == Exit.CONFIGURATION
    assert mine(checkout.state) == []


def test_github_may_read_the_code_and_write_comments_and_nothing_else() -> None:
    found = workflow("github-preview.yml")
    assert found["permissions"] == {"contents": "read", "pull-requests": "write"}
    (trigger,) = found[True]  # `on` is a boolean of YAML 1.1
    assert trigger == "pull_request"
    assert set(found[True]["pull_request"]["paths"]) == {
        "portfolios/**",
        "tiers/catalog/**",
        "allocation/pricebook/**",
        "allocation/rulebook/**",
    }
    steps = found["jobs"]["preview"]["steps"]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    assert steps[0]["with"]["fetch-depth"] == 0


def test_a_fork_is_shown_in_the_summary(checkout: Checkout) -> None:
    steps = {step.get("name"): step for step in workflow("github-preview.yml")["jobs"]["preview"]["steps"]}
    assert "!github.event.pull_request.head.repo.fork" in steps["Comment"]["if"]
    assert "fork" not in steps["Summary"]["if"]
    checkout.change("acme", "users:", "users: 9 #")
    assert on_github(checkout) == Exit.OK
    summary = checkout.state.with_name("summary").read_text(encoding="utf-8")
    assert summary == mine(checkout.state)[0]["body"]


def test_gitlab_runs_for_merge_requests_that_change_costs() -> None:
    job = workflow("gitlab-preview.yml")["cost preview"]
    (rule,) = job["rules"]
    assert rule["if"] == '$CI_PIPELINE_SOURCE == "merge_request_event"'
    assert "portfolios/**/*" in rule["changes"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert job["artifacts"] == {"when": "always", "paths": ["comment.md"]}
