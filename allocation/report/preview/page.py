"""A preview as one HTML file that needs nothing else: no script, no style sheet, no request."""

from __future__ import annotations

from typing import Final

from allocation.preview.preview import Preview
from allocation.report.preview.grids import Grid
from allocation.report.preview.story import Story, fitting
from allocation.report.template import template

MOST_CHARACTERS: Final = 390_000
"""More than that is read by nobody and sent by no mail server without a question."""


def as_html(preview: Preview) -> str:
    """The page, tables shortened where everything would be too much to open."""
    return fitting(preview, _page, MOST_CHARACTERS)


def _page(told: Story) -> str:
    grids = [part for part in (*told.open, *told.folded) if isinstance(part, Grid)]
    sheets = [
        (f"table-{number}", range(each.amounts, len(each.heads)), each.heads)
        for number, each in enumerate(grids)
    ]
    return template("preview.html.j2").render(story=told, grids=grids, sheets=sheets)
