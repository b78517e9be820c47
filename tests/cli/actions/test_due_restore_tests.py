"""`costack restore-test --all-due`: a bucket with results, and a cluster whose Jobs say what they found."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.actions.change import due_restore_tests
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters import decommission_world
from lifecycle.adapters.kubectl import KubectlError
from lifecycle.evidence import read
from tests.lifecycle.decommission.test_final_backup import Bucket
from tests.lifecycle.restore_test.test_due import result
from tests.portfolios import local_plan
from tiers.facts.every_fact import Bucket as BucketFact
from tiers.inventory import exported

RUNNER = CliRunner()
TENANTS = ("acme", "acme-staging", "borealis", "cobalt", "halcyon", "meridian")


class Clusters:
    """A cluster in memory: which Jobs there are, how many at once, and how each ends."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.there: set[str] = set()
        self.most = 0
        self.ends: dict[str, Callable[[str], str]] = {}
        self.lock = threading.Lock()
        self.barrier: threading.Barrier | None = None

    def __call__(self, context: str, sleep: Callable[[float], None]) -> FakeCluster:
        return FakeCluster(self, context, sleep)


class FakeCluster:
    def __init__(self, clusters: Clusters, context: str, sleep: Callable[[float], None]) -> None:
        self.clusters, self.context, self.sleep = clusters, context, sleep

    def create(self, job: Mapping[str, Any]) -> None:
        with self.clusters.lock:
            self.clusters.made.append(_tenant(job))
            self.clusters.there.add(job["metadata"]["name"])
            self.clusters.most = max(self.clusters.most, len(self.clusters.there))

    def wait(self, job: Mapping[str, Any]) -> bool:
        assert job["metadata"]["name"] in self.clusters.there
        if self.clusters.barrier:
            self.clusters.barrier.wait(10)
        self.sleep(0.01)
        return True

    def outcome(self, job: Mapping[str, Any], report: str, *_: str) -> str:
        assert self.wait(job)
        return self.log(job, report)

    def log(self, job: Mapping[str, Any], _: str) -> str:
        with self.clusters.lock:
            self.clusters.there.discard(job["metadata"]["name"])
        return self.clusters.ends.get(_tenant(job), _passes)(_tenant(job))

    def delete(self, job: Mapping[str, Any]) -> None:
        with self.clusters.lock:
            self.clusters.there.discard(job["metadata"]["name"])


def _tenant(job: Mapping[str, Any]) -> str:
    return str(job["metadata"]["labels"]["app.kubernetes.io/instance"])


def _passes(name: str) -> str:
    return result(name, datetime.now(UTC)).model_dump_json()


def _fails(name: str) -> str:
    return result(name, datetime.now(UTC), passed=False).model_dump_json()


def _stops(name: str) -> str:
    raise KubectlError(f"job of '{name}' failed: no space left on device")


class World:
    """What a run meets."""

    def __init__(self, inventory: Path) -> None:
        self.inventory, self.bucket, self.clusters = inventory, Bucket(), Clusters()

    def tested(self, name: str, *, passed: bool = True, **before: float) -> None:
        """A result in the bucket."""
        made = result(name, datetime.now(UTC) - timedelta(**before), passed=passed)
        key = f"manifests/{name}/restore-tests/{made.started_at}.json"
        self.bucket.objects[key] = made.model_dump_json().encode()

    def ask(self, *arguments: str) -> Result:
        return RUNNER.invoke(
            app, ["restore-test", "--all-due", "--inventory", str(self.inventory), *arguments]
        )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    plan = local_plan()
    ids = {fact.id: "arn:aws:s3:::backups" for fact in plan.all_facts() if isinstance(fact, BucketFact)}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(plan, ids)), encoding="utf-8")
    made = World(path)
    monkeypatch.setattr(decommission_world, "_s3", lambda region: {"us-east-1": made.bucket}[region])
    monkeypatch.setattr(due_restore_tests, "Cluster", made.clusters)
    monkeypatch.setattr(due_restore_tests, "current_context", lambda: "production")
    return made


