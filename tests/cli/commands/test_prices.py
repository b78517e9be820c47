from __future__ import annotations

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app


@pytest.mark.parametrize("command", ["lint", "explain", "update"])
def test_every_command_shows_an_example_that_it_understands(command: str) -> None:
    said = CliRunner().invoke(app, ["prices", command, "--help"])
    assert said.exit_code == Exit.OK
    example = re.search(rf"Example: costack prices {command}.*", said.stdout)
    assert example
    group = get_command(app).commands["prices"]  # type: ignore[attr-defined]
    words = example.group().split()[4:]
    assert group.commands[command].make_context(command, words)


def test_an_unknown_form_is_a_mistake_of_configuration() -> None:
    said = CliRunner().invoke(
        app, ["prices", "explain", "AmazonRDS", "db", "--region", "eu-west-1", "-o", "csv"]
    )
    assert said.exit_code == Exit.CONFIGURATION
    assert "Traceback" not in said.output
