"""`costack restore-test`, its Job run for real: PostgreSQL's own programs, a bucket that is a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.evidence import read
from tests.lifecycle.cluster import StandIn
from tests.lifecycle.pods import BUCKET, VOLUMES, Pods, running_pods
from tests.lifecycle.restore_test.test_job import without_class
from tests.portfolios import ROOT
from tests.postgres import give, running_server
from tiers.facts.every_fact import Bucket
from tiers.inventory import exported

pytestmark = pytest.mark.postgres
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    with running_server() as server, running_pods(server) as running:
        running.back_up()
        yield running


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    plan = without_class()
    ids = {fact.id: f"arn:aws:s3:::{BUCKET}" for fact in plan.all_facts() if isinstance(fact, Bucket)}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(plan, ids)), encoding="utf-8")
    return path


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path / "cluster")
    made.behave()
    monkeypatch.setenv("PATH", f"{made.folder}:{os.environ['PATH']}")
    return made


def here(pods: Pods) -> dict[str, str]:
    """What stands for the container's own file system."""
    own = pods.environment()
    pods.empty_volumes()
    volumes = {each.upper(): str(pods.folder / each) for each in VOLUMES}
    return {**{name: own[name] for name in ("PATH", "HOME")}, **volumes}


def ask(inventory: Path, *arguments: str, tenant: str = "acme") -> Result:
    return RUNNER.invoke(app, ["restore-test", tenant, "--inventory", str(inventory), *arguments])


def test_a_backup_is_restored_and_its_evidence_kept(
    pods: Pods, inventory: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.behave(runs=here(pods), context="production")
    evidence = tmp_path / "evidence.jsonl"
    result = ask(inventory, "--evidence", str(evidence))
    assert result.exit_code == Exit.OK, result.output
    assert "acme: backup of " in result.stdout
    assert "attachment contents" in result.stdout
    assert "FAILED" not in result.stdout
    (record,) = read(evidence)
    assert (record["step"], record["tenant"], record["result"]) == ("restore-test", "acme", "ok")
    assert record["context"] == "production"
    job = stand_in.job
    assert job
    assert record["job"] == job["metadata"]["name"]
    told = f"restore test: job '{record['job']}' in namespace 'odoo-production' of context 'production'"
    assert result.stderr.splitlines() == [told]
    assert not any(call.startswith("delete") for call in stand_in.calls)


@pytest.mark.whole("tests/lifecycle/test_round_trip damages backups; differences end with 1 below")
def test_a_backup_that_cannot_be_restored_ends_with_1(
    pods: Pods, inventory: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence.jsonl"
    with pods.copied() as damaged:
        stand_in.behave(runs=here(damaged))
        next((damaged.bucket / "filestores" / "acme").glob("??/*")).write_bytes(b"other")
        result = ask(inventory, "--evidence", str(evidence), "-o", "json")
    assert result.exit_code == Exit.ERROR
    said = json.loads(result.stdout)
    failed = {check["name"] for check in said["checks"] if not check["ok"]}
    assert failed == {"attachment sizes", "attachment contents"}
    assert result.stderr.splitlines()[-1] == (
        f"acme: backup '{said['backup']}' failed its restore test: attachment sizes, attachment contents"
    )
    (record,) = read(evidence)
    assert record["result"] == "failed"


@pytest.mark.whole("test_round_trip names them; the table is a good backup's, too")
def test_differences_are_named_under_the_table(pods: Pods, inventory: Path, stand_in: StandIn) -> None:
    with pods.copied() as damaged:
        stand_in.behave(runs=here(damaged))
        next((damaged.bucket / "filestores" / "acme").glob("??/*")).unlink()
        result = ask(inventory)
    assert result.exit_code == Exit.ERROR
    assert "FAILED" in result.stdout
    assert "\nattachments: " in result.stdout


def test_a_dry_run_prints_a_job_and_makes_nothing(inventory: Path, stand_in: StandIn) -> None:
    printed = ask(inventory, "--dry-run", "--backup", "2026-11-24T01:15:00Z", "--timeout", "2h")
    assert printed.exit_code == Exit.OK
    job = yaml.safe_load(printed.stdout)
    assert job["spec"]["activeDeadlineSeconds"] == 7200
    assert "\n          # The first container of a restore test" in printed.stdout
    as_json = json.loads(ask(inventory, "--dry-run", "-o", "json").stdout)
    assert {each["name"]: each for each in as_json["spec"]["template"]["spec"]["volumes"]}.keys() == {
        "fetched",
        "restored",
        "scratch-fetch",
        "scratch-restore",
        "scratch-report",
    }
    assert stand_in.calls == []


@pytest.mark.whole("a container that fails is quoted in the test below")
def test_a_test_that_could_not_be_made_says_why_and_is_no_evidence(
    inventory: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence.jsonl"
    stand_in.behave(runs=None, events=("Job was active longer than specified deadline",))
    result = ask(inventory, "--evidence", str(evidence))
    assert result.exit_code == Exit.ERROR
    assert result.stderr.splitlines()[-1].endswith("failed: Job was active longer than specified deadline")
    assert not evidence.exists()


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("place", "message"),
    [("FETCHED", "job 'acme-restore-test-"), ("RESTORED", "job 'acme-restore-test-")],
)
def test_a_container_that_fails_is_quoted(
    pods: Pods, inventory: Path, stand_in: StandIn, place: str, message: str
) -> None:
    stand_in.behave(runs={**here(pods), place: "/proc/nowhere"})
    result = ask(inventory)
    assert result.exit_code == Exit.ERROR
    assert message in result.stderr
    assert "/proc/nowhere" in result.stderr


@pytest.mark.whole("a container that fails is quoted above")
def test_a_report_without_a_result_is_quoted(pods: Pods, inventory: Path, stand_in: StandIn) -> None:
    with pods.copied() as damaged:
        tests = damaged.bucket / "manifests" / "acme" / "restore-tests"
        shutil.rmtree(tests, ignore_errors=True)
        tests.write_text("in the way", encoding="utf-8")
        stand_in.behave(runs=here(damaged))
        result = ask(inventory)
    assert result.exit_code == Exit.ERROR
    assert "restore test of 'acme': it has no result; the last line of its log is: " in result.stderr


@pytest.mark.whole("tests/lifecycle/test_round_trip reads no result that a dump wrote")
def test_what_a_dump_prints_is_no_result(pods: Pods, inventory: Path, stand_in: StandIn) -> None:
    """The container that runs the dump could print whatever a result looks like, and end the pod."""
    with pods.copied() as damaged:
        path = damaged.folder / "tools" / "pg_restore"
        forged = json.dumps({"tenant": "acme", "checks": [], "result": "ok"})
        path.write_text(f"#!/bin/bash\necho '{forged}' >&2\nkill -KILL $PPID\n", encoding="utf-8")
        path.chmod(0o755)
        give(path)
        stand_in.behave(runs=here(damaged))
        result = ask(inventory)
    assert result.exit_code == Exit.ERROR
    assert "no result" not in result.stdout
    assert "job 'acme-restore-test-" in result.stderr


def test_who_may_not_make_jobs_is_told(inventory: Path, stand_in: StandIn) -> None:
    stand_in.behave(refuses="create")
    result = ask(inventory)
    assert result.exit_code == Exit.ERROR
    assert "`kubectl create` failed in context 'local': Error from server (Forbidden)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--timeout", "1"), "--timeout 1: expected a time such as 90s, 60m or 2h"),
        (("--backup", "yesterday"), "--backup yesterday: expected the time it was taken"),
        (("--stack", "local"), "name what was deployed: either --stack NAME or --inventory FILE"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    inventory: Path, stand_in: StandIn, arguments: tuple[str, ...], message: str
) -> None:
    result = ask(inventory, *arguments)
    assert result.exit_code == Exit.CONFIGURATION
    assert message in result.stderr
    assert stand_in.calls == []