def states(shown: Result) -> dict[str, str]:
    """What the table says of each tenant."""
    found = re.findall(
        r"(?m)^\W*([a-z-]+)\W.*?(good|TOO OLD|NEVER TESTED|FAILED|UNREADABLE)\W*$", shown.stdout
    )
    return dict(found)


def everyone_is_fresh(world: World) -> None:
    for name in TENANTS:
        world.tested(name, days=1)


def test_those_that_are_due_are_tested_and_no_others(world: World, tmp_path: Path) -> None:
    everyone_is_fresh(world)
    world.bucket.objects = {key: each for key, each in world.bucket.objects.items() if "/cobalt/" not in key}
    for name, days in (("halcyon", 15), ("borealis", 34)):
        world.bucket.objects = {
            key: each for key, each in world.bucket.objects.items() if f"/{name}/" not in key
        }
        world.tested(name, days=days)
    evidence = tmp_path / "evidence.jsonl"
    shown = world.ask("--evidence", str(evidence))
    assert shown.exit_code == Exit.OK, shown.output
    assert states(shown) == dict.fromkeys(TENANTS, "good") | {"cobalt": "NEVER TESTED", "halcyon": "TOO OLD"}
    assert world.clusters.made == ["cobalt", "halcyon"]
    assert world.clusters.most == 1
    # What the schedule found is evidence, too: once.
    records = read(evidence)
    assert [each["tenant"] for each in records] == [
        *("acme", "acme-staging", "borealis", "halcyon", "meridian"),
        *("cobalt", "halcyon"),
    ]
    assert {each.get("context") for each in records[-2:]} == {"production"}
    world.clusters.made.clear()
    world.tested("cobalt", minutes=1)
    world.tested("halcyon", minutes=1)
    assert world.ask("--evidence", str(evidence)).exit_code == Exit.OK
    assert len(read(evidence)) == 9
    assert world.clusters.made == []


def test_evidence_says_whose_it_is_and_since_when_there_are_backups(world: World, tmp_path: Path) -> None:
    everyone_is_fresh(world)
    evidence = tmp_path / "evidence.jsonl"
    assert world.ask("--evidence", str(evidence)).exit_code == Exit.OK
    first = {each["tenant"]: each for each in read(evidence)}
    assert (first["acme"]["portfolio"], first["acme"]["client"]) == ("local", "acme-consulting")
    assert "backups" not in first["acme"]
    for day in (2, 24):
        world.bucket.objects[f"manifests/acme/2026-11-{day:02}T01:15:00Z.json"] = b"{}"
    for _ in range(2):
        assert world.ask("--check", "--evidence", str(evidence)).exit_code == Exit.OK
    more = read(evidence)[len(first) :]
    assert [each["tenant"] for each in more] == ["acme"]
    assert {name: more[0]["backups"][name] for name in ("oldest", "newest", "count")} == {
        "oldest": "2026-11-02T01:15:00Z",
        "newest": "2026-11-24T01:15:00Z",
        "count": 2,
    }


def test_a_dry_run_says_whose_and_makes_nothing(world: World, tmp_path: Path) -> None:
    world.tested("acme", days=1)
    shown = world.ask("--dry-run", "--evidence", str(tmp_path / "no" / "such" / "folder"))
    assert shown.exit_code == Exit.OK, shown.output
    assert states(shown)["acme"] == "good"
    assert list(states(shown).values()).count("NEVER TESTED") == 5
    assert world.clusters.made == []


def test_a_check_ends_with_5_when_something_is_due(world: World, tmp_path: Path) -> None:
    everyone_is_fresh(world)
    assert world.ask("--check").exit_code == Exit.OK
    world.tested("acme", passed=False, hours=1)
    evidence = tmp_path / "evidence.jsonl"
    shown = world.ask("--check", "--evidence", str(evidence))
    assert shown.exit_code == Exit.POLICY
    assert states(shown)["acme"] == "FAILED"
    assert shown.stderr.endswith("1 restore tests are due and were not made: acme\n")
    assert world.clusters.made == []
    assert [each["result"] for each in read(evidence)] == ["failed", *["ok"] * 5]


