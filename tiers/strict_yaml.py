"""Strict YAML: every scalar is text, every key is unique, all mistakes of a file are reported at once.

YAML's guesses are traps in a price list (`window: 13:30` is 810, `no` is False, `0.10` a float and a
repeated key silently wins), so only the model a file is read into decides what a scalar means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tiers.errors import CatalogError
from tiers.expectations import expectation
from tiers.unknown_keys import UNKNOWN_KEY, unknown_key

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str

MAX_FILE_BYTES: Final = 1_000_000
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INDENTED_BY_TAB: Final = re.compile(r" *\t")
# libyaml is ten times faster and reports the same marks; the pure parser behaves alike.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_model(model: type[Model], path: Path, shown_as: str | None = None) -> Model:
    """Read *path* into *model*.

    Args:
        model: The shape the file must have.
        path: The YAML file.
        shown_as: The name of the file in error messages; by default its path.

    Raises:
        CatalogError: With one sentence for every mistake in the file, each with line and dotted path.
    """
    name = shown_as or str(path)
    tree, lines = _parse(_read(path, name), name)
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise CatalogError(*_explained(error, model, name, lines)) from None


def line_of(path: Path, where: Location) -> int:
    """The line of *where*, or of the nearest key around it, in the YAML file *path*."""
    return _nearest_line(where, _parse(_read(path, str(path)), str(path))[1])


def _read(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CatalogError(f"{name}: no such file") from None
    except OSError as error:
        raise CatalogError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise CatalogError(f"{name}: is larger than {MAX_FILE_BYTES:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CatalogError(f"{name}: is not UTF-8 text (byte {error.start})") from None


def _parse(text: str, name: str) -> tuple[Tree, dict[Location, int]]:
    builder = _TreeBuilder()
    try:
        root = yaml.compose(text, Loader=_LOADER)
        tree = "" if root is None else builder.build(root, ())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        if _is_indented_by_tab(text, line):
            raise CatalogError(f"{name}:{line}: indent with spaces, found a tab") from None
        raise CatalogError(f"{name}:{line}: is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise CatalogError(f"{name}: is not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise CatalogError(f"{name}: is nested too deeply") from None
    if builder.problems:
        raise CatalogError(*(f"{name}:{problem}" for problem in builder.problems))
    if not isinstance(tree, dict):
        raise CatalogError(f"{name}:1: expected 'key: value' lines, found {_shape(tree)}")
    return tree, builder.lines


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = _LINE_BREAK.split(text)
    return line <= len(lines) and bool(_INDENTED_BY_TAB.match(lines[line - 1]))


class _TreeBuilder:
    """Turns composed YAML nodes into plain text trees, and remembers the line of each path."""

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {(): 1}
        self.problems: list[str] = []
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, at: Location) -> Tree:
        line = node.start_mark.line + 1
        self.lines.setdefault(at, line)
        if id(node) in self._seen:  # composed twice: the node is reached through an alias
            self.problems.append(f"{line}: anchors and aliases are not allowed; write the value out")
            return ""
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*at, index)) for index, item in enumerate(node.value)]
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, Tree]:
        built: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = str(key_node.value)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(f"{line}: a key must be a word, found a list or mapping")
            elif key in built:
                self.problems.append(f"{line}: '{_dotted((*at, key))}' is given twice")
            else:
                self.lines[(*at, key)] = line
                built[key] = self.build(value_node, (*at, key))
        return built


def mistakes(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    """Place and sentence of every mistake that *model* found."""
    for detail in error.errors(include_url=False):
        if detail["type"] == UNKNOWN_KEY:
            yield detail["loc"], unknown_key(model, detail["loc"])
            continue
        yield detail["loc"], expectation(detail)


def _explained(
    error: ValidationError, model: type[BaseModel], name: str, lines: Mapping[Location, int]
) -> list[str]:
    explained = []
    for where, message in mistakes(error, model):
        path = _dotted(where)
        explained.append(f"{name}:{_nearest_line(where, lines)}: {path + ': ' if path else ''}{message}")
    return explained


def _nearest_line(where: Location, lines: Mapping[Location, int]) -> int:
    while where not in lines:
        where = where[:-1]
    return lines[where]


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location)


def _shape(tree: object) -> str:
    if isinstance(tree, dict):
        return "a mapping"
    if isinstance(tree, list):
        return "a list"
    return f"'{tree}'" if tree else "nothing"


Fault = tuple[Location, str]
"""Where in a file, and what is wrong there."""


def collect(problems: list[str], load: Callable[[], Model]) -> Model | None:
    """What *load* returns; None when it raises `CatalogError`, whose sentences go to *problems*."""
    try:
        return load()
    except CatalogError as error:
        problems += error.problems
        return None


def sentence(path: Path, fault: Fault) -> str:
    """A fault of the file *path* as one sentence with line and dotted path."""
    where, message = fault
    return f"{path}:{line_of(path, where)}: {'.'.join(map(str, where))}: {message}"


def not_among(menu: Iterable[str], name: str, where: str) -> str:
    """The sentence about a *name* that is not in *where*: it lists the names that are."""
    return f"'{name}' is not in {where}; there are {', '.join(sorted(menu)) or 'none'}"
