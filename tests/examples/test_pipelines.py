"""Runs the steps that deploy, scan and look after stacks, on a repository with branches that were merged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cli.console.exit_codes import Exit
from lifecycle.evidence import read
from tests.allocation.adapters.pulumi.test_stack_outputs import older
from tests.examples.hosts import TOKEN, gitlab, known, write
from tests.examples.rendered import rendered
from tests.examples.test_ci import Checkout, steps_on_github, workflow
from tests.portfolios import ROOT, local_plan
from tests.repositories import git
from tiers.facts.every_fact import Bucket, LogicalBackup
from tiers.inventory import exported
from tiers.plan.plan import facts_of

TABLE = """\
approvals:
  groups: {finance: [dana, erin], operations: [ola]}
  rules:
    - {change: any, approvers: [finance]}
    - {change: restart, approvers: [operations]}
"""
SCAN = "  scan: {fail_from: high, sbom: true}\nnetwork:\n"
TOOLS = """\
#!{python}
import json, os, sys
from pathlib import Path
here = Path(os.environ["TOOLS"])
name, words = Path(sys.argv[0]).name, sys.argv[1:]
with (here / "log").open("a") as log:
    log.write(" ".join([name, *words]) + "\\n")
if name == "pulumi" and words[:2] == ["stack", "export"]:
    print((here / "state.json").read_text())
if name == "pulumi" and words[:2] == ["stack", "output"]:
    print((here / "inventory.json").read_text())
if name == "docker":
    folder = next(each.removesuffix(":/scans") for each in words if each.endswith(":/scans"))
    words = [each.replace("/scans/", folder + "/") for each in words[words.index("image"):]]
if name in ("docker", "trivy"):
    digest = words[-1].rpartition("@")[2]
    made = json.loads((here / ("trivy.json" if "json" in words else "cyclonedx.json")).read_text())
    path = Path(words[words.index("--output") + 1])
    path.write_text(json.dumps(made).replace("DIGEST", digest))
failing = here / (name + ".fails")
if failing.exists() and failing.read_text() in " ".join(words):
    sys.exit("failed as it was told")
"""


DRIFT = """\
if [ "$1" = drift ]; then
  echo "$@"
  if [ -e "$TOOLS/costack.fails" ]; then exit 5; fi
  exit 0
fi
exec"""
"""An account with differences or without; every other command is the real one."""
EMPTY_BUCKET = """\
#!{python}
import sys
sys.path.insert(0, "{root}")
from cli.main import main
from lifecycle.adapters import decommission_world
class Empty:
    get_paginator = lambda self, name: self
    paginate = lambda self, **asked: [{{}}]
decommission_world._s3 = lambda region: Empty()
main()
"""
"""The real `costack`, whose bucket has no result of a restore test yet."""
REAPER = """\
#!{python}
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
with (Path(os.environ["TOOLS"]) / "log").open("a") as log:
    log.write(" ".join(["costack", *words]) + "\\n")
value = lambda name: Path(words[words.index(name) + 1])
if "--warn" in words:
    print(len(os.environ["COSTACK_WEBHOOK"]))
elif "--due" in words:
    if value("--evidence").joinpath("delta-migration-1.json").exists():
        value("--out").joinpath("purge.local-1.json").write_text("{{}}")
        value("--out").joinpath("purge.local-1.md").write_text("# Purge local\\n")
    sys.exit(5)
elif "--plan-all" in words:
    value("--out").mkdir(parents=True, exist_ok=True)
    for tenant in ("borealis-migration", "delta-migration"):
        value("--out").joinpath(tenant + "-1.json").write_text("{{}}")
        value("--out").joinpath(tenant + "-1.md").write_text("# Decommission " + tenant + "\\n")
else:
    plan = value("--apply")
    assert value("--approved").exists()
    evidence, step = plan.with_suffix(".evidence.jsonl"), "guard"
    if words[0] == "purge":
        step = "purge-verified"
    elif evidence.exists():
        step = "remains"
        (Path("portfolios/local/tenants") / (plan.name.removesuffix("-1.json") + ".yaml")).unlink()
    lines = evidence.read_text() if evidence.exists() else ""
    line = json.dumps({{"result": "ok", "step": step}}, separators=(",", ":"))
    if line not in lines:
        evidence.write_text(lines + line + "\\n")
    print(plan.name, step)
    sys.exit(1 if step == "guard" else 0)
