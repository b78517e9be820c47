from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL, ROOT

TENANT = "tenants/acme.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOCAL, tmp_path / "local"))


def _replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _duplicate(folder: Path) -> None:
    _replaced(TENANT, "hostname: acme.", "hostname: twin.")(folder)
    shutil.copy(folder / TENANT, folder / "tenants" / "zz.yaml")
    _replaced(TENANT, "hostname: twin.", "hostname: acme.")(folder)


def _snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_good_portfolio_is_one_line(folder: Path) -> None:
    before = _snapshot(folder)
    said = CliRunner().invoke(app, ["validate", str(folder), "--as-of", "2026-11-30"])
    assert (said.exit_code, said.stderr) == (Exit.OK, "")
    assert said.stdout.startswith(f"{folder}: valid, 7 tenants, ")
    assert said.stdout.count("\n") == 1
    assert _snapshot(folder) == before


def test_tenants_whose_odoo_is_supported_no_longer_are_warned_of(folder: Path) -> None:
    said = CliRunner().invoke(app, ["validate", str(folder), "--as-of", "2027-10-01"])
    assert said.exit_code == Exit.OK
    lines = said.stderr.splitlines()
    assert len(lines) == 7
    assert lines[0] == "warning: acme: support of Odoo 18.0 ended on 2027-09-30; plan its upgrade"


def test_without_a_name_every_portfolio_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = CliRunner().invoke(app, ["validate"])
    assert said.exit_code == Exit.OK
    checked = {line.partition(":")[0] for line in said.stdout.splitlines()}
    assert checked == {f"portfolios/{path.name}" for path in (ROOT / "portfolios").iterdir()}


def test_a_folder_without_portfolios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["validate"])
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr == (
        "portfolios: holds no portfolio; run the command in the project's folder, or name a portfolio: "
        "costack validate FOLDER\n"
    )


