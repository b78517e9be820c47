"""What tests of commands that take a tenant's file one step further start from."""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import cli.actions.change.failover
import cli.actions.change.move
import cli.actions.change.rename
import cli.actions.change.restore
import cli.actions.change.rotate
import cli.actions.change.upgrade
import cli.actions.change.upgrade_database
from allocation.estimate.estimated_statement import EstimatedStatements
from allocation.statement.statement import Statement
from tests.portfolios import LOCAL, catalog
from tiers.inventory import Inventory, exported
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

ESTIMATED: Final[deque[tuple[object, Statement]]] = deque(maxlen=64)


@pytest.fixture(autouse=True)
def _estimated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was estimated before from equal arguments is not divided anew: it takes half of a command's time.

    It depends on nothing else, and the base of most tests here is the committed portfolio.
    """
    monkeypatch.setattr("allocation.preview.cost_estimate.EstimatedStatements", _Remembering)


class _Remembering(EstimatedStatements):
    def __init__(self, period: Any, prices: Any, *others: Any) -> None:
        super().__init__(period, prices, *others)
        self.given = (period, prices.compiled, *others)

    def of(self, plan: Any, priced: Any) -> Statement:
        given = (plan, priced, *self.given)
        for known, statement in ESTIMATED:
            if known == given:
                return statement
        statement = super().of(plan, priced)
        ESTIMATED.append((given, statement))
        return statement


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
        change = cli.actions.change
        for action in (
            *(change.rotate, change.move, change.rename, change.restore),
            *(change.upgrade, change.upgrade_database, change.failover),
        ):
            monkeypatch.setattr(action, "deployed_inventory", lambda *_: deployed)

    deploy()
    return deploy