"""
"""`costack` as the reaper calls it: the first run stops a tenant and waits for its dump, another ends it."""


POSTED = 'cp results/message.json "$TOOLS/posted"; echo "$@" > "$TOOLS/arguments"; cat > "$TOOLS/address"'
"""What stands for curl: it keeps what it is told to post."""
CLOCK = """\
#!/bin/sh
case "$*" in *--date*) exec /bin/date "$@" ;; esac
exec /bin/date --date 2026-12-03T06:00:00Z "$@"
"""
"""The third of December: the month before has a rulebook, whichever day it is here."""


class Main(Checkout):
    """The default branch with a table of approvals; changes come as branches that are merged."""

    def __init__(self, folder: Path, of: Checkout) -> None:
        super().__init__(folder, of)
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name in ("pulumi", "aws", "docker", "trivy", "kubectl"):
            file = folder / "path" / name
            file.write_text(TOOLS.format(python=sys.executable), encoding="utf-8")
            file.chmod(0o755)
        buckets = (each for each in local_plan().all_facts() if isinstance(each, Bucket))
        clock = folder / "path" / "date"
        clock.write_text(CLOCK, encoding="utf-8")
        clock.chmod(0o755)
        inventory = exported(local_plan(), {each.id: f"arn:aws:s3:::{each.name}" for each in buckets})
        (self.tools / "state.json").write_text(older(inventory), encoding="utf-8")
        (self.tools / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        self.environment |= {"TOOLS": str(self.tools)}
        shutil.copytree(ROOT / "stacks", self.folder / "stacks", dirs_exist_ok=True)
        platform = self.folder / "portfolios" / "local" / "platform.yaml"
        text = platform.read_text(encoding="utf-8").replace("network:\n", SCAN, 1)
        platform.unlink()
        platform.write_text(text + TABLE, encoding="utf-8")
        (self.folder / "README.md").write_text("A firm.\n", encoding="utf-8")
        self.commit()
        self.origin = folder / "origin.git"
        git(self.folder, "clone", "-q", "--bare", ".", str(self.origin))
        git(self.folder, "remote", "add", "origin", str(self.origin))
        self.first = self.head
        kept = known(self.state)
        write(self.state, kept | {"deployed": [self.first], "merged": {}, "reviews": {}, "approvals": {}})

    def merge(self, number: int, file: str, old: str, new: str, by: tuple[str, ...]) -> None:
        """A branch of vera's that changes *file*, approved *by* these, and merged."""
        git(self.folder, "checkout", "-q", "-b", f"change-{number}")
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.unlink()  # it may be a link to the file of another test
        path.write_text(text.replace(old, new), encoding="utf-8")
        git(self.folder, "commit", "-q", "-a", "-m", f"change {number}")
        newest = self.head
        git(self.folder, "checkout", "-q", "main")
        git(self.folder, "merge", "-q", "--no-ff", "-m", f"merge {number}", f"change-{number}")
        kept = known(self.state)
        request = {
            "number": number,
            "iid": number,
            "merged_at": "2026-11-30T00:00:00Z",
            "state": "merged",
            "user": {"login": "vera"},
            "author": {"username": "vera"},
            "head": {"sha": newest},
            "sha": newest,
            "base": {"ref": "main"},
            "target_branch": "main",
        }
        kept["merged"][self.head] = [request]
        kept["reviews"][str(number)] = [
            {"user": {"login": each}, "state": "APPROVED", "commit_id": newest} for each in by
        ]
        kept["approvals"][str(number)] = [{"user": {"username": each}} for each in by]
        write(self.state, kept)

    def next_job(self) -> None:
        """A fresh checkout of the default branch as the host has it, for another job."""
        git(self.folder, "fetch", "-q", "origin", "main")
        git(self.folder, "checkout", "-q", "-f", "-B", "main", "FETCH_HEAD")
        git(self.folder, "clean", "-q", "-f", "-d", "--exclude=change-*")

    def there(self, branch: str) -> dict[str, str]:
        """Name and text of each file in which a branch of the host differs from the default branch."""
        names = git(self.origin, "diff", "--name-only", "main", branch).split()
        kept = git(self.origin, "ls-tree", "-r", "--name-only", branch).split()
        return {each: git(self.origin, "show", f"{branch}:{each}") if each in kept else "" for each in names}

    def merge_request(self, branch: str, **files: str) -> None:
        """People add files to a branch of the host and merge it, and it is deleted."""
        self.push(branch, **files)
        git(self.folder, "push", "-q", "origin", "merging:main", f":{branch}")

    def push(self, branch: str, **files: str) -> None:
        """People add files to a branch of the host."""
        git(self.folder, "fetch", "-q", "origin", branch)
        git(self.folder, "checkout", "-q", "-f", "-B", "merging", "FETCH_HEAD")
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all", "plans")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", "approve")
        git(self.folder, "push", "-q", "origin", f"HEAD:{branch}")
        git(self.folder, "checkout", "-q", "-f", "main")

    def told(self, tool: str) -> list[str]:
        """What a tool was asked to do, in order."""
        log = self.tools / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [line.removeprefix(f"{tool} ") for line in lines if line.startswith(f"{tool} ")]


