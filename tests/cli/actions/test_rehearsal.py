"""`costack failover --rehearse`, its Job run for real: PostgreSQL, a folder as bucket, Odoo's stand-in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli.actions.change.rehearsal import Request, context_of
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.evidence import read
from lifecycle.rehearsal.result import RehearsalResult, rehearsal_result
from lifecycle.rehearsal.tried import tried_recoveries
from lifecycle.restore_test.owner import Owner
from tests.lifecycle.cluster import StandIn
from tests.lifecycle.pods import BUCKET, TENANT, Pods, running_pods
from tests.lifecycle.rehearsed_odoo import TABLES, put_odoo
from tests.portfolios import ROOT, plan_of, tenant, two_regions
from tests.postgres import running_server
from tests.sampling import asks_for_every
from tiers.facts.every_fact import Bucket
from tiers.inventory import Inventory, exported
from tiers.plan.plan import Plan

pytestmark = pytest.mark.postgres
RUNNER = CliRunner()
TO = ("--rehearse", "--to", "eu-west-1")
MOMENTS = tuple(point / 20 for point in range(20))
"""When a rehearsal is killed, as a part of the time that it takes."""


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    with running_server() as server, running_pods(server) as running:
        server.ask(TABLES, **TENANT)
        put_odoo(running.folder / "tools")
        running.back_up()
        yield running


def plan() -> Plan:
    options = {"users": 9, "dr_region": "eu-west-1"}
    return plan_of(tenant("acme", client="acme-consulting", tier="cross-region-backup", options=options))


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    made = plan()
    ids = {fact.id: f"arn:aws:s3:::{BUCKET}" for fact in made.all_facts() if isinstance(fact, Bucket)}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(made, ids)), encoding="utf-8")
    return path


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path / "cluster")
    made.behave()
    monkeypatch.setenv("PATH", f"{made.folder}:{os.environ['PATH']}")
    return made


def here(pods: Pods, **more: str) -> dict[str, Any]:
    """What stands for the containers' own file systems and network."""
    own = pods.environment()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    volumes = {each.upper(): str(pods.folder / each) for each in ("fetched", "restored", "files")}
    fixed = {"PATH": own["PATH"], "HOME": own["HOME"], "HTTP_PORT": str(port), "PATIENCE_SECONDS": "30"}
    places = {"/etc/odoo": str(pods.folder / "settings"), "/var/lib/odoo": volumes["FILES"]}
    return {"runs": {**fixed, **volumes, **more}, "places": places}


def ask(inventory: Path, *arguments: str, name: str = "acme") -> Result:
    return RUNNER.invoke(app, ["failover", name, "--inventory", str(inventory), *arguments])


