from __future__ import annotations

from typing import Any

import pytest

from policies.scan import __main__ as command
from policies.scan.__main__ import Exit
from tests.policies.scan import run as script
from tests.policies.scan.conftest import FakeCheckov, reported


def finding(number: int) -> tuple[str, str, str]:
    return (f"CKV_AWS_{number}", "aws_s3_bucket.x", "a rule")


def ended(monkeypatch: pytest.MonkeyPatch, checkov: Any, strong: Exit) -> int:
    monkeypatch.setattr(script, "CHECKOV", checkov)
    monkeypatch.setattr(script, "_strong", dict)
    monkeypatch.setattr(script, "main", lambda _: strong)
    return script.run()


@pytest.mark.parametrize("strong", [Exit.OK, Exit.POLICY])
def test_it_ends_as_the_strong_stack_does_when_the_weak_one_fails(
    strong: Exit,
    monkeypatch: pytest.MonkeyPatch,
    fake_checkov: FakeCheckov,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = [finding(number) for number in range(60)]
    checkov = fake_checkov([reported("terraform_plan", *failed), reported("kubernetes", *failed)])
    assert ended(monkeypatch, checkov, strong) == strong
    assert capsys.readouterr().out.endswith("terraform_plan         1      60       0\n")


def test_a_scan_that_finds_the_weak_stack_good_fails(
    monkeypatch: pytest.MonkeyPatch, fake_checkov: FakeCheckov, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = [finding(number) for number in range(60)]
    checkov = fake_checkov([reported("terraform_plan", finding(1)), reported("kubernetes", *failed)])
    assert ended(monkeypatch, checkov, Exit.OK) == Exit.POLICY
    assert "the weak stack fails less than it must" in capsys.readouterr().err


def test_bad_input_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(monkeypatch, command.CHECKOV / "nowhere", Exit.BAD_INPUT) == Exit.BAD_INPUT


def test_the_weak_stack_must_fail_forty_times() -> None:
    assert sum(script.LEAST_FAILURES.values()) >= 40
    assert all(least > 0 for least in script.LEAST_FAILURES.values())