class OnGithub:
    """Workflows of GitHub."""

    def approve(self, main: Main) -> int:
        job = workflow("github/update.yml")["jobs"]["approve"]
        return steps_on_github(main, job, **{"${{ github.ref_name }}": "main"})

    def stacks(self, main: Main) -> list[str]:
        output = main.state.with_name("output")
        (line,) = output.read_text(encoding="utf-8").splitlines()
        return [each["stack"] for each in json.loads(line.removeprefix("stacks="))]

    def update(self, main: Main) -> int:
        code = 0
        for stack in self.stacks(main):
            code = code or self.update_of(main, stack)
        return code

    def update_of(self, main: Main, stack: str) -> int:
        values = {"${{ matrix.stack }}": stack, "${{ matrix.portfolio }}": stack}
        return self._job(main, "update.yml", "update", **values)

    def scan(self, main: Main) -> int:
        return self._job(main, "images.yml", "scan")

    def evidence(self, main: Main) -> Path:
        return main.temporary / "scans" / "images.jsonl"

    def scheduled(self, main: Main, job: str, bill: str = "") -> int:
        given = {"${{ vars.COSTACK_HISTORY }}": "", "${{ vars.COSTACK_WEBHOOK_FORMAT }}": "teams"}
        return self._job(main, "scheduled.yml", job, **given, **{"${{ vars.COSTACK_BILL }}": bill})

    def reap(self, main: Main, *jobs: str) -> list[int]:
        """Jobs of the reaper, each on a checkout of its own; then the one that proposes what they did."""
        codes = []
        for job in jobs:
            main.next_job()
            codes.append(self._job(main, "reaper.yml", job))
            what = {"plan": "plans", "end": "ended"}.get(job)
            if what is None:
                continue
            shutil.move(main.folder / "results", main.temporary / "change")
            main.next_job()
            values = {"${{ matrix.what }}": what, "${{ github.repository_owner }}": "us"}
            codes.append(self._job(main, "reaper.yml", "propose", **values))
            shutil.rmtree(main.temporary / "change")
        return codes

    def _job(self, main: Main, file: str, name: str, **values: str) -> int:
        kept = {
            "${{ secrets.COSTACK_WEBHOOK }}": "https://chat.example.com/secret",
            "${{ vars.PULUMI_BACKEND_URL }}": "s3://firm-pulumi",
            "${{ vars.CLUSTER }}": "odoo",
            "${{ vars.STORAGE_CLASS }}": "gp3",
            "${{ vars.COSTACK_BILL }}": "",
            "${{ vars.TRIVY_IMAGE }}": "trivy@sha256:1",
        }
        return steps_on_github(main, workflow(f"github/{file}")["jobs"][name], **kept | values)


