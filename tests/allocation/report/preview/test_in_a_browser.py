"""The preview's page in a real browser: what its markup alone cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from allocation.preview.preview import Preview
from allocation.report.preview.page import as_html
from tests.allocation.report.preview.shown import EVIL, nothing, spelled, thousand, whole
from tests.browser import (
    TELEPHONE,
    Browser,
    accessibility_violations,
    opened,
    pages_of,
    printed,
    too_wide,
)

pytestmark = pytest.mark.browser
WIDTHS = (TELEPHONE, 768, 1024, 1025, 1216, 1217)
"""A telephone, a tablet, and both sides of where the page changes its shape: tables are tightest there."""
Save = Callable[[Preview], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def saved(preview: Preview) -> Path:
        path = tmp_path / "preview.html"
        path.write_text(as_html(preview), encoding="utf-8")
        return path

    return saved


@pytest.mark.sample(2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("preview", range(8), indirect=True)
def test_everybody_can_read_it(browser: Browser, save: Save, preview: Preview, scheme: str) -> None:
    with opened(browser, save(preview), dark=scheme == "dark") as page:
        assert accessibility_violations(page) == []
        assert page.errors == []
        assert page.requests == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it_on_a_telephone(browser: Browser, save: Save, scheme: str) -> None:
    with opened(browser, save(whole()), width=TELEPHONE, dark=scheme == "dark") as page:
        assert accessibility_violations(page) == []


@pytest.mark.sample(2)
@pytest.mark.parametrize("preview", range(8), indirect=True)
def test_no_page_scrolls_sideways(browser: Browser, save: Save, preview: Preview) -> None:
    with opened(browser, save(preview)) as page:
        assert {width: out for width in WIDTHS if (out := too_wide(page, width))} == {}


@pytest.mark.sample(6)
@pytest.mark.parametrize("word", EVIL, ids=range(len(EVIL)))
def test_foreign_words_stay_on_a_telephone_and_ask_for_nothing(
    browser: Browser, save: Save, word: str
) -> None:
    with opened(browser, save(spelled(word)), width=TELEPHONE) as page:
        assert too_wide(page) == []
        assert page.errors == []
        assert page.requests == []


@pytest.mark.whole("the page of a thousand tenants is made of the same parts")
def test_a_thousand_tenants_open(browser: Browser, save: Save) -> None:
    with opened(browser, save(thousand()), width=TELEPHONE) as page:
        assert too_wide(page) == []
        assert page.errors == []


def test_it_prints_on_a_few_sheets(browser: Browser, save: Save) -> None:
    with opened(browser, save(nothing())) as page:
        assert pages_of(printed(page)) == 1
    with opened(browser, save(whole())) as page:
        assert 2 <= pages_of(printed(page)) <= 5


def test_a_sum_is_printed_once_below_all_its_rows(browser: Browser, save: Save) -> None:
    shown = "foot => getComputedStyle(foot).display"
    with opened(browser, save(whole()), paper=True) as page:
        displays = page.do(lambda tab: [foot.evaluate(shown) for foot in tab.locator("tfoot").all()])
    # A footer group is repeated at the end of every sheet, below rows it is not the sum of.
    assert set(displays) == {"table-row-group"}
