"""The comments of a YAML document, and what each belongs to: a program that writes a file anew keeps them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from tiers.strict_yaml import LOADER, NO_WORD, Location, parsed


class Comment(NamedTuple):
    """A comment of a YAML document."""

    text: str
    """With its `#`."""
    belongs_to: Location
    """What begins on its line, else below it; empty where nothing does."""
    beside: bool
    """Whether it stands beside what it belongs to, and not above."""


def comments_in(text: str, name: str = "document") -> tuple[Comment, ...]:
    """The comments of a document that `load_tree` reads, in their order.

    Raises:
        CatalogError: As `load_tree`; *name* stands for the document.
    """
    if "#" not in text:
        return ()
    first: dict[int, Location] = {}
    for path, line in sorted(parsed(text, name)[1].items(), key=lambda item: len(item[0])):
        if path and NO_WORD not in path:
            first.setdefault(line, path)
    starts = sorted(first)
    found: list[Comment] = []
    for at in _comments(text):
        line_start = text.rfind("\n", 0, at) + 1
        line = text.count("\n", 0, at) + 1
        beside = line in first and bool(text[line_start:at].strip())
        below = bisect_left(starts, line)
        place = first[line] if beside else first[starts[below]] if below < len(starts) else ()
        found.append(Comment(re.split(r"[\r\n]", text[at:], maxsplit=1)[0].rstrip(), place, beside))
    return tuple(found)


def _comments(text: str) -> Iterator[int]:
    """Where each comment begins: at a `#` between the tokens of a document."""
    end = 0
    for token in yaml.scan(text, Loader=LOADER):
        start = token.start_mark.index
        yield from _between(text, end, start)
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            # A block of text begins with its sign, which may have a comment beside it.
            yield from _between(text, start, start + len(text[start:].partition("\n")[0]))
        end = max(end, token.end_mark.index)
    yield from _between(text, end, len(text))


def _between(text: str, start: int, end: int) -> Iterator[int]:
    return (start + match.start() for match in re.finditer(r"#[^\r\n]*", text[start:end]))
