"""What a decommission reads and writes outside."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lifecycle.adapters.decommission_world import CloudWorld
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.plan import DecommissionPlan
from tests.portfolios import ROOT
from tiers.errors import CatalogError


def world(portfolio: Path) -> CloudWorld:
    plan = cast("DecommissionPlan", SimpleNamespace(tenant="acme", region="us-east-1"))
    return CloudWorld(plan, Stack("local", portfolio), portfolio, lambda: datetime(2026, 11, 25, tzinfo=UTC))


def test_a_file_is_gone_only_when_all_files_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    file = tmp_path / "tenants" / "acme.yaml"
    file.write_text("tenant: acme\n", encoding="utf-8")
    assert world(tmp_path).remove_file()
    assert not file.exists()
    assert not world(tmp_path).remove_file()
    file.write_text("tenant: acme\n\t{", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"acme\.yaml:2"):
        world(tmp_path).remove_file()
    assert file.exists()


def test_what_cannot_be_read_or_estimated_is_unknown_and_stops_no_end(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "portfolios" / "local", tmp_path / "portfolios" / "local")
    where = world(tmp_path / "portfolios" / "local")
    assert "bill_falls_by" in where.savings()
    (where.portfolio / "tenants" / "acme.yaml").write_text("tenant: acme\n\t{", encoding="utf-8")
    unknown = where.savings()["unknown"]
    assert "acme.yaml:2" in unknown