class OnGitlab:
    """Jobs of GitLab."""

    def approve(self, main: Main) -> int:
        with gitlab(main.state) as address:
            return self._job(
                main,
                "update.yml",
                "approve update",
                CI_API_V4_URL=address,
                CI_PROJECT_ID="3",
                CI_COMMIT_BRANCH="main",
                CI_COMMIT_SHA=main.head,
                COSTACK_TOKEN=TOKEN,
            )

    def stacks(self, main: Main) -> list[str]:
        return (main.folder / "stacks.txt").read_text(encoding="utf-8").split()

    def update(self, main: Main) -> int:
        return self._job(main, "update.yml", "update")

    def update_of(self, main: Main, stack: str) -> int:
        (main.folder / "stacks.txt").write_text(f"{stack}\n", encoding="utf-8")
        return self.update(main)

    def scan(self, main: Main) -> int:
        codes = [
            self._job(main, "images.yml", name) for name in ("list images", "scan images", "check images")
        ]
        return next(filter(None, codes), 0)

    def evidence(self, main: Main) -> Path:
        return main.folder / "scans" / "images.jsonl"

    def scheduled(self, main: Main, job: str, bill: str = "") -> int:
        told = {"COSTACK_WEBHOOK": "https://chat.example.com/secret"} if job == "track" else {}
        name = job.replace("-", " ")
        return self._job(
            main, "scheduled.yml", name, COSTACK_BILL=bill, COSTACK_WEBHOOK_FORMAT="teams", **told
        )

    def reap(self, main: Main, *jobs: str) -> list[int]:
        """The same on GitLab."""
        names, codes = {"warn": "warn of ends", "plan": "plan ends", "end": "end approved"}, []
        for job in jobs:
            main.next_job()
            secret = {"COSTACK_WEBHOOK": "https://chat.example.com/secret"} if job == "warn" else {}
            codes.append(self._job(main, "reaper.yml", names[job], **secret))
            if job == "warn":
                continue
            main.next_job()
            with gitlab(main.state) as address:
                host = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "3", "COSTACK_WRITE_TOKEN": TOKEN}
                where = {"CI_PROJECT_URL": str(main.origin).removesuffix(".git")}
                branch = {"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": main.head}
                codes.append(self._job(main, "reaper.yml", "propose", **host, **where, **branch))
            for left in main.folder.glob("change-*"):
                shutil.rmtree(left)
        return codes

    def _job(self, main: Main, file: str, name: str, **given: str) -> int:
        jobs = workflow(f"gitlab/{file}")
        job = jobs[name]
        base = jobs.get(job.get("extends"), {})
        scripts = [*job.get("before_script", base.get("before_script", ())), *job["script"]]
        variables = {**base.get("variables", {}), **job.get("variables", {})}
        values = {
            "AWS_TOKEN": "oidc",
            "CLUSTER": "odoo",
            "COSTACK_BILL": "",
            "STORAGE_CLASS": "gp3",
            **variables,
            **given,
        }
        done = main.shell("\n".join(scripts), ("-e", "-o", "pipefail"), **values)
        main.said += done.stdout + done.stderr
        return done.returncode


Both = OnGithub | OnGitlab
EVERY: Final = bool(os.environ.get("COSTACK_EVERY_PIPELINE"))


def on(*names: str) -> pytest.MarkDecorator:
    """The hosts on which a story is told in `make test`; `make torture` tells each on both."""
    hosts = {"github": OnGithub(), "gitlab": OnGitlab()}
    chosen = [name for name in hosts if EVERY or name in names]
    return pytest.mark.parametrize("host", [hosts[each] for each in chosen], ids=chosen)


def statement_of(main: Main) -> dict[str, Any]:
    """The statement among the artefacts; the report has its own."""
    found = (main.folder / "results").rglob("statement.json")
    (path,) = (each for each in found if each.parent.name != "report" and "report" not in each.parts)
    read_back: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read_back


ACME = "portfolios/local/tenants/acme.yaml"
PLATFORM = "portfolios/local/platform.yaml"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("base"))


@pytest.fixture
def main(tmp_path: Path, base: Checkout) -> Main:
    return Main(tmp_path, base)


@on("github")
def test_what_was_approved_is_deployed_with_its_policies_statement_and_report(host: Both, main: Main) -> None:
    main.merge(12, ACME, "users: ", "users: 9 # ", by=("dana",))
    assert host.approve(main) == Exit.OK, main.said
    assert host.stacks(main) == ["local"]
    assert main.told("pulumi") == []
    assert host.update(main) == Exit.OK, main.said
    did = [line for line in main.told("pulumi") if not line.startswith("stack ")]
    assert did == [
        "preview --policy-pack policies --non-interactive --stack local",
        "up --yes --skip-preview --policy-pack policies --non-interactive --stack local",
    ]
    assert main.told("aws") == ["eks update-kubeconfig --name odoo"]
    assert statement_of(main)["portfolio"] == "local"
    assert list((main.folder / "results").rglob("index.html"))


@on("gitlab")
def test_a_missing_approval_deploys_nothing(host: Both, main: Main) -> None:
    main.merge(12, PLATFORM, "/odoo@sha256:", "/odoo-18@sha256:", by=("dana", "vera"))
    assert host.approve(main) == Exit.POLICY
    assert "approvals: rule 2 (restart) needs 1 of operations (ola), approved by nobody" in main.said
    assert not main.state.with_name("output").exists()
    assert not (main.folder / "stacks.txt").exists()
    assert main.told("pulumi") == []


