"""Commands under headings, made when they are asked for; examples on lines of their own, old option names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from inspect import getdoc
from types import ModuleType
from typing import Any, ClassVar, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

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


class Place(NamedTuple):
    """Where a command is listed, and the module below `cli.commands` that has it.

    The module has a function of its own name, or of *action*, and its example in capitals; or the commands of
    a group, as an app.
    """

    heading: str
    module: str
    action: str = ""

    def command(self, name: str) -> Any:
        """The command, with the types of all its options: this takes longer than most of what they do."""
        root = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        root.callback()(lambda: None)
        if isinstance(found := self._found, typer.Typer):
            root.add_typer(found, name=name)
        else:
            root.command(name, cls=Command, epilog=self._example)(found)
        return get_group(root).commands[name]

    def in_short(self, most: int) -> str:
        """Its first sentence in at most so many letters; its options are not looked at."""
        found = self._found
        text = found.info.help if isinstance(found, typer.Typer) else getdoc(found)
        return TyperCommand(None, help=str(text)).get_short_help_str(most)

    @property
    def _found(self) -> Any:
        return getattr(self._imported, f"{self._name}_app", None) or getattr(self._imported, self._name)

    @property
    def _example(self) -> str:
        return str(getattr(self._imported, f"{self._name.strip('_').upper()}_EXAMPLE"))

    @property
    def _name(self) -> str:
        return self.action or self.module.rpartition(".")[2]

    @property
    def _imported(self) -> ModuleType:
        return import_module(f"..commands.{self.module}", __package__)


class CommandsByJob(TyperGroup):
    """A group that lists its commands under their headings, and makes each when it is asked for."""

    places: ClassVar[Mapping[str, Place]] = {}

    def __init__(self, **given: Any) -> None:
        super().__init__(**given | {"commands": _Commands(self.places)})

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of their headings."""
        del ctx
        return list(self.places)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each heading, in the order in which they first appear."""
        del ctx
        width = max(map(len, self.places))
        for heading in dict.fromkeys(place.heading for place in self.places.values()):
            rows = [
                (name.ljust(width), place.in_short(formatter.width - width - 6))
                for name, place in self.places.items()
                if place.heading == heading
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)


class _Commands(Mapping[str, Any]):
    """The commands by name, each made once."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._places[name].command(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


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
