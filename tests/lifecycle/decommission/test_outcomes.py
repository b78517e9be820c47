"""Evidence says what was done, not what the step is for; files of before stay readable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle import evidence
from lifecycle.decommission.outcomes import BACK_UP, EXPORT, GUARD, REMOVE, STEPS, STOP, VERIFY, outcome
from lifecycle.decommission.retained import Kind
from lifecycle.decommission.savings import IDLE, sentence
from lifecycle.decommission.summary import goes, steps
from lifecycle.errors import LifecycleError, ManualStepError
from tests.lifecycle.decommission.test_steps import ended
from tests.lifecycle.world import START, World, ending_plan, production, sandbox, urn, world_of
from tests.stored import STORED
from tests.test_stored_lifecycle import ENDED
from tiers.facts.names import CLOSING_JOBS

REQUESTED: dict[str, Any] = {"requested_dump": True}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def lines_of(record: Path) -> dict[str, dict[str, Any]]:
    return {line["step"]: line for line in evidence.read(record)}


def test_where_no_dump_is_made_nothing_says_that_one_was(record: Path) -> None:
    plan = ending_plan(sandbox())
    assert any("no dump: this offer has none" in line for line in steps(plan))
    ended(world_of(sandbox()), plan, record).run()
    lines = lines_of(record)
    assert lines[BACK_UP]["outcome"] == "no dump: this offer has none"
    assert lines[EXPORT]["outcome"] == "nothing was exported: there is no dump"
    assert not any("is there and" in line["outcome"] for line in lines.values())


def test_the_counts_of_phrase_and_evidence_agree(record: Path) -> None:
    plan, world = ending_plan(sandbox()), world_of(sandbox())
    closing = frozenset(urn(f"acme-{job}", "kubernetes:batch/v1:Job") for job in CLOSING_JOBS[1:])
    there = World.urns
    world.urns = lambda: there(world) | (closing if world.live and world.calls else frozenset())  # type: ignore[method-assign]
    ended(world, plan, record).run()
    lines = lines_of(record)
    assert plan.phrase.endswith(f": {lines[GUARD]['inputs']['resources']} resources")
    assert lines[REMOVE]["inputs"]["resources"] == len(plan.targets)
    assert lines[REMOVE]["inputs"]["made_to_end_it"] == 2
    assert f"all {len(plan.targets)} resources of the plan are gone, and 2 that" in lines[REMOVE]["outcome"]
    assert list(goes(plan))[-1].endswith(f"; {len(plan.targets)} in all")


def test_what_the_end_saves_is_said_with_who_pays_the_rest(record: Path) -> None:
    remains = ended(world_of(sandbox()), ending_plan(sandbox()), record).run()
    assert remains.savings is not None
    assert sentence(remains.savings, "acme") == (
        "the bill falls by 64.65 of the 94.44 USD a month that acme is estimated to cost; who pays the other "
        f"29.79: borealis 9.79, {IDLE} 20.00"
    )
    assert remains.savings == lines_of(record)[GUARD]["inputs"]["savings"]


def test_what_cannot_be_estimated_is_unknown_and_stops_nobody(record: Path) -> None:
    world = world_of(sandbox())
    world.savings = lambda: {"unknown": "no price of a node"}  # type: ignore[method-assign]
    remains = ended(world, ending_plan(sandbox()), record).run()
    assert remains.savings is not None
    assert sentence(remains.savings, "acme") == "by how much the bill falls is unknown: no price of a node"


def test_a_dump_that_was_asked_for_is_made_and_stays_for_a_time_at_a_price(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox(), **REQUESTED)
    world.approved = REQUESTED
    remains = ended(world, plan, record).run()
    lines = lines_of(record)
    assert lines[STOP]["inputs"]["file_changed"]
    assert "has 4,096 bytes, and its length is that of its manifest" in lines[BACK_UP]["outcome"]
    assert lines[EXPORT]["outcome"].startswith("nothing was exported: its offer has no export")
    dump, files = remains.retained
    assert (dump.resource.what, files.resource.what) == (Kind.DUMPS, Kind.FILES)
    assert (dump.until - START).days == 97
    assert "S3 deletes them by the bucket's rule" in dump.because
    assert files.units == 230000000  # 1 GiB at 0.023
    assert lines[VERIFY]["outcome"] == "searched by tag and by name: 2 retained"
    assert ended(world, plan, record).run() == remains


def test_what_an_import_that_was_given_up_has_left_is_kept_by_name(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox(), **REQUESTED)
    world.approved, world.uploaded = REQUESTED, 1 << 30
    *_, left = ended(world, plan, record).run().retained
    assert left.resource.id == "s3://backups/filestores/acme.upload/"
    assert "no rule deletes them" in left.because


def test_it_is_named_also_where_no_last_dump_was_made(record: Path) -> None:
    """A sandbox that never had backups has had the upload all the same."""
    world, plan = world_of(sandbox()), ending_plan(sandbox())
    assert not ended(world, plan, record).run().retained
    world = world_of(sandbox())
    world.uploaded = 1 << 30
    (left,) = ended(world, plan, record.with_name("other.jsonl")).run().retained
    assert left.resource.id == "s3://backups/filestores/acme.upload/"
    assert left.units == 230000000


def test_without_the_dump_that_was_asked_for_nothing_is_deleted(record: Path) -> None:
    world, plan = world_of(sandbox()), ending_plan(sandbox(), **REQUESTED)
    world.approved, world.dumps_work = REQUESTED, False
    with pytest.raises(ManualStepError, match="acme-final-backup makes it"):
        ended(world, plan, record).run()
    assert world.live is not None
    assert world.live.protected


def test_an_empty_database_is_told_and_not_dumped(record: Path) -> None:
    from lifecycle.decommission.final_backup import FinalBackup  # noqa: PLC0415

    world, plan = world_of(sandbox()), ending_plan(sandbox(), **REQUESTED)
    world.approved = REQUESTED
    world.dumps.append(FinalBackup(START, "", "", 0, empty=True))
    remains = ended(world, plan, record).run()
    assert lines_of(record)[BACK_UP]["outcome"] == "no dump: its database has no table, and it has no file"
    assert remains.retained == ()


@pytest.mark.parametrize("name", ENDED)
def test_every_step_of_version_0_1_has_an_outcome(name: str) -> None:
    told = [
        outcome(line["step"], line["inputs"])
        for line in evidence.read(STORED / "lifecycle" / f"{name}.evidence.jsonl")
    ]
    assert len(told) == len(STEPS)
    assert all(told)


def test_production_says_what_it_had_before(record: Path) -> None:
    ended(world_of(production()), ending_plan(production()), record).run()
    lines = lines_of(record)
    assert lines[EXPORT]["outcome"].startswith("copied to exports/")
    with pytest.raises(KeyError):
        outcome("another", {})
    assert issubclass(ManualStepError, LifecycleError)
