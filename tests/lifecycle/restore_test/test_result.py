from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.evidence import append, read
from lifecycle.restore_test.result import restore_result


def line(**changes: Any) -> str:
    """What the pod of a test of `acme` prints."""
    check = {"name": "rows", "expected": "2", "found": "2", "ok": True}
    said = {
        "tenant": "acme",
        "backup": "2026-11-24T01:15:00Z",
        "taken_at": "2026-11-24T01:15:00Z",
        "started_at": "2026-11-24T12:00:00Z",
        "finished_at": "2026-11-24T12:03:20Z",
        "seconds": 200,
        "restore_seconds": 150,
        "dump_bytes": 1000,
        "database_bytes": 9000,
        "file_bytes": 70,
        "checks": [check],
        "result": "ok",
    }
    return json.dumps(said | changes)


WRONG = {
    "name": "rows",
    "expected": "2",
    "found": "1",
    "ok": False,
    "differences": ["res_users: 1, expected 2"],
}


def test_the_last_line_that_is_a_result_is_the_result() -> None:
    first = line(result="failed", checks=[WRONG])
    log = f"waiting for server to start\n{first}\n{line()}\nwaiting for server to shut down\n"
    assert restore_result(log, "acme").passed
    failed = restore_result(first, "acme")
    assert not failed.passed
    assert [check.name for check in failed.faults] == ["rows"]
    assert failed.faults[0].differences == ("res_users: 1, expected 2",)


def test_a_database_and_files_may_be_larger_than_a_terabyte() -> None:
    large = dict.fromkeys(("dump_bytes", "database_bytes", "file_bytes"), 3 * 2**40)
    assert restore_result(line(**large), "acme").file_bytes == 3 * 2**40


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("", "it has no result; the last line of its log is: nothing"),
        ("initdb failed: no space", "it has no result; the last line of its log is: initdb failed: no space"),
        (f"{line()[:-1]}\n", "it has no result"),
        (line(more=1), "it has no result"),
        (line(tenant="borealis"), "the result belongs to 'borealis'"),
        (line(checks=[WRONG]), "the result is 'ok', its checks say otherwise"),
        (line(checks=[]), "the result is 'ok', its checks say otherwise"),
        (line(result="failed"), "the result is 'failed', its checks say otherwise"),
    ],
)
def test_what_is_no_result_is_not_taken_for_one(log: str, message: str) -> None:
    with pytest.raises(LifecycleError) as caught:
        restore_result(log, "acme")
    assert str(caught.value).startswith("restore test of 'acme': ")
    assert message in str(caught.value)


def test_a_result_is_evidence(tmp_path: Any) -> None:
    path = tmp_path / "evidence.jsonl"
    append(path, restore_result(line(), "acme").as_evidence())
    (record,) = read(path)
    assert (record["at"], record["step"], record["result"]) == ("2026-11-24T12:03:20Z", "restore-test", "ok")
    assert record["checks"] == [
        {"name": "rows", "expected": "2", "found": "2", "ok": True, "differences": []}
    ]
