"""A page as it lies in its folder: what is shown, read from the HTML, and the figures that its JSON holds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


@dataclass
class Cell:
    """What is shown, the exact figure behind it, and where it leads."""

    shown: str = ""
    exact: str | None = None
    href: str | None = None

    @property
    def plain(self) -> str:
        return self.shown if self.exact is None else self.exact


@dataclass
class PrintedTable:
    """A table of a page."""

    name: str
    title: str = ""
    heads: list[str] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    foot: list[list[Cell]] = field(default_factory=list)


@dataclass
class Drawing:
    """Bars: what is written beside each, where it begins and how long it is, and what is said of them all."""

    title: str
    reported: str
    width: int
    axis: int = 0
    labels: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    bars: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Printed:
    """A page."""

    kind: str
    client: str
    headline: str = ""
    answer: list[str] = field(default_factory=list)
    tables: list[PrintedTable] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    sentences: dict[str, list[str]] = field(default_factory=dict)
    proof: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"account of {self.client}" if self.client else self.kind


class _Reader(HTMLParser):
    """Puts a page together from its markup."""

    def __init__(self, page: Printed) -> None:
        super().__init__()
        self._page = page
        self._open: list[str] = []
        self._title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in ("meta", "rect", "line"):
            self._open.append(tag)
        page = self._page
        if tag == "table":
            page.tables.append(PrintedTable(given["id"]))
        elif tag == "h2":
            self._title = ""
        elif tag == "svg":
            page.drawings.append(Drawing(self._title, given["aria-label"], int(given["viewbox"].split()[2])))
        elif tag == "rect":
            page.drawings[-1].bars.append((int(given["x"]), int(given["width"])))
        elif tag == "line":
            page.drawings[-1].axis = int(given["x1"])
        elif tag == "text":
            (page.drawings[-1].values if "class" in given else page.drawings[-1].labels).append("")
        elif tag == "li" and "nav" not in self._open:
            page.sentences.setdefault(self._title, []).append("")
        elif tag == "p" and "header" in self._open:
            page.answer.append("")
        elif tag == "p" and "footer" in self._open:
            page.proof.append("")
        elif "table" in self._open:
            self._start_in_table(tag, given)

    def _start_in_table(self, tag: str, given: dict[str, str]) -> None:
        table = self._page.tables[-1]
        rows = table.foot if "tfoot" in self._open else table.rows
        if tag == "tr" and "thead" not in self._open:
            rows.append([])
        elif tag in ("th", "td"):
            if "thead" in self._open:
                table.heads.append("")
            else:
                rows[-1].append(Cell())
        elif tag == "data":
            rows[-1][-1].exact = given["value"]
        elif tag == "a":
            rows[-1][-1].href = given["href"]

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        page, inside = self._page, self._open[-1:]
        if "table" in self._open:
            self._data_in_table(data)
        elif inside == ["h1"]:
            page.headline += data
        elif inside == ["h2"]:
            self._title += data
        elif inside == ["text"]:
            drawing = page.drawings[-1]
            texts = drawing.values if len(drawing.values) == len(drawing.labels) else drawing.labels
            texts[-1] += data
        elif inside == ["li"] and "nav" not in self._open:
            page.sentences[self._title][-1] += data
        elif inside == ["p"] and "header" in self._open:
            page.answer[-1] += data
        elif inside == ["p"] and "footer" in self._open:
            page.proof[-1] += data

    def _data_in_table(self, data: str) -> None:
        table = self._page.tables[-1]
        if self._open[-1] == "caption":
            table.title += data
        elif "thead" in self._open and self._open[-1] == "th":
            table.heads[-1] += data
        elif {"th", "td"} & set(self._open[-3:]):
            (table.foot if "tfoot" in self._open else table.rows)[-1][-1].shown += data


def read_page(path: str, html: str, client: str = "") -> Printed:
    """The page that is called *path*."""
    page = Printed("account" if client else path, client)
    reader = _Reader(page)
    reader.feed(html)
    reader.close()
    return page


def read_folder(folder: Path) -> Iterator[tuple[Printed, list[str]]]:
    """Every page in *folder*, and what its JSON and its CSV say otherwise."""
    for path in sorted(folder.rglob("*.html")):
        name = str(path.relative_to(folder).with_suffix(""))
        client = path.stem if path.parent.name == "account" else ""
        page = read_page(name, path.read_text(encoding="utf-8"), client)
        texts = [path.with_suffix(ending).read_text(encoding="utf-8") for ending in (".json", ".csv")]
        yield page, list(said_otherwise(page, *texts))


def said_otherwise(page: Printed, as_json: str, as_csv: str) -> Iterator[str]:
    """Where the files beside a page differ from it."""
    held = json.loads(as_json)
    if held != _as_document(page, held["title"]):
        yield f"{page.where}: its JSON holds something else than the page shows"
    lines = [
        (table.name, row[0].plain, head, cell.plain)
        for table in page.tables
        for row in (*table.rows, *table.foot)
        for head, cell in zip(table.heads[1:], row[1:], strict=True)
    ]
    written = list(csv.reader(io.StringIO(as_csv, newline="")))[1:]
    if [tuple(word.removeprefix("'") for word in line) for line in written] != lines:
        yield f"{page.where}: its CSV holds something else than the page shows"


def _as_document(page: Printed, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "headline": page.headline,
        "answer": page.answer,
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "heads": table.heads,
                "rows": [[cell.plain for cell in row] for row in (*table.rows, *table.foot)],
            }
            for table in page.tables
        ],
        "sentences": page.sentences,
        "proof": page.proof,
    }
