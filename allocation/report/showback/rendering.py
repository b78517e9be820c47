"""Pages as self-contained HTML, and the same figures as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from allocation.report.showback.content import Cell, Page, Sentences, Table
from allocation.report.template import template

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_html(page: Page) -> str:
    """The page as one HTML file; its policy forbids scripts and requests."""
    sheets = [(each.name, each.numbers, each.heads) for each in page.tables]
    text = template("page.html.j2").render(page=page, sheets=sheets)
    return "".join(f"{line}\n" for line in text.splitlines() if line.strip())


def as_json(page: Page) -> str:
    """The page as JSON: tables with exact figures, and sentences."""
    return json.dumps(_document(page), indent=1, ensure_ascii=False) + "\n"


def as_csv(page: Page) -> str:
    """The page as CSV: a line per cell with table, row, column and exact value."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("table", "row", "column", "value"))
    writer.writerows(_lines(page))
    return out.getvalue()


def harmless(words: str) -> str:
    """*words* so that no spreadsheet reads them as a formula (OWASP: CSV Injection).

    >>> harmless("=1+1"), harmless("acme")
    ("'=1+1", 'acme')
    """
    return f"'{words}" if words.startswith(_FORMULA) else words


def _lines(page: Page) -> Iterator[tuple[str, str, str, str]]:
    for label, value, note in page.figures:
        yield "figures", harmless(label), "value", _value(value)
        yield "figures", harmless(label), "note", harmless(note)
    for table in page.tables:
        for row in (*table.rows, *table.foot):
            for head, each in zip(table.heads[1:], row[1:], strict=True):
                yield table.name, harmless(row[0].plain), harmless(head), _value(each)


def _value(each: Cell) -> str:
    # Figures are our own and may begin with a minus; words may come from anywhere.
    return harmless(each.shown) if each.exact is None else each.exact


def _document(page: Page) -> dict[str, Any]:
    return {
        "title": page.title,
        "headline": page.headline,
        "figures": [
            {"label": label, "value": value.plain, "note": note} for label, value, note in page.figures
        ],
        "answer": list(page.answer),
        "tables": [_table(each) for each in page.tables],
        "sentences": {
            each.title: list(each.sentences) for each in page.sections if isinstance(each, Sentences)
        },
        "proof": list(page.proof),
    }


def _table(table: Table) -> dict[str, Any]:
    rows = (*table.rows, *table.foot)
    return {
        "name": table.name,
        "title": table.title,
        "heads": list(table.heads),
        "rows": [[each.plain for each in row] for row in rows],
    }
