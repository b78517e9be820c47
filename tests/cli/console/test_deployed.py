"""What is printed of the days on which something was deployed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cli.console import deployed
from cli.console.deployed import days, portfolio_of
from tests.portfolios import local_plan, plan_of, tenant
from tests.tiers.plan.cells.portfolios import inventories
from tests.tiers.plan.cells.test_joined import STORED
from tiers.inventory import Inventory, joined

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")


def told(**on: date) -> list[str]:
    """The lines for eight tenants, of which some have a day."""
    return list(days(Inventory(plan=plan_of(*map(tenant, NAMES)), cloud_ids={}, deployed_on=on)))


def test_days_come_newest_first_with_who_was_changed_then() -> None:
    new, old = date(2026, 11, 29), date(2026, 11, 2)
    assert told(platform=old, **dict.fromkeys(NAMES[1:], new), a=old) == [
        "deployed: on 2026-11-29: b, c, d, e, f and 2 more",
        "deployed: on 2026-11-02: platform, a",
    ]


def test_of_many_days_the_newest_are_named_and_none_is_lost() -> None:
    found = told(**{name: date(2026, 1, 1 + at) for at, name in enumerate(NAMES)})
    assert found[:5] == [f"deployed: on 2026-01-0{8 - at}: {NAMES[7 - at]}" for at in range(5)]
    assert found[5:] == [
        "deployed: from 2026-01-01 to 2026-01-03: c, b, a",
        "deployed: on an unknown day: platform",
    ]


def test_a_state_that_says_no_day_is_unknown_and_not_a_date() -> None:
    assert told() == ["deployed: on an unknown day: platform, a, b, c, d and 4 more"]


def test_of_one_of_several_stacks_the_whole_portfolio_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    platform, cell, *_ = inventories(STORED)
    whole = joined(inventories(STORED), "here")
    asked: list[str] = []

    def read(name: str, _: Path) -> Inventory:
        asked.append(name)
        return whole

    monkeypatch.setattr(deployed, "inventory_of_stack", read)
    assert portfolio_of(cell, "live-cell-1", Path()) == local_plan() == portfolio_of(whole, "live", Path())
    assert portfolio_of(platform, "live-platform", Path()) == local_plan()
    assert asked == ["live", "live"]
