from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from cli.main import app
from docs.generator.commands import commands
from tests.docs.markdown import code, current_pages, shell_lines
from tests.portfolios import ROOT

_ENDS = frozenset({"|", "||", "&&", ";", "&", ">", ">>", "2>"})
_BEFORE = re.compile(r"^(?:\$ |sudo )?(?:\S*/)?costack(?= |$)")
_TARGETS = frozenset(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
_MAKE = re.compile(r"(?:^|[`;&] ?)make ((?:[a-z-]+ ?)+)")
IDS = [str(page.relative_to(ROOT)) for page in current_pages()]
ROOT_COMMAND: Any = get_command(app)


def test_commands_are_found() -> None:
    lines = [line for page in current_pages() for line in shell_lines(page) if _BEFORE.match(line.text)]
    assert len(lines) > 40
    assert {command for command, _ in commands()} <= {" ".join(_command(line.text)[:2]) for line in lines} | {
        " ".join(_command(line.text)[:3]) for line in lines
    }


@pytest.mark.parametrize("page", current_pages(), ids=IDS)
def test_a_line_to_copy_is_one_that_the_command_understands(page: Path) -> None:
    lines = [line for line in shell_lines(page) if _BEFORE.match(line.text)]
    faults = [f"{line}: {fault}" for line in lines if (fault := _fault(_command(line.text)))]
    assert faults == []


@pytest.mark.parametrize("page", current_pages(), ids=IDS)
def test_commands_and_options_within_text_exist(page: Path) -> None:
    named = [found for found in code(page) if _BEFORE.match(found.text)]
    faults = [f"{found}: {fault}" for found in named if (fault := _unknown(_command(found.text)))]
    assert faults == []


@pytest.mark.parametrize("page", current_pages(), ids=IDS)
def test_targets_of_make_exist(page: Path) -> None:
    lines = [*code(page), *shell_lines(page)]
    named = [
        (line, target) for line in lines for found in _MAKE.findall(line.text) for target in found.split()
    ]
    assert [f"{line}: {target}" for line, target in named if target not in _TARGETS] == []


@pytest.mark.parametrize(("name", "command"), [*commands()], ids=str)
def test_examples_of_help_are_understood(name: str, command: Any) -> None:
    lines = re.findall(r"(costack .+)", command.epilog or "")
    assert lines, f"{name} --help shows no example"
    assert [fault for line in lines if (fault := _fault(_command(line)))] == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("costack allocate --stack local", None),
        ("costack allocat --stack local", "No such command 'allocat'"),
        ("costack allocate --stak local", "No such option: --stak"),
        ("costack prices explain AmazonRDS", "Missing"),
        ("costack preview --as-of yesterday", "does not match the formats"),
        ("costack preview -o xml", "is not one of"),
    ],
)
def test_what_a_command_does_not_understand_is_seen(line: str, fault: str | None) -> None:
    found = _fault(_command(line))
    assert found is None if fault is None else found is not None and fault in found


def _command(line: str) -> list[str]:
    """The words of the command alone, without what a shell does before and after it."""
    words = []
    for word in shlex.split(_BEFORE.sub("costack", line), comments=True):
        if word in _ENDS:
            break
        words.append(word)
    return words


def _fault(words: list[str]) -> str | None:
    """Why the app does not understand *words*; None when it does. Nothing is run."""
    command, name, rest = _resolved(words[1:])
    if command is None:
        return name
    try:
        command.make_context(name, rest)
    except typer.Exit:  # --help
        return None
    except Exception as error:  # noqa: BLE001 - Typer's own exceptions are private
        return str(getattr(error, "message", "") or error) or type(error).__name__
    return None


def _unknown(words: list[str]) -> str | None:
    """Which command or option does not exist; a mention within text may leave values out."""
    command, name, rest = _resolved(words[1:])
    if command is None:
        return name
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    return next((f"No such option: {option}" for option in sorted(used - known - {"--help"})), None)


def _resolved(words: list[str]) -> tuple[Any, str, list[str]]:
    """The command, its name, and the words left for it; without a command, what is wrong instead."""
    command, name = ROOT_COMMAND, "costack"
    while hasattr(command, "commands"):
        if not words or words[0].startswith("-") or not re.match(r"[a-z]", words[0]):
            return command, name, words
        if words[0] not in command.commands:
            return None, f"No such command '{words[0]}'", []
        name, command, words = words[0], command.commands[words[0]], words[1:]
    return command, name, words
