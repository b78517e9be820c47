from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import catalog
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio

RUNNER = CliRunner()


def costack(folder: Path, *arguments: str) -> Any:
    return RUNNER.invoke(app, [*arguments, "--stack", "local", "--portfolio", str(folder)])


def rename(folder: Path, *arguments: str) -> Any:
    return costack(folder, "rename", *arguments)


def plan_of(folder: Path) -> Plan:
    return resolve(catalog(), load_portfolio(folder, catalog()))


def files(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text(encoding="utf-8") for each in (folder / "tenants").glob("*.yaml")}


def test_a_rename_changes_a_line_and_the_files_name(folder: Path, up: Callable[[], None]) -> None:
    before, plan = files(folder), plan_of(folder)
    result = rename(folder, "acme", "zenith")
    assert result.exit_code == Exit.OK, result.output
    assert "zenith.yaml, which was acme.yaml; the names replace nothing in the next" in result.stdout
    assert "in cost tags, on bills and in backups stays acme, and commands take either" in result.stdout
    after = plan_of(folder)
    assert list(after.all_facts()) == list(plan.all_facts())
    changed = next(each for each in after.tenants if each.name == "zenith")
    assert changed.tenant == "acme"
    assert changed.cost_tags() == next(each for each in plan.tenants if each.tenant == "acme").cost_tags()
    up()
    result = rename(folder, "zenith", "acme")
    assert result.exit_code == Exit.OK, result.output
    assert files(folder) == before


@pytest.mark.whole("each command with either word")
def test_commands_take_the_name_and_the_id(folder: Path, up: Callable[[], None]) -> None:
    rename(folder, "acme", "zenith")
    up()
    for word, more in (("acme", ()), ("zenith", ("--break-even",))):
        assert "acme is not moving; it is on shared-namespace" in costack(folder, "move", word).stdout
        assert "acme is not rotating" in costack(folder, "rotate", word).stdout
        said = RUNNER.invoke(
            app,
            [
                "preview",
                "--portfolio",
                str(folder),
                "--tenant",
                word,
                "--tier",
                "dedicated-db",
                *more,
            ],
        )
        assert said.exit_code == Exit.OK, said.output
        assert ("break-even of acme in users" in said.stdout) is bool(more)


@pytest.mark.usefixtures("up")
def test_a_client_is_renamed_with_its_tenant(folder: Path, up: Callable[[], None]) -> None:
    owner = next(each.owner for each in plan_of(folder).tenants if each.tenant == "acme")
    result = rename(folder, "acme", "zenith", "--client", "zenith-ag")
    assert result.exit_code == Exit.OK, result.output
    assert "the client is zenith-ag in tags and statements from that update on" in result.stdout
    (changed,) = [each for each in plan_of(folder).tenants if each.tenant == "acme"]
    assert (changed.client, changed.owner) == ("zenith-ag", owner)
    up()
    rename(folder, "zenith", "zenith", "--client", "acme-consulting")
    assert "first_client" not in files(folder)["zenith.yaml"]


@pytest.mark.usefixtures("up")
def test_a_file_renamed_by_hand_gets_its_id_back(folder: Path) -> None:
    text = files(folder)["acme.yaml"]
    (folder / "tenants" / "acme.yaml").unlink()
    other = folder / "tenants" / "zenith.yaml"
    other.write_text(text.replace("tenant: acme\n", "tenant: zenith\n"), encoding="utf-8")
    result = rename(folder, "acme", "zenith")
    assert result.exit_code == Exit.OK, result.output
    assert "tenant: acme\n" in other.read_text("utf-8")
    assert "display_name: zenith\n" in other.read_text("utf-8")


