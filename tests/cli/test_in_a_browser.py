"""Every page of a report in a real browser: what its markup alone cannot tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.report_folder import Extras, write_report
from tests.allocation.showbacks import moved
from tests.browser import Browser, accessibility_violations, opened, pages_of, printed, too_wide

pytestmark = pytest.mark.browser
PAGES = ("index", "engineering", "finance", "quarterly", "account/acme-consulting", "account/meridian-group")
WIDTHS = (320, 768, 1024, 1025, 1216)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "2026-12"
    assert write_report(moved(), Extras(({}, None)), out) == 9
    return out


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(browser: Browser, report: Path, name: str, scheme: str) -> None:
    with opened(browser, report / f"{name}.html", dark=scheme == "dark") as page:
        assert accessibility_violations(page) == []
        assert page.errors == []
        assert page.requests == []


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it_on_a_telephone(browser: Browser, report: Path, name: str) -> None:
    with opened(browser, report / f"{name}.html", width=320) as page:
        assert accessibility_violations(page) == []
        assert {width: out for width in WIDTHS if (out := too_wide(page, width))} == {}


@pytest.mark.parametrize("name", PAGES)
def test_it_prints_on_a_few_sheets(browser: Browser, report: Path, name: str) -> None:
    with opened(browser, report / f"{name}.html") as page:
        assert 1 <= pages_of(printed(page)) <= 4


def test_the_first_screen_of_an_account_says_why_the_bill_went_up(browser: Browser, report: Path) -> None:
    with opened(browser, report / "account" / "acme-consulting.html") as page:
        seen = page.do(
            lambda tab: [each.inner_text() for each in tab.locator("header > *").all() if each.is_visible()]
        )
        below = page.do(lambda tab: tab.locator("header").bounding_box())
    assert "Why: tier +" in " ".join(seen)
    assert below is not None
    assert below["y"] + below["height"] < 800
