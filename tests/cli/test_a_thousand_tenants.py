"""A report of 1,000 tenants, small enough to be sent, and read by everybody in a real browser.

The pages that hold every tenant, and the largest account, are checked as any other: light, dark, on a
telephone, on paper. `make torture` has 1,000 tenants and measures the contrast of ten thousand elements;
`make test` has 250, a quarter of the size that is allowed, and measures contrast on two pages:
`test_in_a_browser.py` measures elements of the same few kinds on short ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.reports import MONTH, MOST_ACCOUNT_BYTES, MOST_INDEX_BYTES, MOST_PIXELS, prepared
from tests.browser import ALWAYS, Browser, complaints, opened, pages_of, printed
from tests.cli.reporting import said

pytestmark = [
    pytest.mark.browser,
    pytest.mark.whole("test_in_a_browser opens the same pages of a month with a few tenants"),
]
EVERY_ELEMENT = bool(os.environ.get("COSTACK_EVERY_ELEMENT"))
TENANTS, PART = (1_000, 1) if EVERY_ELEMENT else (250, 4)
SHORT = ("finance", "quarterly")
MOST_SHEETS = {"index": 25, "engineering": 25, "finance": 10, "quarterly": 2}
"""Of 1,000 tenants: about 60 a sheet."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("thousand")
    for command in prepared(folder, TENANTS):
        said(*command, "--previews", 0)
    return folder / "reports" / MONTH


def largest_account(report: Path) -> Path:
    return max((report / "account").glob("*.html"), key=lambda path: (path.stat().st_size, path.name))


def test_every_page_is_small_enough_to_be_sent(report: Path) -> None:
    index = (report / "index.html").read_text(encoding="utf-8")
    assert "Largest changes" in index
    assert index.count('<a href="account/') >= TENANTS
    assert len(index.encode()) <= MOST_INDEX_BYTES / PART
    assert largest_account(report).stat().st_size <= MOST_ACCOUNT_BYTES


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", MOST_SHEETS)
def test_everybody_can_read_a_page_of_all(browser: Browser, report: Path, name: str) -> None:
    with opened(browser, report / f"{name}.html") as page:
        contrast = ALWAYS if EVERY_ELEMENT else (("light",) if name in SHORT else ())
        assert complaints(page, contrast=contrast) == []
        assert pages_of(printed(page)) <= max(2, -(-MOST_SHEETS[name] // PART))


def test_no_page_is_long_on_a_telephone(browser: Browser, report: Path) -> None:
    found = {}
    for path in (*(report / f"{name}.html" for name in MOST_SHEETS), largest_account(report)):
        with opened(browser, path, width=390) as page:
            found[path.stem] = page.do(lambda tab: tab.evaluate("document.documentElement.scrollHeight"))
    assert {name: height for name, height in found.items() if height > MOST_PIXELS} == {}


def test_everybody_can_read_the_largest_account(browser: Browser, report: Path) -> None:
    with opened(browser, largest_account(report)) as page:
        assert complaints(page) == []
        assert pages_of(printed(page)) <= 3