@pytest.mark.whole("tests/allocation decide who approves; the other stories run these steps")
@on("github")
def test_an_earlier_change_that_was_not_deployed_needs_its_own_approvals(host: Both, main: Main) -> None:
    main.merge(12, PLATFORM, "/odoo@sha256:", "/odoo-18@sha256:", by=("dana",))
    main.merge(13, ACME, "users: ", "users: 9 # ", by=("dana", "ola"))
    assert host.approve(main) == Exit.POLICY
    assert "rule 2 (restart)" in main.said
    kept = known(main.state)
    newest = kept["reviews"]["12"][0]["commit_id"]
    kept["reviews"]["12"].append({"user": {"login": "ola"}, "state": "APPROVED", "commit_id": newest})
    kept["approvals"]["12"].append({"user": {"username": "ola"}})
    write(main.state, kept)
    git(main.folder, "worktree", "prune")
    for path in main.temporary.glob("commit"):
        shutil.rmtree(path)
    git(main.folder, "worktree", "prune")
    assert host.approve(main) == Exit.OK, main.said


@pytest.mark.whole("a missing approval deploys nothing: tried here")
@on("gitlab")
def test_a_commit_without_a_request_has_nobodys_approval(host: Both, main: Main) -> None:
    main.merge(12, ACME, "users: ", "users: 9 # ", by=("dana",))
    kept = known(main.state)
    write(main.state, kept | {"merged": {}})
    assert host.approve(main) == Exit.POLICY
    assert "rule 1 (any) needs 1 of finance (dana, erin), approved by nobody" in main.said


@pytest.mark.whole("a missing approval deploys nothing: tried here")
def test_on_github_the_last_word_of_a_person_counts_and_only_about_the_newest_commit(main: Main) -> None:
    main.merge(12, ACME, "users: ", "users: 9 # ", by=("dana", "erin"))
    kept = known(main.state)
    newest = kept["reviews"]["12"][0]["commit_id"]
    said = [
        ("dana", "APPROVED", newest),
        ("dana", "CHANGES_REQUESTED", newest),
        ("dana", "COMMENTED", newest),
        ("erin", "APPROVED", "b" * 40),
    ]
    kept["reviews"]["12"] = [
        {"user": {"login": by}, "state": state, "commit_id": commit} for by, state, commit in said
    ]
    write(main.state, kept)
    assert OnGithub().approve(main) == Exit.POLICY
    assert "approved by nobody" in main.said


@pytest.mark.whole("tests/cli/actions/test_ci chooses the stacks of a change")
@on("gitlab")
def test_a_change_that_no_stack_reads_updates_none(host: Both, main: Main) -> None:
    main.merge(12, "README.md", "A firm", "Our firm", by=())
    assert host.approve(main) == Exit.OK, main.said
    assert host.stacks(main) == []


@pytest.mark.whole("tests/cli/actions/test_ci chooses the stacks of a change")
@on("github")
def test_where_nothing_was_deployed_every_stack_is_updated(host: Both, main: Main) -> None:
    main.merge(12, "README.md", "A firm", "Our firm", by=())
    write(main.state, known(main.state) | {"deployed": []})
    assert host.approve(main) == Exit.OK, main.said
    assert host.stacks(main) == ["local"]


@pytest.mark.whole("a shell ends at the first command that fails")
@on("gitlab")
def test_an_update_that_fails_writes_no_statement(host: Both, main: Main) -> None:
    main.merge(12, ACME, "users: ", "users: 9 # ", by=("dana",))
    assert host.approve(main) == Exit.OK, main.said
    (main.tools / "pulumi.fails").write_text("preview --policy-pack", encoding="utf-8")
    assert host.update(main) == 1
    assert [line.split()[0] for line in main.told("pulumi")] == ["preview"]
    assert not list((main.folder / "results").rglob("*"))


TRIVY: dict[str, Any] = {
    "SchemaVersion": 2,
    "CreatedAt": "DAY",
    "ArtifactName": "odoo@DIGEST",
    "ArtifactType": "container_image",
    "Metadata": {"RepoDigests": ["odoo@DIGEST"]},
    "Results": [{"Target": "odoo", "Class": "os-pkgs", "Type": "debian"}],
}
CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [{"name": "libssl3"}],
    "metadata": {"component": {"type": "container", "version": "DIGEST"}},
}
FOUND = {"VulnerabilityID": "CVE-2026-1", "PkgName": "libssl3", "Severity": "CRITICAL"}


