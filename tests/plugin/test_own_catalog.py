"""A program whose platform names a catalog beside it: the plugin plans and prices by it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugin.estimate import monthly_estimate
from tests.portfolios import ROOT
from tiers.plan.from_program import DocumentError

FIRM = ROOT / "examples" / "own-catalog"
DAY = date(2026, 11, 30)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def program(**platform: str) -> dict[str, Any]:
    alpine = FIRM / "portfolios" / "alpine"
    return {
        "platform": read(alpine / "platform.yaml") | platform,
        "tenants": [read(path) for path in sorted((alpine / "tenants").glob("*.yaml"))],
    }


def test_an_estimate_is_of_its_fees_prices_and_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIRM)  # where Pulumi starts the plugin of a program in this folder
    found = monthly_estimate(program(catalog="catalog"), DAY)
    assert found == {
        "month": "2026-11",
        "currency": "EUR",
        "idle": "159.77",
        "unallocated": "0.00",
        "tenants": {"edelweiss": "166.32", "gentian": "542.67"},
        "unpriced": {},
    }


def test_a_catalog_that_is_not_beside_the_program_is_told_at_its_property(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DocumentError) as told:
        monthly_estimate(program(catalog="catalog"), DAY)
    assert told.value.faults == [(("platform", "catalog"), "catalog: no such folder; expected tier files")]
