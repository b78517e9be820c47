"""The repository's Markdown, as its readers' tools see it: links, headings, code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from docs.generator.markdown import anchor
from tests.portfolios import ROOT

_SHELLS = frozenset({"console", "sh", "bash", "shell"})


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a page says, and where."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.text}"


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown file of the repository."""
    tops = [path for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "mutants"]
    nested = (page for top in tops if top.is_dir() for page in top.rglob("*.md"))
    return tuple(sorted([*(top for top in tops if top.suffix == ".md"), *nested]))


@cache
def current_pages() -> tuple[Path, ...]:
    """Pages about this version; the others name commands and paths that earlier versions had."""
    earlier = ROOT / "tests" / "data" / "stored"
    return tuple(page for page in pages() if page.name != "CHANGELOG.md" and earlier not in page.parents)


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    """The blocks of *page*."""
    return tuple(MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")))


def inline(page: Path, kind: str) -> Iterator[tuple[int, Token]]:
    """Parts of lines, such as links and code, and the line on which their block begins."""
    for block in tokens(page):
        for token in block.children or ():
            if token.type == kind:
                yield (block.map or [0])[0] + 1, token


def links(page: Path) -> Iterator[Found]:
    """Targets of links and images."""
    for line, token in inline(page, "link_open"):
        yield Found(page, line, str(token.attrs["href"]))
    for line, token in inline(page, "image"):
        yield Found(page, line, str(token.attrs["src"]))


def anchors(page: Path) -> set[str]:
    """What a link into *page* can name: its headings; the second of two alike gets `-1`."""
    counted: Counter[str] = Counter()
    found = set()
    blocks = tokens(page)
    for index, block in enumerate(blocks):
        if block.type == "heading_open":
            name = anchor(_plain(blocks[index + 1]))
            found.add(f"{name}-{counted[name]}" if counted[name] else name)
            counted[name] += 1
    return found


def code(page: Path) -> Iterator[Found]:
    """Code within lines."""
    for line, token in inline(page, "code_inline"):
        yield Found(page, line, token.content)


def fences(page: Path) -> Iterator[Found]:
    """Lines of blocks of code, in any language."""
    for block in tokens(page):
        if block.type == "fence":
            for offset, text in enumerate(block.content.splitlines()):
                yield Found(page, (block.map or [0])[0] + 2 + offset, text)


def shell_lines(page: Path) -> Iterator[Found]:
    """Commands of blocks that a reader would copy into a shell; lines that go on are one."""
    for block in tokens(page):
        if block.type != "fence" or block.info.strip() not in _SHELLS:
            continue
        line = (block.map or [0])[0] + 2
        whole = ""
        for offset, text in enumerate(block.content.splitlines()):
            whole = f"{whole} {text.strip()}".strip()
            if whole.endswith("\\"):
                whole = whole.removesuffix("\\")
                continue
            yield Found(page, line + offset, whole)
            whole = ""


def _plain(block: Token) -> str:
    shown = (token.content for token in block.children or () if token.type in {"text", "code_inline"})
    return re.sub(r"\s+", " ", "".join(shown)).strip()
