from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from allocation.engine.rulebook import Rulebook, rules_on
from allocation.errors import AllocationError
from tests.allocation.rulebooks import POOL, RULE, book, rulebook


def test_the_committed_rules_claim_every_shared_kind_of_charge() -> None:
    claimed = {kind for rule in rules_on(date(2026, 11, 1)).rules if rule.pool for kind in rule.when.facts}
    assert {"node-group", "database-instance", "bucket", "cluster-control-plane"} <= claimed


def _with(**changes: Any) -> dict[str, Any]:
    return book(POOL | changes)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            book(rules=[RULE | {"when": {"facts": ["spaceship"]}}]),
            "no kind of fact is called 'spaceship'",
        ),
        (book(POOL, POOL), "pool 'nodes' appears twice"),
        (book(rules=[RULE, RULE]), "rule 'shared' appears twice"),
        (book(rules=[RULE | {"pool": "moon"}]), "rule 'shared': no pool is called 'moon'"),
        (book(rules=[RULE | {"direct": True}]), "a rule has exactly one of"),
        (book(rules=[{"rule": "a"}]), "a rule has exactly one of"),
        (book(rules=[{"rule": "a", "direct": True}]), "a shared charge has no tenant to go to"),
        (book(rules=[]), "at least 1 item"),
        (_with(driver={"measure": "feelings"}), "'cpu-requests'"),
        (_with(driver={}), "a driver has exactly one of measure, composite, largest, even, fixed"),
        (_with(driver={"measure": "users", "even": "everybody is alike"}), "a driver has exactly one of"),
        (_with(driver={"even": "why not"}), "at least 10 characters"),
        (_with(driver={"fixed": {"acme": 60, "borealis": 41}}), "add up to 101, not to 100"),
        (_with(members={}), "or gives the reason in `mixes_environments_because`"),
        (_with(members={"environments": ["production", "staging"]}), "or gives the reason in"),
        (_with(idle="entitlement"), "`entitlement` names the driver"),
        (_with(entitlement={"measure": "users"}), "`entitlement` names the driver"),
        (_with(serves={"nodes": 101}), "less than or equal to 100"),
        (_with(serves={"moon": 10}), "pool 'nodes': serves: no pool is called 'moon'"),
        (_with(serves={"nodes": 10}), "step-down serves later pools only, not 'nodes'"),
        (
            _with(driver={"even": "everybody is alike"}, serves={"nodes": "usage"}),
            "needs a driver that is measured",
        ),
    ],
)
def test_rules_that_cannot_work_are_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Rulebook.model_validate(document)


def test_a_pool_of_one_environment_needs_no_reason() -> None:
    assert rulebook(POOL | {"members": {"environments": ["production"]}}).pools[0].members.environments


def test_the_newest_rules_in_force_are_taken(tmp_path: Path) -> None:
    for effective in ("2026-01-01", "2026-07-01"):
        (tmp_path / f"{effective}.yaml").write_text(
            f"version: v{effective}\neffective: {effective}\nservice_categories: {{}}\n"
            "rules: [{rule: a, pool: a}]\n"
            "pools: [{pool: a, domain: shared-platform, driver: {measure: users},"
            " members: {environments: [production]}}]\n",
            encoding="utf-8",
        )
    assert rules_on(date(2026, 6, 30), tmp_path).version == "v2026-01-01"
    assert rules_on(date(2026, 7, 1), tmp_path).version == "v2026-07-01"
    with pytest.raises(
        AllocationError, match="no rulebook is in force on 2025-12-31: the first is effective 2026"
    ):
        rules_on(date(2025, 12, 31), tmp_path)


def test_a_folder_without_rules_is_said(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match="holds none"):
        rules_on(date(2026, 1, 1), tmp_path)