@pytest.mark.sample(5)
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            _replaced(TENANT, "tier: shared-namespace", "tier: gold"),
            (
                "/tenants/acme.yaml:4: tier: 'gold' is not in the catalog; "
                "there are "
                "cross-region-backup, dedicated-db, ha-postgresql, shared-namespace"
            ),
        ),
        (_duplicate, "/tenants/zz.yaml:1: tenant: 'acme' is already used in {folder}/tenants/acme.yaml"),
        (
            _replaced(TENANT, "region: us-east-1", "region: us-east-1\nregion: eu-west-1"),
            "/tenants/acme.yaml:6: 'region' is given twice",
        ),
        (
            _replaced(TENANT, "client: acme-consulting", "client: acme consulting"),
            (
                "/tenants/acme.yaml:2: client: Value should be 1 to 50 letters, digits, '.', '_' or '-', "
                "starting and ending with a letter or digit (got 'acme consulting')"
            ),
        ),
        (
            _replaced(TENANT, "users: 8", "users: -3"),
            "/tenants/acme.yaml:9: options.users: expected a number above 0, found '-3'",
        ),
        (lambda folder: (folder / "platform.yaml").unlink(), "/platform.yaml: no such file"),
        (shutil.rmtree, ": no such portfolio directory"),
        (_replaced(TENANT, "tenant: acme", "tenant: [acme"), "/tenants/acme.yaml:2: is not YAML: "),
        (
            lambda folder: (folder / TENANT).write_bytes(b"\xff\xfe"),
            "/tenants/acme.yaml: is not UTF-8 text (byte 0)",
        ),
        (
            lambda folder: (folder / TENANT).write_text("", encoding="utf-8"),
            "/tenants/acme.yaml:1: expected 'key: value' lines, found nothing",
        ),
    ],
    ids=[
        "unknown tier",
        "duplicate tenant",
        "repeated key",
        "illegal tag value",
        "negative number",
        "missing file",
        "missing folder",
        "broken YAML",
        "not text",
        "empty file",
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(
    folder: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(folder)
    before = _snapshot(folder)
    said = CliRunner().invoke(app, ["validate", str(folder)])
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr.startswith(f"{folder}{sentence.format(folder=folder)}")
    assert said.stderr.count("\n") == 1
    assert _snapshot(folder) == before


def test_mistakes_of_several_files_are_reported_together(folder: Path) -> None:
    _replaced(TENANT, "users: 8", "users: 0")(folder)
    _replaced("tenants/borealis.yaml", "tier: shared-namespace", "tier: gold")(folder)
    said = CliRunner().invoke(app, ["validate", str(folder)])
    assert said.exit_code == Exit.CONFIGURATION
    assert [line.removeprefix(f"{folder}/").partition(":")[0] for line in said.stderr.splitlines()] == [
        "tenants/acme.yaml",
        "tenants/borealis.yaml",
    ]


def test_what_is_worth_knowing_is_said_beside_the_result(folder: Path) -> None:
    _replaced(TENANT, "users: 8", "users: 800")(folder)
    said = CliRunner().invoke(app, ["validate", str(folder)])
    assert said.exit_code == Exit.OK
    assert said.stdout.count("\n") == 1
    assert said.stderr == (
        "warning: acme: options.users 800 is beyond the fair use of shared-namespace, which is 10\n"
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the committed portfolio, and a copy of it that has a name and a cluster of its own."""
    shutil.copytree(LOCAL, tmp_path / "portfolios" / "local")
    shutil.copytree(LOCAL, tmp_path / "portfolios" / "other")
    other = tmp_path / "portfolios" / "other"
    _replaced("platform.yaml", "portfolio: local", "portfolio: other")(other)
    _replaced("platform.yaml", "name: odoo\n", "name: another\n")(other)
    for path in (other / "tenants").glob("*.yaml"):
        _replaced(f"tenants/{path.name}", ".odoo.example.com", ".other.example.com")(other)
    return tmp_path


def test_all_portfolios_are_compared_with_each_other(project: Path) -> None:
    said = CliRunner().invoke(app, ["validate", "-C", str(project)])
    assert (said.exit_code, said.stderr) == (Exit.OK, "")
    other = project / "portfolios" / "other"
    _replaced(TENANT, "acme.other.example.com", "acme.odoo.example.com")(other)
    said = CliRunner().invoke(app, ["validate", "-C", str(project)])
    assert said.exit_code == Exit.CONFIGURATION
    assert said.stderr.splitlines() == [
        (
            f"{other}/{TENANT}:7: hostname: 'acme.odoo.example.com' is already used in "
            f"{project}/portfolios/local/{TENANT}"
        )
    ]
    assert "other: valid" not in said.stdout


@pytest.mark.parametrize("name", ["local", "other"])
def test_one_portfolio_is_compared_with_its_siblings(project: Path, name: str) -> None:
    other = project / "portfolios" / "other"
    _replaced(TENANT, "acme.other.example.com", "acme.odoo.example.com")(other)
    folder = project / "portfolios" / name
    said = CliRunner().invoke(app, ["validate", str(folder)])
    assert said.exit_code == Exit.CONFIGURATION
    assert said.stderr.startswith(f"{folder}/{TENANT}:7: hostname: ")
    priced = CliRunner().invoke(app, ["preview", "--portfolio", str(folder), "--more", "1:shared-namespace"])
    assert (priced.exit_code, priced.stderr) == (Exit.CONFIGURATION, said.stderr)


def test_a_copied_folder_is_refused_with_the_remedy(project: Path) -> None:
    mine = Path(shutil.copytree(LOCAL, project / "portfolios" / "mine"))
    said = CliRunner().invoke(app, ["validate", "-C", str(project)])
    assert said.exit_code == Exit.CONFIGURATION
    (line,) = said.stderr.splitlines()
    assert line.startswith(
        f"{mine}/platform.yaml:2: portfolio: 'local' is not the name of the folder, 'mine'"
    )
    assert "(portfolio: mine)" in line
    # The one it was copied from is as good as before.
    said = CliRunner().invoke(app, ["validate", str(project / "portfolios" / "local")])
    assert said.exit_code == Exit.OK


def test_a_sibling_that_cannot_be_read_is_a_warning(project: Path) -> None:
    broken = project / "portfolios" / "other"
    (broken / "platform.yaml").write_text("portfolio: [", encoding="utf-8")
    folder = project / "portfolios" / "local"
    said = CliRunner().invoke(app, ["validate", str(folder)])
    assert said.exit_code == Exit.OK
    assert said.stderr.startswith(f"warning: {broken}: not compared, it cannot be read: ")
    priced = CliRunner().invoke(app, ["preview", "--portfolio", str(folder), "--more", "1:shared-namespace"])
    assert priced.exit_code == Exit.OK
