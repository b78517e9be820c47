"""Commands on what was deployed with a catalog of its own: its days, its prices, and never Costack's."""

from __future__ import annotations

import copy
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import cli.actions.decommission.decommission as action
from cli.actions.decommission import plans
from cli.console.exit_codes import Exit
from lifecycle.adapters import decommission_world
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.plan import read_plan
from lifecycle.errors import RefusedError
from tests.cli.reporting import costack
from tests.portfolios import ROOT
from tiers.errors import CatalogError
from tiers.inventory import Inventory, exported
from tiers.plan.resolve import plan_of_folder

ALPINE = Path("portfolios/alpine")
CLOUD = {"platform/backup-bucket": "arn:aws:s3:::alpine-backups"}
OF_TENANT = "urn:pulumi:mine::costack::costack:index:TenantStack"
STATE = {
    "deployment": {
        "resources": [
            {"urn": f"{OF_TENANT}::edelweiss", "type": "costack:index:TenantStack", "custom": False},
            {
                "urn": f"{OF_TENANT}$aws:s3/bucket:Bucket::edelweiss-files",
                "type": "aws:s3/bucket:Bucket",
                "custom": True,
                "id": "files",
                "parent": f"{OF_TENANT}::edelweiss",
            },
        ]
    }
}


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A firm's project, in whose folder one works; edelweiss is to end."""
    folder = Path(shutil.copytree(ROOT / "examples" / "own-catalog", tmp_path / "firm"))
    file = folder / ALPINE / "tenants" / "edelweiss.yaml"
    file.write_text(file.read_text("utf-8") + "lifecycle_stage: decommissioning\n", "utf-8")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def inventory(firm: Path, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """What the stack `mine` has deployed."""
    found = Inventory.model_validate_json(json.dumps(exported(plan_of_folder(ALPINE), CLOUD)))
    (firm / "inventory.json").write_text(json.dumps(exported(plan_of_folder(ALPINE), CLOUD)), "utf-8")
    for module in (action, plans):
        monkeypatch.setattr(module, "deployed_inventory", lambda *_: found)
    monkeypatch.setattr(decommission_world, "inventory_of_stack", lambda *_: found)
    for module in (plans, decommission_world):
        monkeypatch.setattr(module, "Account", lambda _: SimpleNamespace(id="123456789012"))
    monkeypatch.setattr(Stack, "state", lambda _: STATE)
    return found


def planned(code: int = Exit.OK) -> Any:
    done = costack("decommission", "--stack", "mine", "edelweiss", "--out", "end.json")
    assert done.exit_code == code, done.output
    return done


def test_an_end_is_planned_by_its_own_days(firm: Path, inventory: Inventory) -> None:
    assert inventory.plan.catalog == "../../catalog"
    assert "retained afterwards: backups, for 60 days" in planned().stdout
    plan = read_plan(firm / "end.json")
    assert (plan.keep_days, plan.currency) == (60, "EUR")
    world = decommission_world.CloudWorld(plan, Stack("mine", firm), ALPINE, lambda: datetime.now(UTC))
    assert (derived := world.derived()) is not None
    assert derived.keep_days == 60
    shutil.rmtree(firm / "catalog")
    with pytest.raises(CatalogError, match="was deployed with this catalog of its own"):
        world.derived()
    assert "was deployed with this catalog of its own" in planned(Exit.CONFIGURATION).stderr


@pytest.mark.usefixtures("inventory")
@pytest.mark.parametrize("layout", ["portfolios", "program"])
def test_what_stays_is_priced_by_its_own_price_book(
    firm: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    """In a program of another language there is no folder of a portfolio."""
    planned()
    phrase = read_plan(firm / "end.json").phrase
    if layout == "program":
        found = Inventory.model_validate_json((firm / "inventory.json").read_text("utf-8"))
        seen = found.plan.model_copy(update={"catalog": "catalog"})
        monkeypatch.setattr(action, "deployed_inventory", lambda *_: found.model_copy(update={"plan": seen}))
        shutil.rmtree(firm / "portfolios")
    used = list[Any]()

    def begin(**given: Any) -> None:
        used.append(given["prices"])
        raise RefusedError("far enough")

    monkeypatch.setattr(action, "Decommission", begin)
    costack("decommission", "--stack", "mine", "--apply", "end.json", "--phrase", phrase)
    assert [(each.currency, each.compiled) for each in used] == [("EUR", "2026-11-30")]
    shutil.rmtree(firm / "catalog")
    done = costack("decommission", "--stack", "mine", "--apply", "end.json", "--phrase", phrase)
    assert done.exit_code == Exit.CONFIGURATION
    assert "was deployed with this catalog of its own" in done.stderr
    assert len(used) == 1


def with_a_sandbox(firm: Path) -> None:
    """Sell environments for a migration, and have one that is past its end."""
    tier = firm / "catalog" / "basic.yaml"
    sold = yaml.load(tier.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - as text, as our reader has it
    sold["offers"]["migration"] = copy.deepcopy(sold["offers"]["production"])
    tier.write_text(yaml.safe_dump(sold, sort_keys=False), "utf-8")
    like = (firm / ALPINE / "tenants" / "edelweiss.yaml").read_text("utf-8")
    for old, new in (
        ("edelweiss", "edelweiss-new"),
        ("production", "migration"),
        ("decommissioning", "active"),
    ):
        like = like.replace(old, new)
    ends = "begins_on: 2026-11-01\nexpires_at: 2027-01-15T00:00:00Z\ncutover: 2027-01-10\n"
    (firm / ALPINE / "tenants" / "new.yaml").write_text(like + ends, "utf-8")
    assert costack("stacks", "assign").exit_code == Exit.OK


def test_what_is_due_costs_what_its_own_prices_say(firm: Path) -> None:
    with_a_sandbox(firm)
    (firm / "inventory.json").write_text(json.dumps(exported(plan_of_folder(ALPINE), CLOUD)), "utf-8")
    due = ("expire", "--as-of", "2027-02-01", "-o", "json")
    (deployed,) = json.loads(costack(*due, "--inventory", "inventory.json").stdout)
    (wanted,) = json.loads(costack(*due, "--portfolio", ALPINE).stdout)
    for each in (deployed, wanted):
        assert (each["tenant"], each["currency"]) == ("edelweiss-new", "EUR")
        assert float(each["cost_per_month"]) > 50
    assert deployed["cost_per_month"] == wanted["cost_per_month"]
    book = firm / "catalog" / "pricebook" / "contract.yaml"
    book.write_text(book.read_text("utf-8").replace("price: '54'", "price: '540'"), "utf-8")  # of support
    (dearer,) = json.loads(costack(*due, "--inventory", "inventory.json").stdout)
    assert float(dearer["cost_per_month"]) > float(deployed["cost_per_month"]) + 400
    shutil.rmtree(firm / "catalog")
    refused = costack(*due, "--inventory", "inventory.json")
    assert refused.exit_code == Exit.CONFIGURATION
    assert "was deployed with this catalog of its own" in refused.stderr
