"""One tenant through the tiers, in the order in which the tests stand here.

What a cost preview says before a change is what the estimate says after it, and what holds data stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.components.tenant.test_stack import HOLDS_DATA
from tests.engine.listing import pass_the_window
from tests.engine.project import STACK, Project, running_project

pytestmark = [pytest.mark.engine]

TIERS = ("shared-namespace", "dedicated-db", "ha-postgresql", "cross-region-backup")
TENANT = "portfolios/local/tenants/acme.yaml"
OTHERS = ("acme-staging", "borealis", "borealis-migration", "cobalt", "halcyon", "meridian")
NEIGHBOURS = ("acme-staging", "borealis")
KEPT_KINDS = {*HOLDS_DATA, "aws:elasticache/replicationGroup:ReplicationGroup"}
HARMLESS = {"create", "update", "same"}
SERVER = "aws:rds/instance:Instance::local-acme-postgresql"
REGION = {"cross-region-backup": ("--dr-region", "eu-west-1")}
IN_PLACE = {frozenset({"dedicated-db", "ha-postgresql"})}
"""Tiers that keep the data in the same place: the tier line is the whole change."""


def every_ordered_pair() -> list[str]:
    """The tiers in an order in which each follows each other once: an Eulerian circuit."""
    left = {tier: [other for other in TIERS if other != tier] for tier in TIERS}
    circuit, path = [], [TIERS[0]]
    while path:
        if left[path[-1]]:
            path.append(left[path[-1]].pop())
        else:
            circuit.append(path.pop())
    return circuit[::-1]


# The sample gives the tenant a server of its own, and then one that AWS enlarges in the maintenance window.
SAMPLE = TIERS[:3]
PAIRS = list(pairwise(every_ordered_pair() if os.environ.get("COSTACK_EVERY_PAIR") else SAMPLE))


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack with one tenant that moves and two neighbours, up on the shared tier."""
    with running_project(tmp_path_factory.mktemp("priced") / "project") as project:
        for other in set(OTHERS) - set(NEIGHBOURS):
            (project.folder / "portfolios" / "local" / "tenants" / f"{other}.yaml").unlink()
        project.up()
        yield project


def sell(project: Project, tier: str) -> None:
    """Change the tenant's tier in its file: the one line a pull request would show."""
    path = project.folder / TENANT
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = [f"tier: {tier}\n" if line.startswith("tier:") else line for line in lines]
    path.write_text("".join(changed), encoding="utf-8")


def take_along(project: Project, tier: str) -> None:
    """Move the tenant's data to another tier, with an update for each step."""
    for step in (("--to", tier), *[("--next",)] * 4):
        project.costack("move", "acme", "--stack", STACK, *step, *REGION.get(tier, ()))
        project.up("--suppress-outputs")


def operations(preview: Path) -> dict[str, str]:
    """What a preview of Pulumi's would do to what holds data."""
    steps = json.loads(preview.read_text(encoding="utf-8"))["steps"]
    kinds = {step["urn"]: step["urn"].split("::")[2].rpartition("$")[2] for step in steps}
    return {step["urn"]: step["op"] for step in steps if kinds[step["urn"]] in KEPT_KINDS}


def kept(project: Project) -> set[str]:
    """What there is that holds data."""
    return {each.urn for each in project.registered() if each.type in KEPT_KINDS}


def databases(project: Project) -> dict[str, dict[str, Any]]:
    found = project.clients().get("rds").describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"]: each for each in found}