def scanned(main: Main, *found: dict[str, str]) -> None:
    """What the scanner will say of every image."""
    now = subprocess.run(["date", "--utc", "--iso-8601=seconds"], capture_output=True, text=True, check=True)
    results = [{**TRIVY["Results"][0], "Vulnerabilities": [*found]}]
    report = json.dumps(TRIVY | {"Results": results}).replace("DAY", now.stdout.strip())
    (main.tools / "trivy.json").write_text(report, encoding="utf-8")
    (main.tools / "cyclonedx.json").write_text(json.dumps(CYCLONEDX), encoding="utf-8")


@pytest.mark.whole("a rarer case than those that are tried here")
@on("github")
def test_every_image_is_scanned_by_its_digest_and_held_to_the_rules(host: Both, main: Main) -> None:
    scanned(main)
    assert host.scan(main) == Exit.OK, main.said
    calls = main.told("docker") or main.told("trivy")
    assert len(calls) == 4
    assert all("--show-suppressed" in each for each in calls if "--scanners vuln" in each)
    (record,) = read(host.evidence(main))
    assert record["result"] == "ok"
    assert [len(each["sboms"]) for each in record["images"]] == [1, 1]
    scanned(main, FOUND)
    assert host.scan(main) == Exit.POLICY
    assert "CVE-2026-1 (critical) in libssl3" in main.said


@pytest.mark.whole("a rarer case than those that are tried here")
@on("gitlab")
def test_a_scanner_that_wrote_nothing_is_not_a_good_scan(host: Both, main: Main) -> None:
    scanned(main)
    for name in ("docker", "trivy"):
        (main.tools / f"{name}.fails").write_text("image", encoding="utf-8")
    assert host.scan(main) != Exit.OK
    assert not host.evidence(main).exists()


@pytest.mark.whole("a rarer case than those that are tried here")
@on("github", "gitlab")
def test_drift_is_looked_for_and_nothing_is_changed(host: Both, main: Main) -> None:
    costack = main.folder / ".venv" / "bin" / "costack"
    costack.write_text(costack.read_text(encoding="utf-8").replace("exec", DRIFT, 1), encoding="utf-8")
    assert host.scheduled(main, "drift") == Exit.OK, main.said
    did = [line for line in main.told("pulumi") if not line.startswith("stack ")]
    assert [line.split()[0] for line in did] == ["preview"]
    assert "--expect-no-changes" in did[0]
    page = main.folder / "results" / "drift.html"
    assert page.read_text(encoding="utf-8") == "drift --stack local -o html\n"
    (main.tools / "costack.fails").touch()
    page.unlink()
    assert host.scheduled(main, "drift") == Exit.POLICY
    # The page says what there is, and the other checks are made all the same.
    assert page.exists()
    assert main.said.count("no environment is past its end date") == 2


@pytest.mark.whole("one loop of a script")
@on("gitlab")
def test_what_is_due_to_be_tested_is_and_a_cluster_that_refuses_fails_the_job(host: Both, main: Main) -> None:
    costack = main.folder / ".venv" / "bin" / "costack"
    costack.write_text(EMPTY_BUCKET.format(python=sys.executable, root=ROOT), encoding="utf-8")
    (main.tools / "kubectl.fails").write_text("create", encoding="utf-8")
    assert host.scheduled(main, "restore-test") not in (Exit.OK, Exit.CONFIGURATION)
    with_backups = [each for each in local_plan().tenants if facts_of(each.facts, LogicalBackup)]
    assert 0 < len(with_backups) < len(local_plan().tenants)
    assert main.said.count("NEVER TESTED") == len(with_backups)
    # One that fails keeps no other from its own.
    assert len([call for call in main.told("kubectl") if " create " in call]) == len(with_backups)


@pytest.mark.whole("one call of date in a script")
@on("gitlab")
def test_the_statement_is_that_of_the_month_before(host: Both, main: Main) -> None:
    assert host.scheduled(main, "statement") == Exit.OK, main.said
    assert "2026-11" in json.dumps(statement_of(main))


