"""How help is laid out: commands under headings, examples on lines of their own, old option names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from typer.core import TyperCommand, TyperGroup

from cli.console.output import echo

_RENAMED = "renamed_options"
Action = TypeVar("Action", bound=Callable[..., Any])


def renamed(names: Mapping[str, str]) -> Callable[[Action], Action]:
    """Let a command understand options by their old names; help shows the new ones only."""

    def marked(action: Action) -> Action:
        setattr(action, _RENAMED, dict(names))
        return action

    return marked


class Command(TyperCommand):
    """A command whose examples can be copied as they are, and whose renamed options still work."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read *args*; an old name counts as the new one, and a sentence on stderr says so."""
        names: Mapping[str, str] = getattr(self.callback, _RENAMED, {})
        return super().parse_args(ctx, list(_in_new_words(args, names)))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write each example on one line, however long: a terminal wraps it, a copy does not."""
        del ctx
        if self.epilog:
            formatter.write_paragraph()
            for line in filter(None, self.epilog.splitlines()):
                formatter.write(f"  {line}\n")


class CommandsByJob(TyperGroup):
    """A group that lists its commands under the heading each was registered with."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading, in the order in which they first appear."""
        shown = {name: self.commands[name] for name in self.list_commands(ctx)}
        width = max(map(len, shown), default=0)
        headings = dict.fromkeys(_heading(command) for command in shown.values())
        for heading in headings:
            rows = [
                (name.ljust(width), command.get_short_help_str(formatter.width - width - 6))
                for name, command in shown.items()
                if _heading(command) == heading and not command.hidden
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)


def _heading(command: Any) -> str:
    return str(command.rich_help_panel or "Commands")


def _in_new_words(args: Sequence[str], names: Mapping[str, str]) -> Iterator[str]:
    for index, word in enumerate(args):
        option, equals, value = word.partition("=")
        if word == "--":
            yield from args[index:]
            return
        if option in names:
            echo(f"{option} is now called {names[option]}; the old name will be removed", err=True)
            option = names[option]
        yield f"{option}{equals}{value}"
