"""What tests of commands that take a tenant's file one step further start from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import cli.actions.change.move
import cli.actions.change.rename
import cli.actions.change.rotate
from tests.portfolios import LOCAL, catalog
from tiers.inventory import Inventory, exported
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A portfolio that may be changed."""
    return Path(shutil.copytree(LOCAL, tmp_path / "portfolios" / "local"))


@pytest.fixture
def up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """`pulumi up`: from now on the stack has what the files say."""

    def deploy() -> None:
        plan = resolve(catalog(), load_portfolio(folder, catalog()))
        deployed = Inventory.model_validate_json(json.dumps(exported(plan, {})))
        for action in (cli.actions.change.rotate, cli.actions.change.move, cli.actions.change.rename):
            monkeypatch.setattr(action, "deployed_inventory", lambda *_: deployed)

    deploy()
    return deploy
