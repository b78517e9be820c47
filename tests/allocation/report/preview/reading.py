"""Reads a comment and a page back as tables, and holds every figure in them against the exact document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from typing import Any, NamedTuple

CENT = Decimal("0.01")
BESIDE = {"idle", "unallocated"}


class Read(NamedTuple):
    """A table as a person sees it: its heads, and the cells of every row, sums included."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of_markdown(text: str) -> dict[str, Read]:
    """Every table by the title above it."""
    found: dict[str, Read] = {}
    title, lines = "", []
    for line in (*text.splitlines(), ""):
        if line.startswith("| "):
            lines.append(tuple(_plain(cell) for cell in line[2:-2].split(" | ")))
        elif lines:
            found[title] = Read(lines[0], tuple(lines[2:]))
            lines = []
        if match := re.fullmatch(r"(?:\*\*|<summary>)(.+?)(?:\*\*|</summary>)", line):
            title = match[1]
    return found


def _plain(cell: str) -> str:
    bare = cell.removeprefix("**").removesuffix("**")
    return unescape(re.sub(r"\\(.)", r"\1", bare)).replace("\N{WORD JOINER}", "").strip()


class Page(HTMLParser):
    """A page's tables by caption, its elements with their attributes, and the text of each element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, Read] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._rows: list[list[str]] = []
        self._caption = ""
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "table":
            heads, *rows = map(tuple, self._rows)
            self.tables[self._caption] = Read(heads, tuple(rows))

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        tag = self._open[-1]
        self.texts.append((tag, data))
        if tag == "caption":
            self._caption = data
        elif tag in ("th", "td"):
            self._rows[-1][-1] += data


def sides(cell: str) -> tuple[Decimal, Decimal]:
    """Both amounts of a cell such as `1.00 → 2.00`."""
    reported = [Decimal(each.replace(",", "")) for each in cell.split(" → ")] if cell else [Decimal(0)]
    return reported[0], reported[-1]


def near(shown: Decimal, exact: str, most: Decimal = CENT) -> bool:
    """Whether *shown* is *exact* to the cent, as columns are rounded together."""
    return abs(shown - Decimal(exact)) < most


def hold_against(tables: dict[str, Read], document: dict[str, Any]) -> None:
    """Every figure of every table is the document's, and every column adds up as it is shown."""
    by_title = {title.split(",")[0]: read for title, read in tables.items()}
    tenants = {each["tenant"]: each for each in document["tenants"]}
    paid = _who_pays(by_title["Who pays what"], tenants, document)
    if "Neighbours that pay a different share" in by_title:
        read = by_title["Neighbours that pay a different share"]
        _adds_up(read, {"cost", "difference", "fee", "margin"})
        for row in read.rows[:-1]:
            _tenant(dict(zip(read.heads, row, strict=True)), tenants)
    for tenant, before, after in by_title["Recovery promises"].rows:
        promise = tenants[tenant]["promise"]
        assert (before, after) == (promise["before"] or "none", promise["after"] or "none")
    if "What it takes once" in by_title:
        read = by_title["What it takes once"]
        _adds_up(read, {"amount"})
        assert near(sides(read.rows[-1][-1])[0], document["one_off_total"])
    _parts(by_title["Differences by category and domain"], paid)
    if document["lines"]:
        _lines(by_title["Priced lines that change"], document)
    else:
        assert document["bill"]["difference"] == "0.00"


def _who_pays(
    read: Read, tenants: dict[str, Any], document: dict[str, Any]
) -> dict[str, tuple[Decimal, Decimal]]:
    _adds_up(read, {"cost", "difference", "fee", "margin"})
    paid = {}
    for row in read.rows:
        cells = dict(zip(read.heads, row, strict=True))
        paid[cells["tenant"]] = sides(cells["cost"])
        if cells["tenant"] in tenants:
            _tenant(cells, tenants)
            assert cells["change"] == tenants[cells["tenant"]]["kind"]
        elif cells["tenant"] in BESIDE:
            _step(sides(cells["cost"]), document[cells["tenant"]])
    total = dict(zip(read.heads, read.rows[-1], strict=True))
    for name, exact in (("cost", "bill"), ("fee", "fee"), ("margin", "margin")):
        _step(sides(total[name]), document[exact])
    return paid


def _tenant(cells: dict[str, str], tenants: dict[str, Any]) -> None:
    exact = tenants[cells["tenant"]]
    cost, fee, margin = (sides(cells[name]) for name in ("cost", "fee", "margin"))
    _step(cost, exact["cost"])
    _step(fee, exact["fee"])
    assert margin == tuple(paid - spent for paid, spent in zip(fee, cost, strict=True))
    assert sides(cells["difference"])[0] == cost[1] - cost[0]
    assert near(cost[1] - cost[0], exact["cost"]["difference"], 2 * CENT)
    if cells["margin %"]:
        share = cells["margin %"].split(" → ")[-1].removesuffix(" %")
        assert abs(Decimal(share) - 100 * margin[1] / fee[1]) <= Decimal("0.05")


def _step(shown: tuple[Decimal, Decimal], exact: dict[str, str]) -> None:
    assert near(shown[0], exact["before"]), (shown, exact)
    assert near(shown[1], exact["after"]), (shown, exact)


def _adds_up(read: Read, columns: set[str]) -> None:
    for number, head in enumerate(read.heads):
        if head not in columns:
            continue
        *parts, total = (
            sides(row[number]) if row[number] != "unknown price" else (0, 0) for row in read.rows
        )
        assert tuple(map(sum, zip(*parts, strict=True))) == total, head


def _parts(read: Read, paid: dict[str, tuple[Decimal, Decimal]]) -> None:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for whose, by, _, *amounts in read.rows:
        before, after, difference = (Decimal(each.replace(",", "")) for each in amounts)
        assert difference == after - before
        found = sums.setdefault((whose, by), [Decimal(0), Decimal(0)])
        found[0] += before
        found[1] += after
    for (whose, by), (before, after) in sums.items():
        assert (before, after) == paid["total" if whose == "the bill" else whose], (whose, by)


def _lines(read: Read, document: dict[str, Any]) -> None:
    exact = {each["line"]: each for each in document["lines"]}
    _adds_up(read, {"before", "after", "difference"})
    assert read.rows[-1][-1].removeprefix("+") == document["bill"]["difference"]
    for row in read.rows:
        cells = dict(zip(read.heads, row, strict=True))
        if cells["line"] not in exact:
            continue
        line = exact[cells["line"]]
        reported = [side for side in (line["before"], line["after"]) if side]
        assert cells["difference"].removeprefix("+") == line["difference"]
        assert cells["unit price"] == _once(side["unit_price"] for side in reported)
        assert cells["item"] == _once(side["item"] for side in reported)
        for when in ("before", "after"):
            assert cells[when] == (line[when]["amount"] if line[when] else "0.00")
            doubted = line[when] and line[when]["known_by"] != "declared"
            assert not doubted or line[when]["known_by"] in cells["how sure"]
            doubted = line[when] and line[when]["confidence"] != "A"
            assert not doubted or f"price {line[when]['confidence']}" in cells["how sure"]


def _once(reported: Iterable[str]) -> str:
    return " → ".join(dict.fromkeys(reported))
