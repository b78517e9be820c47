"""Plans, evidence and manifests that version 0.1 wrote, read by the code of today (`tests/stored.py`)."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from allocation.prices.price_book import load_price_book
from cli.console.exit_codes import Exit
from lifecycle import evidence
from lifecycle.decommission.final_backup import FinalBackups
from lifecycle.decommission.plan import DecommissionPlan, read_plan
from lifecycle.decommission.retained import Kind, RemainingResource
from lifecycle.decommission.steps import Decommission
from lifecycle.errors import RefusedError
from lifecycle.in_place.downtime import downtime_of, record_of
from lifecycle.rehearsal.tried import tried_recoveries
from lifecycle.restore_test.result import restore_result
from lifecycle.stack_resources import targets_of
from tests.lifecycle.decommission.test_final_backup import Bucket
from tests.lifecycle.test_downtime import AT, HISTORY, NOW, plan_at_restore
from tests.lifecycle.test_downtime import state as restored_state
from tests.lifecycle.world import World
from tests.portfolios import catalog
from tests.stored import BILLED, STORED, as_json, costack, differences, stored
from tiers.vocabulary import ResilienceClass

LIFE = STORED / "lifecycle"
ENDED = ("sandbox", "production")
STEPS = ["guard", "stand-still", "save", "hand-over", "unprotect", "take-away", "delete-copies", "remains"]
"""As the stored evidence calls them, whatever they are called by now."""
LATER = timedelta(hours=12)
"""After the last line of the evidence, and while the plan is valid."""


def plan_of(name: str) -> DecommissionPlan:
    return read_plan(LIFE / f"{name}.plan.json")


def end(plan: DecommissionPlan, world: World, record: Path) -> Decommission:
    prices = load_price_book(plan.currency, regions=plan.regions)
    return Decommission(plan, world, prices, record, plan.phrase, plan.stack)


def ledger(name: str) -> list[dict[str, Any]]:
    """What the evidence of an end says is kept."""
    kept: list[dict[str, Any]] = evidence.read(LIFE / f"{name}.evidence.jsonl")[-1]["inputs"]["kept"]
    return kept


@pytest.mark.parametrize("name", ENDED)
def test_of_an_end_that_is_over_nothing_is_done_again(name: str, tmp_path: Path) -> None:
    plan, record = plan_of(name), Path(shutil.copy(LIFE / f"{name}.evidence.jsonl", tmp_path))
    before = evidence.read(record)
    assert [line["step"] for line in before] == STEPS
    there = {
        RemainingResource(Kind(each["what"]), each["id"], each["region"], each["gib"])
        for each in ledger(name)
    }
    world = World(written=None, holds=there, clock=plan.made_at + LATER)
    remains = end(plan, world, record).run()
    assert (world.calls, evidence.read(record)) == ([], before)
    for old, new in zip(ledger(name), remains.retained, strict=True):
        del old["per_month"]  # prices change
        if old["id"].startswith("rds:"):
            assert "automated backup" in new.because
            del old["because"]  # it says since 0.2 with what it is billed
        assert list(differences(old, new.document())) == []


@pytest.mark.parametrize("name", ENDED)
def test_an_end_that_stopped_goes_on_where_its_evidence_ends(name: str, tmp_path: Path) -> None:
    lines = (LIFE / f"{name}.evidence.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    record = tmp_path / "evidence.jsonl"
    record.write_text("".join(lines[: STEPS.index("delete-copies")]), encoding="utf-8")
    plan = plan_of(name)
    world = World(written=None, clock=plan.made_at + LATER)
    end(plan, world, record).run()
    assert world.calls == ["delete copies"]


@pytest.mark.parametrize("name", ENDED)
def test_a_plan_that_is_too_old_is_refused(name: str, tmp_path: Path) -> None:
    plan, record = plan_of(name), tmp_path / "evidence.jsonl"
    world = World(written=None, clock=plan.made_at + timedelta(days=2))
    with pytest.raises(RefusedError, match="the plan expired at 2026-1"):
        end(plan, world, record).run()
    assert (world.calls, record.exists()) == ([], False)


def test_a_plan_says_what_to_type() -> None:
    said = costack(
        "decommission", "--stack", "local", "--apply", LIFE / "sandbox.plan.json", code=Exit.POLICY
    )
    assert f"confirm it with --phrase '{plan_of('sandbox').phrase}'" in said.stderr


def test_a_stored_state_holds_what_the_plan_names() -> None:
    assert (
        targets_of(stored("lifecycle/state.json"), plan_of("sandbox").tenant, "state")
        == plan_of("sandbox").targets
    )


def test_what_is_kept_is_charged_to_the_client_of_the_plan() -> None:
    bill = ("--bill", LIFE / "ended.bill.csv", *BILLED)
    told = as_json("allocate", *bill, "--ended", LIFE / "production.plan.json")
    (line,) = [each for each in told["tenants"] if each["tenant"] == "cobalt"]
    assert [line[name] for name in ("client", "environment", "tier", "direct", "fee")] == [
        "cobalt-legal",
        "production",
        "dedicated-db",
        "5.75",
        "0.00",
    ]


def test_a_restore_test_is_a_result_and_evidence() -> None:
    (record,) = evidence.read(LIFE / "restore-test.evidence.jsonl")
    result = restore_result((LIFE / "restore-test.json").read_text(encoding="utf-8"), "acme")
    assert (record["step"], record["result"], result.passed) == ("restore-test", "ok", True)
    assert list(differences(result.model_dump(mode="json", exclude_unset=True), record)) == []


def test_evidence_of_a_restore_in_place_says_what_it_says_now() -> None:
    (record,) = evidence.read(STORED.parent / "0.3" / "lifecycle" / "restore.evidence.jsonl")
    took = downtime_of(restored_state("cobalt"), HISTORY, "cobalt")
    promise = catalog().classes.resilience_classes[ResilienceClass.STANDARD]
    (plan,) = plan_at_restore("cobalt").tenants
    now = record_of(plan, took, AT, promise, NOW)
    assert list(differences({k: v for k, v in record.items() if k != "before"}, dict(now))) == []


def test_a_failover_is_a_result_and_evidence() -> None:
    path = STORED.parent / "0.3" / "lifecycle" / "failover.evidence.jsonl"
    closed, lost = (result for _, result in tried_recoveries(path))
    assert [(each.rto_seconds, each.rpo_seconds, each.passed) for each in (closed, lost)] == [
        (1572, 0, True),
        (980, 41, True),
    ]
    for record, result in zip(evidence.read(path), (closed, lost), strict=True):
        assert list(differences(result.model_dump(mode="json", exclude_unset=True), record)) == []


def test_a_dump_is_found_by_its_manifest() -> None:
    said = stored("lifecycle/manifest.json")
    bucket = Bucket()
    bucket.objects[f"manifests/acme/{said['started']}.json"] = json.dumps(said).encode()
    bucket.objects[f"dumps/acme/{said['started']}.dump"] = bytes(said["dump_bytes"])
    found = FinalBackups(bucket, "backups", "acme").last(said["last"])
    assert found is not None
    assert (found.key, found.sha256) == (f"dumps/acme/{said['started']}.dump", said["sha256"])


def test_a_job_that_restores_is_made_from_a_stored_inventory() -> None:
    inventory = ("--inventory", STORED / "local" / "inventory.json")
    job = as_json("restore-test", "acme", *inventory, "--backup", "2026-11-24T01:15:00Z", "--dry-run")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert (given["PREFIX"], given["TENANT"], job["metadata"]["namespace"]) == (
        "acme",
        "acme",
        "odoo-production",
    )
    assert given["BUCKET"].startswith("local-backups-")


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    """What `pulumi preview --json --show-sames` said."""
    path = tmp_path / "preview.json"
    path.write_bytes(gzip.decompress((STORED / "local" / "pulumi-preview.json.gz").read_bytes()))
    return path


def test_a_stored_preview_of_pulumis_is_what_a_change_costs(preview: Path) -> None:
    told = as_json("preview", "--plan", preview, "--period", "2026-11")
    kinds = {each["tenant"]: (each["kind"], each.get("tier", {})) for each in told["tenants"]}
    assert kinds["cobalt"] == ("moved", {"before": "dedicated-db", "after": "ha-postgresql"})
    assert kinds["delos"] == ("new", {"before": None, "after": "dedicated-db"})
    assert len(kinds) == 8


def test_what_was_built_before_is_matched_with_a_stored_preview(preview: Path, tmp_path: Path) -> None:
    out = tmp_path / "import.json"
    estate = STORED / "local" / "estate.csv"
    said = costack("import", "--csv", estate, "--plan", preview, "--out", out)
    assert "lacks cost/client=delos-shipping" in said.output
    made = json.loads(out.read_text(encoding="utf-8"))
    before = stored("local/import.json")
    assert [each for each in made["resources"] if "component" not in each] == before["resources"]
    # A parent that the stack does not have yet was a name without a resource, which `pulumi import` refuses.
    components = {each["name"]: each["logicalName"] for each in made["resources"] if "component" in each}
    assert components == {name: urn.rpartition("::")[2] for name, urn in before["nameTable"].items()}
