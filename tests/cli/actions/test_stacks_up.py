"""`costack stacks up` and `split`: what is done, written down and left out, with a `pulumi` of the test."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.actions.provision.cells import up as action
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters.automation import update
from lifecycle.cells import updates
from tests.tiers.plan.cells.portfolios import in_cells
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK

PLATFORM, CELL, OTHER = "local-platform", "local-cell-1", "local-cell-2"
ALL = [PLATFORM, CELL, OTHER, "local-tenant-cobalt", "local-tenant-halcyon", "local-tenant-meridian"]
HISTORY = {"kind": "update", "startTime": "2026-12-01T00:00:00.000Z", "message": "", "environment": {}}
DONE = {
    **HISTORY,
    "config": {},
    "result": "succeeded",
    "version": 1,
    "resourceChanges": {"same": 9, "update": 2},
}
ANSWERS: dict[str, Any] = {
    "version": "v3.259.0",
    "stack output": {},
    "stack history": [{**DONE, "endTime": "2026-12-01T00:00:00.000Z"}],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one portfolio in cells."""
    in_cells(tmp_path / "portfolios")
    (tmp_path / "Pulumi.yaml").write_text("name: costack\nruntime: python\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Path]:
    """Puts a `pulumi` on PATH that answers by the first words of a command, and writes each command down.

    What it has no answer to it does and says nothing; an answer of text is an error.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def answering(answers: dict[str, Any]) -> Path:
        program = (
            "import json, sys\n"
            f"answers = json.loads({json.dumps(answers)!r})\n"
            "words = sys.argv[1:]\n"
            f"open({str(folder / 'asked')!r}, 'a').write(json.dumps(words) + chr(10))\n"
            "if '--stack' in words: words.append(words[words.index('--stack') + 1])\n"
            "for key, answer in answers.items():\n"
            "    if all(word in words for word in key.split()):\n"
            "        if isinstance(answer, str) and not answer.startswith('v'):\n"
            "            sys.exit('error: ' + answer)\n"
            "        print(answer if isinstance(answer, str) else json.dumps(answer)); break\n"
        )
        (folder / "fake.py").write_text(program, encoding="utf-8")
        script = folder / "pulumi"
        words = f"{shlex.quote(sys.executable)} {shlex.quote(str(folder / 'fake.py'))}"
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        return folder / "asked"

    return answering


def stacks(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["stacks", *arguments, "--cwd", str(project)])


def test_an_update_that_failed_goes_on_with_the_journal(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, begun = {CELL}, list[str]()

    def one(name: str, **_: object) -> updates.Result:
        begun.append(name)
        return updates.Result(
            name not in failing, "2 update" if name not in failing else "error: no such class"
        )

    monkeypatch.setattr(action, "update", one)
    journal = str(project / "journal.jsonl")
    failed = stacks(project, "up", "--parallel", "1", "--journal", journal)
    assert failed.exit_code == Exit.ERROR
    assert "[2/6] local-cell-1: FAILED: error: no such class" in failed.stderr
    assert "1 of 2 updates failed (local-cell-1), 4 were not begun" in failed.stderr
    assert json.loads(failed.stdout)["not_begun"] == ALL[2:]
    failing.clear()
    begun.clear()
    again = stacks(project, "up", "--parallel", "1", "--journal", journal)
    assert (again.exit_code, begun) == (Exit.OK, ALL[1:])
    assert json.loads(again.stdout)["updated_before"] == [PLATFORM]
    begun.clear()
    file = project / "portfolios" / "local" / "tenants" / "borealis.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("borealis.odoo", "borealis.erp"), encoding="utf-8"
    )
    assert stacks(project, "up", "--journal", journal).exit_code == Exit.OK
    assert begun == [OTHER]


def test_one_stack_is_updated_by_the_automation_api(
    project: Path, pulumi: Callable[[dict[str, Any]], Path]
) -> None:
    asked = pulumi(ANSWERS)
    assert update(CELL, project, ["policies"], None) == updates.Result(True, "9 same, 2 update")
    (up,) = (line for line in map(json.loads, asked.read_text(encoding="utf-8").splitlines()) if "up" in line)
    assert {"--yes", "--skip-preview", "--stack", CELL, "--policy-pack", "policies"} <= set(up)
    pulumi({**ANSWERS, "up": "the class is unknown"})
    failed = update(CELL, project, [], project / "logs")
    assert (failed.succeeded, failed.told) == (False, "error: the class is unknown")
    pulumi({"select": f"no stack named '{CELL}' found", **ANSWERS})
    missing = update(CELL, project, [], None)
    assert missing.told.startswith("the backend has no such stack; run `costack stacks split`")


def exported(stack: str, *tenants: str, platform: bool = False) -> dict[str, Any]:
    begins = f"urn:pulumi:{stack}::costack::"
    urns = [f"{begins}{TENANT_STACK}::{tenant}" for tenant in tenants]
    urns += [f"{begins}{SHARED_PLATFORM}::local"] if platform else []
    return {"deployment": {"resources": [{"urn": urn} for urn in urns]}}


def test_a_split_is_printed_and_nothing_is_done(
    project: Path, pulumi: Callable[[dict[str, Any]], Path]
) -> None:
    whole = exported("local", "acme", "acme-staging", "borealis", platform=True)
    asked = pulumi({"ls": [{"name": "local"}, {"name": "organization/costack/other"}], "export local": whole})
    done = stacks(project, "split")
    assert done.exit_code == Exit.OK, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "pulumi config set costack:stack platform --stack local"
    assert lines[1] == "pulumi stack rename local-platform --stack local"
    urn = "urn:pulumi:local-platform::costack::costack:index:TenantStack::"
    assert (
        f"pulumi state move --yes --source local-platform --dest local-cell-1 {urn}acme {urn}acme-staging"
        in lines
    )
    assert "nothing was done; stop whatever updates these stacks, then give --yes" in done.stderr
    words = [json.loads(line)[:2] for line in asked.read_text(encoding="utf-8").splitlines()]
    assert words == [["stack", "ls"], ["stack", "export"]]


def test_a_split_stops_where_pulumi_fails(project: Path, pulumi: Callable[[dict[str, Any]], Path]) -> None:
    whole = exported("local", "acme", platform=True)
    pulumi({"ls": [{"name": "local"}], "export local": whole, "rename": "the stack is locked"})
    done = stacks(project, "split", "--yes")
    assert done.exit_code == Exit.ERROR
    assert "`pulumi stack rename` ended with 1; correct the error above" in done.stderr
    pulumi({"ls": [{"name": "other"}]})
    none = stacks(project, "split")
    assert none.exit_code == Exit.CONFIGURATION
    assert "the backend has no stack 'local' or 'local-platform'" in none.stderr
    pulumi({"ls": "PULUMI_ACCESS_TOKEN must be set"})
    assert stacks(project, "split").exit_code == Exit.ERROR
