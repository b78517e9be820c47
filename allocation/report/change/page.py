"""A preview as one HTML file that needs nothing else: no script, no style sheet, no request."""

from __future__ import annotations

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from allocation.previewing import Preview
from allocation.report.change.grids import Grid
from allocation.report.change.story import Story, fitting

MOST_CHARACTERS: Final = 390_000
"""More than that is read by nobody and sent by no mail server without a question."""


def as_html(preview: Preview) -> str:
    """The page, tables shortened where everything would be too much to open."""
    return fitting(preview, _page, MOST_CHARACTERS)


def _page(told: Story) -> str:
    return _template().render(
        story=told, grids=[part for part in (*told.open, *told.folded) if isinstance(part, Grid)]
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("allocation.report.change"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("preview.html.j2")
