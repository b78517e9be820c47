"""The help of every command: examples that the command understands, and a sentence for every option."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app

RUNNER = CliRunner()


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


EVERY = dict(commands(get_command(app)))


def examples(words: tuple[str, ...]) -> list[list[str]]:
    """The commands at the end of a command's help, as a shell splits them."""
    shown = RUNNER.invoke(app, [*words, "--help"])
    assert shown.exit_code == Exit.OK
    lines = shown.stdout.rstrip().splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("  Example: costack "))
    return [shlex.split(line.partition(": ")[2]) for line in lines[first:]]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_ends_with_examples_that_the_command_understands(words: tuple[str, ...]) -> None:
    command = EVERY[words]
    known = {name for each in command.params for name in each.opts}
    for program, *rest in examples(words):
        assert (program, tuple(rest[: len(words)])) == ("costack", words)
        arguments = rest[len(words) :]
        assert {word for word in arguments if re.match("--?[a-z]", word)} <= known
        assert command.make_context(" ".join(words), arguments)


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_option_has_a_sentence(words: tuple[str, ...]) -> None:
    for each in EVERY[words].params:
        assert re.match(r"[A-Z].*\.$", each.help or ""), (each.name, each.help)


def test_examples_that_need_no_cloud_do_what_they_say() -> None:
    for words in (("validate",), ("preview",), ("sql",), ("prices", "lint"), ("prices", "explain")):
        _, *arguments = examples(words)[0]
        done = RUNNER.invoke(app, arguments)
        assert done.exit_code == Exit.OK, done.output


@pytest.mark.parametrize(
    ("arguments", "old", "new"),
    [
        (("expire", "--apply", "--as-of", "2026-12-01"), "--apply", "--print-commands"),
        (("expire", "--on=2026-12-01"), "--on", "--as-of"),
        (("explain", "acme", "--run", "nowhere", "--origin", "1"), "--origin", "--shared-charge"),
        (("preview", "--with-room", "--stack", "a", "--base", "b"), "--with-room", "--add-capacity"),
        (("preview", "--out-file", "x"), "--out-file", "--out"),
        (("prices", "lint", "--directory", "nowhere"), "--directory", "--prices"),
    ],
)
def test_an_old_name_still_works_and_says_the_new_one(arguments: tuple[str, ...], old: str, new: str) -> None:
    done = RUNNER.invoke(app, [*arguments])
    assert done.stderr.splitlines()[0] == f"{old} is now called {new}; the old name will be removed"
    assert "No such option" not in done.stderr
    shown = RUNNER.invoke(app, [*(word for word in arguments[:2] if word.isalpha()), "--help"]).stdout
    assert f"{old} " not in shown.replace("--out ", "")


def test_after_two_dashes_nothing_is_an_option() -> None:
    done = RUNNER.invoke(app, ["validate", "--", "--on"])
    assert "is now called" not in done.stderr


@pytest.mark.parametrize("command", [("move", "acme"), ("decommission", "acme"), ("recover",)])
def test_what_changes_a_stack_takes_none_by_default(command: tuple[str, ...]) -> None:
    done = RUNNER.invoke(app, [*command])
    assert done.exit_code == Exit.CONFIGURATION
    assert "Missing option '--stack'" in done.stderr


@pytest.mark.parametrize("command", [("explain", "acme", "--run", "x"), ("restore-test", "acme")])
def test_a_form_that_a_command_cannot_print_is_not_offered(command: tuple[str, ...]) -> None:
    done = RUNNER.invoke(app, [*command, "-o", "csv"])
    assert done.exit_code == Exit.CONFIGURATION
    assert "'csv' is not one of 'table', 'json'" in done.stderr
