"""What every command that takes a file one step further says of words that mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app

COMMANDS = [
    ("move", "--to", "dedicated-db"),
    ("rotate", "--begin"),
    ("restore", "--at", "2026-11-29T01:15:00Z"),
    ("refresh", "--from", "acme"),
    ("upgrade", "--to", "19.0"),
    ("upgrade-database", "--to", "18"),
    ("failover", "--to", "eu-west-1"),
    ("failover",),
    ("failback",),
]


def said(folder: Path, *words: str) -> str:
    """The one sentence of a command that finds a mistake in its words."""
    result = CliRunner().invoke(app, [*words, "--stack", "local", "--portfolio", str(folder)])
    assert result.exit_code == Exit.CONFIGURATION, result.output
    (sentence,) = result.output.strip().splitlines()
    return sentence


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_tenant_that_nobody_has_is_a_mistake_and_not_nothing(
    command: tuple[str, ...], folder: Path, up: Callable[[], None]
) -> None:
    up()
    name, *options = command
    assert said(folder, name, "acmee", *options) == f"{folder}/tenants: no file has tenant 'acmee'"


@pytest.mark.parametrize(
    ("command", "value", "expected"),
    [
        ("upgrade", "", "a name of a version"),
        ("upgrade", "19_0", "a name of a version"),
        ("upgrade-database", "nineteen", "a version of PostgreSQL"),
        ("upgrade-database", "19", "expected 13 to 18"),
        ("failover", "mars", "an AWS region, such as eu-west-1"),
    ],
)
def test_a_target_that_cannot_be_is_one_sentence(
    command: str, value: str, expected: str, folder: Path, up: Callable[[], None]
) -> None:
    up()
    sentence = said(folder, command, "acme", "--to", value)
    assert sentence.startswith("--to: ")
    assert expected in sentence