def test_evidence_that_could_not_be_kept_is_told_before_the_test(
    inventory: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n", encoding="utf-8")
    for path, message in ((broken, "is not a line of evidence"), (tmp_path / "no" / "file", "make it first")):
        result = ask(inventory, "--evidence", str(path))
        assert result.exit_code == Exit.CONFIGURATION
        assert message in result.stderr
    assert stand_in.calls == []


def test_a_tenant_without_backups_or_room_is_refused(inventory: Path, stand_in: StandIn) -> None:
    for tenant, message in (
        ("nobody", "not in the inventory"),
        ("borealis-migration", "has no backups to restore"),
        ("meridian", "choose a storage class for temporary volumes with --storage-class"),
    ):
        result = ask(inventory, tenant=tenant)
        assert result.exit_code == Exit.CONFIGURATION
        assert message in result.stderr
    assert stand_in.calls == []


def test_ctrl_c_takes_the_job_away(inventory: Path, stand_in: StandIn) -> None:
    stand_in.behave(hangs=True)
    command = [sys.executable, "-c", "from cli.main import main; main()", "restore-test", "acme"]
    process: subprocess.Popen[Any] = subprocess.Popen(
        [*command, "--inventory", str(inventory)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not any(call.startswith("get job") for call in stand_in.calls) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stand_in.job is not None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == Exit.CANCELLED
    assert stderr.endswith("cancelled\n")
    assert re.search(r"^delete job .* -- acme-restore-test-\d+$", stand_in.calls[-1])
    assert stand_in.job is None
