from __future__ import annotations

import re
from itertools import pairwise

import pytest

from allocation.preview.preview import Preview
from allocation.report.preview.comment import as_github_comment, as_markdown
from allocation.report.preview.document import document
from allocation.report.preview.page import as_html
from tests.allocation.report.preview.reading import Page, hold_against, tables_of_markdown
from tests.allocation.report.preview.shown import EVIL, nothing, spelled, thousand, whole

ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
    *("h1", "h2", "p", "ul", "li", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
ATTRIBUTES = {"lang", "charset", "name", "content", "id", "class", "aria-label", "scope"}


@pytest.mark.parametrize("preview", range(6), indirect=True)
def test_the_page_shows_what_the_comment_shows(preview: Preview) -> None:
    tables = Page(as_html(preview)).tables
    hold_against(tables, document(preview))
    assert tables == tables_of_markdown(as_markdown(preview))


def test_everything_has_a_place_a_reader_of_any_kind_finds() -> None:
    page = Page(as_html(whole()))
    names = [tag for tag, _ in page.elements]
    assert set(names) <= ELEMENTS
    assert {name for _, given in page.elements for name in given} <= ATTRIBUTES
    assert [names.count(name) for name in ("h1", "main", "header", "footer", "title")] == [1] * 5
    assert ("html", {"lang": "en"}) in page.elements
    assert ("title", "local: cost of a change") in page.texts
    tables = names.count("table")
    assert tables == names.count("caption") == names.count("thead") == len(page.tables) == 6
    assert all(given.get("scope") in ("row", "col") for tag, given in page.elements if tag == "th")
    for one, following in pairwise(names):
        assert (one == "table") == (following == "caption")
        assert one != "tr" or following == "th"
    identities = [given["id"] for _, given in page.elements if "id" in given]
    assert len(identities) == len(set(identities))


def test_the_page_is_one_file_that_asks_for_nothing() -> None:
    text = as_html(whole())
    assert not re.search(r"https?:|//\w|url\(|@import|<script|<link|<img|\ssrc=|\shref=|\son\w+=", text)


def test_it_is_reported_in_the_order_of_the_comment() -> None:
    page, comment = as_html(whole()), as_markdown(whole())
    titles = [text for tag, text in Page(page).texts if tag in ("caption", "h2")]
    reported = [
        comment.index(f"**{title}**" if f"**{title}**" in comment else f">{title}<")
        for title in titles
        if title != "Neighbours"
    ]
    assert reported == sorted(reported)
    assert len(reported) == 11
    assert "too dear" in page
    assert "one more node" in page
    assert f"= change of the bill {document(whole())['bill']['difference']} USD, exactly." in page


def test_nothing_is_one_line() -> None:
    page = Page(as_html(nothing()))
    assert page.tables == {}
    (headline,) = (text for tag, text in page.texts if tag == "h1")
    assert f"**{headline}**" == as_markdown(nothing()).strip()


@pytest.mark.whole("a browser opens this page in test_in_a_browser")
def test_a_thousand_tenants_are_a_page_that_opens() -> None:
    text = as_html(thousand())
    assert len(text.encode()) <= 400_000
    page = Page(text)
    hold_against(page.tables, document(thousand()))
    assert len(page.tables["Who pays what, in USD a month"].rows) > 300
    assert "Left out for length: " in text
    assert len(text) > len(as_github_comment(thousand()))


@pytest.mark.parametrize("word", EVIL, ids=range(len(EVIL)))
def test_foreign_words_do_nothing(word: str) -> None:
    harmless, page = Page(as_html(spelled("word"))), Page(as_html(spelled(word)))
    assert page.elements == harmless.elements
    style = [text for tag, text in page.texts if tag == "style"]
    assert style == [text for tag, text in harmless.texts if tag == "style"]


def test_colours_can_be_distinguished() -> None:
    (style,) = (text for tag, text in Page(as_html(whole())).texts if tag == "style")
    schemes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", rule)) for rule in re.findall(r":root \{(.+?)\}", style)
    ]
    assert len(schemes) == 3  # light, dark, paper
    for scheme in schemes:
        for ink in ("ink", "quiet", "alarm"):
            for paper in ("paper", "sum"):
                assert contrast(scheme[ink], scheme[paper]) >= 4.5, (ink, paper, scheme)


def test_nothing_is_wider_than_a_small_telephone() -> None:
    (style,) = (text for tag, text in Page(as_html(whole())).texts if tag == "style")
    assert not re.search(r"(?<!max-)(?<!-)\bwidth: (?!100%|1px)|white-space: nowrap|min-width", style)
    narrow = style.partition("@media screen and (max-width: 64rem)")[2]
    assert "table, tbody, tfoot, tr, caption { display: block }" in narrow
    for number, read in enumerate(Page(as_html(whole())).tables.values()):
        for column, head in enumerate(read.heads[1:], start=2):
            assert f'#table-{number} td:nth-child({column})::before {{ content: "{head}" }}' in narrow


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, as the Web Content Accessibility Guidelines define it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
