"""Every command that reads a portfolio tells the faults of its catalog and of its files together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from allocation.estimate import folders
from allocation.runs import before_and_after
from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL
from tiers.catalog import loading as catalog_loading
from tiers.portfolio import loading

COMMANDS = {
    "preview": ("preview", "--tenant", "acme", "--set", "users=9", "--portfolio"),
    "expire": ("expire", "--portfolio"),
    "unit-costs": ("unit-costs", "--tier", "shared-namespace", "--portfolio"),
}


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A portfolio with a fault in a tenant, read with a catalog that has one in a tier."""
    portfolio, catalog = tmp_path / "portfolio", tmp_path / "catalog"
    shutil.copytree(LOCAL, portfolio)
    shutil.copytree(catalog_loading.CATALOG_DIRECTORY, catalog)
    tenant = portfolio / "tenants" / "acme.yaml"
    tenant.write_text(tenant.read_text(encoding="utf-8").replace("users: 8", "users: -8"), encoding="utf-8")
    tier = catalog / "shared-namespace.yaml"
    tier.write_text(f"colour: red\n{tier.read_text(encoding='utf-8')}", encoding="utf-8")
    monkeypatch.setattr(loading.load_catalog_and_portfolio, "__defaults__", (catalog,))
    monkeypatch.setattr(before_and_after, "OURS", folders.OURS._replace(catalog=catalog))
    return portfolio


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_both_faults_are_told(faulty: Path, command: tuple[str, ...]) -> None:
    said = CliRunner().invoke(app, [*command, str(faulty)])
    assert said.exit_code == Exit.CONFIGURATION
    assert "shared-namespace.yaml:1: colour: is not a known key" in said.stderr
    assert "acme.yaml:9: options.users: expected a number above 0, found '-8'" in said.stderr
