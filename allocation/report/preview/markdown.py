"""Words of other people's files in Markdown: shown as they are written, and never doing anything."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from allocation.report.preview.grids import Grid

LONGEST_WORDS: Final = 300
_JOINER: Final = "\N{WORD JOINER}"
_MARKUP: Final = re.compile(r"[\\`*_\[\]|~$]")
_TAGS: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Mentions, issues, addresses and emoji are looked for in what is left once Markdown is done: a backslash
# does not stop that, a letter of no width does.
_FOUND_LATER: Final = re.compile(
    r"@|#(?=\d)|[!~%$&](?=\w)|:(?=//|[\w+-]+:)|\bwww(?=\.)|\bGH(?=-\d)|\bmailto(?=:)", re.IGNORECASE
)
_OPENS_A_BLOCK: Final = re.compile(r"^(?:[-+=:/#]|\d+[.)])")


def words(text: object) -> str:
    r"""*text* for a cell: one line in which nothing is a mark, a link, a mention or a tag.

    >>> words("a|b <i>")
    'a\\|b &lt;i&gt;'
    """
    line = _on_one_line(str(text))
    if len(line) > LONGEST_WORDS:
        line = f"{line[: LONGEST_WORDS - 1]}…"
    quiet = _FOUND_LATER.sub(lambda found: f"{found.group()}{_JOINER}", line)
    marked = _MARKUP.sub(lambda found: f"\\{found.group()}", quiet)
    return "".join(_TAGS.get(letter, letter) for letter in marked)


def sentence(text: object) -> str:
    """*text* for a line of its own: no list, no heading, no command either."""
    told = words(text)
    return f"{_JOINER}{told}" if _OPENS_A_BLOCK.match(told) else told


def table(grid: Grid) -> Iterator[str]:
    """The lines of *grid*: its amounts to the right, its last sum in bold."""
    yield _row(grid.heads)
    yield _row("---" if column < grid.amounts else "---:" for column in range(len(grid.heads)))
    for cells in (*grid.rows, *grid.foot[:-1]):
        yield _row(map(words, cells))
    for cells in grid.foot[-1:]:
        yield _row(f"**{words(cell)}**" if cell else "" for cell in cells)


def marker(portfolio: str) -> str:
    """The line by which a workflow knows the one comment of a portfolio again.

    >>> marker("local")
    '<!-- costack-preview: local -->'
    """
    inside = quote(portfolio, safe="").replace("--", "-%2D")
    return f"<!-- costack-preview: {inside} -->"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _on_one_line(text: str) -> str:
    """Without what no reader sees: control characters, and marks that turn the direction of writing."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    seen = (" " if letter.isspace() else letter for letter in text)
    return " ".join("".join(each for each in seen if unicodedata.category(each)[0] != "C").split())
