"""A preview as Markdown: the headline first, then who pays, then the folded reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from allocation.preview.preview import Preview
from allocation.report.preview.grids import Grid
from allocation.report.preview.markdown import marker, sentence, table
from allocation.report.preview.story import APPROVALS, WHAT_IT_DOES, Listing, Part, Story, fitting, story

MOST_CHARACTERS: Final = 65_000
"""The longest comment: GitHub accepts 65,536 characters, and a pipeline may add a line."""


def as_markdown(preview: Preview) -> str:
    """The whole preview as Markdown."""
    return _markdown(story(preview))


def as_github_comment(preview: Preview) -> str:
    """The preview with its portfolio's marker, shortened to the length of a comment."""
    return fitting(preview, lambda part: f"{marker(part.portfolio)}\n{_markdown(part)}", MOST_CHARACTERS)


def _markdown(shown: Story) -> str:
    return "\n".join(_lines(shown)) + "\n"


def _lines(shown: Story) -> Iterator[str]:
    yield f"**{sentence(shown.headline)}**"
    if shown.base:
        yield from ("", sentence(shown.base))
    for each in shown.causes:
        yield from ("", f"**{sentence(each)}**")
    if shown.failed is not None:
        yield from ("", f"**{shown.failed.title}**", "", *_part(shown.failed))
    for part in shown.open:
        yield from ("", *([f"**{part.title}**", ""] if _titled(part) else ()), *_part(part))
    for part in shown.folded:
        yield from ("", "<details>", f"<summary>{part.title}</summary>", "", *_part(part), "", "</details>")
    for line in (*shown.proof, *shown.left_out):
        yield from ("", sentence(line))


def _titled(part: Part) -> bool:
    """Whether it needs its title; what neighbours pay says of itself what it is."""
    return isinstance(part, Grid) or part.title in (WHAT_IT_DOES, APPROVALS)


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Listing):
        yield from (f"- {sentence(each)}" for each in part.sentences)
    else:
        yield from table(part)
