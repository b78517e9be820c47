"""A figure is shown whole or not at all, however narrow the terminal."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.cli.terminal import on_a_terminal
from tests.portfolios import LOCAL, local_plan
from tiers.inventory import exported

HERE = ("--portfolio", str(LOCAL))
MONTH = ("--period", "2026-11")
COMMANDS = {
    "allocate": ("allocate", "--inventory", "{inventory}", *MONTH),
    "preview": ("preview", *HERE, "--tenant", "cobalt", "--tier", "ha-postgresql", *MONTH),
    "unit-costs": ("unit-costs", *HERE, "--tier", "shared-namespace", "--more", "0,10", *MONTH),
    "expire": ("expire", *HERE, "--as-of", "2027-02-01"),
    "prices explain": ("prices", "explain", "AmazonRDS", "db.t4g.small", "--region", "us-east-1"),
    "prices lint": ("prices", "lint"),
}
FIGURE = re.compile(r"-?[\d,]+\.\d\d\b")


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("terminals") / "inventory.json"
    path.write_text(json.dumps(exported(local_plan(), {})), encoding="utf-8")
    return path


def figures(text: str) -> set[str]:
    """Every amount in cents that is shown."""
    return set(FIGURE.findall(text))


@cache
def on_a_wide_one(*arguments: str) -> tuple[str, str]:
    """What a command shows on a terminal with room for every table."""
    return on_a_terminal(250, *arguments)


@pytest.mark.sample(3)
@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_figure_is_cut(command: str, columns: int, inventory: Path) -> None:
    arguments = tuple(each.format(inventory=inventory) for each in COMMANDS[command])
    shown, _ = on_a_terminal(columns, *arguments)
    assert "…" not in shown
    wide, said = on_a_wide_one(*arguments)
    assert "block of lines" not in said
    missing = figures(wide) - figures(shown)
    assert missing == set() or command == "allocate", "only allocate shows all pools in one column"
    if command == "allocate":
        totals = next(line for line in wide.splitlines() if line.startswith("│ meridian"))
        assert set(totals.split()) & {"4,180.00", "2,320.66"} <= figures(shown)


def test_what_does_not_fit_is_a_block_for_each_row(inventory: Path) -> None:
    shown, said = on_a_terminal(80, *(each.format(inventory=inventory) for each in COMMANDS["allocate"]))
    lines = shown.replace("\r", "").splitlines()
    assert said == "each row is a block of lines: the table needs a terminal of 173 columns\n"
    block = lines[lines.index("meridian") + 1 :]
    block = block[: block.index("")]
    assert [line.split() for line in block[:2]] == [["environment", "production"], ["direct", "1,962.02"]]
    assert block[-1].split() == ["margin", "%", "51.2"]
    assert len({len(line) for line in block[1:]}) == 1, "figures are aligned"
    assert "total" in lines
