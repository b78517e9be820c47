from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.actions.decommission.plans as action
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.plan import read_plan
from tests.portfolios import local_plan
from tiers.inventory import Inventory, exported

NOT_DUE = datetime(2026, 12, 1, tzinfo=UTC)
URN = "urn:pulumi:mine::costack::costack:index:TenantStack$aws:s3/bucket:Bucket::borealis-migration-files"
STATE = {
    "deployment": {
        "resources": [
            {
                "urn": "urn:pulumi:mine::costack::costack:index:TenantStack::borealis-migration",
                "type": "costack:index:TenantStack",
                "custom": False,
            },
            {
                "urn": URN,
                "type": "aws:s3/bucket:Bucket",
                "custom": True,
                "id": "files",
                "parent": "urn:pulumi:mine::costack::costack:index:TenantStack::borealis-migration",
            },
        ]
    }
}


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The committed tenants, as deployed in the stack `mine`, before the sandbox is due."""
    inventory = Inventory.model_validate_json(json.dumps(exported(local_plan(), {})))
    monkeypatch.setattr(action, "deployed_inventory", lambda *_: inventory)
    monkeypatch.setattr(action, "Account", lambda _: SimpleNamespace(id="123456789012"))
    monkeypatch.setattr(Stack, "state", lambda _: STATE)
    monkeypatch.setattr(
        "cli.commands.decommission.decommission.datetime", SimpleNamespace(now=lambda _: NOT_DUE)
    )
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["decommission", "--stack", "mine", *arguments])


def test_a_plan_that_would_be_refused_is_not_written(tmp_path: Path) -> None:
    done = run("borealis-migration")
    assert (done.exit_code, done.stdout) == (Exit.POLICY, "")
    assert "ends on 2027-01-31" in done.stderr
    assert "to end it earlier, add --early REASON" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_production_that_was_not_decided_on_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    state = json.loads(json.dumps(STATE).replace("borealis-migration", "acme"))
    monkeypatch.setattr(Stack, "state", lambda _: state)
    done = run("acme")
    assert done.exit_code == Exit.POLICY
    assert "write lifecycle_stage: decommissioning into its file" in done.stderr


def test_a_plan_prints_the_command_that_carries_it_out(tmp_path: Path) -> None:
    done = run("borealis-migration", "--early", "called off", "--out", "end.json", "--portfolio", "my files")
    assert done.exit_code == Exit.OK, done.output
    plan = read_plan(tmp_path / "end.json")
    words = shlex.split(done.stdout.splitlines()[-1])
    assert words == [
        *("costack", "decommission", "--stack", "mine", "--portfolio", "my files"),
        *("--apply", "end.json", "--phrase", plan.phrase),
    ]
    for step in ("stop", "final backup", "deliver the export", "remove", "verify"):
        assert f"  then {step}: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "name the tenant to decommission, or the plan to carry out with --apply"),
        (("acme", "--apply", "x.json"), "leave the tenant's name out with --apply"),
        (("nowhere",), "stack 'mine' has no tenant 'nowhere'; its tenants: acme, "),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...], sentence: str) -> None:
    done = run(*arguments)
    assert done.exit_code == Exit.CONFIGURATION
    assert sentence in done.stderr
