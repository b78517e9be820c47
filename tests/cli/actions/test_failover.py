"""`costack failover` and `costack failback`: one line and one update a step, for one tenant or for all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cli.actions.change.failed_over import measured
from cli.actions.costs.tried import rehearsed_before
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.evidence import read
from lifecycle.failover import lose
from lifecycle.rehearsal.failed_over import FailoverResult, Stages
from lifecycle.rehearsal.tried import tried_recoveries
from tests.portfolios import failing_over, plan_of, second_cluster, two_regions
from tiers.errors import CatalogError
from tiers.facts.every_fact import Rehearsal
from tiers.inventory import Inventory
from tiers.plan.resolve import plan_of_folder
from tiers.portfolio.failover.stage import FailoverStage

RUNNER = CliRunner()
TO = "eu-west-1"


def run(folder: Path, command: str, *arguments: str) -> Any:
    return RUNNER.invoke(app, [command, *arguments, "--stack", "local", "--portfolio", str(folder)])


def file_of(folder: Path, tenant: str = "meridian") -> Path:
    return folder / "tenants" / f"{tenant}.yaml"


def text_of(folder: Path, tenant: str = "meridian") -> str:
    return file_of(folder, tenant).read_text(encoding="utf-8")


@pytest.fixture
def standing(folder: Path, up: Callable[[], None]) -> Path:
    """A portfolio with two tenants that have standbys, and a cluster in their second region."""
    network = {"subnet_ids": ["subnet-0d0d0d0d", "subnet-0e0e0e0e"], "security_group_id": "sg-0d0d0d0d"}
    cluster = second_cluster().model_dump(mode="json", exclude_defaults=True)
    named = yaml.safe_dump({"dr_networks": {TO: {**network, "cluster": cluster}}})
    platform = folder / "platform.yaml"
    platform.write_text(platform.read_text("utf-8") + named, encoding="utf-8")
    bought = text_of(folder).replace(f"  dr_region: {TO}", f"  dr_region: {TO}\n  warm_standby: true")
    file_of(folder).write_text(bought, encoding="utf-8")
    other = bought.replace("meridian", "novum")
    file_of(folder, "novum").write_text(other, encoding="utf-8")
    up()
    return folder


def test_a_failover_and_the_way_home_are_one_line_and_one_update_a_step(
    standing: Path, up: Callable[[], None]
) -> None:
    before = text_of(standing)
    steps = (
        ("failover", "--to", TO),
        *(("failover", "--next"),) * 3,
        ("failback",),
        *(("failback", "--next"),) * 4,
    )
    stages = ("fence", "promote", "start", "settled", "save", "return", "switch", "home", "confirm")
    for (command, *options), stage in zip(steps, stages, strict=True):
        result = run(standing, command, "meridian", *options)
        assert result.exit_code == Exit.OK, result.output
        assert f"failover: {{number: 1, to: {TO}, stage: {stage}, began_at: 2" in text_of(standing)
        assert ("--back" in result.stdout) is (stage in {"fence", "save", "return"})
        refused = run(standing, command, "meridian", "--next")
        assert refused.exit_code == Exit.POLICY  # not deployed yet
        up()
        assert f"meridian is at stage {stage} of its fail" in run(standing, "failover", "meridian").stdout
    end = run(standing, "failback", "meridian", "--next")
    assert "removes the promoted server with a final snapshot" in end.stdout
    home = text_of(standing)
    assert home.replace("failovers: 1\n", "") == before
    up()
    assert "Begin with --to REGION" in run(standing, "failover", "meridian").stdout
    assert run(standing, "failback", "meridian").stdout == "meridian works in its own region\n"
    again = run(standing, "failover", "meridian", "--to", TO)
    assert again.exit_code == Exit.OK, again.output
    assert "number: 2" in text_of(standing)


def test_all_or_none(standing: Path, up: Callable[[], None]) -> None:
    begun = run(standing, "failover", "--all", "--to", TO)
    assert begun.exit_code == Exit.OK, begun.output
    assert all("stage: fence" in text_of(standing, name) for name in ("meridian", "novum"))
    assert "failover" not in text_of(standing, "halcyon")
    assert "after it: costack failover --all" in begun.stdout
    up()
    file_of(standing, "novum").write_text(
        text_of(standing, "novum").replace("stage: fence", "stage: promote"), encoding="utf-8"
    )
    refused = run(standing, "failover", "--all", "--next")
    assert refused.exit_code == Exit.POLICY
    assert "novum is at stage fence" in refused.stderr
    assert "stage: fence" in text_of(standing)


def test_a_lost_region_is_left_and_closed_when_it_is_back(standing: Path, up: Callable[[], None]) -> None:
    begun = run(standing, "failover", "meridian", "--to", TO, "--region-lost")
    assert "it sends nothing to us-east-1" in begun.stdout
    assert "stage: promote, first_region: lost" in text_of(standing)
    up()
    assert run(standing, "failover", "meridian", "--next").exit_code == Exit.OK
    up()
    assert run(standing, "failover", "meridian", "--next").exit_code == Exit.OK
    up()
    home = run(standing, "failback", "meridian")
    assert (home.exit_code, "--region-back" in home.stderr) == (Exit.POLICY, True)
    found = run(standing, "failover", "--all", "--region-back")
    assert "closes its database there" in found.stdout
    assert "stage: settled, first_region: back" in text_of(standing)


def test_a_region_that_is_lost_after_the_fence_stays_as_the_fence_left_it(
    standing: Path, up: Callable[[], None]
) -> None:
    run(standing, "failover", "meridian", "--to", TO)
    hangs = text_of(standing)
    run(standing, "failover", "meridian", "--region-lost")
    assert "stage: promote, first_region: lost, " in text_of(standing)
    file_of(standing, "meridian").write_text(hangs, encoding="utf-8")
    up()
    left = run(standing, "failover", "meridian", "--region-lost")
    assert "where everything was closed before" in left.stdout
    assert "stage: promote, first_region: lost-after-fence, " in text_of(standing)


def test_all_are_left_when_their_region_is_lost_wherever_they_stand(
    standing: Path, up: Callable[[], None]
) -> None:
    for step in (("meridian", "--to", TO), *(("meridian", "--next"),) * 2, ("novum", "--to", TO)):
        assert run(standing, "failover", *step).exit_code == Exit.OK
        up()
    early = run(standing, "failover", "--all", "--region-back")
    assert "there is no tenant for which this is the next step" in early.stderr
    left = run(standing, "failover", "--all", "--region-lost")
    assert left.exit_code == Exit.OK, left.output
    # Its promotion was complete, so that nothing is left to end there.
    assert "stage: start, first_region: lost-after-promotion, began_at" in text_of(standing)
    assert "stage: promote, first_region: lost-after-fence, " in text_of(standing, "novum")
    assert left.stdout.count("delete-replication-configuration") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("--to", TO), Exit.CONFIGURATION, "name a tenant, or --all"),
        (("meridian", "--all", "--to", TO), Exit.CONFIGURATION, "name a tenant, or --all"),
        (("meridian", "--to", TO, "--next"), Exit.CONFIGURATION, "name only one of --to, --next"),
        (("meridian", "--next", "--region-lost"), Exit.CONFIGURATION, "--region-lost goes with --to"),
        (("meridian", "--to", "eu-central-1"), Exit.POLICY, "its second region is eu-west-1, found"),
        (("halcyon", "--to", TO), Exit.POLICY, "it has no second region"),
        (("meridian", "--next"), Exit.POLICY, "begin with `costack failover meridian --to REGION`"),
        (("meridian", "--region-lost"), Exit.POLICY, "failover meridian --to REGION --region-lost`"),
        (("--all", "--next"), Exit.POLICY, "there is no tenant for which this is the next step"),
        (("meridian", "--evidence", "x"), Exit.CONFIGURATION, "say --rehearse"),
        (("meridian", "--to", TO, "--evidence", "x"), Exit.CONFIGURATION, "say --rehearse"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    standing: Path, arguments: tuple[str, ...], code: Exit, why: str
) -> None:
    before = text_of(standing)
    result = run(standing, "failover", *arguments)
    assert (result.exit_code, why in result.stderr) == (code, True), result.output
    assert text_of(standing) == before


def seen(folder: Path, opened: str, ready: str) -> Path:
    """A `kubectl` that says when the database was opened, and since when the pod of Odoo answers."""
    job = {"status": {"conditions": [{"type": "Complete", "status": "True"}], "completionTime": opened}}
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": ready}
    pod = {"status": {"conditions": [condition]}}
    program = folder / "kubectl"
    script = "\n".join(
        (
            "#!/bin/bash",
            f'echo "$*" >>{folder}/calls',
            'case "$*" in',
            rf"*get\ jobs*) echo '{json.dumps({'items': [job]})}' ;;",
            rf"*get\ pods*) echo '{json.dumps({'items': [pod] if ready else []})}' ;;",
            "esac",
        )
    )
    program.write_text(script, encoding="utf-8")
    program.chmod(0o755)
    return folder


def moments(folder: Path, *after: int) -> list[str]:
    """Moments so many seconds after the failover began."""
    began = yaml.safe_load(text_of(folder))["failover"]["began_at"]
    at = began if isinstance(began, datetime) else datetime.fromisoformat(began)
    return [f"{at + timedelta(seconds=each):%Y-%m-%dT%H:%M:%SZ}" for each in after]


@pytest.fixture
def started(standing: Path, up: Callable[[], None]) -> Path:
    """Meridian works in its second region."""
    for step in (("--to", TO), *(("--next",),) * 2):
        assert run(standing, "failover", "meridian", *step).exit_code == Exit.OK
        up()
    return standing


def test_what_a_failover_took_is_evidence_that_counts(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools, evidence = tmp_path / "tools", tmp_path / "evidence.jsonl"
    tools.mkdir()
    opened, ready = moments(started, 900, 1200)
    monkeypatch.setenv("PATH", f"{seen(tools, opened, ready)}:{os.environ['PATH']}")
    result = run(started, "failover", "meridian", "--next", "--evidence", str(evidence))
    assert result.exit_code == Exit.OK, result.output
    assert "stage: settled" in text_of(started)
    assert "20 min" in result.stdout
    (record,) = read(evidence)
    ((at, told),) = tried_recoveries(evidence)
    assert isinstance(told, FailoverResult)
    assert (record["step"], record["promise_kept"], record["context"]) == ("failover", True, "standby")
    assert (told.rto_seconds, told.rpo_seconds, told.closed) == (1200, 0, True)
    assert told.stages == Stages(promote=900, start=300)
    calls = (tools / "calls").read_text(encoding="utf-8")
    assert "instance=meridian" in calls
    assert "component=open-database" in calls
    # Reports and the gate take it as they take a rehearsal.
    plan = plan_of_folder(started)
    rehearsed = list(rehearsed_before([evidence], plan, at + timedelta(days=1)))
    (mine,) = (each for each in rehearsed if each.tenant == "meridian")
    assert (mine.state, mine.rto_seconds, mine.rpo_seconds) == ("good", 1200, 0)


@pytest.mark.parametrize("ready", [None, -5])
def test_what_was_not_seen_or_cannot_be_is_no_promise_kept(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: int | None
) -> None:
    tools, evidence = tmp_path / "tools", tmp_path / "evidence.jsonl"
    tools.mkdir()
    opened = moments(started, 900)[0]
    answers = moments(started, ready)[0] if ready is not None else ""
    monkeypatch.setenv("PATH", f"{seen(tools, opened, answers)}:{os.environ['PATH']}")
    before = text_of(started)
    result = run(started, "failover", "meridian", "--next", "--evidence", str(evidence))
    if ready is None:
        (record,) = read(evidence)
        assert (record["result"], record["rto_seconds"], record["promise_kept"]) == ("failed", None, False)
        assert "meridian: the recovery in eu-west-1 failed: odoo (not seen)" in result.stderr
    else:
        assert "one of these clocks is wrong" in result.stderr
        assert not evidence.exists()
    assert result.exit_code == Exit.ERROR
    assert text_of(started) == before


def test_evidence_is_made_after_start_and_nowhere_else(standing: Path, up: Callable[[], None]) -> None:
    run(standing, "failover", "meridian", "--to", TO)
    up()
    refused = run(standing, "failover", "meridian", "--next", "--evidence", "x")
    assert refused.exit_code == Exit.CONFIGURATION
    assert "'meridian' is not deployed at stage start of a failover" in refused.stderr


def test_a_plan_that_is_older_than_promises_of_a_recovery_is_told_so() -> None:
    plan = plan_of(failing_over("start"), platform=two_regions())
    old = [each for each in plan.tenants[0].facts if not isinstance(each, Rehearsal)]
    older = plan.tenants[0].model_copy(update={"facts": tuple(old)})
    with pytest.raises(CatalogError, match="knew no rehearsals: run `pulumi up`"):
        measured(Inventory(plan=plan, cloud_ids={}), older, None, datetime(2026, 11, 30, tzinfo=UTC))


def test_what_is_missing_after_a_fence_that_hung_counts_from_when_the_region_was_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until then people may have worked: the lag when the failover began would be too short."""
    hung = failing_over("fence")
    assert hung.failover is not None
    began, lost = (datetime(2026, 11, 30, 9, minute, tzinfo=UTC) for minute in (0, 20))
    hung = hung.model_copy(update={"failover": hung.failover.model_copy(update={"began_at": began})})
    left = lose(hung, None, lost, replicates=True).failover
    assert left is not None
    assert (left.began_at, left.lost_at) == (began, lost)
    started = left.model_copy(update={"stage": FailoverStage.START})
    plan = plan_of(hung.model_copy(update={"failover": started}), platform=two_regions())
    lags = {began: 2, lost: 77}
    monkeypatch.setattr("cli.actions.change.failed_over.Cluster.listed", lambda *_: [])
    monkeypatch.setattr("cli.actions.change.failed_over.replica_lag", lambda _, __, at, **_how: lags[at])
    result, _, _ = measured(Inventory(plan=plan, cloud_ids={}), plan.tenants[0], "standby", lost)
    assert (result.rpo_seconds, result.closed) == (77, False)


