"""Runs the steps of the examples for GitHub and GitLab, against a repository and a host on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.console.exit_codes import Exit
from tests.engine.warm import home
from tests.examples.hosts import (
    COMMIT,
    OWNER,
    STATE,
    TOKEN,
    asked,
    gitlab,
    install,
    known,
    mine,
    upload,
    write,
)
from tests.portfolios import ROOT

EXAMPLES = ROOT / "examples" / "ci"
CODE = ("allocation", "cli", "tiers")
COPIED = (*CODE, "portfolios")
LINE = re.compile(r"^\*\*local: bill ([\d,.]+) → ([\d,.]+) USD a month", re.MULTILINE)
Workflow = dict[Any, Any]


def workflow(name: str) -> Workflow:
    found: Workflow = yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))
    return found


class Checkout:
    """A repository as a runner has it: the base is `origin/main`, the change is in the working tree.

    It is made anew, or as a copy of another one, which takes a fraction of the time.
    """

    def __init__(self, folder: Path, of: Checkout | None = None) -> None:
        self.folder, self.state, self.said = folder / "repository", folder / "state.json", ""
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        for each in COPIED if of is None else (*COPIED, ".git"):
            # A test changes the portfolio, and git its own files.
            copied = os.link if of and each in CODE else shutil.copy2
            shutil.copytree((of.folder if of else ROOT) / each, self.folder / each, copy_function=copied)
        if of is None:
            self._git("init", "--quiet", "--initial-branch", "main")
            (self.folder / ".git" / "info" / "exclude").write_text("__pycache__\n.venv\n", encoding="utf-8")
            self.commit()
        self._install(folder / "path")

    def _install(self, path: Path) -> None:
        install(path, self.state)
        made = self.folder / ".venv" / "bin"
        made.mkdir(parents=True)
        # The commands of a pipeline are many, and most of one is the start of its interpreter.
        warm = home() / ".venv" / "bin" / "python"
        for file, command in (
            (made / "costack", f'"{warm}" "{ROOT / ".venv" / "bin" / "costack"}"'),
            (made / "python", f'"{sys.executable}"'),
            (path / "make", f'"{sys.executable}" -c pass'),
        ):
            file.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
            file.chmod(0o755)
        self.environment = {
            "PATH": f"{path}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            STATE: str(self.state),
        }

    def commit(self) -> None:
        """What lies there is the base from now on."""
        self._git("add", ".")
        self._git("commit", "--quiet", "--message", "base")
        self._git("update-ref", "refs/remotes/origin/main", "HEAD")

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    @property
    def head(self) -> str:
        return self._git("rev-parse", "HEAD")

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


GITHUB = {
    "${{ github.base_ref }}": "main",
    "${{ github.token }}": TOKEN,
    "${{ github.event.workflow_run.id }}": "77",
    "${{ github.event.workflow_run.head_sha }}": COMMIT,
    "${{ github.event.workflow_run.head_repository.owner.login }}": OWNER.partition(":")[0],
    "${{ github.event.workflow_run.head_branch }}": OWNER.partition(":")[2],
}


def steps_on_github(checkout: Checkout, job: Workflow, **values: str) -> int:
    """Every `run` of a job, as a runner would: after a failure only what asks to run all the same."""
    runner = {
        "GITHUB_STEP_SUMMARY": str(checkout.state.with_name("summary")),
        "GITHUB_REPOSITORY": "us/hosting",
        "GITHUB_OUTPUT": str(checkout.state.with_name("output")),
        "GITHUB_SHA": checkout.head,
        "RUNNER_TEMP": str(checkout.temporary),
    }
    code = 0
    for step in job["steps"]:
        if "run" not in step or not _runs(step.get("if", ""), code):
            continue
        given = {
            name: _evaluated(value, GITHUB | values)
            for name, value in {**job.get("env", {}), **step.get("env", {})}.items()
        }
        assert "${{" not in step["run"], "an expression in a script is an injection"
        done = checkout.shell(step["run"], ("-e",), **runner, **given)
        checkout.said += done.stdout + done.stderr
        code = code or done.returncode
    return code


def _runs(condition: str, code: int) -> bool:
    """Whether a step runs once an earlier one ended with *code*."""
    if "failure()" in condition:
        return bool(code)
    return not code or "!cancelled()" in condition


def _evaluated(text: str, values: dict[str, str]) -> str:
    for expression, meant in values.items():
        text = text.replace(expression, meant)
    assert "${{" not in text
    return text


class OnGithub:
    """Both workflows, one after the other."""

    failed = "failure"

    def preview(self, checkout: Checkout, labels: str = "") -> int:
        """The untrusted job; what it leaves is uploaded."""
        job = workflow("github/cost-preview.yml")["jobs"]["preview"]
        named = {"${{ join(github.event.pull_request.labels.*.name, ',') }}": labels}
        code = steps_on_github(checkout, job, **named)
        made = checkout.temporary / "cost-preview" / "comment.md"
        upload(checkout.state, made.read_text(encoding="utf-8") if made.exists() else None)
        return code

    def comment(self, checkout: Checkout, code: int) -> int:
        """The trusted job, which knows how the other one ended."""
        job = workflow("github/cost-preview-comment.yml")["jobs"]["comment"]
        ended = {"${{ github.event.workflow_run.conclusion }}": self.failed if code else "success"}
        return steps_on_github(checkout, job, **ended)


class OnGitlab:
    """Both jobs, one after the other."""

    failed = "failed"

    def preview(self, checkout: Checkout, labels: str = "") -> int:
        """The untrusted job's script, as a runner joins it; what it leaves is uploaded."""
        job = workflow("gitlab/cost-preview.yml")["cost preview"]
        done = checkout.shell(
            "\n".join(job["script"]),
            ("-e", "-o", "pipefail"),
            **job["variables"],
            CI_MERGE_REQUEST_DIFF_BASE_SHA=checkout.base,
            CI_MERGE_REQUEST_LABELS=labels,
        )
        checkout.said += done.stdout + done.stderr
        made = checkout.folder / "cost-preview" / "comment.md"
        text = made.read_text(encoding="utf-8") if made.exists() else None
        upload(checkout.state, text, "failed" if done.returncode else "success")
        return done.returncode

    def comment(self, checkout: Checkout, code: int) -> int:
        """The trusted job's script, against a GitLab on loopback."""
        del code  # the host knows it
        job = workflow("gitlab/cost-preview-comment.yml")["cost preview comment"]
        with gitlab(checkout.state) as address:
            done = checkout.shell(
                "\n".join(job["script"]),
                ("-e", "-o", "pipefail"),
                **job["variables"],
                CI_API_V4_URL=address,
                CI_PROJECT_ID="3",
                COSTACK_TOKEN=TOKEN,
            )
        checkout.said += done.stdout + done.stderr
        return done.returncode


