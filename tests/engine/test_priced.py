"""One tenant through the tiers, in the order in which the tests stand here.

What a cost preview says before a change is what the estimate says after it, and what holds data stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.components.tenant.test_stack import HOLDS_DATA
from tests.engine.project import STACK, Project, running_project
from tests.engine.promises import REGION, databases, is_the_largest, promise, said, shown

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "test_life holds a move against what it promised; test_stored_lifecycle reads such a preview"
    ),
]

TIERS = ("shared-namespace", "dedicated-db", "ha-postgresql", "cross-region-backup")
TENANT = "portfolios/local/tenants/acme.yaml"
OTHERS = ("acme-staging", "borealis", "borealis-migration", "cobalt", "halcyon", "meridian")
NEIGHBOURS = ("acme-staging", "borealis")
KEPT_KINDS = {*HOLDS_DATA, "aws:elasticache/replicationGroup:ReplicationGroup"}
NO_DATA = "-sessions-password"
"""Of a user in the shared cache, who goes with the sessions that a cache of one's own does not take over."""
HARMLESS = {"create", "update", "same"}
SERVER = "aws:rds/instance:Instance::local-acme-postgresql"
STEP = {"cross-region-backup": ("--dr-region", REGION)}
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


# The sample is a server that AWS enlarges in the maintenance window; test_life has one of the others.
SAMPLE = TIERS[1:3]
WALK = every_ordered_pair() if os.environ.get("COSTACK_EVERY_PAIR") else list(SAMPLE)
PAIRS = list(pairwise(WALK))


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack with one tenant that moves and two neighbours, up on the tier where the walk begins."""
    with running_project(tmp_path_factory.mktemp("priced") / "project") as project:
        for other in set(OTHERS) - set(NEIGHBOURS):
            (project.folder / "portfolios" / "local" / "tenants" / f"{other}.yaml").unlink()
        sell(project, WALK[0])
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
        project.costack("move", "acme", "--stack", STACK, *step, *STEP.get(tier, ()))
        project.up("--suppress-outputs")


def operations(preview: Path) -> dict[str, str]:
    """What a preview of Pulumi's would do to what holds data."""
    steps = json.loads(preview.read_text(encoding="utf-8"))["steps"]
    kinds = {step["urn"]: step["urn"].split("::")[2].rpartition("$")[2] for step in steps}
    return {
        step["urn"]: step["op"]
        for step in steps
        if kinds[step["urn"]] in KEPT_KINDS and not step["urn"].endswith(NO_DATA)
    }


def kept(project: Project) -> set[str]:
    """What there is that holds data."""
    there = (each for each in project.registered() if each.type in KEPT_KINDS)
    return {each.urn for each in there if not each.urn.endswith(NO_DATA)}


def planned(project: Project) -> Path:
    """What `pulumi preview` says, as a file."""
    path = project.folder / "preview.json"
    text = project.pulumi("preview", "--json", "--show-sames", "--stack", STACK).stdout
    path.write_text(text, encoding="utf-8")
    return path


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
    promised = promise(priced, "acme", before, after)
    assert [each["tenant"] for each in promised.preview["tenants"] if each["kind"] == "moved"] == ["acme"]
    if {before, after} in IN_PLACE:
        sell(priced, after)
        preview, data = planned(priced), kept(priced)
        # What to know of the platform is read from the portfolio, which a preview of Pulumi's does not hold.
        assert {**said(priced, "--plan", str(preview)), "notes": []} == {**promised.preview, "notes": []}
        assert data
        assert {"same"} < set(operations(preview).values()) <= HARMLESS
        priced.up("--suppress-outputs")
        assert data <= kept(priced)
    else:
        sell(priced, after)
        assert f"changing tier {before} to {after} alone leaves its" in priced.up(code=1).text
        sell(priced, before)
        take_along(priced, after)
    promised.is_kept()
    if after == TIERS[-1]:
        is_the_largest(priced, "local-acme-postgresql")


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
