"""What a cost preview says before a change is what the estimate says after it, between all tiers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.engine.project import STACK, Project, running_project
from tests.engine.test_moved import OTHERS, sell

pytestmark = [pytest.mark.engine]

TIERS = ("shared-namespace", "dedicated-db", "ha-postgresql", "cross-region-backup")
NEIGHBOURS = ("acme-staging", "borealis")


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


# The sample goes up and down, to and from a second region, and keeps a disk that cannot shrink.
SAMPLE = 4
PAIRS = list(pairwise(every_ordered_pair()))[: None if os.environ.get("COSTACK_EVERY_PAIR") else SAMPLE]


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack with one tenant that moves and two neighbours, up on the shared tier."""
    with running_project(tmp_path_factory.mktemp("priced") / "project") as project:
        for other in set(OTHERS) - set(NEIGHBOURS):
            (project.folder / "portfolios" / "local" / "tenants" / f"{other}.yaml").unlink()
        project.up()
        yield project


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
    sell(priced, "dedicated-db")
    text = priced.pulumi("preview", "--stack", STACK).stdout
    sell(priced, TIERS[0])
    (line,) = [each for each in text.splitlines() if "acme " in each and "USD" in each]
    assert f'"{before}" => "' in line


def test_every_ordered_pair_is_walked() -> None:
    walk = every_ordered_pair()
    assert len(walk) == 13
    assert len(set(pairwise(walk))) == 12


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_preview_is_what_the_estimate_says_afterwards(priced: Project, before: str, after: str) -> None:
    sell(priced, after)
    promised = said(priced, "--stack", STACK)
    # What to know of the platform is read from the portfolio, which a preview of Pulumi's does not hold.
    assert {**said(priced, "--plan", str(planned(priced))), "notes": []} == {**promised, "notes": []}
    (moved,) = [each for each in promised["tenants"] if each["kind"] == "moved"]
    assert moved["tenant"] == "acme"
    assert moved["tier"] == {"before": before, "after": after}
    priced.up("--suppress-outputs")
    allocated = json.loads(priced.costack("allocate", "--stack", STACK, "-o", "json").stdout)
    assert {each["tenant"]: each["total"] for each in allocated["tenants"]} == {
        each["tenant"]: each["cost"]["after"] for each in promised["tenants"]
    }
    assert allocated["totals"]["charged"] == promised["bill"]["after"]
    assert allocated["totals"]["idle"] == promised["idle"]["after"]
    assert len(allocated["unpriced"]) == len(promised["unpriced"]["after"])
    amount, currency = shown(priced)["acme"].split()
    # Cents are given out so that they add up: one may be a cent beside its own rounding.
    assert abs(Decimal(amount) - Decimal(moved["cost"]["after"])) < Decimal("0.01")
    assert currency == "USD"
    again = said(priced, "--stack", STACK, "--expect-no-changes")
    assert again["no_changes"] is True
    assert again["bill"]["before"] == promised["bill"]["after"]