Both = OnGithub | OnGitlab


def run(host: Both, checkout: Checkout, labels: str = "") -> int:
    """Preview and comment; the code of the preview."""
    code = host.preview(checkout, labels)
    assert host.comment(checkout, code) == 0, checkout.said
    return code


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("base"))


@pytest.fixture
def checkout(tmp_path: Path, base: Checkout) -> Checkout:
    return Checkout(tmp_path, base)


HOSTS = pytest.mark.parametrize("host", [OnGithub(), OnGitlab()], ids=["github", "gitlab"])


@pytest.mark.sample(1)
@HOSTS
def test_one_comment_is_created_and_then_kept_up_to_date(host: Both, checkout: Checkout) -> None:
    checkout.change("acme", "users:", "users: 9 #")
    assert run(host, checkout) == Exit.OK, checkout.said
    (first,) = mine(checkout.state)
    assert first["body"].startswith("<!-- costack-preview: local -->\n**local: bill ")
    assert "acme" in first["body"]
    assert f"request at {COMMIT}; its job ended with success." in first["body"]
    checkout.change("halcyon", "users:", "users: 90 #")
    assert run(host, checkout) == Exit.OK
    (second,) = mine(checkout.state)
    assert second["id"] == first["id"]
    assert "halcyon" in second["body"]
    assert [each.split()[0] for each in asked(checkout.state) if not each.startswith("GET")] in (
        ["POST", "PATCH"],
        ["POST", "PUT"],
    )


