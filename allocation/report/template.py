"""The templates of all pages: values are escaped, and a missing value is an error."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from tiers.escapes import visible


@cache
def template(name: str) -> Template:
    """The template with that name, such as `page.html.j2`, loaded once."""
    environment = Environment(
        loader=PackageLoader(str(__package__)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    return environment.get_template(name)


def _readable(value: object) -> object:
    """Text of other people without what would hide or turn a part of it; HTML is escaped after it."""
    return visible(value) if type(value) is str else value
