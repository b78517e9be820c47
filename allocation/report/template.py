"""The templates of all pages: what a name holds is never markup, and a value that is missing is a mistake."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(name: str) -> Template:
    """The template of that name, such as `page.html.j2`; it stays open."""
    environment = Environment(
        loader=PackageLoader("allocation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