@pytest.mark.parametrize("more", ["", "display_name: nova\n"])
def test_a_client_renamed_by_hand_keeps_its_data(more: str, folder: Path, up: Callable[[], None]) -> None:
    (folder / "tenants" / "acme-staging.yaml").unlink()
    up()
    owner = next(each.owner for each in plan_of(folder).tenants if each.tenant == "acme")
    text = files(folder)["acme.yaml"].replace("client: acme-consulting", "client: zenith-ag")
    (folder / "tenants" / "acme.yaml").unlink()
    other = folder / "tenants" / "zenith.yaml"
    other.write_text(more + text.replace("tenant: acme\n", "tenant: zenith\n"), encoding="utf-8")
    before = files(folder)
    result = rename(folder, "acme", "zenith")
    assert "the data of acme is client acme-consulting's, and its file says zenith-ag" in result.stderr
    assert files(folder) == before
    result = rename(folder, "acme", "zenith", "--client", "zenith-ag")
    assert result.exit_code == Exit.OK, result.output
    (changed,) = [each for each in plan_of(folder).tenants if each.tenant == "acme"]
    assert (changed.name, changed.client, changed.owner) == ("zenith", "zenith-ag", owner)


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acme", "acme"), "acme is called acme already"),
        (("acme", "cobalt"), "'cobalt' is already used: tenant 'cobalt' has it; choose another name"),
        (("nobody", "zenith"), "tenant 'nobody' has no file; there are acme, "),
        (("acme", "Zenith GmbH"), "NAME: Value should be 1 to 30 lower-case letters"),
        (("acme", "a/b"), "NAME: Value should be 1 to 30 lower-case letters"),
        (("acme", "zenith # b"), "NAME: Value should be 1 to 30 lower-case letters"),
        (("acme", "zenith", "--client", "a #b"), "--client: Value should be 1 to 50 letters"),
    ],
)
def test_what_a_rename_refuses(folder: Path, words: tuple[str, ...], said: str) -> None:
    before = files(folder)
    result = rename(folder, *words)
    assert result.exit_code != Exit.OK
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert files(folder) == before


@pytest.mark.usefixtures("up")
def test_a_file_of_that_name_is_not_overwritten(folder: Path) -> None:
    (folder / "tenants" / "cobalt.yaml").rename(folder / "tenants" / "zenith.yaml")
    before = files(folder)
    result = rename(folder, "acme", "zenith")
    assert "zenith.yaml: there is such a file already" in result.stderr
    assert files(folder) == before


@pytest.mark.usefixtures("up")
def test_a_tenant_that_is_not_deployed_is_renamed_in_its_file(folder: Path) -> None:
    text = files(folder)["acme.yaml"].replace("acme", "fresh")
    (folder / "tenants" / "fresh.yaml").write_text(text, encoding="utf-8")
    result = rename(folder, "fresh", "zenith")
    assert "fresh is not deployed in stack 'local', so nothing has its name yet" in result.stderr


@pytest.mark.whole("what a rename refuses names tenants by either")
@pytest.mark.sample(1)
@pytest.mark.usefixtures("up")
@pytest.mark.parametrize("word", ["acme", "zenith"])
def test_a_tenant_that_is_gone_is_named_by_either(word: str, folder: Path, tmp_path: Path) -> None:
    rename(folder, "acme", "zenith")
    after = tmp_path / "after" / "local"
    shutil.copytree(folder, after)
    (after / "tenants" / "zenith.yaml").unlink()
    sides = ("--base-folder", str(folder), "--portfolio", str(after))
    result = RUNNER.invoke(app, ["preview", *sides, "--gone", word])
    assert result.exit_code == Exit.OK, result.output


def test_two_tenants_with_one_name_are_refused(folder: Path) -> None:
    with (folder / "tenants" / "acme.yaml").open("a", encoding="utf-8") as file:
        file.write("display_name: cobalt\n")
    result = RUNNER.invoke(app, ["validate", str(folder)])
    assert result.exit_code != Exit.OK
    assert "display_name: 'cobalt' is already used in" in result.stderr


@pytest.mark.whole("pages show names and keep ids in tests/allocation/report/showback")
def test_a_statement_shows_the_name_and_keeps_the_id(folder: Path, up: Callable[[], None]) -> None:
    """The run of a month explains a tenant by either."""
    rename(folder, "acme", "zenith")
    up()
    plan = folder.parent / "inventory.json"
    inventory = {"schema_version": 1, "plan": plan_of(folder).model_dump(mode="json"), "cloud_ids": {}}
    plan.write_text(json.dumps(inventory), encoding="utf-8")
    table = RUNNER.invoke(app, ["allocate", "--inventory", str(plan)])
    assert table.exit_code == Exit.OK, table.output
    assert "zenith: its id in the cloud, on bills and in files is 'acme'" in table.output
    document = json.loads(RUNNER.invoke(app, ["allocate", "--inventory", str(plan), "-o", "json"]).stdout)
    names = {each["tenant"]: each["display_name"] for each in document["tenants"]}
    assert names["acme"] == "zenith"
    assert names["cobalt"] is None