@pytest.mark.whole("tests/cli/actions/test_preview ends with that code")
@pytest.mark.sample(1)
@HOSTS
def test_a_gate_that_fails_is_told_in_the_comment_and_by_the_exit_code(
    host: Both, checkout: Checkout
) -> None:
    checkout.change("cobalt", "tier: dedicated-db", "tier: ha-postgresql")
    assert run(host, checkout) == Exit.POLICY
    (comment,) = mine(checkout.state)
    assert "**Failed gates**" in comment["body"]
    assert "borealis-migration: the margin falls to" in comment["body"]
    assert f"its job ended with {host.failed}." in comment["body"]
    before, after = LINE.findall(comment["body"])[0]
    assert before != after


@pytest.mark.sample(1)
@HOSTS
def test_a_portfolio_that_cannot_be_read_leaves_the_comment_alone(host: Both, checkout: Checkout) -> None:
    """Also where the pull request brings a comment of its own: what lay there before is deleted first."""
    checkout.change("cobalt", "tier: dedicated-db", "tier: gold")
    forged = "<!-- costack-preview: local -->\n**local: nothing changes**\n"
    for folder in (checkout.folder, checkout.folder / "cost-preview", checkout.temporary / "cost-preview"):
        folder.mkdir(exist_ok=True)
        (folder / "comment.md").write_text(forged, encoding="utf-8")
    assert run(host, checkout) == Exit.CONFIGURATION
    assert mine(checkout.state) == []
    summary = checkout.state.with_name("summary")
    assert not summary.exists() or "nothing changes" not in summary.read_text(encoding="utf-8")


@pytest.mark.whole("tests/cli/actions/test_preview_approvals counts what a label accepts")
@pytest.mark.sample(1)
@HOSTS
def test_a_label_accepts_what_it_names_and_nothing_else(host: Both, checkout: Checkout) -> None:
    checkout.change("acme", "users: ", "users: 9\nbudget_per_month: 900.00 # ")
    checkout.commit()
    checkout.change("acme", "budget_per_month: 900.00", "# none")
    assert host.preview(checkout, "bug,accept-prices") == Exit.POLICY
    assert "budget_per_month 900.00 → none" in checkout.said
    assert host.preview(checkout, "bug,accept-prices,accept-budgets") == Exit.OK
    assert host.preview(checkout, "not-accept-budgets,accept-budgets-not") == Exit.POLICY


@pytest.mark.sample(1)
@HOSTS
@pytest.mark.parametrize(
    "artefact",
    ["", "looks good\n", "<!-- costack-preview: other -->\n", " <!-- costack-preview: local -->\n"],
)
def test_an_artefact_that_is_no_preview_is_not_posted(host: Both, checkout: Checkout, artefact: str) -> None:
    upload(checkout.state, artefact)
    code = host.comment(checkout, 0)
    assert mine(checkout.state) == []
    assert "expected <!-- costack-preview: local --> in its first line" in checkout.said
    assert code == (1 if isinstance(host, OnGithub) else 0)  # GitLab's job goes on with other merge requests


@pytest.mark.sample(1)
@HOSTS
def test_a_run_that_a_newer_commit_overtook_posts_nothing(host: Both, checkout: Checkout) -> None:
    upload(checkout.state, "<!-- costack-preview: local -->\nold\n")
    kept = known(checkout.state)
    write(checkout.state, kept | {"pulls": [{"number": 12, "head": {"sha": "d" * 40}}]})
    assert host.comment(checkout, 0) == 0
    write(checkout.state, kept | {"pulls": []})
    assert host.comment(checkout, 0) == 0
    assert mine(checkout.state) == []


def test_a_fork_that_the_token_may_not_read_does_not_stop_the_others(checkout: Checkout) -> None:
    upload(checkout.state, None)
    assert OnGitlab().comment(checkout, 0) == 0, checkout.said
    assert "!12: GitLab shows no artefact of its preview (404)" in checkout.said


@pytest.mark.sample(1)
@HOSTS
def test_what_the_artefact_says_is_text_and_runs_nothing(host: Both, checkout: Checkout) -> None:
    marker = checkout.temporary / "ran"
    text = (
        f"<!-- costack-preview: local -->\n$(touch {marker}) `touch {marker}` @{marker} '\"; touch {marker}\n"
    )
    upload(checkout.state, text)
    assert host.comment(checkout, 1) == 0, checkout.said
    (comment,) = mine(checkout.state)
    assert comment["body"].startswith(text)
    assert not marker.exists()