def test_a_recovery_is_measured_and_nothing_is_left(
    pods: Pods, inventory: Path, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.behave(**here(pods), context="region-two")
    evidence = tmp_path / "evidence.jsonl"
    result = ask(inventory, *TO, "--evidence", str(evidence), "-o", "json")
    assert result.exit_code == Exit.OK, result.output
    (record,) = read(evidence)
    ((_, told),) = tried_recoveries(evidence)
    assert (record["step"], told.result, record["context"]) == ("rehearsal", "ok", "region-two")
    assert isinstance(told, RehearsalResult)
    assert told.phases is not None
    assert told.rto_seconds == told.phases.total
    assert record["promise_kept"] is True
    assert (record["promised_rto_seconds"], record["promised_rpo_seconds"]) == (3600, 300)
    assert told.rpo_seconds is not None
    assert told.rpo_seconds < 300
    assert (told.newest_record_at, told.newest_file_at) == ("2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z")
    assert told.files > 0
    assert [each.name for each in told.checks][-3:] == ["files in place", "neutralised", "login page"]
    kept = next((pods.bucket / "manifests" / "acme" / "rehearsals").glob("*.json"))
    assert told.owner == Owner("local", "acme-consulting")
    measured = told.model_copy(update=dict.fromkeys(Owner._fields, ""))
    assert rehearsal_result(kept.read_text(encoding="utf-8"), "acme") == measured
    assert stand_in.calls[-1].startswith("delete namespace")
    assert stand_in.job is None
    # The copy is as it was, and so is the database in use.
    assert pods.server.ask("SELECT count(*) FROM ir_mail_server WHERE active", **TENANT) == "1"


@pytest.mark.whole("tests/lifecycle/rehearsal reads such results; a recovery that succeeds is tried here")
@pytest.mark.parametrize(
    ("harm", "failed"),
    [
        ("file", "attachments ("),
        (
            "version",
            (
                "neutralised (no), login page (the restored database is of Odoo 18.0.1.3, and this tenant "
                "runs Odoo 17.0"
            ),
        ),
        ("harmful", "neutralised (no), login page (the restored database could not be neutralised"),
        ("none", "backup (none)"),
    ],
)
def test_what_would_not_come_back_fails_and_is_evidence(  # noqa: PLR0917 - fixtures and a case
    pods: Pods, inventory: Path, stand_in: StandIn, tmp_path: Path, harm: str, failed: str
) -> None:
    evidence = tmp_path / "evidence.jsonl"
    more = {"version": {"VERSION": "17.0"}, "harmful": {"NEUTRALISES_NOTHING": "yes"}}.get(harm, {})
    with pods.copied() as damaged:
        if harm == "file":
            next((damaged.bucket / "filestores" / "acme").glob("??/*")).unlink()
        if harm == "none":
            shutil.rmtree(damaged.bucket / "manifests" / "acme")
        stand_in.behave(**here(damaged, **more))
        result = ask(inventory, *TO, "--evidence", str(evidence))
    assert result.exit_code == Exit.ERROR
    assert f"acme: the recovery in eu-west-1 failed: {failed}" in result.stderr
    (record,) = read(evidence)
    assert (record["result"], record["promise_kept"]) == ("failed", False)
    assert stand_in.job is None


def test_a_dry_run_prints_everything_and_makes_nothing(inventory: Path, stand_in: StandIn) -> None:
    printed = ask(inventory, *TO, "--dry-run")
    assert printed.exit_code == Exit.OK
    items = yaml.safe_load(printed.stdout)["items"]
    kinds = [each["kind"] for each in items]
    assert kinds == ["Namespace", "ServiceAccount", "NetworkPolicy", "Job"]
    assert {each["metadata"].get("namespace", "rehearsal-acme") for each in items} == {"rehearsal-acme"}
    assert stand_in.calls == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--next",), "say --rehearse"),
        (("--rehearse", "--next"), "say --rehearse"),
        (("--rehearse",), "name the tenant and --to REGION"),
        (("--rehearse", "--to", "us-east-1"), "--to us-east-1: the copies of tenant 'acme' are in eu-west-1"),
        ((*TO, "--timeout", "1"), "--timeout 1: expected a time such as 90s, 60m or 2h"),
        ((*TO, "--all-due"), "leave tenant and --to out with --all-due"),
        ((*TO, "--check"), "--check and --parallel are for --all-due"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    inventory: Path, stand_in: StandIn, arguments: tuple[str, ...], message: str
) -> None:
    result = ask(inventory, *arguments)
    assert result.exit_code == Exit.CONFIGURATION
    assert message in result.stderr
    assert stand_in.calls == []


def test_the_cluster_of_the_region_is_asked_where_there_is_one() -> None:
    """Its name in the kubeconfig is known from what was deployed; who names another one is obeyed."""
    asked: dict[str, Any] = dict.fromkeys(each.name for each in fields(Request))
    acme = tenant("acme", tier="cross-region-backup")
    deployed = Inventory(plan=plan_of(acme, platform=two_regions()), cloud_ids={})
    assert context_of(Request(**asked), deployed, "eu-west-1") == "standby"
    assert context_of(Request(**{**asked, "context": "other"}), deployed, "eu-west-1") == "other"


def test_a_namespace_of_somebody_elses_is_left_alone(inventory: Path, stand_in: StandIn) -> None:
    there = {"kind": "Namespace", "metadata": {"name": "rehearsal-acme", "labels": {}}}
    (stand_in.folder / "namespace").write_text(json.dumps(there), encoding="utf-8")
    result = ask(inventory, *TO)
    assert result.exit_code == Exit.CONFIGURATION
    assert "namespace 'rehearsal-acme' of context 'local' was made by no rehearsal" in result.stderr
    assert not any(call.startswith(("create", "delete")) for call in stand_in.calls)


def started(inventory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from cli.main import main; main()", "failover", "acme", *TO]
    return subprocess.Popen(
        [*command, "--inventory", str(inventory)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


def wait_for(stand_in: StandIn, call: str, count: int) -> None:
    deadline = time.monotonic() + 60
    while sum(each.startswith(call) for each in stand_in.calls) < count:
        assert time.monotonic() < deadline, stand_in.calls
        time.sleep(0.02)


@pytest.mark.whole("test_restore_test ends a Job by Ctrl-C, with the same lines")
def test_ctrl_c_takes_everything_away(inventory: Path, stand_in: StandIn) -> None:
    stand_in.behave(hangs=True)
    process = started(inventory)
    wait_for(stand_in, "get job", 1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == Exit.CANCELLED
    assert stderr.endswith("cancelled\n")
    assert stand_in.calls[-1].startswith("delete namespace")
    assert stand_in.job is None
    assert not (stand_in.folder / "namespace").exists()


def test_who_cannot_take_it_away_is_told_what_is_left(inventory: Path, stand_in: StandIn) -> None:
    stand_in.behave(refuses="delete")
    result = ask(inventory, *TO)
    assert result.exit_code == Exit.ERROR
    assert "left: namespace 'rehearsal-acme' of context 'local'" in result.stderr
    assert "`kubectl --context local delete namespace rehearsal-acme`" in result.stderr


@pytest.mark.whole("what Ctrl-C takes away is tried in every run")
def test_killed_on_its_way_it_is_removed_by_the_next(pods: Pods, inventory: Path, stand_in: StandIn) -> None:
    """Each is killed at another moment and leaves what it made; the last one runs to its end."""
    lasts = 3.0
    stand_in.behave(**here(pods))
    for number, moment in enumerate(MOMENTS if asks_for_every() else MOMENTS[3::7], start=1):
        process = started(inventory)
        wait_for(stand_in, "create", number)
        time.sleep(lasts * moment)
        process.kill()
        process.communicate()
        assert (stand_in.folder / "namespace").exists()
    result = ask(inventory, *TO)
    assert result.exit_code == Exit.OK, result.output
    assert "removing namespace 'rehearsal-acme', which the rehearsal of 2" in result.stderr
    assert stand_in.job is None
    assert not (stand_in.folder / "namespace").exists()
    assert not (stand_in.folder / "pids").exists()
