from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from allocation.errors import AllocationError
from allocation.rules import Rulebook, rules_on

POOL: dict[str, Any] = {
    "pool": "nodes",
    "claims": ["node-group"],
    "domain": "tenant-runtime",
    "driver": "compute-requests",
}


def rulebook(*pools: dict[str, Any]) -> Rulebook:
    return Rulebook.model_validate(
        {
            "version": "test",
            "effective": "2026-01-01",
            "compute_weights": {"vcpu": 9, "memory_gib": 1},
            "pools": pools or [POOL],
        }
    )


def test_the_committed_rules_claim_every_shared_kind_of_charge() -> None:
    claimed = set(rules_on(date(2026, 11, 1)).pool_by_kind())
    assert {"node-group", "database-instance", "bucket", "cluster-control-plane"} <= claimed


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ([POOL | {"claims": ["spaceship"]}], "there is no kind of fact called 'spaceship'"),
        ([POOL, POOL | {"claims": ["bucket"]}], "pool 'nodes' appears twice"),
        ([POOL, POOL | {"pool": "others"}], "kind 'node-group' appears twice"),
        ([POOL | {"platform_share_to": "platform"}], "must be a pool after 'nodes'"),
        ([POOL | {"driver": "users", "idle": "keep"}], "need a driver with a capacity; users has none"),
        ([POOL | {"driver": "feelings"}], "'compute-requests'"),
        ([POOL | {"claims": []}], "at least 1 item"),
    ],
)
def test_rules_that_cannot_work_are_refused(pools: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rulebook(*pools)


def test_the_newest_rules_in_force_are_taken(tmp_path: Path) -> None:
    for effective in ("2026-01-01", "2026-07-01"):
        (tmp_path / f"{effective}.yaml").write_text(
            f"version: v{effective}\neffective: {effective}\n"
            "compute_weights: {vcpu: 9, memory_gib: 1}\n"
            "pools: [{pool: a, claims: [key], domain: shared-platform, driver: users}]\n",
            encoding="utf-8",
        )
    assert rules_on(date(2026, 6, 30), tmp_path).version == "v2026-01-01"
    assert rules_on(date(2026, 7, 1), tmp_path).version == "v2026-07-01"
    with pytest.raises(
        AllocationError, match="no rulebook is in force on 2025-12-31: the first is effective"
    ):
        rules_on(date(2025, 12, 31), tmp_path)


def test_no_rulebook_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match="holds none"):
        rules_on(date(2026, 1, 1), tmp_path)