@pytest.mark.whole("two commands in a script; tests/cli/actions/test_allocate_bill.py runs them")
@on("github", "gitlab")
def test_where_there_is_a_bill_the_statement_is_made_of_it(host: Both, main: Main) -> None:
    bill = ROOT / "tests" / "golden" / "small-firm-shared" / "bill.csv"
    assert host.scheduled(main, "statement", str(bill)) == Exit.OK, main.said
    assert (statement_of(main)["basis"], statement_of(main)["totals"]["charged"]) == (
        "billed",
        "1103.0050000001",
    )


@pytest.mark.whole("steps of a script; tests/cli/actions/test_track.py runs the command")
@on("github", "gitlab")
def test_somebody_is_told_of_costs_so_far_once_a_budget_is_exceeded(host: Both, main: Main) -> None:
    for name, script in (("date", "echo 2026-11"), ("curl", POSTED)):
        tool = main.tools.parent / "path" / name
        tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        tool.chmod(0o755)
    bill = ROOT / "tests" / "golden" / "small-firm-shared" / "bill.csv"
    assert host.scheduled(main, "track", str(bill)) == Exit.OK, main.said
    assert "1,103.01" in (main.folder / "results" / "costs.md").read_text(encoding="utf-8")
    assert not (main.tools / "posted").exists()
    platform = main.folder / "portfolios" / "local" / "platform.yaml"
    platform.write_text(
        platform.read_text(encoding="utf-8") + "budgets: {portfolio: 1000.00}\n", encoding="utf-8"
    )
    assert host.scheduled(main, "track", str(bill)) == Exit.POLICY, main.said
    posted = (main.tools / "posted").read_text(encoding="utf-8")
    assert "application/vnd.microsoft.card.adaptive" in posted
    assert "110.3 % of its budget of 1,000.00" in posted
    # The address is a secret: other processes see arguments.
    assert (main.tools / "address").read_text(encoding="utf-8") == 'url = "https://chat.example.com/secret"\n'
    assert "chat.example.com" not in (main.tools / "arguments").read_text(encoding="utf-8")


PLANS = "plans/local"
BRANCH = "costack/ended-local"


@pytest.mark.whole(
    "tests/cli/actions/test_reaper runs these commands; steps and rights are those of what was approved above"
)
@pytest.mark.sample(1)
@on("github", "gitlab")
def test_what_is_due_is_proposed_and_what_was_approved_and_merged_ends_once(host: Both, main: Main) -> None:
    costack = main.folder / ".venv" / "bin" / "costack"
    costack.write_text(REAPER.format(python=sys.executable), encoding="utf-8")
    assert host.reap(main, "warn") == [0], main.said
    assert "secret" not in main.said
    # Plans become a request with their Markdown as text; nothing ends.
    assert host.reap(main, "plan", "end") == [0, 0, 0, 0], main.said
    one, two = (f"{PLANS}/{name}-migration-1" for name in ("borealis", "delta"))
    assert set(main.there("costack/plans-local")) == {
        f"{each}.{ending}" for each in (one, two) for ending in ("json", "md")
    }
    (request,) = known(main.state)["requests"]
    assert request["branch"] == "costack/plans-local"
    assert "# Decommission borealis-migration" in request["body"]
    assert "# Decommission delta-migration" in request["body"]
    # The next morning an approval that was pushed there stays; what was not merged ends nothing.
    main.push("costack/plans-local", **{f"{two}.approval.json": "{}"})
    before = git(main.origin, "rev-parse", "costack/plans-local")
    assert host.reap(main, "plan", "end") == [0, 0, 0, 0], main.said
    assert git(main.origin, "rev-parse", "costack/plans-local") == before
    assert len(known(main.state)["requests"]) == 1
    assert not [each for each in main.told("costack") if "--apply" in each]
    # One of both is approved: it is stopped, and waits for its dump. An update would bring it back.
    signed = {f"{one}.approval.json": "{}", f"{one}.approval.json.sig": "signed"}
    main.merge_request("costack/plans-local", **signed)
    assert host.reap(main, "end") == [1, 0], main.said
    assert set(main.there(BRANCH)) == {f"{one}.evidence.jsonl"}
    main.next_job()
    write(main.state, known(main.state) | {"deployed": []})
    assert host.update_of(main, "local") == 1
    assert "merge the" in main.said
    assert main.told("pulumi") == []
    # The next morning goes on from the evidence of the branch, on a fresh checkout, and ends it.
    assert host.reap(main, "end") == [0, 0], main.said
    gone = main.there(BRANCH)
    assert set(gone) == {f"{one}.evidence.jsonl", "portfolios/local/tenants/borealis-migration.yaml"}
    assert len(gone[f"{one}.evidence.jsonl"].splitlines()) == 2
    assert [each["branch"] for each in known(main.state)["requests"]] == ["costack/plans-local", BRANCH]
    # Once that is merged, nothing is run a second time.
    main.merge_request(BRANCH)
    calls = len(main.told("costack"))
    assert host.reap(main, "end") == [0, 0], main.said
    assert len(main.told("costack")) == calls
    assert {each for line in main.told("costack") for each in line.split() if "delta" in each} == set()


