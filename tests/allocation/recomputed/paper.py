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
class Mark:
    """A bar, a cell or a point: where it is, how it looks, and what it says when it is pointed at."""

    left: int
    top: int
    width: int = 0
    style: str = ""
    words: str = ""


@dataclass
class Drawing:
    """A chart: its marks, what is written beside them, what is said of them all, and which table has them."""

    name: str
    reported: str
    table: str
    width: int
    title: str = ""
    legend: dict[str, str] = field(default_factory=dict)
    axis: int = 0
    labels: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    bars: list[Mark] = field(default_factory=list)
    points: list[Mark] = field(default_factory=list)


@dataclass
class Printed:
    """A page."""

    kind: str
    client: str
    headline: str = ""
    figures: list[tuple[str, Cell, str]] = field(default_factory=list)
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
        self._caption, self._kind = "", ""
        self._keys: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag != "meta":
            self._open.append(tag)
        page = self._page
        if "figure" in self._open:
            self._start_in_figure(tag, given)
        elif tag == "table":
            page.tables.append(PrintedTable(given["id"]))
        elif tag == "h2":
            self._title = ""
        elif tag == "li" and "nav" not in self._open:
            page.sentences.setdefault(self._title, []).append("")
        elif tag == "p" and "header" in self._open:
            page.answer.append("")
        elif tag == "p" and "footer" in self._open:
            page.proof.append("")
        elif "table" in self._open:
            self._start_in_table(tag, given)
        elif tag == "dt":
            page.figures.append(("", Cell(), ""))
        elif tag == "data":
            page.figures[-1][1].exact = given["value"]

    def _start_in_figure(self, tag: str, given: dict[str, str]) -> None:
        drawings = self._page.drawings
        if tag == "figure":
            self._caption, self._keys = "", {}
        elif tag == "svg" and given.get("class") == "chart":
            name, width = given["id"].removeprefix("chart-"), int(given["viewbox"].split()[2])
            drawings.append(Drawing(name, given["aria-label"], given["aria-details"], width))
            drawings[-1].title, drawings[-1].legend = self._caption.strip(), self._keys
        elif tag == "rect" and "figcaption" in self._open:
            self._keys[given["class"]] = ""
        elif tag == "rect":
            left, top, width = (int(given[name]) for name in ("x", "y", "width"))
            drawings[-1].bars.append(Mark(left, top, width, given["class"]))
        elif tag == "circle":
            drawings[-1].points.append(Mark(int(given["cx"]), int(given["cy"])))
        elif tag == "line":
            drawings[-1].axis = int(given["x1"])
        elif tag == "text":
            kind = {"end": "values", "middle": "written"}.get(given.get("class", ""), "labels")
            getattr(drawings[-1], kind).append("")
            self._kind = kind

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
        if "figure" in self._open:
            self._data_in_figure(data)
        elif "table" in self._open:
            self._data_in_table(data)
        elif "dl" in self._open:
            self._data_of_figures(data)
        elif inside == ["h1"]:
            page.headline += data
        elif inside == ["h2"]:
            self._title += data
        elif inside == ["li"] and "nav" not in self._open:
            page.sentences[self._title][-1] += data
        elif inside == ["p"] and "header" in self._open:
            page.answer[-1] += data
        elif inside == ["p"] and "footer" in self._open:
            page.proof[-1] += data

    def _data_in_figure(self, data: str) -> None:
        inside, drawings = self._open[-1], self._page.drawings
        if inside == "span" and self._keys:
            self._keys[list(self._keys)[-1]] += data.strip()
        elif inside == "figcaption":
            self._caption += data
        elif inside == "text":
            getattr(drawings[-1], self._kind)[-1] += data
        elif inside == "title":
            marks = drawings[-1].points if "circle" in self._open else drawings[-1].bars
            marks[-1].words += data

    def _data_of_figures(self, data: str) -> None:
        inside = self._open[-1]
        if inside not in ("dt", "dd", "data", "small"):
            return
        label, value, note = self._page.figures[-1]
        if inside == "dt":
            self._page.figures[-1] = (label + data, value, note)
        elif inside == "small":
            self._page.figures[-1] = (label, value, note + data)
        else:
            value.shown = (value.shown + data).strip()

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
        ("figures", label, *pair)
        for label, value, note in page.figures
        for pair in (("value", value.plain), ("note", note))
    ]
    lines += [
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
        "figures": [
            {"label": label, "value": value.plain, "note": note} for label, value, note in page.figures
        ],
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
