"""A reader walks every kind of page: light, dark, on paper, on a telephone, twice as large, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from allocation.report.compliance.export import findings
from allocation.report.compliance.export import page as compliance_page
from allocation.report.showback.content import Page
from allocation.report.showback.rendering import as_html
from allocation.report.track.page import page as track_page
from tests.allocation.report.compliance.test_export import known
from tests.allocation.report.track.test_formats import made
from tests.allocation.showbacks import all_pages, moved
from tests.bench.reports import MOST_PIXELS
from tests.browser import (
    DESK,
    TELEPHONE,
    Browser,
    complaints,
    first_screen,
    height_of,
    keyboard_faults,
    opened,
    too_wide,
)
from tests.sampling import asks_for_every

pytestmark = pytest.mark.browser
_HAND: Final = 390
"""The width of a telephone of today."""
_TWICE: Final = DESK // 2
"""What a desk has room for at 200 % (WCAG 2.2, 1.4.4)."""
QUESTIONS: Final = {
    "track": ("spent", "forecast", "% of its budget", "more than usual on", "% off"),
    "compliance": ("controls are met", "Not met: ", "Not shown: ", "restored as a test", "controls, mission"),
}
"""What answers the five questions of whoever opens a page of one tenant or of the month that runs."""


def pages() -> Iterator[tuple[str, Page]]:
    """One of every kind."""
    report = {page.path: page for page in all_pages(moved())}
    yield from ((name, report[name]) for name in ("index", "finance", "engineering", "quarterly"))
    yield next((name, page) for name, page in report.items() if name.startswith("account/"))
    yield "track", track_page(made())
    yield "compliance", compliance_page(known(), findings(known()))


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, found = tmp_path_factory.mktemp("pages"), {}
    for name, page in pages():
        found[name] = folder / f"{name.replace('/', '-')}.html"
        found[name].write_text(as_html(page), encoding="utf-8")
    return found


NAMES: Final = ("index", "finance", "engineering", "quarterly", "account", "track", "compliance")


@pytest.mark.sample(3)
@pytest.mark.parametrize("kind", NAMES[::-1])
def test_everybody_can_walk_a_page(browser: Browser, walked: dict[str, Path], kind: str) -> None:
    path = next(path for name, path in walked.items() if name.startswith(kind))
    with opened(browser, path) as page:
        found = keyboard_faults(page)
        found += [f"at 200 %: {line}" for line in too_wide(page, _TWICE)]
        found += complaints(page) if kind in QUESTIONS or asks_for_every() else too_wide(page, TELEPHONE)
    with opened(browser, path, width=_HAND) as page:
        long = height_of(page)
    assert found == []
    assert long < MOST_PIXELS


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize(("width", "height"), [(DESK, 800), (_HAND, 844)])
def test_the_first_screen_answers_five_questions(
    browser: Browser, walked: dict[str, Path], name: str, width: int, height: int
) -> None:
    with opened(browser, walked[name], width=width) as page:
        seen, figures, pictures = first_screen(page, height)
    assert [words for words in QUESTIONS[name] if words not in seen] == [], seen
    assert (figures, pictures) == (3, 1)
