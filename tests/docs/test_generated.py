from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docs.generator.commands import command_page, commands
from docs.generator.fields import EXAMPLES, field_paths, tenant_page
from docs.generator.modules import module_page
from docs.generator.pages import FOLDER, PAGES
from tests.portfolios import ROOT
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.schemas import MODELS


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_committed_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_option_of_every_command_is_on_the_page() -> None:
    sections = command_page().split("\n## ")
    known = list(commands())
    assert len(known) >= 18
    for name, command in known:
        (section,) = (each for each in sections if each.startswith(f"`{name}`\n"))
        names = [option for parameter in command.params for option in parameter.opts]
        assert [option for option in names if option.lower() not in section.lower()] == []
        assert f"```console\n{name}" in section or f"\n{name} " in section


@pytest.mark.parametrize("folder", EXAMPLES)
def test_the_portfolios_that_give_examples_are_valid(folder: str) -> None:
    assert load_catalog_and_portfolio(ROOT / folder)[1].tenants


def test_every_field_of_a_tenant_has_a_meaning_and_an_example() -> None:
    page = tenant_page(ROOT)
    tenants = page.split("## `platform.yaml`")[0].split("## Environments")[1].partition("\n## ")[2]
    rows = [line.strip("| ").split(" | ") for line in tenants.splitlines() if line.startswith("| `")]
    assert len(rows) == len(list(field_paths(MODELS["tenant"].model_json_schema())))
    meaningless = [row[0] for row in rows if len(row) < 4 or not row[3]]
    without_example = {row[0] for row in rows if not row[-1].startswith("`")}
    assert meaningless == []
    # Their fields have tables of their own.
    assert without_example == {"`options`", "`extended`", "`anonymised`", "`columns`", "`cdn`"}


def test_every_field_of_a_platform_has_a_meaning() -> None:
    platform = tenant_page(ROOT).split("## `platform.yaml`")[1]
    rows = [line.strip("| ").split(" | ") for line in platform.splitlines() if line.startswith("| `")]
    assert len(rows) == len(list(field_paths(MODELS["platform"].model_json_schema())))
    assert [row[0] for row in rows if len(row) < 4 or not row[3]] == []


def test_a_module_without_a_line_on_the_page_changes_the_page(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tiers", tmp_path / "tiers", ignore=shutil.ignore_patterns("__pycache__"))
    before = module_page(tmp_path)
    (tmp_path / "tiers" / "zebra.py").write_text('"""Knows stripes.\n\nAnd more."""\n', encoding="utf-8")
    assert module_page(tmp_path) != before
    assert "| [zebra](../tiers/zebra.py) | Knows stripes. |" in module_page(tmp_path)
