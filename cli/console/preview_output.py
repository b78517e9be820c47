"""Puts a preview on the screen or into a file, in the form that was chosen."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from allocation.preview.preview import Preview
from allocation.report.preview.document import as_json
from allocation.report.preview.table import closing_lines, preview_table
from cli.console.output import echo, write
from cli.console.table import Paper, print_table
from tiers.errors import CatalogError
from tiers.escapes import visible
from tiers.files import written_beside

_WIDEST: Final = 10_000
_ESCAPED: Final = frozenset({"github-comment", "html", "markdown"})
"""Forms with escapes of their own; a character without width keeps names from becoming mentions."""


def put(preview: Preview, output: str, out: Path | None) -> None:
    """Print *preview*, or write it to *out*: as a whole, or not at all.

    Raises:
        CatalogError: When the file cannot be written.
    """
    if out is None and output == "table":
        print_table(preview_table(preview), closing_lines(preview))
        return
    text = _RENDERINGS[output](preview).rstrip("\n") + "\n"
    if out is None:
        (write if output in _ESCAPED else echo)(text.removesuffix("\n"))
        return
    try:
        with written_beside(out, text) as scratch:
            scratch.chmod(0o644)
            scratch.replace(out)
    except OSError as error:
        raise CatalogError(f"{out}: cannot be written: {error.strerror}") from None


def _as_json(preview: Preview) -> str:
    return as_json(preview)


def _as_table(preview: Preview) -> str:
    paper = io.StringIO()
    Paper(file=paper, width=_WIDEST).print(preview_table(preview))
    lines = [line.rstrip() for line in paper.getvalue().splitlines()]
    return "\n".join((*lines, *map(visible, closing_lines(preview))))


# Imported when needed: a table on the screen should not wait for a template engine.
def _as_markdown(preview: Preview) -> str:
    from allocation.report.preview.comment import as_markdown  # noqa: PLC0415

    return as_markdown(preview)


def _as_github_comment(preview: Preview) -> str:
    from allocation.report.preview.comment import as_github_comment  # noqa: PLC0415

    return as_github_comment(preview)


def _as_html(preview: Preview) -> str:
    from allocation.report.preview.page import as_html  # noqa: PLC0415

    return as_html(preview)


def _as_infracost(preview: Preview) -> str:
    from allocation.report.preview.infracost import as_infracost  # noqa: PLC0415

    return json.dumps(as_infracost(preview), indent=2, ensure_ascii=False)


_RENDERINGS: Final[Mapping[str, Callable[[Preview], str]]] = {
    "github-comment": _as_github_comment,
    "html": _as_html,
    "infracost-json": _as_infracost,
    "json": _as_json,
    "markdown": _as_markdown,
    "table": _as_table,
}
