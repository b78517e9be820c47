"""A preview as Markdown: what a reviewer reads first, then who pays, then the reasons, folded away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from allocation.preview.preview import Preview
from allocation.report.preview.grids import Grid
from allocation.report.preview.markdown import marker, sentence, table
from allocation.report.preview.story import Listing, Part, Story, fitting, story

MOST_CHARACTERS: Final = 65_536
"""What GitHub takes as the body of a comment."""


def as_markdown(preview: Preview) -> str:
    """The whole preview."""
    return _markdown(story(preview))


def as_github_comment(preview: Preview) -> str:
    """The preview behind its portfolio's marker, with so much of the detail as a comment may have."""
    return fitting(preview, lambda told: f"{marker(told.portfolio)}\n{_markdown(told)}", MOST_CHARACTERS)


def _markdown(told: Story) -> str:
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Story) -> Iterator[str]:
    yield f"**{sentence(told.headline)}**"
    if told.failed is not None:
        yield from ("", f"**{told.failed.title}**", "", *_part(told.failed))
    for part in told.open:
        yield from ("", *([f"**{part.title}**", ""] if isinstance(part, Grid) else ()), *_part(part))
    for part in told.folded:
        yield from ("", "<details>", f"<summary>{part.title}</summary>", "", *_part(part), "", "</details>")
    for line in (*told.proof, *_left_out(told)):
        yield from ("", sentence(line))


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Listing):
        yield from (f"- {sentence(each)}" for each in part.sentences)
    else:
        yield from table(part)


def _left_out(told: Story) -> Iterator[str]:
    if told.left_out:
        yield f"Left out here, for length: {'; '.join(told.left_out)}. With -o markdown nothing is."
