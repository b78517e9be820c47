"""`costack init`: a project that is valid and can be deployed as it is written, and nothing overwritten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from typer.testing import CliRunner

from allocation.estimate.folders import folders_of
from cli.console.exit_codes import Exit
from cli.main import app
from costack import program
from tests.components.monitor import declare
from tests.portfolios import LOCAL, ROOT
from tiers.catalog.folder import CATALOG_DIRECTORY
from tiers.inventory import OUTPUT_NAME

NAMES = {
    ".github/workflows/cost-preview.yml",
    ".gitignore",
    "Pulumi.yaml",
    "README.md",
    "__main__.py",
    "policies/PulumiPolicy.yaml",
    "policies/__main__.py",
    "portfolios/local/platform.yaml",
    "portfolios/local/tenants/acme.yaml",
    "portfolios/local/tenants/borealis.yaml",
    "requirements.txt",
    "stacks/Pulumi.local.yaml",
}


def init(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["init", *map(str, arguments)])


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my firm"
    done = init(folder, "--catalog")
    assert done.exit_code == Exit.OK, done.output
    monkeypatch.chdir(folder)
    return folder


def test_a_project_has_these_files(tmp_path: Path) -> None:
    done = init(tmp_path / "firm")
    assert done.exit_code == Exit.OK
    assert written(tmp_path / "firm").keys() == NAMES
    assert done.stdout == (
        f"{tmp_path}/firm: 12 files; README.md has the commands, such as:\n"
        f"  cd {tmp_path}/firm && costack validate\n"
    )


def test_with_a_catalog_the_tiers_are_its_own(firm: Path) -> None:
    names = {f"catalog/{path.name}" for path in CATALOG_DIRECTORY.glob("*.yaml")}
    assert written(firm).keys() == NAMES | names | {"catalog/README.md"}
    assert folders_of(Path("portfolios/local")).catalog == Path("catalog")
    said = CliRunner().invoke(app, ["validate"])
    assert said.exit_code == Exit.OK
    assert said.stdout.startswith("portfolios/local: valid, 2 tenants, ")
    assert said.stderr == ""
    menus = firm / "catalog" / "classes.yaml"
    text = menus.read_text(encoding="utf-8")
    menus.write_text(text.replace("  m: {node_type: ", "  mine: {node_type: "), encoding="utf-8")
    said = CliRunner().invoke(app, ["validate"])
    row = "cache_classes.mine: no tier and no portfolio uses it"
    assert said.stderr == f"warning: catalog/classes.yaml: {row}\n"


def test_its_program_declares_its_tenants_by_its_catalog(firm: Path) -> None:
    tier = firm / "catalog" / "shared-namespace.yaml"
    tier.write_text(tier.read_text(encoding="utf-8").replace("249.00", "251.00"), encoding="utf-8")
    folder, exported = Path("portfolios/local"), dict[str, Any]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "export", exported.__setitem__)
        declared = declare(lambda: program.deploy(program.plan_of(folder), folders_of(folder)))
    assert len(declared) > 150
    assert exported.keys() == {OUTPUT_NAME, "monthly_estimate"}
    assert program.plan_of(folder).tenants[0].fee_per_month == pytest.approx(251)


def test_its_program_is_that_of_the_repository() -> None:
    theirs, ours = (
        [line.strip() for line in path.read_text(encoding="utf-8").splitlines()[1:] if line]
        for path in (ROOT / "cli" / "project" / "program.txt", ROOT / "__main__.py")
    )
    assert theirs == ["from costack.program import run", "run()"]
    assert [line for line in ours if line in theirs] == theirs


def test_its_platform_is_that_of_the_repository() -> None:
    ours, theirs = (
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (LOCAL / "platform.yaml", ROOT / "cli" / "project" / "platform.yaml")
    )
    assert ours == theirs


@pytest.mark.sample(4)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_nothing_is_overwritten_and_then_nothing_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine", encoding="utf-8")
    done = init(tmp_path)
    assert done.exit_code == Exit.CONFIGURATION
    assert done.stderr.startswith(f"{tmp_path / name}: exists already; expected a folder without it")
    assert written(tmp_path) == {name: b"mine"}


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "firm").mkdir()
    (tmp_path / "firm" / "Pulumi.yaml").symlink_to(tmp_path / "elsewhere")
    assert init(tmp_path / "firm").exit_code == Exit.CONFIGURATION
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = init(tmp_path / "file")
    assert done.exit_code == Exit.CONFIGURATION
    assert re.fullmatch(rf"{tmp_path}/file/.*: cannot be written: .*\n", done.stderr)


@pytest.mark.parametrize(
    ("folder", "name"), [("my firm", "my-firm"), ("Fünf & Söhne", "F-nf-S-hne"), ("…", "odoo-hosting")]
)
def test_pulumi_takes_the_name_of_the_project(tmp_path: Path, folder: str, name: str) -> None:
    assert init(tmp_path / folder).exit_code == Exit.OK
    made = yaml.safe_load((tmp_path / folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert made["name"] == name
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", made["name"])
