"""A report of 1,000 tenants: small enough to be sent, and read by everybody in a real browser.

The pages that hold every tenant, and the largest account, are checked as any other: light, dark, on a
telephone, on paper. Most of the time goes into the contrast of ten thousand elements of the few kinds that
`test_in_a_browser.py` measures on short pages: here `make torture` measures it, `make test` on two pages.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.reports import MONTH, MOST_ACCOUNT_BYTES, MOST_INDEX_BYTES, prepared
from tests.browser import ALWAYS, Browser, complaints, opened, pages_of, printed
from tests.cli.reporting import said

pytestmark = pytest.mark.browser
TENANTS = 1_000
EVERY_ELEMENT = bool(os.environ.get("COSTACK_EVERY_ELEMENT"))
SHORT = ("finance", "quarterly")
MOST_SHEETS = {"index": 25, "engineering": 25, "finance": 10, "quarterly": 2}
"""About 60 tenants a sheet."""


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
    assert len(index.encode()) <= MOST_INDEX_BYTES
    assert largest_account(report).stat().st_size <= MOST_ACCOUNT_BYTES


@pytest.mark.parametrize("name", MOST_SHEETS)
def test_everybody_can_read_a_page_of_all(browser: Browser, report: Path, name: str) -> None:
    with opened(browser, report / f"{name}.html") as page:
        contrast = ALWAYS if EVERY_ELEMENT else (("light",) if name in SHORT else ())
        assert complaints(page, contrast=contrast) == []
        assert pages_of(printed(page)) <= MOST_SHEETS[name]


def test_everybody_can_read_the_largest_account(browser: Browser, report: Path) -> None:
    with opened(browser, largest_account(report)) as page:
        assert complaints(page) == []
        assert pages_of(printed(page)) <= 3
