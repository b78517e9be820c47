"""The ways to damage a text: bytes, lines, values; with what readers stumble over: numbers, names, shapes."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable
from typing import Any

_NUMBERS = (
    *("0", "-1", "1", "1000000000000", "1000000000001", "9" * 20, "9" * 400, "9" * 5000, "1e400", "1e-400"),
    *(
        "1e999999999",
        "-1e999999999",
        "1e99999999999999999999",
        "NaN",
        "-inf",
        "0x10",
        "1_000",
        ".5",
        "1.",
        "٣",
    ),
    *("0.00000000000000000001", "2026-02-30", "9999-12-31", "0000-01-01", "2026-11-31T25:00:00Z", "true"),
)
_TEXTS = (
    *(
        "",
        "~",
        "null",
        "a" * 70,
        "a" * 5000,
        "é",
        "\U0001f600",
        "a\u202eb",
        "a\u2028b",
        "\ufeff",
        "a b",
        "--all",
    ),
    *("../../x", "a/b", "'", '"', "#", "::error::x", "##[group]", "%s", "{0}", "$(x)", "`x`", "<b>", "[red]"),
)
_SHAPES = (
    *(
        "[]",
        "{}",
        "[[]]",
        "{a: b}",
        "[" * 40 + "]" * 40,
        "[" * 500,
        "{a: " * 40,
        "&a x",
        "*a",
        "&a [*a]",
        "!!int 1",
    ),
    *(
        "!x y",
        "|\n  x",
        ">-\n  x",
        "? x",
        "- - - x",
        "<<: *a",
        "%YAML 1.2",
        "---",
        "...",
        "\t",
        "@x",
        "[1, 1, 1]",
    ),
)
AWKWARD = (*_NUMBERS, *_TEXTS, *_SHAPES)
_VALUE = re.compile(r"(?<=: )[^\n{\[,}\]]+|(?<=- )[^\n:{\[]+$", re.MULTILINE)
_KEY = re.compile(r"[a-z_]+(?=:)")
_JSON: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 10**12, 10**12 + 1, 10**30, 10**400, 0.5, 1e300, float("nan"), float("inf")),
    *(
        [],
        {},
        [[]],
        {"a": 1},
        [1, 1],
        "",
        "x",
        "a" * 5000,
        "::error::x",
        "a\nb\u202e\x1b",
        "1e999999999",
        "9" * 5000,
    ),
    *("NaN", "-1", "2026-02-30", "2026-11-01T00:00:00Z", "\ud800", "(idle)"),
)


def damaged(chance: random.Random, name: str, content: bytes) -> bytes:
    """*content* of the file *name*, damaged once or a few times."""
    compressed = name.endswith(".gz")
    if compressed and chance.random() < 0.5:
        return _bytes(chance, content)
    inner = gzip.decompress(content) if compressed else content
    ways = _ways(name.removesuffix(".gz"))
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        inner = chance.choice(ways)(chance, inner)
    return gzip.compress(inner, mtime=0) if compressed else inner


Way = Callable[[random.Random, bytes], bytes]


def _ways(name: str) -> list[Way]:
    if name.endswith((".yaml", ".csv")):
        return [_bytes, _lines, _value, _value, _value, _key]
    if name.endswith(".json"):
        return [_bytes, _document, _document, _document]
    return [_bytes]


def _bytes(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 6))):
        at = chance.randrange(len(changed) + 1)
        way = chance.randrange(6)
        if way == 0 and at < len(changed):
            changed[at] = chance.randrange(256)
        elif way == 1:
            changed[at:at] = bytes([chance.randrange(256)])
        elif way == 2:
            del changed[at : at + chance.randint(1, 20)]
        elif way == 3:
            changed[at:at] = changed[at : at + chance.randint(1, 40)] * chance.choice((1, 1, 200))
        elif way == 4:
            changed[at:at] = chance.choice(AWKWARD).encode()
        elif chance.random() < 0.3:
            del changed[at:]
    return bytes(changed)


def _lines(chance: random.Random, content: bytes) -> bytes:
    lines = content.decode("utf-8", "replace").split("\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    way = chance.randrange(5)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(to, lines[at])
    elif way == 2:
        lines[at] = " " * chance.randint(1, 4) + lines[at]
    elif way == 3:
        lines[at:at] = [lines[at]] * chance.choice((2, 50, 3000))
    else:
        lines[at], lines[to] = lines[to], lines[at]
    return "\n".join(lines).encode()


def _value(chance: random.Random, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    found = list(_VALUE.finditer(text)) or list(re.finditer(r"[^,\n]+", text))
    if not found:
        return content
    one = chance.choice(found)
    put = chance.choice(AWKWARD)
    if chance.random() < 0.3:
        put = json.dumps(put)
    return f"{text[: one.start()]}{put}{text[one.end() :]}".encode("utf-8", "surrogatepass")


def _key(chance: random.Random, content: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    found = list(_KEY.finditer(text))
    if not found:
        return content
    one, other = chance.choice(found), chance.choice(found)
    put = chance.choice((other[0], chance.choice(AWKWARD), f"{one[0]}x"))
    return f"{text[: one.start()]}{put}{text[one.end() :]}".encode()


def _document(chance: random.Random, content: bytes) -> bytes:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return _bytes(chance, content)
    places = list(_places(document))
    if not places:
        return json.dumps(chance.choice(_JSON)).encode()
    holder, key = chance.choice(places)
    if chance.random() < 0.2 and isinstance(holder, dict):
        del holder[key]
    elif chance.random() < 0.1 and isinstance(holder, dict):
        holder[chance.choice(("", "x", "::error::", "a\u202e"))] = holder.pop(key)
    else:
        holder[key] = chance.choice(_JSON)
    return json.dumps(document).encode()


def _places(document: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    left = [document]
    while left:
        each = left.pop()
        keys = each.keys() if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()
        found += ((each, key) for key in keys)
        left += (each[key] for key in keys)
    return found