def said(project: Project, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(project.costack("preview", *arguments, "-o", "json").stdout)
    return result


def planned(project: Project) -> Path:
    """What `pulumi preview` says, as a file."""
    path = project.folder / "preview.json"
    text = project.pulumi("preview", "--json", "--show-sames", "--stack", STACK).stdout
    path.write_text(text, encoding="utf-8")
    return path


def shown(project: Project) -> dict[str, str]:
    """The stack output that `pulumi preview` and `pulumi up` show."""
    said = project.pulumi("stack", "output", "monthly_estimate", "--json", "--stack", STACK)
    estimates: dict[str, str] = json.loads(said.stdout)
    return estimates


def test_pulumi_itself_shows_what_a_change_costs(priced: Project) -> None:
    before = shown(priced)["acme"]
    with priced.edited(TENANT, "users: 8", "users: 8\n  workload_class: m"):
        text = priced.pulumi("preview", "--stack", STACK).stdout
    (line,) = [each for each in text.splitlines() if "acme " in each and "USD" in each]
    assert f'"{before}" => "' in line


def test_every_ordered_pair_is_walked() -> None:
    walk = every_ordered_pair()
    assert len(walk) == 13
    assert len(set(pairwise(walk))) == 12


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_preview_is_what_the_estimate_says_afterwards(priced: Project, before: str, after: str) -> None:
    there = ("--set", "dr_region=eu-west-1") if after in REGION else ()
    what_if = ("--tenant", "acme", "--tier", after, *there)
    promised = said(priced, "--stack", STACK, *what_if)
    (moved,) = [each for each in promised["tenants"] if each["kind"] == "moved"]
    assert moved["tenant"] == "acme"
    assert moved["tier"] == {"before": before, "after": after}
    if {before, after} in IN_PLACE:
        sell(priced, after)
        preview, data = planned(priced), kept(priced)
        # What to know of the platform is read from the portfolio, which a preview of Pulumi's does not hold.
        assert {**said(priced, "--plan", str(preview)), "notes": []} == {**promised, "notes": []}
        assert data
        assert {"same"} < set(operations(preview).values()) <= HARMLESS
        priced.up("--suppress-outputs")
        assert data <= kept(priced)
    else:
        sell(priced, after)
        assert f"changing tier {before} to {after} alone leaves its" in priced.up(code=1).text
        sell(priced, before)
        take_along(priced, after)
    pass_the_window(priced)
    priced.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK)
    priced.up("--expect-no-changes")
    allocated = json.loads(priced.costack("allocate", "--stack", STACK, "-o", "json").stdout)
    assert {each["tenant"]: each["total"] for each in allocated["tenants"]} == {
        each["tenant"]: each["cost"]["after"] for each in promised["tenants"]
    }
    assert allocated["totals"]["charged"] == promised["bill"]["after"]
    assert Decimal(allocated["totals"]["difference"]) == 0
    assert allocated["totals"]["idle"] == promised["idle"]["after"]
    assert len(allocated["unpriced"]) == len(promised["unpriced"]["after"])
    amount, currency = shown(priced)["acme"].split()
    # Cents are given out so that they add up: one may be a cent beside its own rounding.
    assert abs(Decimal(amount) - Decimal(moved["cost"]["after"])) < Decimal("0.01")
    assert currency == "USD"
    again = said(priced, "--stack", STACK, "--expect-no-changes")
    assert again["no_changes"] is True
    assert again["bill"]["before"] == promised["bill"]["after"]
    if after == TIERS[-1]:  # the largest is really there
        assert databases(priced).keys() == {"local-postgresql", "local-acme-postgresql"}
        own = databases(priced)["local-acme-postgresql"]
        assert (own["DBInstanceClass"], own["MultiAZ"], own["AllocatedStorage"]) == (
            "db.r7g.large",
            True,
            100,
        )


def test_a_protected_database_cannot_be_lost_by_going_back(priced: Project) -> None:
    path = priced.folder / "portfolios/local/platform.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("deletion_protection: false", "deletion_protection: true"), encoding="utf-8")
    priced.up()
    sell(priced, "shared-namespace")
    assert "leaves its database behind" in priced.up(code=1).text
    (urn,) = [
        each.urn for each in priced.registered() if each.name == "local-acme-postgresql" and each.custom
    ]
    target = ("--target", urn, "--target-dependents")
    said = priced.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK, *target, code=1)
    assert "protect" in said.text
    assert "local-acme-postgresql" in databases(priced)
