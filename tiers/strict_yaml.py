"""Strict YAML: every scalar is text, every key is unique, all mistakes of a file are reported at once.

YAML's guesses are traps in a price list (`window: 13:30` is 810, `no` is False, `0.10` a float and a
repeated key silently wins), so only the model a file is read into decides what a scalar means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tiers.errors import CatalogError
from tiers.escapes import shortened
from tiers.expectations import expectation
from tiers.files import read_text
from tiers.unknown_keys import UNKNOWN_KEY, unknown_key

Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")
Location = tuple[int | str, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str
Fault = tuple[Location, str]
"""Where in a file, and what is wrong there."""

MAX_FILE_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 32
MAX_NODES: Final = 100_000
"""The most keys, values and lists of a file; the largest of ours, a price file, has 4,000."""
MOST_TOLD: Final = 20
"""How many mistakes of one file are told; of those after them, how many they are."""
NO_WORD: Final = "?"
"""Stands in a path for a key that is no word."""
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INDENTED_BY_TAB: Final = re.compile(r" *\t")
# libyaml is ten times faster and reports the same marks; the pure parser behaves alike.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_model(
    model: type[Model], path: Path, shown_as: str | None = None, *, within: Path | None = None
) -> Model:
    """Read *path* into *model*.

    Args:
        model: The shape the file must have.
        path: The YAML file.
        shown_as: The name of the file in error messages; by default its path.
        within: The folder that the file must lie in; None for a file that its user named.

    Raises:
        CatalogError: With one sentence for every mistake in the file, each with line and dotted path.
    """
    name = shown_as or str(path)
    tree, lines = parsed(read_text(path, MAX_FILE_BYTES, name, within=within), name)
    if not isinstance(tree, dict):
        raise CatalogError(f"{name}:1: expected 'key: value' lines, found {_shape(tree)}")
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        found = mistakes(error, model)
        raise CatalogError(*_told(name, lines, found, error.error_count())) from None


def load_tree(path: Path, *, within: Path | None = None) -> Tree:
    """The document in *path* as mappings, lists and text, for a file whose shape is another program's.

    Raises:
        CatalogError: As `load_model`; an empty file is empty text.
    """
    return parsed(read_text(path, MAX_FILE_BYTES, within=within), str(path))[0]


def line_of(path: Path, where: Location) -> int:
    """The line of *where*, or of the nearest key around it, in the YAML file *path*."""
    return _nearest_line(where, _lines(path))


def _lines(path: Path) -> Mapping[Location, int]:
    return parsed(read_text(path, MAX_FILE_BYTES), str(path))[1]


def parsed(text: str, name: str) -> tuple[Tree, Mapping[Location, int]]:
    """The document *text*, and the line of every key, value and item of it; *name* stands for it in errors.

    Nobody may change what is returned: who reads the same text later gets the same.

    Raises:
        CatalogError: As `load_tree`.
    """
    try:
        tree, lines, problems = _built(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        if _is_indented_by_tab(text, line):
            raise CatalogError(f"{name}:{line}: indent with spaces, found a tab") from None
        raise CatalogError(f"{name}:{line}: is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise CatalogError(f"{name}: is not YAML: {str(error).splitlines()[0]}") from None
    except _TooMuchError as error:
        raise CatalogError(f"{name}:{error}") from None
    if problems:
        told = [f"{name}:{problem}" for problem in problems[:MOST_TOLD]]
        raise CatalogError(*told, *_rest(name, len(problems)))
    return tree, lines


# A preview reads every file twice, and most are the same before and after; faults against other files are
# found when the model is there, and ask for the lines of the same text. A price file has 60 kB.
@lru_cache(maxsize=64)
def _built(text: str) -> tuple[Tree, Mapping[Location, int], tuple[str, ...]]:
    builder = _TreeBuilder()
    tree = builder.document(yaml.parse(text, Loader=LOADER))
    return tree, builder.lines, tuple(builder.problems)


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = _LINE_BREAK.split(text)
    return line <= len(lines) and bool(_INDENTED_BY_TAB.match(lines[line - 1]))


class _TooMuchError(Exception):
    """A document is deeper or longer than any of ours, or a second one; the message has the line."""


class _TreeBuilder:
    """Turns the events of a YAML parser into a tree of plain text, and remembers the line of each path.

    Everything is counted before it is made: no alias becomes a copy of what it names, and reading ends where
    a document is too deep or too long.
    """

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {(): 1}
        self.problems: list[str] = []
        self._nodes = 0

    def document(self, events: Iterator[yaml.Event]) -> Tree:
        """The tree of the only document in *events*; empty text when there is none."""
        tree: Tree | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and tree is not None:
                raise _TooMuchError(f"{_line(event)}: is not YAML: but found another document")
            if isinstance(event, yaml.NodeEvent):
                tree = self._node(event, events, (), 1)
        return "" if tree is None else tree

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], at: Location, depth: int) -> Tree:
        line = _line(event)
        self.lines.setdefault(at, line)
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise _TooMuchError(f"{line}: is nested too deeply; expected {MAX_DEPTH} levels at most")
        if self._nodes > MAX_NODES:
            raise _TooMuchError(f"{line}: expected {MAX_NODES:,} keys and values at most, found more")
        if isinstance(event, yaml.AliasEvent):
            self.problems.append(f"{line}: anchors and aliases are not allowed; write the value out")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, at, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            entries = takewhile(lambda each: not isinstance(each, yaml.SequenceEndEvent), events)
            return [self._node(each, events, (*at, index), depth + 1) for index, each in enumerate(entries)]
        return str(event.value) if isinstance(event, yaml.ScalarEvent) else ""

    def _mapping(self, events: Iterator[yaml.Event], at: Location, depth: int) -> dict[str, Tree]:
        built: dict[str, Tree] = {}
        for event in takewhile(lambda each: not isinstance(each, yaml.MappingEndEvent), events):
            line = _line(event)
            key = self._node(event, events, (*at, NO_WORD), depth + 1)
            word = key if isinstance(key, str) else NO_WORD
            if word is not key:
                self.problems.append(f"{line}: a key must be a word, found a list or mapping")
            elif word in built:
                self.problems.append(f"{line}: '{_dotted((*at, word))}' is given twice")
            else:
                self.lines[*at, word] = line
            built[word] = self._node(next(events), events, (*at, word), depth + 1)
        return built


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def mistakes(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    """Place and sentence of every mistake that *model* found."""
    for detail in error.errors(include_url=False):
        if detail["type"] == UNKNOWN_KEY:
            yield detail["loc"], unknown_key(model, detail["loc"])
            continue
        yield detail["loc"], expectation(detail)


def _told(name: str, lines: Mapping[Location, int], faults: Iterable[Fault], count: int) -> Iterator[str]:
    """A sentence for each of the first *faults*, and one for the rest of the *count*."""
    for where, message in islice(faults, MOST_TOLD):
        path = _dotted(where)
        yield f"{name}:{_nearest_line(where, lines)}: {path + ': ' if path else ''}{message}"
    yield from _rest(name, count)


def _rest(name: str, count: int) -> Iterator[str]:
    if count > MOST_TOLD:
        yield f"{name}: and {count - MOST_TOLD} more mistakes"


def _nearest_line(where: Location, lines: Mapping[Location, int]) -> int:
    while where not in lines:
        where = where[:-1]
    return lines[where]


def _dotted(location: Location) -> str:
    return ".".join(shortened(str(part)) for part in location)


def _shape(tree: object) -> str:
    if isinstance(tree, dict):
        return "a mapping"
    if isinstance(tree, list):
        return "a list"
    return f"'{shortened(str(tree))}'" if tree else "nothing"


def collect(problems: list[str], load: Callable[[], Read]) -> Read | None:
    """What *load* returns; None when it raises `CatalogError`, whose sentences go to *problems*."""
    try:
        return load()
    except CatalogError as error:
        problems += error.problems
        return None


def sentence(path: Path, fault: Fault) -> str:
    """A fault of the file *path* as one sentence with line and dotted path."""
    return next(iter(sentences(path, [fault])))


def sentences(path: Path, faults: Iterable[Fault]) -> list[str]:
    """Faults of the file *path* as `sentence` says them; of many, how many more they are."""
    found = list(faults)
    return list(_told(str(path), _lines(path), found, len(found))) if found else []


def not_among(menu: Iterable[str], name: str, where: str) -> str:
    """The sentence about a *name* that is not in *where*: it lists the names that are."""
    return f"'{shortened(name)}' is not in {where}; there are {', '.join(sorted(menu)) or 'none'}"
