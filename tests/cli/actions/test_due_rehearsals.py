"""`costack failover --rehearse --all-due`: a bucket with results, and a cluster that says what it found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.actions.change import due_rehearsals, rehearsal
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters import decommission_world
from lifecycle.evidence import read
from tests.lifecycle.decommission.test_final_backup import Bucket
from tests.lifecycle.rehearsal.results import line, result
from tests.portfolios import local_plan
from tiers.facts.every_fact import Bucket as BucketFact
from tiers.inventory import exported

RUNNER = CliRunner()
NAME = "meridian"
PHASES = ("wait", "fetch", "restore", "files", "start")
NO_PAGE = {"name": "login page", "expected": "status 200", "found": "no answer", "ok": False}


class World:
    """The bucket of copies, and a cluster in memory that says *ends* of every Job."""

    def __init__(self, inventory: Path) -> None:
        self.inventory, self.bucket = inventory, Bucket()
        self.ends = line(tenant=NAME)
        self.made: list[str] = []

    def rehearsed(self, *, before: timedelta, **changes: Any) -> None:
        made = result(datetime.now(UTC) - before, tenant=NAME, **changes)
        key = f"manifests/{NAME}/rehearsals/{made.started_at}.json"
        self.bucket.objects[key] = made.model_dump_json().encode()

    def ask(self, *arguments: str) -> Result:
        asked = ["failover", "--rehearse", "--all-due", "--inventory", str(self.inventory)]
        return RUNNER.invoke(app, [*asked, *arguments])

    def cluster(self, context: str, _: Callable[[float], None]) -> World:
        self.context = context
        return self

    def found(self, _: Mapping[str, Any]) -> None:
        return None

    def create_all(self, items: Sequence[Mapping[str, Any]]) -> None:
        self.made.append(str(items[0]["metadata"]["name"]))

    def outcome(self, *_: object) -> str:
        return self.ends

    def delete_whole(self, namespace: Mapping[str, Any]) -> None:
        self.made.remove(str(namespace["metadata"]["name"]))
        self.made.append("gone")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    plan = local_plan()
    ids = {fact.id: "arn:aws:s3:::backups" for fact in plan.all_facts() if isinstance(fact, BucketFact)}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(plan, ids)), encoding="utf-8")
    made = World(path)
    monkeypatch.setattr(decommission_world, "_s3", lambda _: made.bucket)
    monkeypatch.setattr(due_rehearsals, "Cluster", made.cluster)
    monkeypatch.setattr(rehearsal, "current_context", lambda: "region-two")
    return made


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (None, "meridian: never rehearsed: run `costack failover meridian --rehearse --to eu-west-1`"),
        ({"before": timedelta(days=101)}, "meridian: too old: older than 100 days"),
        ({"before": timedelta(days=1), "rpo_seconds": 21_600}, "RPO measured 6 h 0 min, promised 5 min 0 s"),
        (
            {
                "before": timedelta(days=1),
                "result": "failed",
                "checks": [NO_PAGE],
                "rto_seconds": None,
                "phases": None,
            },
            "meridian: failed: login page",
        ),
    ],
)
def test_the_gate_is_closed_unless_a_rehearsal_proves_the_promise(
    world: World, changes: dict[str, Any] | None, said: str
) -> None:
    if changes is not None:
        world.rehearsed(**changes)
    told = world.ask("--check")
    assert told.exit_code == Exit.POLICY, told.output
    assert said in told.stderr
    assert world.made == []


def test_the_gate_is_open_for_a_good_one_which_evidence_gets_once(world: World, tmp_path: Path) -> None:
    world.rehearsed(before=timedelta(days=99))
    evidence = tmp_path / "evidence.jsonl"
    for _ in range(2):
        told = world.ask("--check", "--evidence", str(evidence), "-o", "json")
        assert told.exit_code == Exit.OK, told.output
    (record,) = read(evidence)
    assert (record["tenant"], record["promise_kept"]) == (NAME, True)
    (shown,) = json.loads(told.stdout)["tenants"]
    assert (shown["state"], shown["age_days"], shown["rto_seconds"]) == ("good", 99, 70)


def test_results_that_cannot_be_read_are_neither_good_nor_nothing(world: World) -> None:
    world.bucket.objects[f"manifests/{NAME}/rehearsals/2026-11-29T00:00:00Z.json"] = b"{}"
    told = world.ask("--check")
    assert told.exit_code == Exit.ERROR
    assert "meridian: unreadable: rehearsal of 'meridian': is no result of a rehearsal" in told.stderr


def test_what_is_due_is_rehearsed_and_taken_away(world: World, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.jsonl"
    told = world.ask("--evidence", str(evidence))
    assert told.exit_code == Exit.OK, told.output
    assert world.made == ["gone"]
    (record,) = read(evidence)
    assert (record["context"], record["result"]) == ("region-two", "ok")
    world.ends = line(tenant=NAME, rto_seconds=4000, phases={**dict.fromkeys(PHASES, 0), "start": 4000})
    slow = world.ask()
    assert slow.exit_code == Exit.POLICY
    assert (
        "meridian: slower than promised in eu-west-1: RTO measured 1 h 6 min, promised 1 h 0 min"
        in slow.stderr
    )
    world.ends = line(tenant=NAME, result="failed", checks=[NO_PAGE], rto_seconds=None, phases=None)
    failed = world.ask()
    assert failed.exit_code == Exit.ERROR
    assert "meridian: the recovery in eu-west-1 failed: login page (no answer)" in failed.stderr


def test_an_inventory_that_is_older_than_rehearsals_opens_no_gate(world: World) -> None:
    told = json.loads(world.inventory.read_text(encoding="utf-8"))
    for each in told["plan"]["tenants"]:
        each["facts"] = [fact for fact in each["facts"] if fact["kind"] != "rehearsal"]
    world.inventory.write_text(json.dumps(told), encoding="utf-8")
    checked = world.ask("--check")
    assert checked.exit_code == Exit.ERROR, checked.output
    assert "meridian: it was deployed by a version of costack that knew no rehearsals" in checked.stderr