def test_what_a_person_must_do_beside_it_is_said_when_its_turn_comes(
    standing: Path, up: Callable[[], None]
) -> None:
    fenced = run(standing, "failover", "meridian", "--to", TO)
    asked = "aws efs describe-replication-configurations --region us-east-1 --file-system-id"
    assert f"after it: meridian: go on once `{asked}" in " ".join(fenced.stdout.split())
    assert "aws:stsRegion" not in fenced.stdout
    up()
    lost = " ".join(run(standing, "failover", "meridian", "--region-lost").stdout.split())
    assert f"`pulumi config set aws:stsRegion {TO} --stack local`" in lost
    assert f"aws efs delete-replication-configuration --region {TO} --source-file-system-id" in lost
    assert "--deletion-mode LOCAL_CONFIGURATION_ONLY" in lost
    for _ in range(2):
        up()
        run(standing, "failover", "meridian", "--next")
    up()
    back = run(standing, "failover", "meridian", "--region-back").stdout
    assert "unset PULUMI_K8S_SKIP_UPDATE_UNREACHABLE" in " ".join(back.split())
    # It was closed before it was lost: nothing is missing, and it is as it was.
    assert "first_region" not in text_of(standing)
    up()
    assert "unset" not in run(standing, "failback", "meridian").stdout
