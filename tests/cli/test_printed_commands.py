"""What pages and commands print to be run next works as it is printed, with two portfolios too."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from allocation.review.signals import Month, preview_command, signals
from allocation.statement.filed import FiledStatement
from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.previews import changed, now
from tests.allocation.showbacks import filed
from tests.portfolios import LOCAL, catalog, local_plan
from tiers.inventory import exported


@pytest.fixture
def two_portfolios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("local", "other"):
        shutil.copytree(LOCAL, tmp_path / "portfolios" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str) -> Any:
    program, *words = shlex.split(command)
    assert program == "costack"
    return CliRunner().invoke(app, words)


def month() -> Month:
    plan = changed("acme", users="12")
    statement: FiledStatement = filed(now().statement)
    return Month(statement, plan, catalog())


def printed() -> Iterator[str]:
    seen = month()
    yield from (each.command for each in signals(seen) if each.command)
    yield preview_command(seen, "cobalt", "ha-postgresql")


def test_commands_of_a_report_name_their_portfolio() -> None:
    commands = set(printed())
    assert any(" preview " in each for each in commands)
    for command in commands:
        _, name, *words = shlex.split(command)
        group = get_command(app)
        context = group.commands[name].make_context(name, words)  # type: ignore[attr-defined]
        assert context.params["portfolio"] == Path("portfolios/local"), command


@pytest.mark.usefixtures("two_portfolios")
def test_commands_of_a_report_work_with_two_portfolios() -> None:
    done = run(preview_command(month(), "cobalt", "ha-postgresql"))
    assert done.exit_code == Exit.OK, done.output
    lost = run("costack preview --tenant cobalt --tier ha-postgresql")
    assert lost.exit_code == Exit.CONFIGURATION
    assert "name the portfolio with --portfolio" in lost.stderr


@pytest.mark.whole("the other commands of a report are printed and run here")
def test_the_stack_of_a_portfolio_is_read_from_its_file(two_portfolios: Path) -> None:
    stacks = two_portfolios / "stacks"
    stacks.mkdir()
    inventory = two_portfolios / "inventory.json"
    inventory.write_text(json.dumps(exported(local_plan(), {})), encoding="utf-8")
    ask = f"costack expire --inventory {inventory} --as-of 2027-02-01 --print-commands"
    lost = run(ask)
    assert lost.exit_code == Exit.CONFIGURATION
    assert "no stack deploys it" in lost.stderr
    for name, portfolio in (("live", "local"), ("elsewhere", "other")):
        text = f"config:\n  costack:portfolio: {portfolio}\n"
        (stacks / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")
    assert run(ask).stdout == "costack decommission borealis-migration --stack live\n"
    (stacks / "Pulumi.second.yaml").write_text("config: {costack:portfolio: local}\n", encoding="utf-8")
    assert "several stacks deploy it (live, second); name one with --stack" in run(ask).stderr
    (stacks / "Pulumi.second.yaml").write_text("config: [", encoding="utf-8")
    assert "Pulumi.second.yaml:2: is not YAML" in run(ask).stderr