@pytest.mark.whole("the ends above go through the same steps")
@pytest.mark.sample(1)
@on("github", "gitlab")
def test_what_ended_tenants_left_is_proposed_and_purged_once(host: Both, main: Main) -> None:
    terms = "purge: {enabled: true, allowed_signers: ../../approvers}"
    file = "portfolios/local/platform.yaml"
    main.merge(12, file, "portfolio: local\n", f"portfolio: local\n{terms}\n", by=())
    git(main.folder, "push", "-q", "origin", "main")
    costack = main.folder / ".venv" / "bin" / "costack"
    costack.write_text(REAPER.format(python=sys.executable), encoding="utf-8")
    # Something that is due stays, so the job fails; what may go is proposed all the same.
    assert host.reap(main, "plan") == [5, 0], main.said
    plan = f"{PLANS}/purge.local-1"
    assert {f"{plan}.json", f"{plan}.md"} <= set(main.there("costack/plans-local"))
    assert "# Purge local" in known(main.state)["requests"][0]["body"]
    assert host.reap(main, "end") == [0, 0], main.said
    signed = {f"{plan}.approval.json": "{}", f"{plan}.approval.json.sig": "signed"}
    main.merge_request("costack/plans-local", **signed)
    assert host.reap(main, "end") == [0, 0], main.said
    done = f"purge --evidence {PLANS} --apply {plan}.json --approved {plan}.approval.json"
    assert [each for each in main.told("costack") if "--apply" in each] == [done]
    assert set(main.there(BRANCH)) == {f"{plan}.evidence.jsonl"}
    main.merge_request(BRANCH)
    assert host.reap(main, "end") == [0, 0], main.said
    assert [each for each in main.told("costack") if "--apply" in each] == [done]


@pytest.mark.parametrize("path", [*rendered()], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_examples_are_what_costack_ci_init_writes(path: Path) -> None:
    """`python -m tests.examples.rendered` writes them anew."""
    assert path.read_text(encoding="utf-8") == rendered()[path]


def test_there_is_no_other_example_but_the_release_of_this_repository() -> None:
    there = {path for path in (ROOT / "examples" / "ci").rglob("*") if path.is_file()}
    assert there - {*rendered()} == {ROOT / "examples" / "ci" / "github" / "release.yml"}


def test_whoever_reads_secrets_of_the_cloud_runs_no_pull_request() -> None:
    """OIDC is for jobs of the default branch: what a pull request brings runs with a token that reads."""
    for path in (ROOT / "examples" / "ci" / "github").glob("*.yml"):
        document: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        keys = [job for job in document["jobs"].values() if "id-token" in job.get("permissions", {})]
        assert not keys or "pull_request" not in document[True], path
    for path in (ROOT / "examples" / "ci" / "gitlab").glob("*.yml"):
        jobs = yaml.safe_load(path.read_text(encoding="utf-8"))
        keyed = {name for name, job in jobs.items() if "id_tokens" in job}
        for job in jobs.values():
            if job.get("extends") in keyed or "id_tokens" in job:
                said = json.dumps([jobs.get(job.get("extends"), {}).get("rules"), job.get("rules")])
                assert "merge_request_event" not in said, path


def test_the_operator_deploys_a_stack_that_is_there_and_destroys_none() -> None:
    documents = list(
        yaml.safe_load_all((ROOT / "examples/ci/operator/stack.yaml").read_text(encoding="utf-8"))
    )
    (stack,) = (each for each in documents if each["kind"] == "Stack")
    assert stack["apiVersion"] == "pulumi.com/v1"
    assert stack["spec"]["destroyOnFinalize"] is False
    assert stack["spec"]["useLocalStackOnly"] is True
    assert stack["spec"]["stack"] == "local"
    account = stack["spec"]["serviceAccountName"]
    assert account in {each["metadata"]["name"] for each in documents if each["kind"] == "ServiceAccount"}
    assert os.linesep not in account
