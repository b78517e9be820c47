from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.adapters.tenant_file import file_of, remove, set_field, set_fields
from tiers.errors import CatalogError
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import load_model

TEXT = """# The client that pays late.
tenant: acme # since 2024
client: acme-consulting
environment: production
tier: dedicated-db
region: us-east-1
service_line: odoo-hosting
hostname: acme.odoo.example.com # do not change
options:
  users: 8
"""


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "some-name.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "tenants" / "other.yaml").write_text(TEXT.replace("acme", "acme-two"), encoding="utf-8")
    return tmp_path


def test_a_tenant_is_found_by_what_its_file_says(portfolio: Path) -> None:
    assert file_of(portfolio, "acme").name == "some-name.yaml"
    assert file_of(portfolio, "acme-two").name == "other.yaml"
    with pytest.raises(CatalogError, match="no file has tenant 'acm'"):
        file_of(portfolio, "acm")


def test_one_line_changes_and_everything_else_stays(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    assert set_field(path, "lifecycle_stage", "decommissioning")
    assert path.read_text(encoding="utf-8") == TEXT.replace(
        "# do not change\n", "# do not change\nlifecycle_stage: decommissioning\n"
    )
    assert not set_field(path, "lifecycle_stage", "decommissioning")
    assert set_field(path, "protected", "false")
    assert not load_model(Tenant, path).protected
    assert set_field(path, "tier", "ha-postgresql")
    assert path.read_text(encoding="utf-8").count("tier:") == 1


def test_fields_come_and_go_together(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    move = "{from_tier: dedicated-db, stage: expand}"
    assert set_fields(path, {"tier": "shared-namespace", "move": move})
    moved = load_model(Tenant, path)
    assert (moved.tier, moved.move and moved.move.stage) == ("shared-namespace", "expand")
    assert set_fields(path, {"tier": "dedicated-db", "move": None})
    assert path.read_text(encoding="utf-8") == TEXT
    assert not set_fields(path, {"move": None})


def test_a_field_of_several_lines_is_one_field(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    block = "move:\n  from_tier: shared-namespace\n  stage: switch\n"
    path.write_text(TEXT.replace("region:", f"{block}region:"), encoding="utf-8")
    assert set_field(path, "move", "{from_tier: shared-namespace, stage: contract}")
    assert path.read_text(encoding="utf-8").count("stage:") == 1
    assert set_fields(path, {"move": None})
    assert path.read_text(encoding="utf-8") == TEXT


def test_what_would_be_no_tenant_is_not_written(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    with pytest.raises(
        CatalogError, match=r"some-name\.yaml:\d+: protected: false is only for lifecycle_stage"
    ):
        set_field(path, "protected", "false")
    assert path.read_text(encoding="utf-8") == TEXT
    assert sorted(each.name for each in path.parent.iterdir()) == ["other.yaml", "some-name.yaml"]


def test_a_file_is_removed_once(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    assert remove(path)
    assert not remove(path)
