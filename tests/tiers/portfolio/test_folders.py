from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tiers.errors import CatalogError
from tiers.portfolio.folders import file_of, portfolio_folder, portfolio_folders
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import load_model

TEXT: Final = """tenant: acme # since 2024
client: acme-consulting
environment: production
tier: dedicated-db
region: us-east-1
service_line: odoo-hosting
hostname: acme.odoo.example.com
options:
  users: 8
"""


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    """Two tenants, neither in a file of its name."""
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "some-name.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "tenants" / "other.yaml").write_text(TEXT.replace("acme", "acme-two"), encoding="utf-8")
    return tmp_path


def test_a_portfolio_lies_where_it_is_said_or_in_the_folder_of_all(tmp_path: Path) -> None:
    assert portfolio_folder(Path("mine"), tmp_path, "local") == Path("mine")
    assert portfolio_folder(None, tmp_path, "local") == tmp_path / "portfolios" / "local"


def test_a_folder_without_a_platform_is_none(tmp_path: Path) -> None:
    for name in ("south", "north", "notes"):
        (tmp_path / "portfolios" / name).mkdir(parents=True)
    for name in ("south", "north"):
        (tmp_path / "portfolios" / name / "platform.yaml").touch()
    assert [path.name for path in portfolio_folders(tmp_path)] == ["north", "south"]
    assert portfolio_folders(tmp_path / "elsewhere") == []


def test_a_tenant_is_found_by_what_its_file_says(portfolio: Path) -> None:
    assert file_of(portfolio, "acme").name == "some-name.yaml"
    assert file_of(portfolio, "acme-two").name == "other.yaml"
    with pytest.raises(CatalogError, match="no file has tenant 'acm'"):
        file_of(portfolio, "acm")


@pytest.mark.parametrize("line", ['tenant: "acme"', "tenant: 'acme' # quoted", '"tenant" : acme'])
def test_a_tenant_is_found_however_yaml_writes_its_name(portfolio: Path, line: str) -> None:
    path = file_of(portfolio, "acme")
    path.write_text(TEXT.replace("tenant: acme # since 2024", line), encoding="utf-8")
    assert load_model(Tenant, path).tenant == "acme"
    assert file_of(portfolio, "acme") == path


def test_a_file_that_cannot_be_read_is_not_a_file_of_nobody(portfolio: Path) -> None:
    path = file_of(portfolio, "acme")
    path.write_text("tenant: [acme\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=r"some-name\.yaml:2: is not YAML"):
        file_of(portfolio, "acme")
    assert file_of(portfolio, "acme-two").name == "other.yaml"
