"""Text from users' files in Markdown: shown as written, without links, mentions or markup."""

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
    r"""*text* for a cell: one line without markup, links, mentions or tags.

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
    """*text* for a line of its own, where it starts no list, heading or command either."""
    line = words(text)
    return f"{_JOINER}{line}" if _OPENS_A_BLOCK.match(line) else line


def table(grid: Grid) -> Iterator[str]:
    """The lines of *grid*, with amounts to the right and the total in bold."""
    yield _row(grid.heads)
    yield _row("---" if column < grid.amounts else "---:" for column in range(len(grid.heads)))
    for cells in (*grid.rows, *grid.foot[:-1]):
        yield _row(map(words, cells))
    for cells in grid.foot[-1:]:
        yield _row(f"**{words(cell)}**" if cell else "" for cell in cells)


def marker(portfolio: str) -> str:
    """The line by which a workflow finds the comment of a portfolio.

    >>> marker("local")
    '<!-- costack-preview: local -->'
    """
    inside = quote(portfolio, safe="").replace("--", "-%2D")
    return f"<!-- costack-preview: {inside} -->"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _on_one_line(text: str) -> str:
    """*text* without control characters and marks that change the direction of writing."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    seen = (" " if letter.isspace() else letter for letter in text)
    return " ".join("".join(each for each in seen if unicodedata.category(each)[0] != "C").split())
