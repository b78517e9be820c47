from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from allocation.report.showback.content import Page
from allocation.report.showback.month import Showback, page_names
from allocation.report.showback.rendering import as_csv, as_html, as_json, harmless
from allocation.review.signals import Month
from allocation.statement.filed import FiledStatement
from tests.allocation.showbacks import all_pages, moved
from tests.portfolios import catalog, local_plan

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</svg><svg onload=alert(1)>",
    '=HYPERLINK("http://example.com")',
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "\t=1",
    "../../etc/passwd",
    "..\\..\\boot.ini",
    "a/b",
    "{{ 7*7 }}",
    "]]><x>",
    "\u202eevil",
    "nul\x00byte",
    "a\r\nb",
    "",
    "'",
]
TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "h1",
        "h2",
        "p",
        "nav",
        "ul",
        "li",
        "a",
        "main",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "data",
        "svg",
        "text",
        "rect",
        "line",
        "circle",
        "polyline",
        "defs",
        "pattern",
        "figure",
        "figcaption",
        "span",
        "details",
        "summary",
        "div",
        "dl",
        "dt",
        "dd",
        "small",
        "footer",
    ]
)


class Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.figures: list[tuple[str, str]] = []
        self._figure: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._figure = dict(attrs).get("value") if tag == "data" else None

    def handle_data(self, data: str) -> None:
        if self._figure is not None:
            self.figures.append((self._figure, data))
            self._figure = None


def read(page: Page) -> Read:
    reader = Read()
    reader.feed(as_html(page))
    return reader


def hostile() -> Showback:
    """Every name that a file may hold, turned against whoever opens the page."""
    names = iter(HOSTILE * 3)

    def renamed(month: FiledStatement) -> FiledStatement:
        tenants = tuple(
            line.model_copy(update={"tenant": next(names), "client": next(names), "tier": next(names)})
            for line in month.tenants
        )
        fields = {name: getattr(month, name) for name in FiledStatement.model_fields}
        return FiledStatement.model_construct(
            **fields | {"tenants": tenants, "portfolio": HOSTILE[0], "versions": {HOSTILE[1]: HOSTILE[0]}}
        )

    return Showback(Month(renamed(moved().statement), local_plan(), catalog()), (renamed(moved().past[0]),))


@pytest.mark.parametrize("page", list(all_pages(hostile())), ids=lambda page: page.title[:20])
def test_no_name_becomes_markup_or_a_formula(page: Page) -> None:
    seen = read(page)
    assert {tag for tag, _ in seen.tags} <= TAGS
    for _, attributes in seen.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")
        ]
    for row in list(csv.reader(io.StringIO(as_csv(page), newline="")))[1:]:
        for words in row:
            assert not words.startswith(("=", "+", "-", "@", "\t", "\r")) or is_number(words), words
    assert json.loads(as_json(page))["title"] == page.title


@pytest.mark.parametrize("page", list(all_pages(hostile())), ids=lambda page: page.title[:20])
def test_no_name_leads_out_of_the_folder(page: Page) -> None:
    links = [attributes["href"] for tag, attributes in read(page).tags if tag == "a"]
    for path in [page.path, *(str(link).removesuffix(".html") for link in links)]:
        assert path.count("/") == path.startswith("account/")
        assert not {"..", "\\"} & {path[at : at + size] for at in range(len(path)) for size in (1, 2)}


def is_number(words: str) -> bool:
    try:
        return Decimal(words).is_finite()
    except ArithmeticError:
        return False


def test_two_clients_whose_names_differ_in_capitals_have_two_pages() -> None:
    names = page_names(["Acme", "acme", "borealis", "CON/..", "x" * 200])
    assert len({name.casefold() for name in names.values()}) == 5
    assert names["borealis"] == "borealis"
    assert all(name.startswith("client-") for client, name in names.items() if client != "borealis")


@pytest.mark.parametrize("words", HOSTILE)
def test_no_words_begin_a_formula(words: str) -> None:
    assert not harmless(words).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("page", list(all_pages(moved())), ids=lambda page: page.path)
def test_the_figures_of_a_page_are_those_of_its_json_and_its_csv(page: Page) -> None:
    shown = [figure for figure, _ in read(page).figures]
    tables = json.loads(as_json(page))["tables"]
    cells = [figure.value.exact for figure in page.figures]
    cells += [cell.exact for table in page.tables for row in (*table.rows, *table.foot) for cell in row]
    assert shown == [exact for exact in cells if exact is not None]
    assert [table["name"] for table in tables] == [table.name for table in page.tables]
    values = {row[3] for row in csv.reader(io.StringIO(as_csv(page), newline=""))}
    assert set(shown) <= values


@pytest.mark.parametrize("page", list(all_pages(moved())), ids=lambda page: page.path)
def test_what_is_shown_is_the_exact_figure_rounded(page: Page) -> None:
    for exact, shown in read(page).figures:
        number = Decimal(shown.split()[0].replace(",", "").lstrip("+"))
        # Columns are rounded so that they add up: a cent from the nearest, and a sum of them a few.
        assert abs(number - Decimal(exact)) <= Decimal("0.05"), (exact, shown)


def sums(page: Page) -> Iterator[tuple[str, list[Decimal], Decimal, list[Decimal], Decimal]]:
    """Columns of amounts with a sum: exact parts and sum, shown parts and sum."""
    for table in page.tables:
        for column in table.numbers:
            cells = [row[column] for row in table.rows]
            if not table.foot or not all(cell.exact and "." in cell.shown for cell in cells):
                continue
            beneath = [row[column] for row in table.foot if row[column].exact]
            if beneath and table.name != "servers":
                amounts = [Decimal(str(cell.exact)) for cell in cells]
                shown = [Decimal(cell.shown.replace(",", "")) for cell in cells]
                last = beneath[0]
                yield (
                    table.name,
                    amounts,
                    Decimal(str(last.exact)),
                    shown,
                    Decimal(last.shown.replace(",", "")),
                )


def test_every_column_adds_up_as_it_is_shown_and_exactly() -> None:
    found = [each for page in all_pages(moved()) for each in sums(page)]
    assert len(found) > 20
    for name, exact, whole, shown, reported in found:
        assert sum(exact) == whole, name
        assert sum(shown) == reported, name


def test_the_first_page_says_what_the_statement_says() -> None:
    first = next(all_pages(moved()))
    rows = {
        row[0].plain: [cell.plain for cell in row[1:]]
        for table in first.tables
        for row in table.rows
        if table.name == "tenants"
    }
    for line in moved().statement.tenants:
        tier, cost, fee, margin = rows[line.tenant]
        assert (tier, *map(Decimal, (cost, fee, margin))) == (
            line.tier,
            *(Decimal(units).scaleb(-10) for units in (line.total, line.fee, line.margin)),
        )


def test_why_it_changed_adds_up_to_the_difference_of_the_bill() -> None:
    table = next(table for table in next(all_pages(moved())).tables if table.name == "why")
    before = moved().past[0].totals.charged
    difference = Decimal(moved().statement.totals.charged - before).scaleb(-10)
    assert sum(Decimal(str(row[1].exact)) for row in table.rows) == difference
    assert Decimal(str(table.foot[0][1].exact)) == difference


def test_a_page_asks_for_nothing() -> None:
    for page in all_pages(moved()):
        text = as_html(page)
        assert "default-src 'none'" in text
        assert not any(mark in text for mark in ("http://", "https://", "@import", "<script", "<link"))
        assert re.search(r"url\((?!#)", text) is None
