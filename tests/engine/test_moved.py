"""One tenant through the tiers, in the order in which the tests stand here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.components.tenant.test_stack import HOLDS_DATA
from tests.engine.project import STACK, Project, running_project

pytestmark = [pytest.mark.engine]

TENANT = "portfolios/local/tenants/acme.yaml"
OTHERS = ("acme-staging", "borealis", "borealis-migration", "cobalt", "halcyon", "meridian")
KEPT_KINDS = {*HOLDS_DATA, "aws:elasticache/replicationGroup:ReplicationGroup"}
HARMLESS = {"create", "update", "same"}


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack with the one tenant, up on the shared tier."""
    with running_project(tmp_path_factory.mktemp("moved") / "project") as project:
        for other in OTHERS:
            (project.folder / "portfolios" / "local" / "tenants" / f"{other}.yaml").unlink()
        project.up()
        yield project


def sell(project: Project, tier: str) -> None:
    """Change the tenant's tier in its file: the one line a pull request would show, and where copies go."""
    path = project.folder / TENANT
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("  dr_region:")]
    moved = [f"tier: {tier}\n" if line.startswith("tier:") else line for line in kept]
    if tier == "cross-region-backup":
        moved.append("  dr_region: eu-west-1\n")
    path.write_text("".join(moved), encoding="utf-8")


def operations(steps: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What a preview would do to what holds data."""
    return {
        urn: step["op"] for urn, step in steps.items() if urn.split("::")[2].rpartition("$")[2] in KEPT_KINDS
    }


def databases(project: Project) -> set[str]:
    found = project.clients().get("rds").describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"] for each in found}


@pytest.mark.parametrize("tier", ["dedicated-db", "ha-postgresql", "cross-region-backup"])
def test_a_larger_tier_adds_and_never_replaces_what_holds_data(moving: Project, tier: str) -> None:
    sell(moving, tier)
    planned = operations(moving.preview())
    assert planned
    assert set(planned.values()) <= HARMLESS
    before = {each.urn: each for each in moving.registered() if each.type in KEPT_KINDS}
    moving.up()
    after = {each.urn: each for each in moving.registered() if each.type in KEPT_KINDS}
    assert before.keys() <= after.keys()
    moving.up("--expect-no-changes")


def test_the_larger_tier_is_really_there(moving: Project) -> None:
    assert databases(moving) == {"local-postgresql", "local-acme-postgresql"}
    rds = moving.clients().get("rds")
    (own,) = rds.describe_db_instances(DBInstanceIdentifier="local-acme-postgresql")["DBInstances"]
    assert (own["DBInstanceClass"], own["MultiAZ"], own["AllocatedStorage"]) == ("db.r7g.large", True, 100)
    statement = moving.costack("allocate", "--stack", STACK, "--period", "2026-11").stdout
    assert statement.rstrip().endswith("difference 0")


def test_a_protected_database_cannot_be_lost_by_going_back(moving: Project) -> None:
    platform = "portfolios/local/platform.yaml"
    path = moving.folder / platform
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("deletion_protection: false", "deletion_protection: true"), encoding="utf-8")
    moving.up()
    sell(moving, "shared-namespace")
    said = moving.up(code=1)
    assert "local-acme-postgresql" in said.text
    assert "protect" in said.text
    assert "local-acme-postgresql" in databases(moving)
