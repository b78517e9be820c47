"""A preview as one self-contained HTML file: no script, no style sheet, no request."""

from __future__ import annotations

from typing import Final

from allocation.preview.preview import Preview
from allocation.report.preview.grids import Grid
from allocation.report.preview.story import Story, fitting
from allocation.report.template import template

MOST_CHARACTERS: Final = 390_000
"""Longer pages are too long to read and to mail."""


def as_html(preview: Preview) -> str:
    """The page, with shortened tables where it would become too long."""
    return fitting(preview, _page, MOST_CHARACTERS)


def _page(shown: Story) -> str:
    grids = [part for part in (*shown.open, *shown.folded) if isinstance(part, Grid)]
    sheets = [
        (f"table-{number}", range(each.amounts, len(each.heads)), each.heads)
        for number, each in enumerate(grids)
    ]
    return template("preview.html.j2").render(story=shown, grids=grids, sheets=sheets)
