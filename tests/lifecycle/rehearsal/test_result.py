from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import LifecycleError
from lifecycle.evidence import append, read
from lifecycle.rehearsal.recovery import Promise
from lifecycle.rehearsal.result import RehearsalResult, rehearsal_result
from lifecycle.rehearsal.tried import tried_recoveries
from lifecycle.restore_test.owner import Owner
from tests.lifecycle.rehearsal.results import PROMISE, line, result
from tests.sampling import examples

WRONG = {"name": "login page", "expected": "status 200", "found": "no answer", "ok": False}


def test_the_last_line_that_is_a_result_is_the_result() -> None:
    first = line(result="failed", checks=[WRONG], rto_seconds=None, phases=None)
    assert rehearsal_result(f"noise\n{first}\n{line()}\nnoise\n", "acme").passed
    failed = rehearsal_result(first, "acme")
    assert [each.name for each in failed.faults] == ["login page"]


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("", "it has no result; the last line of its log is: nothing"),
        ("cannot: no space", "it has no result; the last line of its log is: cannot: no space"),
        (line(more=1), "is no result of a rehearsal: more: "),
        (line(version=2), "is no result of a rehearsal: version: "),
        (line(tenant="borealis"), "the result belongs to 'borealis'"),
        (line(rto_seconds=1), "its phases take 70 s, its rto_seconds are 1"),
        (line(rto_seconds=None), "its phases take 70 s, its rto_seconds are None"),
        (line(checks=[WRONG]), "the result is 'ok', its checks say otherwise"),
        (line(checks=[]), "the result is 'ok', its checks say otherwise"),
        (line(rpo_seconds=None), "it passed, and nothing was measured"),
        (line(newest_record_at="yesterday"), "is no result of a rehearsal: newest_record_at: "),
    ],
)
def test_what_is_no_result_is_not_taken_for_one(log: str, message: str) -> None:
    with pytest.raises(LifecycleError) as caught:
        rehearsal_result(log, "acme")
    assert message in str(caught.value)


@examples(30, of=300)
@given(rto=st.integers(0, 10_000), rpo=st.integers(0, 10_000), most=st.integers(1, 10_000))
def test_a_promise_is_kept_up_to_its_last_second(rto: int, rpo: int, most: int) -> None:
    phases = {"wait": 0, "fetch": 0, "restore": 0, "files": 0, "start": rto}
    made = result(rto_seconds=rto, rpo_seconds=rpo, phases=phases)
    slow = list(made.shortfalls(Promise(rto_seconds=most, rpo_seconds=most)))
    assert [each[:3] for each in slow] == [n for n, found in (("RTO", rto), ("RPO", rpo)) if found > most]


def test_where_a_standby_is_a_failover_loses_what_it_lacks() -> None:
    assert list(result(rpo_seconds=20_000, standby_lag_seconds=300).shortfalls(PROMISE)) == []
    (slow,) = result(rpo_seconds=100, standby_lag_seconds=301).shortfalls(PROMISE)
    assert slow == "RPO measured 5 min 1 s, promised 5 min 0 s"


def test_evidence_says_what_was_promised_then_and_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    made = result(rpo_seconds=20_000)
    append(path, {**made.as_evidence(PROMISE), "context": "region-two"})
    append(path, {"at": "2026-11-24T13:00:00Z", "step": "restore-test"})
    record = read(path)[0]
    assert (record["step"], record["promise_kept"], record["promised_rpo_seconds"]) == (
        "rehearsal",
        False,
        300,
    )
    ((at, told),) = tried_recoveries(path)
    assert (at.isoformat(), told) == ("2026-11-24T12:03:20+00:00", made)


def test_evidence_that_nobody_can_read_is_not_nothing(tmp_path: Path) -> None:
    path = tmp_path / "evidence.jsonl"
    append(path, {**json.loads(line(rto_seconds=1)), "at": "2026-11-24T13:00:00Z", "step": "rehearsal"})
    with pytest.raises(LifecycleError, match=r"evidence\.jsonl:1: is no result of a rehearsal"):
        list(tried_recoveries(path))


def test_every_field_is_written_down() -> None:
    said: dict[str, Any] = json.loads(line())
    assert said.keys() == RehearsalResult.model_fields.keys() - {*Owner._fields}
