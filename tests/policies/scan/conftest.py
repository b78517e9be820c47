"""What tests of the scan start from: a strong stack, and a program in checkov's place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from policies.scan.registered import Registered, load
from tests.policies.scan.declared import exported_state, production_of_every_tier

FakeCheckov = Callable[..., Path]


@pytest.fixture(scope="session")
def strong_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported state of production tenants of every tier."""
    path = tmp_path_factory.mktemp("scan") / "strong.json"
    path.write_text(json.dumps(exported_state(production_of_every_tier())), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def strong(strong_state: Path) -> list[Registered]:
    """What is registered for them."""
    return load(strong_state)


@pytest.fixture
def fake_checkov(tmp_path: Path) -> FakeCheckov:
    """Makes a program that prints a report, ends with a code and remembers how it was called."""

    def make(report: Any, code: int = 0) -> Path:
        folder = tmp_path / "checkov"
        folder.mkdir()
        text = report if isinstance(report, str) else json.dumps(report)
        (folder / "report").write_text(text, encoding="utf-8")
        program = folder / "checkov"
        program.write_text(
            f'#!/bin/sh\necho "$@" > "{folder}/arguments"\nenv > "{folder}/environment"\n'
            f'find "$2" -type f > "{folder}/files"\ncat "{folder}/report"\n'
            f"echo first >&2; echo last >&2\nexit {code}\n",
            encoding="utf-8",
        )
        program.chmod(0o755)
        return program

    return make


def reported(framework: str, *failed: tuple[str, str, str], passed: int = 1) -> dict[str, Any]:
    """A framework's part of what checkov prints."""
    return {
        "check_type": framework,
        "results": {
            "failed_checks": [
                {"check_id": rule, "resource": resource, "check_name": title}
                for rule, resource, title in failed
            ],
            "parsing_errors": [],
        },
        "summary": {"passed": passed, "failed": len(failed)},
    }
