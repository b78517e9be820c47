from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.errors import LifecycleError
from lifecycle.stack_resources import Preview


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` that notes how it was called, prints what a file says and ends as another says."""
    tool = tmp_path / "pulumi"
    tool.write_text(
        f'#!/bin/bash\necho "$@" >> {tmp_path}/called\n[ -f {tmp_path}/err ] && cat {tmp_path}/err >&2\n'
        f"[ -f {tmp_path}/out ] && cat {tmp_path}/out\nexit $(cat {tmp_path}/code 2>/dev/null || echo 0)\n",
        encoding="utf-8",
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def answers(folder: Path, document: Any, code: int = 0) -> None:
    (folder / "out").write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    (folder / "code").write_text(str(code), encoding="utf-8")


def step(op: str, name: str, *, custom: bool = True) -> dict[str, Any]:
    return {"op": op, "urn": name, "oldState": {"custom": custom}}


def test_a_preview_says_what_goes_and_what_is_made_anew(pulumi: Path) -> None:
    steps = [
        step("delete", "a"),
        step("delete", "component", custom=False),
        step("same", "b"),
        step("update", "c"),
        step("replace", "d"),
        step("create-replacement", "d"),
        step("delete-replaced", "d"),
    ]
    answers(pulumi, {"steps": steps})
    preview = Stack("local", pulumi).preview()
    assert preview == Preview(frozenset({"a"}), frozenset({"d"}), frozenset({"c"}))
    called = (pulumi / "called").read_text(encoding="utf-8")
    assert called == f"preview --json --stack local --cwd {pulumi} --non-interactive\n"


def test_a_preview_that_failed_says_so(pulumi: Path) -> None:
    answers(pulumi, {"steps": [], "diagnostics": [{"severity": "error", "message": "no\nway"}]})
    with pytest.raises(LifecycleError, match="the preview failed: no way"):
        Stack("local", pulumi).preview()


def test_state_is_what_pulumi_exports(pulumi: Path) -> None:
    answers(pulumi, {"deployment": {}})
    assert Stack("local", pulumi).state() == {"deployment": {}}


@pytest.mark.parametrize(
    ("out", "code", "message"), [("nothing", 0, "printed no JSON"), ("[]", 0, "exported no state")]
)
def test_an_answer_that_is_none_is_reported(pulumi: Path, out: str, code: int, message: str) -> None:
    answers(pulumi, out, code)
    with pytest.raises(LifecycleError, match=message):
        Stack("local", pulumi).state()


def test_what_pulumi_says_of_a_failure_is_passed_on(pulumi: Path) -> None:
    answers(pulumi, "", 255)
    (pulumi / "err").write_text("error: no\nstack", encoding="utf-8")
    with pytest.raises(LifecycleError, match="`pulumi stack` failed: error: no stack"):
        Stack("local", pulumi).state()
    with pytest.raises(LifecycleError, match="it continues where it stopped"):
        Stack("local", pulumi).up()


def test_without_pulumi_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LifecycleError, match="pulumi is not on PATH"):
        Stack("local", tmp_path).up()


def test_history_is_read_as_far_back_as_somebody_looks(pulumi: Path) -> None:
    updates = [{"version": number} for number in range(101)]
    pages = {1: updates[:50], 2: updates[50:100], 3: updates[100:]}
    for number, page in pages.items():
        (pulumi / f"page-{number}").write_text(json.dumps(page), encoding="utf-8")
    asked = '$(sed "s/.*--page //; s/ .*//" <<<"$*")'
    said = f'#!/bin/bash\necho "$@" >> {pulumi}/called\ncat {pulumi}/page-{asked}\n'
    (pulumi / "pulumi").write_text(said, encoding="utf-8")
    told = Stack("local", pulumi).history()
    assert [next(told) for _ in range(60)] == updates[:60]
    called = (pulumi / "called").read_text(encoding="utf-8").splitlines()
    assert [each.split()[:5] for each in called] == [["stack", "history", "--json", "--page-size", "50"]] * 2
    assert list(told) == updates[60:]  # a page that is not full is the last
    (pulumi / "page-1").write_text("{}", encoding="utf-8")
    with pytest.raises(LifecycleError, match="printed no history"):
        next(Stack("local", pulumi).history())
