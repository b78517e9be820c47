"""The text of `adoption.yaml`: one line for each thing a person may change, and every comment kept.

Comments belong to the key they stand above or beside; where costack no longer writes that key, to the
nearest one around it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lifecycle.adoption.comments import Comment, comments_in
from tiers.strict_yaml import Location, Tree, parsed

HEADER: Final = (
    "# Written by `costack adopt`, and by people: by and when of a spelling, client, hostname, tier,",
    "# workload_class, dump and signed_off are yours. Costack never changes them, and keeps comments.",
)
_BLOCKS: Final = ("tenants", "phases", "signed_off", "dump", "proposed", "spellings")
"""What is written with a line for each key; what is below them is one line each."""


@dataclass
class _Comments:
    above: dict[Location, list[str]] = field(default_factory=lambda: defaultdict(list))
    beside: dict[Location, list[str]] = field(default_factory=lambda: defaultdict(list))


def rendered(tree: Mapping[str, Any], before: str = "") -> str:
    """The file with the content *tree*.

    Args:
        tree: Plain data: mappings, lists and text.
        before: The file as it is, whose comments and order are kept; empty for a new one.
    """
    lines = list(_lines(_in_order(tree, parsed(before, "document")[0]) if before else tree, (), 0))
    written = {path for path, _ in lines}
    comments = _placed(comments_in(before) if before else (), written)
    out = [] if before else list(HEADER)
    for path, line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        out += [f"{indent}{each}" for each in comments.above.pop(path, ())]
        out.append(" ".join([line, *comments.beside.pop(path, ())]))
    out += comments.above.pop((), ())
    return "\n".join(out) + "\n"


def _in_order(tree: Mapping[str, Any], before: Tree) -> Mapping[str, Any]:
    """*tree* with its keys as *before* has them; each new one behind the one that it follows in *tree*."""
    if not isinstance(before, dict):
        return tree
    order = [key for key in before if key in tree]
    last = -1
    for key in tree:
        if key not in before:
            order.insert(last + 1, key)
        last = order.index(key)
    return {
        key: _in_order(tree[key], before.get(key, "")) if isinstance(tree[key], Mapping) else tree[key]
        for key in order
    }


def _placed(found: tuple[Comment, ...], written: set[Location]) -> _Comments:
    comments = _Comments()
    for comment in found:
        path = comment.belongs_to
        while path and path not in written:
            path = path[:-1]
        if path and comment.beside and path == comment.belongs_to:
            comments.beside[path].append(comment.text)
        else:
            comments.above[path].append(comment.text)
    return comments


def _lines(tree: Mapping[str, Any], at: Location, depth: int) -> Iterator[tuple[Location, str]]:
    """Each line with the path of what it writes."""
    indent = "  " * depth
    for key, value in tree.items():
        path = (*at, key)
        if isinstance(value, Mapping) and value and _is_block(path):
            yield path, f"{indent}{scalar(key)}:"
            yield from _lines(value, path, depth + 1)
        elif isinstance(value, list) and value:
            yield path, f"{indent}{scalar(key)}:"
            for index, item in enumerate(value):
                yield (*path, index), f"{indent}  - {_flow(item)}"
        else:
            yield path, f"{indent}{scalar(key)}: {_flow(value)}"


def _is_block(path: Location) -> bool:
    return path[-1] in _BLOCKS or (len(path) > 1 and path[-2] == "tenants")


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return scalar(value)


_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def scalar(value: object) -> str:
    """*value* as YAML reads it back, in quotes where other readers could take it for anything but text.

    >>> scalar("acme-ltd"), scalar("Acme GmbH"), scalar("yes"), scalar(12)
    ('acme-ltd', '"Acme GmbH"', '"yes"', '12')
    """
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _DAY.fullmatch(text):
        return text
    if text and text[0] not in "-.0123456789" and set(text) <= _SAFE and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the plane of \u
