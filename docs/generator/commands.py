"""The page of commands: every command of the Typer app, its options and examples, and exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cli.console.exit_codes import Exit
from cli.main import app
from docs.generator.markdown import NOTICE, anchor, table

_NAME: Final = "costack"
_INTRODUCTION: Final = """\
Every command and option, as `costack COMMAND --help` prints them. `source .venv/bin/activate` puts
`costack` on `PATH`; [index.md](index.md#before-you-run-a-command) says what the local cloud needs besides."""
_EXIT_CODES: Final = {
    Exit.OK: "success",
    Exit.ERROR: "the command failed; the message says why and what to do",
    Exit.CONFIGURATION: "wrong input: an option, a file, a bill; the message names it, with its line or row",
    Exit.POLICY: "a gate failed, an approval or a good scan of an image is missing, a budget is exceeded, "
    "a month is not ready, or a tenant is past its end",
    Exit.NO_SUCH_STACK: "the Pulumi backend in use has no such stack",
    Exit.CANCELLED: "cancelled with Ctrl-C",
}
"""What each exit code means; a code without a meaning stops the generator."""


def command_page() -> str:
    """The page for the app in `cli.main`."""
    sections = [section for name, command in commands() for section in _section(name, command)]
    overview = table(
        ["command", "what it does"],
        [[f"[`{name}`](#{anchor(name)})", _sentence(command)] for name, command in commands()],
    )
    codes = table(["code", "meaning"], [[str(int(code)), _EXIT_CODES[code]] for code in Exit])
    parts = [NOTICE, "# Commands", _INTRODUCTION, overview, *sections, "## Exit codes"]
    return "\n\n".join([*parts, f"`costack` uses Pulumi's exit codes:\n\n{codes}"]) + "\n"


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command that can be run, by its whole name, such as `costack prices lint`."""
    root = get_command(app)
    if not isinstance(root, TyperGroup):
        raise TypeError("cli.main.app has no commands")
    yield from _commands(_NAME, root)


def _commands(prefix: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        whole = f"{prefix} {name}"
        if isinstance(command, TyperGroup):
            yield from _commands(whole, command)
        elif isinstance(command, TyperCommand):
            yield whole, command


def _section(name: str, command: TyperCommand) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    yield f"## `{name}`"
    yield " ".join((command.help or "").split())
    yield f"```text\n{name} {' '.join(command.collect_usage_pieces(context))}\n```"
    for title, kind in (("argument", TyperArgument), ("option", TyperOption)):
        if rows := [_parameter(each, context) for each in command.params if isinstance(each, kind)]:
            yield table([title, "meaning"], rows)
    if examples := _examples(command):
        yield "```console\n" + "\n".join(examples) + "\n```"


def _parameter(parameter: Any, context: typer.Context) -> list[str]:
    spelling, meaning = parameter.get_help_record(context) or (parameter.name, "")
    # Typer's words for a repeated option and for a day are Python's; a reader of the page needs neither.
    spelling = re.sub(r"<list\[(\w+)\]>", lambda found: f"<{found[1].lower()}>", spelling)
    for theirs, ours in (("%Y-%m-%d", "YYYY-MM-DD"), ("<str>", "<text>"), ("<int range>", "<number>")):
        spelling = spelling.replace(theirs, ours)
    required = " *Required.*" if parameter.required and isinstance(parameter, TyperOption) else ""
    meaning = meaning.replace("[required]", "").strip()
    if said := re.search(r"\[(?:default: ([^;\]]+))?(?:; )?(?:x>=(\d+))?\]$", meaning):
        default, least = said.groups()
        meaning = meaning[: said.start()].rstrip()
        meaning += f" Default: `{default}`." if default else ""
        meaning += f" At least {least}." if least else ""
    return [f"`{spelling}`", meaning + required]


def _examples(command: TyperCommand) -> list[str]:
    """The commands of the epilog; what stands before a command becomes a comment."""
    lines = []
    for line in filter(None, map(str.strip, (command.epilog or "").splitlines())):
        words, found, rest = line.partition(f"{_NAME} ")
        words = words.strip(" :")
        if words and words != "Example":
            lines.append(f"# {words}")
        if found:
            lines.append(found + rest)
    return lines


def _sentence(command: TyperCommand) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())