def test_one_that_fails_ends_with_1_and_keeps_no_other_from_its_test(world: World, tmp_path: Path) -> None:
    world.clusters.ends = {"acme": _fails, "borealis": _stops}
    evidence = tmp_path / "evidence.jsonl"
    shown = world.ask("--evidence", str(evidence))
    assert shown.exit_code == Exit.ERROR
    assert world.clusters.made == list(TENANTS)
    assert "acme: backup '2026-11-24T01:15:00Z' failed its restore test: dump\n" in shown.stderr
    assert "job of 'borealis' failed: no space left on device\n" in shown.stderr
    found = {each["tenant"]: each["result"] for each in read(evidence)}
    assert found == {name: "failed" if name == "acme" else "ok" for name in TENANTS if name != "borealis"}


def test_what_cannot_be_read_is_told_and_is_not_green(world: World) -> None:
    everyone_is_fresh(world)
    world.bucket.objects["manifests/acme/restore-tests/2999-01-01T00:00:00Z.json"] = b"half of a"
    for arguments in ((), ("--check",), ("--dry-run",)):
        shown = world.ask(*arguments)
        assert shown.exit_code == Exit.ERROR
        assert states(shown) == dict.fromkeys(TENANTS, "good") | {"acme": "UNREADABLE"}
        assert "acme: its restore tests cannot be read: restore test of 'acme': it has no res" in shown.stderr
    assert world.clusters.made == []


def test_a_bucket_that_refuses_is_not_one_without_results(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2")

    monkeypatch.setattr(world.bucket, "paginate", refuse)
    shown = world.ask()
    assert shown.exit_code == Exit.ERROR
    assert set(states(shown).values()) == {"UNREADABLE"}
    assert "AccessDenied" in shown.stderr
    assert world.clusters.made == []


def test_several_run_at_once_and_never_more_than_asked_for(world: World) -> None:
    world.clusters.barrier = threading.Barrier(3)
    assert world.ask("--parallel", "3").exit_code == Exit.OK
    assert sorted(world.clusters.made) == sorted(TENANTS)
    assert world.clusters.most == 3


def test_ctrl_c_takes_every_job_away_and_starts_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal reaches the main thread; Jobs are waited for in others."""
    import signal  # noqa: PLC0415

    class Hanging(FakeCluster):
        def wait(self, job: Mapping[str, Any]) -> bool:
            del job
            while True:
                self.sleep(5)

    monkeypatch.setattr(due_restore_tests, "Cluster", lambda *given: Hanging(world.clusters, *given))

    def interrupt() -> None:
        deadline = time.monotonic() + 10
        while len(world.clusters.there) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    shown = world.ask("--parallel", "2")
    assert shown.exit_code == Exit.CANCELLED
    assert sorted(world.clusters.made) == ["acme", "acme-staging"]  # whichever of two threads was first
    assert world.clusters.there == set()


def test_programs_read_where_each_stands(world: World) -> None:
    everyone_is_fresh(world)
    world.tested("halcyon", days=20, passed=True)
    shown = world.ask("--check", "-o", "json")
    assert shown.exit_code == Exit.OK
    said = json.loads(shown.stdout)
    assert {each["tenant"]: (each["state"], each["age_days"], each["most_days"]) for each in said["tenants"]}[
        "halcyon"
    ] == ("good", 1, 14)
    assert said["made"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acme",), "leave the tenant out with --all-due"),
        (("--backup", "2026-11-24T01:15:00Z"), "--backup names a backup of one tenant"),
        (("--check", "--dry-run"), "--check makes no test either"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    world: World, arguments: tuple[str, ...], message: str
) -> None:
    shown = world.ask(*arguments)
    assert shown.exit_code == Exit.CONFIGURATION
    assert message in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the tenant whose backup is to be restored, or all that are due with --all-due"),
        (("acme", "--check"), "--check and --parallel are for --all-due"),
        (("acme", "--parallel", "2"), "--check and --parallel are for --all-due"),
    ],
)
def test_one_tenant_takes_no_options_of_all(world: World, arguments: tuple[str, ...], message: str) -> None:
    shown = RUNNER.invoke(app, ["restore-test", *arguments, "--inventory", str(world.inventory)])
    assert shown.exit_code == Exit.CONFIGURATION
    assert message in shown.stderr
