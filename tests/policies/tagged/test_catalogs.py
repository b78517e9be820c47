"""Whose catalog a promise is held to: that of the program, wherever the portfolio's folder lies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from policies.tagged import promises
from policies.tagged.catalogs import Catalogs
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.plugin import example
from tests.plugin.test_own_catalog import program
from tests.plugin.test_stacks import from_values
from tests.portfolios import ROOT
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.from_program import plan_of_documents
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_of_folder

ALPINE = Path("portfolios/alpine")
NOT_FOUND = (
    "neither costack:portfolio nor a folder in portfolios leads to a platform.yaml of portfolio 'alpine', "
    "and the program declares no platform of it; name the folder there, or set kept-promises to advisory "
    "with --policy-pack-config"
)


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of a firm with a catalog of its own, and the folder that Pulumi starts a pack in."""
    folder = Path(shutil.copytree(ROOT / "examples" / "own-catalog", tmp_path / "firm"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(promises, "CATALOGS", Catalogs())
    return folder


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what the stack's `costack:portfolio` is."""
    known = dict[str, str]()
    monkeypatch.setattr(pulumi.Config, "get", lambda self, key: known.get(f"{self.name}:{key}"))
    return lambda name: known.update({"costack:portfolio": name})


def plan() -> Plan:
    return plan_of_folder(ALPINE)


def refused(declared: list[Declared]) -> set[str]:
    return {said for each in declared for said in promises.kept_promises(each.type, each.props)}


def resources(declared: list[Declared]) -> list[Declared]:
    """What a pack sees of a program that has no component of ours."""
    return [each for each in declared if each.custom]


def test_the_folder_has_the_name_of_the_portfolio(firm: Path) -> None:
    assert firm.is_dir()
    declared = resources(declare_plan(plan()))
    assert len(declared) > 100
    assert refused(declared) == set()


def test_the_stack_names_a_folder_that_is_called_otherwise(
    firm: Path, configured: Callable[[str], None]
) -> None:
    declared = resources(declare_plan(plan()))
    (firm / ALPINE).rename(firm / "eu")
    assert refused(declared) == {
        f"names the tier '{tier}' of a catalog that is not found, or cannot be read: {NOT_FOUND}"
        for tier in ("basic", "premium")
    }
    text = (firm / "eu" / "platform.yaml").read_text("utf-8")
    (firm / "eu" / "platform.yaml").write_text(text.replace("../../catalog", "../catalog"), "utf-8")
    configured("../eu")
    assert refused(declared) == set()


@pytest.mark.whole("the stack names such a folder above")
def test_a_folder_of_another_name_is_found_by_what_its_file_says(firm: Path) -> None:
    declared = resources(declare_plan(plan()))
    (firm / ALPINE).rename(firm / "portfolios" / "europe")
    assert refused(declared) == set()


def test_the_stack_decides_between_two_folders_of_one_portfolio(
    firm: Path, configured: Callable[[str], None]
) -> None:
    declared = resources(declare_plan(plan()))
    other = Path(shutil.copytree(firm / ALPINE, firm / "portfolios" / "a-copy"))
    text = (other / "platform.yaml").read_text("utf-8")
    (other / "platform.yaml").write_text(text.replace("catalog: ../../catalog\n", ""), "utf-8")
    configured("alpine")
    assert refused(declared) == set()


def test_a_program_without_portfolios_says_itself_where_its_catalog_is(firm: Path) -> None:
    """A program in another language: the engine tells a pack of a component before what is in it."""
    shutil.rmtree(firm / "portfolios")
    given = program(catalog="catalog")
    made = plan_of_documents(given["platform"], given["tenants"], load_catalog(firm / "catalog"))
    declared = declare_plan(made)
    assert any(not each.custom for each in declared)
    assert refused(declared) == set()


@pytest.mark.whole("the folder of a tenant's stack is found the same way")
def test_a_tenant_in_a_stack_of_its_own_says_it_too(firm: Path) -> None:
    shutil.rmtree(firm / "portfolios")
    given = program(catalog="catalog")
    made = plan_of_documents(given["platform"], given["tenants"], load_catalog(firm / "catalog"))
    inside = [each for each in declare_plan(made) if "TenantStack" in each.urn]
    assert len(inside) > 50
    assert refused(inside) == set()


@pytest.mark.whole("a program without portfolios is tried above")
def test_a_program_with_the_catalog_of_costack_has_no_folder_either(
    firm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert firm.is_dir()
    declared = from_values()
    monkeypatch.chdir(tmp_path)
    assert refused(declared) == set()
    tags = example.plan().tenants[0].cost_tags().as_tags() | {"cost/service-tier": "gold"}
    (said,) = promises.kept_promises("aws:s3/bucket:Bucket", {"tags": tags})
    assert said == "names the tier 'gold', which is not in the catalog; name one that is"


@pytest.mark.whole("the stack decides between two folders above")
def test_a_catalog_that_is_gone_is_never_another_one(firm: Path) -> None:
    declared = declare_plan(plan())
    shutil.rmtree(firm / "portfolios")
    shutil.rmtree(firm / "catalog")
    for said in refused(declared):
        assert said.endswith("no such folder, and portfolio 'alpine' is sold from it")
    assert refused(declared)


@pytest.mark.parametrize("named", ["/etc", "../../../up", 7, {"a": 1}])
def test_what_is_no_path_in_the_project_is_not_looked_for(firm: Path, named: Any) -> None:
    shutil.rmtree(firm / "portfolios")
    catalogs = Catalogs()
    catalogs.see("costack:index:SharedPlatform", {"plan": {"portfolio": "alpine", "catalog": named}})
    with pytest.raises(CatalogError, match="the program declares no platform of it"):
        catalogs.of("alpine")