def jobs_of(name: str) -> dict[str, Workflow]:
    """The jobs of a workflow of either host."""
    found = workflow(name)
    jobs: dict[str, Workflow] = found.get("jobs", found)
    return jobs


NAMES = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_script_is_a_script(name: str) -> None:
    scripts = [
        script
        for job in jobs_of(name).values()
        for script in (
            *job.get("before_script", ()),
            *job.get("script", ()),
            *(step["run"] for step in job.get("steps", ()) if "run" in step),
        )
    ]
    assert scripts
    for script in scripts:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), script


@pytest.mark.parametrize("name", NAMES)
def test_what_a_workflow_takes_from_elsewhere_is_pinned(name: str) -> None:
    for job in jobs_of(name).values():
        for step in job.get("steps", ()):
            assert re.fullmatch(r"[a-z-]+(/[a-z-]+)+@[0-9a-f]{40}", step.get("uses", "actions/x@" + 40 * "0"))
        # An image's digest is the reader's to fill in: none is invented here.
        image = job.get("image", "$COSTACK_IMAGE")
        assert image in ("$COSTACK_IMAGE", {"name": "$TRIVY_IMAGE", "entrypoint": [""]})
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    assert all(re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line) for line in lines if "uses:" in line)


COUNTS = ("portfolios", "tiers", "allocation", "cli", "toolchain")


def test_github_runs_a_pull_requests_code_with_a_token_that_reads() -> None:
    found = workflow("github/cost-preview.yml")
    assert found["permissions"] == {"contents": "read"}
    (trigger,) = found[True]  # `on` is a boolean of YAML 1.1
    assert trigger == "pull_request"
    paths = set(found[True]["pull_request"]["paths"])
    assert paths == {
        *(f"{each}/**" for each in COUNTS),
        *("pyproject.toml", "requirements*.txt", "Makefile"),
        *(f".github/workflows/cost-preview{each}.yml" for each in ("", "-comment")),
    }
    (job,) = found["jobs"].values()
    assert "permissions" not in job
    text = (EXAMPLES / "github/cost-preview.yml").read_text(encoding="utf-8")
    assert not re.search(r"secrets\.|github\.token|GH_TOKEN|pull_request_target", text)
    checkout = job["steps"][0]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}


def test_github_writes_with_a_workflow_that_takes_no_code() -> None:
    found = workflow("github/cost-preview-comment.yml")
    assert found[True] == {"workflow_run": {"workflows": ["cost preview"], "types": ["completed"]}}
    assert found[True]["workflow_run"]["workflows"] == [workflow("github/cost-preview.yml")["name"]]
    assert found["permissions"] == {}
    (job,) = found["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert job["if"] == "github.event.workflow_run.event == 'pull_request'"
    assert [*job["steps"][0]] == ["name", "env", "run"]
    assert len(job["steps"]) == 1


def test_gitlab_runs_a_merge_requests_code_without_a_token() -> None:
    job = workflow("gitlab/cost-preview.yml")["cost preview"]
    (rule,) = job["rules"]
    assert rule["if"] == '$CI_PIPELINE_SOURCE == "merge_request_event"'
    assert set(rule["changes"]) >= {*(f"{each}/**/*" for each in COUNTS), ".gitlab-ci.yml"}
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert job["artifacts"]["paths"] == ["cost-preview/comment.md"]
    assert "TOKEN" not in "".join(job["script"])


def test_gitlab_writes_with_a_job_that_takes_no_code() -> None:
    job = workflow("gitlab/cost-preview-comment.yml")["cost preview comment"]
    scheduled = '$CI_PIPELINE_SOURCE == "schedule" && $CI_COMMIT_REF_PROTECTED == "true"'
    assert job["rules"] == [{"if": f'{scheduled} && $JOBS == "comment"'}]
    assert job["variables"]["GIT_STRATEGY"] == "none"
    assert not {"artifacts", "needs", "dependencies", "cache"} & job.keys()
