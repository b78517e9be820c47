"""`costack refresh --all-due`: in turns with `pulumi up` it takes every scheduled refresh to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.actions.change.due import refreshes
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.adapters import decommission_world
from tests.cli.actions.test_restore import file_of
from tests.lifecycle.decommission.test_final_backup import Bucket
from tests.portfolios import catalog
from tiers.facts.every_fact import Bucket as BucketFact
from tiers.inventory import Inventory, exported
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

RUNNER = CliRunner()
STAGING = "acme-staging"
SCHEDULE = "refresh_schedule: {from_tenant: acme, every: weekly, live: true}\n"
RESULT = {
    "from_tenant": "acme",
    "backup": "2026-11-20T01:15:00Z",
    "named": 3,
    "brought_back": 2,
    "result": "ok",
}


def ask(folder: Path, *arguments: str) -> Any:
    words = ["refresh", *arguments, "--stack", "local", "--portfolio", str(folder)]
    return RUNNER.invoke(app, words)


def refreshed(bucket: Bucket, ago: timedelta, name: str = STAGING) -> None:
    """A result in the bucket, as the job leaves it."""
    at = f"{datetime.now(UTC) - ago:%Y-%m-%dT%H:%M:%SZ}"
    said = {"tenant": name, "finished_at": at, **RESULT}
    bucket.objects[f"manifests/{name}/refreshes/{at}.json"] = json.dumps(said).encode()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    monkeypatch.setattr(decommission_world, "_s3", lambda _: made)
    return made


@pytest.fixture
def scheduled(folder: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Staging has a schedule; `pulumi up`, whose job of the switch leaves a result."""
    path = folder / "tenants" / f"{STAGING}.yaml"
    path.write_text(path.read_text(encoding="utf-8") + SCHEDULE, encoding="utf-8")

    def up() -> None:
        plan = resolve(catalog(), load_portfolio(folder, catalog()))
        ids = {fact.id: "arn:aws:s3:::backups" for fact in plan.all_facts() if isinstance(fact, BucketFact)}
        deployed = Inventory.model_validate_json(json.dumps(exported(plan, ids)))
        monkeypatch.setattr(refreshes, "deployed_inventory", lambda *_: deployed)
        if "stage: switch}" in file_of(folder, STAGING):
            refreshed(bucket, timedelta(0))

    up()
    return up


def test_turns_with_pulumi_up_take_it_to_its_end(folder: Path, scheduled: Callable[[], None]) -> None:
    """The loop of docs/restores.md: as long as something is due, write a step and deploy it."""
    before, seen = file_of(folder, STAGING), []
    for _ in range(9):
        checked = ask(folder, "--all-due", "--check")
        if checked.exit_code == Exit.OK:
            break
        assert checked.exit_code == Exit.POLICY, checked.output
        assert f"refreshes are due, and no step was written: {STAGING}" in checked.stderr
        done = ask(folder, "--all-due")
        assert done.exit_code == Exit.OK, done.output
        seen += [line for line in file_of(folder, STAGING).splitlines() if line.startswith("restore: ")]
        # Who asks again before the update finds nothing to write.
        waiting = file_of(folder, STAGING)
        assert ask(folder, "--all-due").exit_code == Exit.OK
        assert file_of(folder, STAGING) == waiting
        scheduled()
    assert [each.rpartition("stage: ")[2] for each in seen] == ["prepare}", "switch}", "start}", "confirm}"]
    assert all("from_tenant: acme, live: true, scheduled: true, stage: " in each for each in seen)
    assert file_of(folder, STAGING) == before
    assert "good" in ask(folder, "--all-due").stdout


def test_it_waits_for_the_upgrade_of_the_server_that_tenants_share(
    folder: Path, scheduled: Callable[[], None]
) -> None:
    path = folder / "platform.yaml"
    upgraded = 'engine_version: "17"\n  upgrade: {to: "18", stage: check}'
    path.write_text(path.read_text(encoding="utf-8").replace('engine_version: "17"', upgraded), "utf-8")
    scheduled()
    before = file_of(folder, STAGING)
    done = ask(folder, "--all-due")
    assert done.exit_code != Exit.OK
    assert "finish that with `costack upgrade-database platform`, then refresh" in done.stderr
    assert file_of(folder, STAGING) == before


def test_what_is_fresh_or_only_asked_for_changes_nothing(
    folder: Path, scheduled: Callable[[], None], bucket: Bucket
) -> None:
    before = file_of(folder, STAGING)
    refreshed(bucket, timedelta(days=8))
    for arguments, code in (
        (("--all-due", "--dry-run"), Exit.OK),
        (("--all-due", "--check"), Exit.POLICY),
        (("--all-due", "--check", "--output", "json"), Exit.POLICY),
    ):
        result = ask(folder, *arguments)
        assert result.exit_code == code, result.output
        assert "TOO OLD" in result.stdout or json.loads(result.stdout)["tenants"][0]["state"] == "too old"
        assert file_of(folder, STAGING) == before
    refreshed(bucket, timedelta(days=6))
    assert ask(folder, "--all-due").exit_code == Exit.OK
    assert file_of(folder, STAGING) == before
    scheduled()


def test_results_that_cannot_be_read_are_named_and_begin_nothing(
    folder: Path, scheduled: Callable[[], None], bucket: Bucket
) -> None:
    scheduled()
    before = file_of(folder, STAGING)
    bucket.objects[f"manifests/{STAGING}/refreshes/2026-11-20T01:15:00Z.json"] = b"{}"
    for arguments in (("--all-due",), ("--all-due", "--check")):
        result = ask(folder, *arguments)
        assert result.exit_code not in {Exit.OK, Exit.POLICY}
        assert f"{STAGING}: its refreshes cannot be read: refresh of" in result.stderr
    assert file_of(folder, STAGING) == before


def test_a_source_that_may_not_be_taken_is_named_and_begins_nothing(
    folder: Path, scheduled: Callable[[], None]
) -> None:
    path = folder / "tenants" / "acme.yaml"
    path.write_text(
        path.read_text(encoding="utf-8") + "restore: {at: 2026-11-29T01:15:00Z, stage: start}\n",
        encoding="utf-8",
    )
    scheduled()
    before = file_of(folder, STAGING)
    result = ask(folder, "--all-due")
    assert result.exit_code not in {Exit.OK, Exit.POLICY}
    assert "acme has restore at a stage, and is not copied before that has ended" in result.stderr
    assert file_of(folder, STAGING) == before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "name a tenant, or say --all-due"),
        (("--check",), "name a tenant, or say --all-due"),
        ((STAGING, "--check"), "say --all-due, of which --check"),
        ((STAGING, "--all-due"), "leave the tenant and its step out with --all-due"),
        (("--all-due", "--next"), "leave the tenant and its step out with --all-due"),
        (("--all-due", "--check", "--dry-run"), "--check writes nothing either"),
    ],
)
def test_what_contradicts_itself_is_refused(
    folder: Path, scheduled: Callable[[], None], arguments: tuple[str, ...], why: str
) -> None:
    scheduled()
    result = ask(folder, *arguments)
    assert (result.exit_code, why in result.stderr) == (Exit.CONFIGURATION, True), result.output
